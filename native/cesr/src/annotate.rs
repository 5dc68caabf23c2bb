//! A stream as readable lines, one a primitive, and back. Source: cesr.md section 2, "Annotated streams".

mod text;

pub use text::{deannotate, is_text_only, render, render_json};

use crate::body::{Reader, Text, Token};
use crate::codes::{IndexerRow, MatterRow, Unit};
use crate::convert;
use crate::counter::Counter;
use crate::error::Error;
use crate::frame::{self, Fault, Frame};
use crate::group::Genus;
use crate::group::spec::{self, Bucket};
use crate::group::walk::{Sink, Walk};
use crate::indexer;
use crate::limits::{Alphabet, Options};
use crate::primitive::Primitive;
use crate::version::Kind;

/// One line: a primitive, a counter, a body, or bytes given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// First byte, counted from the start of the stream; of a value inside a wrapped or binary body, of that body.
    pub offset: u64,
    /// Groups around it.
    pub depth: u16,
    /// Hard part of the code; the kind of a body; the stable code of a fault.
    pub code: String,
    /// Name of the code.
    pub name: &'static str,
    /// Characters in text, bytes in binary and of bodies.
    pub size: u64,
    /// The thing itself in text; a body of another kind than native as it stands.
    pub text: String,
    /// Its value for people: number, date, index, tag, text; empty when the text says it all.
    pub value: String,
}

/// Takes a whole stream apart. Bytes that are no message come as lines, too.
pub fn annotate(stream: &[u8], options: &Options) -> Vec<Line> {
    let (frames, faults) = frame::cut(stream, options);
    let mut lines = Vec::new();
    let mut at = 0;
    let mut faults = faults.iter().peekable();
    for (index, frame) in frames.iter().enumerate() {
        while let Some(fault) = faults.next_if(|fault| fault.before as usize <= index) {
            counters(stream, at, fault.offset as usize, &mut lines);
            at = at.max((fault.offset + fault.bytes) as usize);
            lines.push(fault_line(stream, fault));
        }
        counters(stream, at, frame.start as usize, &mut lines);
        counters(
            stream,
            frame.start as usize,
            frame.body.start as usize,
            &mut lines,
        );
        body(stream, frame, options, &mut lines);
        attachments(stream, frame, options, &mut lines);
        at = frame.attachments_end as usize;
    }
    for fault in faults {
        counters(stream, at, fault.offset as usize, &mut lines);
        at = at.max((fault.offset + fault.bytes) as usize);
        lines.push(fault_line(stream, fault));
    }
    counters(stream, at, stream.len(), &mut lines);
    lines
}

/// Counters of generic groups and genus codes, which stand between messages.
fn counters(stream: &[u8], mut at: usize, end: usize, lines: &mut Vec<Line>) {
    while at < end {
        let rest = stream.get(at..end).unwrap_or_default();
        let binary = rest.first().is_some_and(|first| *first >= 0x80);
        let Ok(counter) = spec::counter(rest, Genus::V2, binary) else {
            return;
        };
        let size = crate::group::walk::counter_size(&counter, binary);
        lines.push(counter_line(
            &counter,
            rest.get(..size).unwrap_or_default(),
            at,
            binary,
            0,
        ));
        at += size;
    }
}

fn fault_line(stream: &[u8], fault: &Fault) -> Line {
    let (start, end) = (fault.offset as usize, (fault.offset + fault.bytes) as usize);
    Line {
        offset: fault.offset,
        depth: 0,
        code: fault.error.code().to_owned(),
        name: "fault",
        size: fault.bytes,
        text: String::from_utf8_lossy(stream.get(start..end).unwrap_or_default()).into_owned(),
        value: format!("{} at byte {}", fault.error.text(), fault.at),
    }
}

/// The characters that stand for `bytes`.
fn text_of(bytes: &[u8], binary: bool) -> String {
    let mut text = Vec::new();
    if binary {
        let _ = convert::to_text(bytes, &mut text);
    } else {
        text.extend_from_slice(bytes);
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn counter_line(counter: &Counter, bytes: &[u8], at: usize, binary: bool, depth: u16) -> Line {
    let unit = match counter.row.unit {
        Unit::Elements => "elements",
        Unit::Quadlets => "quadlets",
        Unit::Version => "version",
    };
    let value = match counter.row.unit {
        Unit::Version => format!("{unit} {}.{}", counter.count >> 12, counter.count & 0xfff),
        _ => format!("{} {unit}", counter.count),
    };
    Line {
        offset: at as u64,
        depth,
        code: counter.row.code.to_owned(),
        name: counter.row.name,
        size: bytes.len() as u64,
        text: text_of(bytes, binary),
        value,
    }
}

fn body(stream: &[u8], frame: &Frame, options: &Options, lines: &mut Vec<Line>) {
    let mut scratch = Vec::new();
    let offset = u64::from(frame.body.start);
    let (body, problem) = match frame::body_bytes(stream, frame, &mut scratch) {
        Ok(body) => (body, None),
        Err(error) => (frame.body.of(stream), Some(error)),
    };
    let depth = u16::from(frame.start < frame.body.start);
    let mut line = Line {
        offset,
        depth,
        code: frame.kind.name().to_owned(),
        name: if frame.wrapped {
            "wrapped body"
        } else {
            "body"
        },
        size: u64::from(frame.body.size()),
        text: String::new(),
        value: problem.map_or_else(String::new, |error| error.to_string()),
    };
    if frame.kind != Kind::Cesr {
        line.text = String::from_utf8_lossy(body).into_owned();
        lines.push(line);
        return;
    }
    lines.push(line);
    let last = lines.len() - 1;
    if let Err(error) = native(body, offset, depth + 1, options, lines)
        && let Some(line) = lines.get_mut(last)
    {
        line.value = error.to_string();
    }
}

/// The counters and primitives of a native body.
fn native(
    body: &[u8],
    base: u64,
    depth: u16,
    options: &Options,
    lines: &mut Vec<Line>,
) -> Result<(), Error> {
    let mut reader = Reader::new(Kind::Cesr, body, options);
    let mut nesting = depth;
    let mut label = String::new();
    loop {
        let at = reader.position();
        let token = match reader.next() {
            Ok(token) => token,
            Err(error) => {
                lines.push(unread(
                    body.get(at as usize..).unwrap_or_default(),
                    base + u64::from(at),
                    nesting,
                ));
                return Err(error);
            }
        };
        let shown = body
            .get(at as usize..reader.position() as usize)
            .unwrap_or_default();
        match token {
            Token::Key(Text { raw, .. }) => label = String::from_utf8_lossy(raw).into_owned(),
            Token::MapEnd | Token::ListEnd => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        let mut used = 0;
        // An escape code and what it escapes are read as one value.
        while let Some(mut line) = native_line(
            shown.get(used..).unwrap_or_default(),
            base + u64::from(at),
            nesting,
        ) {
            line.offset += used as u64;
            used += line.size as usize;
            if !label.is_empty() && !matches!(token, Token::Key(_)) {
                line.value = if line.value.is_empty() {
                    label.clone()
                } else {
                    format!("{label} = {}", line.value)
                };
                label.clear();
            }
            lines.push(line);
        }
        match token {
            Token::MapStart | Token::ListStart => nesting += 1,
            _ if nesting == depth => return Ok(()),
            _ => {}
        }
    }
}

/// The rest of a body that cannot be read on.
fn unread(rest: &[u8], offset: u64, depth: u16) -> Line {
    Line {
        offset,
        depth,
        code: String::new(),
        name: "unread",
        size: rest.len() as u64,
        text: String::from_utf8_lossy(rest).into_owned(),
        value: String::new(),
    }
}

/// The line of the counter or primitive that is the whole of `shown`, if it is one.
fn native_line(shown: &[u8], offset: u64, depth: u16) -> Option<Line> {
    if shown.first() == Some(&b'-') {
        let counter = spec::counter(shown, Genus::V2, false).ok()?;
        let own = shown.get(..counter.size()).unwrap_or_default();
        return Some(counter_line(&counter, own, offset as usize, false, depth));
    }
    let primitive = Primitive::parse(shown, Alphabet::Lenient).ok()?;
    Some(matter_line(&primitive, offset, depth, primitive.text.len()))
}

fn matter_line(primitive: &Primitive, offset: u64, depth: u16, size: usize) -> Line {
    Line {
        offset,
        depth,
        code: primitive.row.code.to_owned(),
        name: primitive.row.name,
        size: size as u64,
        text: primitive.text.to_owned(),
        value: meaning(primitive),
    }
}

/// The value of a primitive for people; empty when the code's name says what it is.
fn meaning(primitive: &Primitive) -> String {
    let number = || primitive.number().map(|number| number.to_string());
    let decimal = || primitive.decimal();
    number()
        .or_else(|| primitive.date())
        .or_else(|| primitive.label_text())
        .or_else(decimal)
        .unwrap_or_default()
}

fn attachments(stream: &[u8], frame: &Frame, options: &Options, lines: &mut Vec<Line>) {
    let (start, end) = (frame.body.end as usize, frame.attachments_end as usize);
    let bytes = stream.get(start..end).unwrap_or_default();
    if bytes.is_empty() {
        return;
    }
    let base_depth = u16::from(frame.start < frame.body.start);
    let mut scribe = Scribe {
        lines,
        base: start as u64,
        depth: base_depth,
    };
    Walk::new(0, frame.genus, Some(bytes.len())).run(bytes, options, &mut scribe);
}

/// Writes down what a walk over attachments comes upon.
struct Scribe<'l> {
    lines: &'l mut Vec<Line>,
    base: u64,
    depth: u16,
}

impl<'a> Sink<'a> for Scribe<'_> {
    fn group(&mut self, counter: &Counter, _bucket: Bucket, at: usize, binary: bool) {
        self.genus(counter, at, binary);
        self.depth += 1;
    }

    fn genus(&mut self, counter: &Counter, at: usize, binary: bool) {
        let mut text = counter.row.code.to_owned();
        crate::base64::push_integer(counter.count, counter.row.ss, &mut text);
        let mut line = counter_line(counter, text.as_bytes(), at, false, self.depth);
        line.offset += self.base;
        if binary {
            line.size = line.size / 4 * 3;
        }
        self.lines.push(line);
    }

    fn matter(&mut self, bytes: &'a [u8], row: &'static MatterRow, at: usize, binary: bool) {
        let text = text_of(bytes, binary);
        let primitive = Primitive { text: &text, row };
        self.lines.push(matter_line(
            &primitive,
            self.base + at as u64,
            self.depth,
            bytes.len(),
        ));
    }

    fn signature(&mut self, bytes: &'a [u8], row: &'static IndexerRow, at: usize, binary: bool) {
        let text = text_of(bytes, binary);
        let value = match indexer::of_row(text.as_bytes(), row) {
            Ok(indexed) => match indexed.ondex {
                Some(ondex) if ondex != indexed.index => {
                    format!("index {}, other index {ondex}", indexed.index)
                }
                _ => format!("index {}", indexed.index),
            },
            Err(kind) => kind.text().to_owned(),
        };
        self.lines.push(Line {
            offset: self.base + at as u64,
            depth: self.depth,
            code: row.code.to_owned(),
            name: row.name,
            size: bytes.len() as u64,
            text,
            value,
        });
    }

    fn opaque(&mut self, bytes: &'a [u8], at: usize, binary: bool) {
        self.lines.push(Line {
            offset: self.base + at as u64,
            depth: self.depth,
            code: String::new(),
            name: "opaque",
            size: bytes.len() as u64,
            text: text_of(bytes, binary),
            value: String::new(),
        });
    }

    fn group_end(&mut self, _bucket: Bucket) {
        self.depth = self.depth.saturating_sub(1);
    }
}
