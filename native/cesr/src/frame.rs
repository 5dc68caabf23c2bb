//! Cuts a stream into messages. Source: cesr.md sections 2, 4, 6 and 8.

mod framer;
mod head;
mod message;
mod place;
mod scan;
mod start;
mod text;

pub use framer::Framer;
pub(crate) use scan::{Within, body_within};
pub(crate) use start::{body_begins, v2_message_begins};
pub use text::{attachments_text, body_bytes};

use crate::body::Span;
use crate::error::ErrorKind;
use crate::group::Genus;
use crate::limits::Options;
use crate::version::Kind;

pub use crate::group::Domain;

/// One whole message. Offsets are bytes from the start of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// First byte, which is a counter if the message is enclosed.
    pub start: u32,
    /// The body; of a native or wrapped one with its counter.
    pub body: Span,
    /// First byte after the attachments, which begin where the body ends.
    pub attachments_end: u32,
    /// Code tables of the attachments.
    pub genus: Genus,
    /// Domain of the attachments; of a message without any, of its body.
    pub domain: Domain,
    /// Serialization of the body.
    pub kind: Kind,
    /// Domain of the body: `Binary` only of a native or wrapped body.
    pub body_domain: Domain,
    /// Whether the body is JSON, CBOR or MessagePack inside a native primitive.
    pub wrapped: bool,
}

/// Bytes that are no message, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// First byte, counted from the start of the origin's stream.
    pub offset: u64,
    /// Bytes given up.
    pub bytes: u64,
    /// What was wrong.
    pub error: ErrorKind,
    /// Where it was wrong, counted from the start of the origin's stream.
    pub at: u64,
    /// Index in `frames` of the message that comes next after the fault.
    pub before: u32,
}

/// Cuts a whole stream at once.
pub fn cut(stream: &[u8], options: &Options) -> (Vec<Frame>, Vec<Fault>) {
    let (mut frames, mut faults) = (Vec::new(), Vec::new());
    Framer::new(options).frame(stream, true, &mut frames, &mut faults);
    (frames, faults)
}

/// Bytes of the JSON, CBOR or MessagePack body at the start of `bytes`, by its version string.
///
/// # Errors
/// `Truncated` when `bytes` ends before or in the version string; `Version`, `Protocol`, `Kind`.
pub fn body_size(bytes: &[u8], options: &Options) -> Result<usize, ErrorKind> {
    start::body_size(bytes, options)
}
