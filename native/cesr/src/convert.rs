//! Between text and binary domain. Any concatenation of primitives, counters and groups converts as a whole, with no
//! knowledge of its contents. Source: cesr.md section 1.

use crate::base64;
use crate::error::{Error, ErrorKind};
use crate::frame::{self, Domain, Fault, Frame};
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

/// Appends a whole stream in one domain: groups, native bodies and counters converted, other bodies as they are.
/// What was in that domain before is not changed, so a stream of one domain comes back the same by the opposite call.
/// What is made is read again: it holds the same messages.
///
/// # Errors
/// The first fault of the stream, or what cannot be converted: opaque text outside the alphabet, and `GroupSize` when a
/// group of messages holds some of another domain than its counter.
pub fn stream(
    stream: &[u8],
    to: Domain,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let begin = out.len();
    let (frames, faults) = frame::cut(stream, options);
    if let Some(fault) = faults.first() {
        return Err(Error::new(fault.error, fault.at as usize));
    }
    let mut at = 0;
    let mut scratch = Vec::new();
    for frame in &frames {
        let (start, end) = (frame.body.start as usize, frame.body.end as usize);
        let is_group = frame.kind == Kind::Cesr || frame.wrapped;
        counters(stream.get(at..start).unwrap_or_default(), to, out)
            .map_err(|error| error.shifted(at))?;
        let body = frame.body.of(stream);
        if is_group {
            quadlets(body, frame.body_domain, to, out).map_err(|error| error.shifted(start))?;
        } else {
            out.extend_from_slice(body);
        }
        let attachments = frame::attachments_text(stream, frame, options, &mut scratch)?;
        quadlets(attachments, Domain::Text, to, out).map_err(|error| error.shifted(end))?;
        at = frame.attachments_end as usize;
    }
    counters(stream.get(at..).unwrap_or_default(), to, out).map_err(|error| error.shifted(at))?;
    let made = out.get(begin..).unwrap_or_default();
    let (again, faults) = frame::cut(made, options);
    let same = |(a, b): (&Frame, &Frame)| says(stream, a, options) == says(made, b, options);
    if faults.is_empty() && frames.len() == again.len() && frames.iter().zip(&again).all(same) {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::GroupSize, 0))
    }
}

/// What a message says, whatever domain it is in: tables, body, attachments.
fn says(stream: &[u8], frame: &Frame, options: &Options) -> Option<(Genus, Vec<u8>, Vec<u8>)> {
    let (mut body, mut attachments) = (Vec::new(), Vec::new());
    let body = frame::body_bytes(stream, frame, &mut body).ok()?.to_vec();
    let attachments = frame::attachments_text(stream, frame, options, &mut attachments)
        .ok()?
        .to_vec();
    Some((frame.genus, body, attachments))
}

/// The messages of a stream, each as a stream of its own that is read by the same tables: after a genus code where the
/// message does not tell them. And what is no message.
pub fn split(stream: &[u8], options: &Options) -> (Vec<Vec<u8>>, Vec<Fault>) {
    let (frames, faults) = frame::cut(stream, options);
    let piece = |frame: &Frame| {
        let (start, end) = (frame.start as usize, frame.attachments_end as usize);
        let message = stream.get(start..end).unwrap_or_default();
        let alone = frame::cut(message, options);
        let is_same = |other: &Frame| {
            other.genus == frame.genus && other.attachments_end as usize == end - start
        };
        if alone.1.is_empty() && alone.0.len() == 1 && alone.0.first().is_some_and(is_same) {
            return message.to_vec();
        }
        let code: &[u8] = if frame.genus.major < 2 {
            b"-_AAABAA"
        } else {
            b"-_AAACAA"
        };
        [code, message].concat()
    };
    (frames.iter().map(piece).collect(), faults)
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
