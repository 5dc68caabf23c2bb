//! Between text and binary domain. Any concatenation of primitives, counters and groups converts as a whole, with no
//! knowledge of its contents. Source: cesr.md section 1.

use crate::base64;
use crate::error::{Error, ErrorKind};
use crate::frame::{self, Domain};
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

/// Appends a whole stream in one domain: groups, native bodies and counters converted, other bodies as they are.
/// What was in that domain before is not changed, so a stream of one domain comes back the same by the opposite call.
///
/// # Errors
/// The first fault of the stream, or what cannot be converted: opaque text outside the alphabet.
pub fn stream(
    stream: &[u8],
    to: Domain,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let (frames, faults) = frame::cut(stream, options);
    if let Some(fault) = faults.first() {
        return Err(Error::new(fault.error, fault.at as usize));
    }
    let mut at = 0;
    let mut scratch = Vec::new();
    for frame in &frames {
        let (start, end) = (frame.body.start as usize, frame.body.end as usize);
        let is_group = frame.kind == Kind::Cesr || frame.wrapped;
        // Counters around and before the message are of the domain that their first byte shows.
        quadlets(stream.get(at..start).unwrap_or_default(), None, to, out)
            .map_err(|error| error.shifted(at))?;
        let body = frame.body.of(stream);
        if is_group {
            quadlets(body, Some(frame.body_domain), to, out)
                .map_err(|error| error.shifted(start))?;
        } else {
            out.extend_from_slice(body);
        }
        let attachments = frame::attachments_text(stream, frame, options, &mut scratch)?;
        quadlets(attachments, Some(Domain::Text), to, out).map_err(|error| error.shifted(end))?;
        at = frame.attachments_end as usize;
    }
    quadlets(stream.get(at..).unwrap_or_default(), None, to, out).map_err(|error| error.shifted(at))
}

/// Appends whole quadlets of the domain `from` in the domain `to`.
fn quadlets(
    bytes: &[u8],
    from: Option<Domain>,
    to: Domain,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let binary = match from {
        Some(domain) => domain == Domain::Binary,
        None => bytes.first().is_some_and(|first| *first >= 0x80),
    };
    match (binary, to) {
        (true, Domain::Text) => to_text(bytes, out),
        (false, Domain::Binary) => to_binary(bytes, out),
        _ => {
            out.extend_from_slice(bytes);
            Ok(())
        }
    }
}
