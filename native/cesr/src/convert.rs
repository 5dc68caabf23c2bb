//! Between text and binary domain. Any concatenation of primitives, counters and groups converts as a whole, with no
//! knowledge of its contents. Source: cesr.md section 1.

use std::collections::VecDeque;
use std::fmt;

use crate::base64;
use crate::error::{Error, ErrorKind};
use crate::frame::{self, Domain, Frame, Framer};
use crate::group::walk::counter_size;
use crate::group::{Genus, spec};
use crate::limits::{Alphabet, Options};
use crate::version::Kind;

/// Appends the text form of whole triplets.
///
/// # Errors
/// `Truncated` when `binary` does not end with a whole triplet.
pub fn to_text(binary: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    if !binary.len().is_multiple_of(3) {
        return Err(Error::new(ErrorKind::Truncated, binary.len()));
    }
    base64::encode(binary, out);
    Ok(())
}

/// Appends the binary form of whole quadlets.
///
/// # Errors
/// `Truncated` when `text` does not end with a whole quadlet; `Alphabet`.
pub fn to_binary(text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    if !text.len().is_multiple_of(4) {
        return Err(Error::new(ErrorKind::Truncated, text.len()));
    }
    if let Some(at) = base64::first_foreign(text, Alphabet::Strict) {
        return Err(Error::new(ErrorKind::Alphabet, at));
    }
    let start = out.len();
    out.resize(start + text.len() / 4 * 3, 0);
    let _ = base64::decode(text, &mut out[start..]);
    Ok(())
}

/// Appends a whole stream in one domain, as a [`Converter`] does it.
///
/// # Errors
/// Those of [`Converter::convert`].
pub fn stream(
    stream: &[u8],
    to: Domain,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    Converter::new(to, options).convert(stream, true, out)?;
    Ok(())
}

/// Why a stream cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where, in bytes from the start of the stream.
    pub at: u64,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused { kind, at } = self;
        write!(f, "{} at byte {at}: {}", kind.code(), kind.text())
    }
}

/// Brings a stream that comes in windows into one domain: groups, native bodies and counters converted, other bodies as
/// they are. What was in that domain before is not changed, so a stream of one domain comes back the same by the
/// opposite way. What is made is read again: it holds the same messages.
#[derive(Debug)]
pub struct Converter {
    to: Domain,
    options: Options,
    framer: Framer,
    check: Check,
}

impl Converter {
    /// A converter at the start of a stream.
    pub fn new(to: Domain, options: &Options) -> Self {
        Self {
            to,
            options: *options,
            framer: Framer::new(options),
            check: Check {
                framer: Framer::new(options),
                rest: Vec::new(),
                expected: VecDeque::new(),
            },
        }
    }

    /// Appends what can be converted so far. `window` starts at the first byte not yet consumed; `end`: no more follows.
    /// Returned is how many bytes are consumed.
    ///
    /// # Errors
    /// The first fault of the stream, or what cannot be converted: opaque text outside the alphabet, and `GroupSize` when
    /// a group of messages holds some of another domain than its counter. Nothing can be converted after that.
    pub fn convert(
        &mut self,
        window: &[u8],
        end: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Refused> {
        let base = self.framer.position();
        let (mut frames, mut faults) = (Vec::new(), Vec::new());
        let consumed = self.framer.frame(window, end, &mut frames, &mut faults);
        if let Some(fault) = faults.first() {
            return Err(Refused {
                kind: fault.error,
                at: fault.at,
            });
        }
        let begin = out.len();
        // The fault that begins here is still to come.
        let sound = self
            .framer
            .giving_up()
            .map_or(consumed, |bytes| bytes.start.saturating_sub(base) as usize);
        self.window(window, &frames, sound, out)
            .map_err(|error| Refused {
                kind: error.kind,
                at: base + u64::from(error.at),
            })?;
        let made = out.get(begin..).unwrap_or_default();
        if self.check.holds(made, end, &self.options) {
            Ok(consumed)
        } else {
            Err(Refused {
                kind: ErrorKind::GroupSize,
                at: base,
            })
        }
    }

    /// Appends the messages of a window, and the counters between them up to byte `sound`.
    fn window(
        &mut self,
        window: &[u8],
        frames: &[Frame],
        sound: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let (to, options) = (self.to, &self.options);
        let mut scratch = Vec::new();
        let mut at = 0;
        for frame in frames {
            let (start, end) = (frame.body.start as usize, frame.body.end as usize);
            let is_group = frame.kind == Kind::Cesr || frame.wrapped;
            counters(window.get(at..start).unwrap_or_default(), to, out)
                .map_err(|error| error.shifted(at))?;
            let body = frame.body.of(window);
            if is_group {
                quadlets(body, frame.body_domain, to, out).map_err(|error| error.shifted(start))?;
            } else {
                out.extend_from_slice(body);
            }
            let attachments = frame::attachments_text(window, frame, options, &mut scratch)?;
            quadlets(attachments, Domain::Text, to, out).map_err(|error| error.shifted(end))?;
            self.check.expected.push_back(said(window, frame, options));
            at = frame.attachments_end as usize;
        }
        counters(window.get(at..sound).unwrap_or_default(), to, out)
            .map_err(|error| error.shifted(at))
    }
}

/// Reads again what was made.
#[derive(Debug)]
struct Check {
    framer: Framer,
    /// Made, and not whole messages yet.
    rest: Vec<u8>,
    /// What the messages to come must say.
    expected: VecDeque<Option<Said>>,
}

/// What a message says, whatever domain it is in: tables, body, attachments.
type Said = (Genus, Vec<u8>, Vec<u8>);

impl Check {
    /// Whether the messages in `made` are those expected.
    fn holds(&mut self, made: &[u8], end: bool, options: &Options) -> bool {
        self.rest.extend_from_slice(made);
        let (mut frames, mut faults) = (Vec::new(), Vec::new());
        let consumed = self.framer.frame(&self.rest, end, &mut frames, &mut faults);
        let same = frames
            .iter()
            .all(|frame| self.expected.pop_front() == Some(said(&self.rest, frame, options)));
        self.rest.drain(..consumed);
        same && faults.is_empty() && (!end || self.expected.is_empty())
    }
}

fn said(stream: &[u8], frame: &Frame, options: &Options) -> Option<Said> {
    let (mut body, mut attachments) = (Vec::new(), Vec::new());
    let body = frame::body_bytes(stream, frame, &mut body).ok()?.to_vec();
    let attachments = frame::attachments_text(stream, frame, options, &mut attachments)
        .ok()?
        .to_vec();
    Some((frame.genus, body, attachments))
}

/// Appends the counters between messages, each of the domain that its first byte shows.
fn counters(mut bytes: &[u8], to: Domain, out: &mut Vec<u8>) -> Result<(), Error> {
    while let Some(first) = bytes.first() {
        let binary = *first >= 0x80;
        let size = spec::counter(bytes, Genus::V2, binary)
            .map(|counter| counter_size(&counter, binary))?;
        let from = if binary { Domain::Binary } else { Domain::Text };
        quadlets(bytes.get(..size).unwrap_or_default(), from, to, out)?;
        bytes = bytes.get(size..).unwrap_or_default();
    }
    Ok(())
}

/// Appends whole quadlets of the domain `from` in the domain `to`.
fn quadlets(bytes: &[u8], from: Domain, to: Domain, out: &mut Vec<u8>) -> Result<(), Error> {
    match (from, to) {
        (Domain::Binary, Domain::Text) => to_text(bytes, out),
        (Domain::Text | Domain::Mixed, Domain::Binary) => to_binary(bytes, out),
        _ => {
            out.extend_from_slice(bytes);
            Ok(())
        }
    }
}
