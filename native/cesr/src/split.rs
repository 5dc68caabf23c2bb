//! A stream taken apart into messages, each of which is read alone as it was in the stream.

use std::collections::HashMap;

use crate::body;
use crate::frame::{self, Frame, Framer};
use crate::group::Genus;
use crate::limits::{Alphabet, Options};
use crate::primitive::Primitive;

/// How the messages are put together again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// One stream for each AID that is the field `i` of a body, and one for the messages without any.
    Aid,
    /// One stream for each message.
    Message,
}

/// Most AIDs of one stream: each is kept in memory.
pub const AIDS_MAX: usize = 1 << 20;

/// Most characters of an AID: those of the largest key or digest are far fewer.
const AID_CHARS_MAX: usize = 128;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The message, after a genus code where the stream that it goes to does not tell its tables.
    pub bytes: Vec<u8>,
    /// The AID, whose characters are Base64; none if the message has none, or goes alone.
    pub aid: Option<String>,
    /// Whether it begins the stream that it goes to.
    pub first: bool,
}

/// Takes a stream apart that comes in windows. Groups of messages are given up, as are bytes that are no message.
#[derive(Debug)]
pub struct Splitter {
    by: By,
    options: Options,
    framer: Framer,
    /// The tables that the stream of an AID ends with.
    aids: HashMap<Option<String>, Genus>,
}

/// What a window came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Bytes that need not be given again.
    pub consumed: usize,
    /// Stretches of bytes that are no message.
    pub faults: usize,
    /// There are more AIDs than [`AIDS_MAX`]: what is left cannot be split.
    pub too_many: bool,
}

impl Splitter {
    /// A splitter at the start of a stream.
    pub fn new(by: By, options: &Options) -> Self {
        Self {
            by,
            options: *options,
            framer: Framer::new(options),
            aids: HashMap::new(),
        }
    }

    /// Appends the messages that are whole so far. `window` starts at the first byte not yet consumed; `end`: no more
    /// follows.
    pub fn split(&mut self, window: &[u8], end: bool, pieces: &mut Vec<Piece>) -> Split {
        let (mut frames, mut faults) = (Vec::new(), Vec::new());
        let consumed = self.framer.frame(window, end, &mut frames, &mut faults);
        let mut split = Split {
            consumed,
            faults: faults.len(),
            too_many: false,
        };
        for frame in &frames {
            let aid = (self.by == By::Aid)
                .then(|| aid(window, frame, &self.options))
                .flatten();
            if self.aids.len() > AIDS_MAX && !self.aids.contains_key(&aid) {
                split.too_many = true;
                return split;
            }
            pieces.push(self.piece(window, frame, aid));
        }
        split
    }

    fn piece(&mut self, window: &[u8], frame: &Frame, aid: Option<String>) -> Piece {
        let message = window
            .get(frame.start as usize..frame.attachments_end as usize)
            .unwrap_or_default();
        let before = match self.by {
            By::Aid => self.aids.insert(aid.clone(), frame.genus),
            By::Message => None,
        };
        let told = match before {
            Some(before) => before == frame.genus,
            None => stands_alone(message, frame, &self.options),
        };
        let code: &[u8] = match (told, frame.genus.major) {
            (true, _) => b"",
            (false, 0 | 1) => b"-_AAABAA",
            (false, _) => b"-_AAACAA",
        };
        Piece {
            bytes: [code, message].concat(),
            aid,
            first: before.is_none(),
        }
    }
}

/// Whether a message is the same at the start of a stream.
fn stands_alone(message: &[u8], frame: &Frame, options: &Options) -> bool {
    let (frames, faults) = frame::cut(message, options);
    let is_same = |other: &Frame| {
        other.genus == frame.genus && other.attachments_end as usize == message.len()
    };
    faults.is_empty() && frames.len() == 1 && frames.first().is_some_and(is_same)
}

/// The field `i` of a body, if it is a primitive of the size of an AID.
pub fn aid(window: &[u8], frame: &Frame, options: &Options) -> Option<String> {
    let mut scratch = Vec::new();
    let body = frame::body_bytes(window, frame, &mut scratch).ok()?;
    let text = body::text_field(frame.kind, body, "i", options).ok()??;
    let primitive = Primitive::parse(text.as_bytes(), Alphabet::Strict).ok()?;
    (primitive.text.len() == text.len() && text.len() <= AID_CHARS_MAX).then_some(text)
}
