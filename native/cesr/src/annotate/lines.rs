//! The lines of one message, and of what stands between messages.

mod attachments;
mod body;

use super::{Form, Line};
use crate::base64;
use crate::codes::Unit;
use crate::counter::Counter;
use crate::frame::{Fault, Frame};
use crate::group::Genus;
use crate::group::spec;
use crate::group::walk::counter_size;
use crate::limits::{Alphabet, Options};
use crate::primitive::Primitive;
use attachments::attachments;
use body::body;

/// Bytes that are no message on one line; whole triplets.
const GIVEN_UP_LINE_BYTES: usize = 48;

/// A window, and where it stands in the stream.
pub(super) struct Place<'w> {
    pub window: &'w [u8],
    /// Bytes of the stream before it.
    pub base: u64,
}

impl<'w> Place<'w> {
    /// Bytes `start..end` of the stream.
    fn of(&self, start: u64, end: u64) -> &'w [u8] {
        let at = |offset: u64| usize::try_from(offset - self.base).unwrap_or(usize::MAX);
        self.window.get(at(start)..at(end)).unwrap_or_default()
    }
}

/// Characters that stand for any bytes: those of whole triplets, and one more than bytes are left.
pub(super) fn base64_of(bytes: &[u8]) -> String {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(3), 0);
    let mut text = Vec::new();
    base64::encode(&padded, &mut text);
    text.truncate((bytes.len() * 4).div_ceil(3));
    String::from_utf8_lossy(&text).into_owned()
}

/// The text of bytes that are Base64 if they are in the text domain, and how it stands for them.
fn form_of(bytes: &[u8], binary: bool) -> (String, Form) {
    match std::str::from_utf8(bytes) {
        Ok(text) if !binary && base64::first_foreign(bytes, Alphabet::Strict).is_none() => {
            (text.to_owned(), Form::Text)
        }
        _ => (base64_of(bytes), Form::Bytes),
    }
}

/// Counters of generic groups and genus codes in bytes `start..end` of the stream; the bytes that they take.
pub(super) fn counters(place: &Place, start: u64, end: u64, lines: &mut Vec<Line>) -> u64 {
    let mut at = start;
    while at < end {
        let rest = place.of(at, end);
        let binary = rest.first().is_some_and(|first| *first >= 0x80);
        let Ok(counter) = spec::counter(rest, Genus::V2, binary) else {
            break;
        };
        let size = counter_size(&counter, binary);
        let Some(own) = rest.get(..size) else {
            break;
        };
        lines.push(counter_line(&counter, own, at, binary, 0));
        at += size as u64;
    }
    at - start
}

/// Bytes `start..end` of the stream that are no message.
pub(super) fn given_up(place: &Place, start: u64, end: u64, lines: &mut Vec<Line>) {
    for (index, bytes) in place.of(start, end).chunks(GIVEN_UP_LINE_BYTES).enumerate() {
        lines.push(Line {
            offset: start + (index * GIVEN_UP_LINE_BYTES) as u64,
            depth: 0,
            code: String::new(),
            name: "given up",
            size: bytes.len() as u64,
            text: base64_of(bytes),
            form: Form::Bytes,
            value: String::from_utf8_lossy(bytes).into_owned(),
        });
    }
}

/// Why bytes are no message.
pub(super) fn fault(fault: &Fault) -> Line {
    Line {
        offset: fault.offset,
        depth: 0,
        code: fault.error.code().to_owned(),
        name: "fault",
        size: fault.bytes,
        text: String::new(),
        form: Form::Shown,
        value: format!("{} at byte {}", fault.error.text(), fault.at),
    }
}

pub(super) fn counter_line(
    counter: &Counter,
    bytes: &[u8],
    offset: u64,
    binary: bool,
    depth: u16,
) -> Line {
    let value = match counter.row.unit {
        Unit::Elements => format!("{} elements", counter.count),
        Unit::Quadlets => format!("{} quadlets", counter.count),
        Unit::Version => format!("version {}.{}", counter.count >> 12, counter.count & 0xfff),
    };
    let (text, form) = form_of(bytes, binary);
    Line {
        offset,
        depth,
        code: counter.row.code.to_owned(),
        name: counter.row.name,
        size: bytes.len() as u64,
        text,
        form,
        value,
    }
}

/// The lines of a message. What they stand for is its bytes: where that fails, one line stands for all of them.
pub(super) fn message(place: &Place, frame: &Frame, options: &Options, lines: &mut Vec<Line>) {
    let (start, end) = (
        place.base + u64::from(frame.start),
        place.base + u64::from(frame.attachments_end),
    );
    let bytes = place.of(start, end);
    let first = lines.len();
    let body_start = place.base + u64::from(frame.body.start);
    counters(place, start, body_start, lines);
    body(place, frame, options, lines);
    attachments(place, frame, options, lines);
    passed_over(place, first, (start, end), lines);
    let made = lines.get(first..).unwrap_or_default();
    let mut again = Vec::with_capacity(bytes.len());
    for line in made {
        super::plain::bytes_of(line, &mut again);
    }
    if again != bytes {
        for line in lines.iter_mut().skip(first) {
            line.form = Form::Shown;
        }
        let (text, form) = form_of(bytes, false);
        lines.insert(first, whole(start, bytes.len(), text, form));
    }
}

/// Adds what the lines of a message from `first` on leave out of bytes `start..end` of the stream: the rest of a group
/// after an unknown code.
fn passed_over(place: &Place, first: usize, (start, end): (u64, u64), lines: &mut Vec<Line>) {
    let (mut at, mut depth, mut index) = (start, 0, first);
    while let Some(line) = lines.get(index) {
        if line.form != Form::Shown {
            let (offset, after) = (line.offset, line.offset + line.size);
            if offset > at {
                lines.insert(index, opaque(place, at, offset, depth));
                index += 1;
            }
            (at, depth) = (after, lines.get(index).map_or(0, |line| line.depth));
        }
        index += 1;
    }
    if at < end {
        lines.push(opaque(place, at, end, depth));
    }
}

/// Bytes `start..end` of the stream, of which nothing is known.
fn opaque(place: &Place, start: u64, end: u64, depth: u16) -> Line {
    let bytes = place.of(start, end);
    let (text, form) = form_of(bytes, false);
    Line {
        offset: start,
        depth,
        code: String::new(),
        name: "opaque",
        size: bytes.len() as u64,
        text,
        form,
        value: String::new(),
    }
}

fn whole(offset: u64, size: usize, text: String, form: Form) -> Line {
    Line {
        offset,
        depth: 0,
        code: String::new(),
        name: "message",
        size: size as u64,
        text,
        form,
        value: String::new(),
    }
}

/// The rest of a body that cannot be read on.
pub(super) fn unread(rest: &[u8], offset: u64, depth: u16) -> Line {
    let (text, form) = form_of(rest, false);
    Line {
        offset,
        depth,
        code: String::new(),
        name: "unread",
        size: rest.len() as u64,
        text,
        form,
        value: String::new(),
    }
}

pub(super) fn matter_line(primitive: &Primitive, offset: u64, depth: u16) -> Line {
    let (text, form) = form_of(primitive.text.as_bytes(), false);
    Line {
        offset,
        depth,
        code: primitive.row.code.to_owned(),
        name: primitive.row.name,
        size: primitive.text.len() as u64,
        text,
        form,
        value: meaning(primitive),
    }
}

/// The value of a primitive for people; empty when the code's name says what it is.
fn meaning(primitive: &Primitive) -> String {
    let number = || primitive.number().map(|number| number.to_string());
    number()
        .or_else(|| primitive.date())
        .or_else(|| primitive.label_text())
        .or_else(|| primitive.decimal())
        .unwrap_or_default()
}
