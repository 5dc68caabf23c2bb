//! The text form of one message's parts: signatures and digests are over it. Source: cesr.md sections 3.2 and 4.

use super::{Domain, Frame};
use crate::codes::MatterRow;
use crate::convert;
use crate::counter::Counter;
use crate::error::{Error, ErrorKind};
use crate::group::spec::{self, Bucket};
use crate::group::walk::{Sink, Walk, counter_size};
use crate::limits::{Alphabet, Options};
use crate::primitive::{self, Primitive};

/// The body as it is signed and digested: JSON, CBOR and MessagePack as they are, out of their primitive if wrapped;
/// native bodies in text. `scratch` is used only when the window does not hold those bytes.
///
/// # Errors
/// Of a wrapped body: its primitive is malformed (`Alphabet`, `MidPad`, `LeadBytes`), or its size is not the body's.
pub fn body_bytes<'b>(
    window: &'b [u8],
    frame: &Frame,
    scratch: &'b mut Vec<u8>,
) -> Result<&'b [u8], Error> {
    let body = frame.body.of(window);
    let binary = frame.body_domain == Domain::Binary;
    if frame.wrapped {
        return unwrap(body, frame, binary, scratch);
    }
    if !binary {
        return Ok(body);
    }
    scratch.clear();
    convert::to_text(body, scratch)?;
    Ok(scratch)
}

/// The raw value of the one primitive of a wrapped body.
fn unwrap<'b>(
    body: &'b [u8],
    frame: &Frame,
    binary: bool,
    scratch: &'b mut Vec<u8>,
) -> Result<&'b [u8], Error> {
    let counter = spec::counter(body, frame.genus, binary)?;
    let own = counter_size(&counter, binary);
    let rest = body.get(own..).unwrap_or_default();
    let (row, size): (&MatterRow, usize) = if binary {
        primitive::check_binary(rest)
    } else {
        primitive::check(rest, Alphabet::Strict)
    }
    .map_err(|error| error.shifted(own))?;
    if size != rest.len() || !row.is_bytes() {
        return Err(Error::new(ErrorKind::GroupSize, own));
    }
    if binary {
        return Ok(rest
            .get(usize::from(row.cs()) / 4 * 3 + usize::from(row.ls)..)
            .unwrap_or_default());
    }
    let primitive = Primitive::parse(rest, Alphabet::Strict).map_err(|error| error.shifted(own))?;
    primitive.raw(scratch);
    Ok(scratch)
}

/// The attachments in text, for [`crate::group::parse_attachments`]. `scratch` is used only when some are binary.
///
/// # Errors
/// None for a frame that the framer cut.
pub fn attachments_text<'b>(
    window: &'b [u8],
    frame: &Frame,
    options: &Options,
    scratch: &'b mut Vec<u8>,
) -> Result<&'b [u8], Error> {
    let bytes = window
        .get(frame.body.end as usize..frame.attachments_end as usize)
        .unwrap_or_default();
    scratch.clear();
    match frame.domain {
        Domain::Text => return Ok(bytes),
        Domain::Binary => convert::to_text(bytes, scratch)?,
        Domain::Mixed => {
            let mut groups = Outer::default();
            Walk::new(0, frame.genus, Some(bytes.len())).run(bytes, options, &mut groups);
            groups.found.push((bytes.len(), false));
            for pair in groups.found.windows(2) {
                let group = bytes.get(pair[0].0..pair[1].0).unwrap_or_default();
                if pair[0].1 {
                    convert::to_text(group, scratch)?;
                } else {
                    scratch.extend_from_slice(group);
                }
            }
        }
    }
    Ok(scratch)
}

/// Where the outermost groups begin, and whether they are binary.
#[derive(Default)]
struct Outer {
    depth: u32,
    found: Vec<(usize, bool)>,
}

impl Sink<'_> for Outer {
    fn group(&mut self, _counter: &Counter, _bucket: Bucket, at: usize, binary: bool) {
        if self.depth == 0 {
            self.found.push((at, binary));
        }
        self.depth += 1;
    }

    fn group_end(&mut self, _bucket: Bucket) {
        self.depth = self.depth.saturating_sub(1);
    }
}
