//! The lines of one message, and of what stands between messages.

use super::fields::fields;
use super::native::Native;
use super::{Form, Line};
use crate::base64;
use crate::codes::{IndexerRow, MatterRow, Unit};
use crate::counter::Counter;
use crate::frame::{self, Domain, Fault, Frame};
use crate::group::Genus;
use crate::group::spec::{self, Bucket};
use crate::group::walk::{Sink, Walk, counter_size};
use crate::indexer;
use crate::limits::{Alphabet, Options};
use crate::primitive::Primitive;
use crate::version::Kind;

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

fn body(place: &Place, frame: &Frame, options: &Options, lines: &mut Vec<Line>) {
    let mut scratch = Vec::new();
    let window = place.window;
    let bytes = frame.body.of(window);
    let (body, problem) = match frame::body_bytes(window, frame, &mut scratch) {
        Ok(body) => (body, None),
        Err(error) => (bytes, Some(error)),
    };
    let native = Native {
        base: place.base + u64::from(frame.body.start),
        binary: frame.body_domain == Domain::Binary,
        depth: u16::from(frame.start < frame.body.start),
        genus: frame.genus,
        options,
    };
    let (text, form) = if frame.kind == Kind::Cesr {
        (String::new(), Form::Shown)
    } else if frame.wrapped {
        native.wrapped(bytes, lines);
        (shown(body), Form::Shown)
    } else if is_readable(body, options) {
        (String::from_utf8_lossy(body).into_owned(), Form::Text)
    } else {
        (base64_of(body), Form::Bytes)
    };
    lines.push(Line {
        offset: native.base,
        depth: native.depth,
        code: frame.kind.name().to_owned(),
        name: if frame.wrapped {
            "wrapped body"
        } else {
            "body"
        },
        size: bytes.len() as u64,
        text,
        form,
        value: match problem {
            Some(error) => error.to_string(),
            None if frame.kind == Kind::Json => String::new(),
            None => fields(frame.kind, body, options).unwrap_or_default(),
        },
    });
    let last = lines.len() - 1;
    if frame.kind == Kind::Cesr
        && let Err(error) = native.body(body, lines)
        && let Some(line) = lines.get_mut(last)
    {
        line.value = error.to_string();
    }
}

/// A body that is only shown: as text if it is some.
fn shown(body: &[u8]) -> String {
    std::str::from_utf8(body).map_or_else(|_| base64_of(body), str::to_owned)
}

/// Whether a body can stand in annotated text as it is: it is found there by its size, and does nothing to a terminal.
fn is_readable(body: &[u8], options: &Options) -> bool {
    let harmless = |c: char| !super::text::steers(c);
    body.first() == Some(&b'{')
        && std::str::from_utf8(body).is_ok_and(|text| text.chars().all(harmless))
        && frame::body_size(body, options) == Ok(body.len())
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

fn attachments(place: &Place, frame: &Frame, options: &Options, lines: &mut Vec<Line>) {
    let (start, end) = (
        place.base + u64::from(frame.body.end),
        place.base + u64::from(frame.attachments_end),
    );
    let bytes = place.of(start, end);
    let mut scribe = Scribe {
        lines,
        bytes,
        base: start,
        depth: u16::from(frame.start < frame.body.start),
    };
    Walk::new(0, frame.genus, Some(bytes.len())).run(bytes, options, &mut scribe);
}

/// Writes down what a walk over attachments comes upon.
struct Scribe<'l, 'a> {
    lines: &'l mut Vec<Line>,
    bytes: &'a [u8],
    base: u64,
    depth: u16,
}

impl<'a> Sink<'a> for Scribe<'_, 'a> {
    fn group(&mut self, counter: &Counter, _bucket: Bucket, at: usize, binary: bool) {
        self.genus(counter, at, binary);
        self.depth += 1;
    }

    fn genus(&mut self, counter: &Counter, at: usize, binary: bool) {
        let end = at + counter_size(counter, binary);
        let own = self.bytes.get(at..end).unwrap_or_default();
        let offset = self.base + at as u64;
        self.lines
            .push(counter_line(counter, own, offset, binary, self.depth));
    }

    fn matter(&mut self, bytes: &'a [u8], row: &'static MatterRow, at: usize, binary: bool) {
        let (text, form) = form_of(bytes, binary);
        let spelled = if binary {
            text.clone()
        } else {
            String::from_utf8_lossy(bytes).into_owned()
        };
        let value = meaning(&Primitive {
            text: &spelled,
            row,
        });
        self.push(at, bytes, row.code, row.name, (text, form), value);
    }

    fn signature(&mut self, bytes: &'a [u8], row: &'static IndexerRow, at: usize, binary: bool) {
        let (text, form) = form_of(bytes, binary);
        let value = match indexer::of_row(&text, row) {
            Ok(indexed) => match indexed.ondex {
                Some(ondex) if ondex != indexed.index => {
                    format!("index {}, other index {ondex}", indexed.index)
                }
                _ => format!("index {}", indexed.index),
            },
            Err(kind) => kind.text().to_owned(),
        };
        self.push(at, bytes, row.code, row.name, (text, form), value);
    }

    fn opaque(&mut self, bytes: &'a [u8], at: usize, binary: bool) {
        self.push(
            at,
            bytes,
            "",
            "opaque",
            form_of(bytes, binary),
            String::new(),
        );
    }

    fn group_end(&mut self, _bucket: Bucket) {
        self.depth = self.depth.saturating_sub(1);
    }
}

impl Scribe<'_, '_> {
    fn push(
        &mut self,
        at: usize,
        bytes: &[u8],
        code: &str,
        name: &'static str,
        (text, form): (String, Form),
        value: String,
    ) {
        self.lines.push(Line {
            offset: self.base + at as u64,
            depth: self.depth,
            code: code.to_owned(),
            name,
            size: bytes.len() as u64,
            text,
            form,
            value,
        });
    }
}
