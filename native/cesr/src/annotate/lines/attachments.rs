//! The lines of attachments: groups, and the primitives in them.

use super::{Place, counter_line, form_of, meaning};
use crate::annotate::{Form, Line};
use crate::codes::{IndexerRow, MatterRow};
use crate::counter::Counter;
use crate::frame::Frame;
use crate::group::spec::Bucket;
use crate::group::walk::{Sink, Walk, counter_size};
use crate::indexer;
use crate::limits::Options;
use crate::primitive::Primitive;

pub(super) fn attachments(place: &Place, frame: &Frame, options: &Options, lines: &mut Vec<Line>) {
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
