//! A stream as readable lines, one a primitive, and back. Source: cesr.md section 2, "Annotated streams".

mod fields;
mod lines;
mod native;
mod plain;
mod text;

pub use plain::{Deannotator, deannotate};
pub use text::{render, render_json};

use crate::frame::{Fault, Framer};
use crate::limits::Options;
use lines::{Place, counters, given_up, message};

/// One line: a primitive, a counter, a body, or bytes given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// First byte, counted from the start of the stream.
    pub offset: u64,
    /// Groups around it.
    pub depth: u16,
    /// Hard part of the code; the kind of a body; the stable code of a fault.
    pub code: String,
    /// Name of the code.
    pub name: &'static str,
    /// Bytes that it takes in the stream.
    pub size: u64,
    /// The thing itself.
    pub text: String,
    /// How `text` stands for it.
    pub form: Form,
    /// Its value for people: number, date, index, tag, text; empty when the text says it all.
    pub value: String,
}

/// How the text of a line stands for bytes of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It is these bytes.
    Text,
    /// It is their Base64: of a primitive in the binary domain what it is in the text domain.
    Bytes,
    /// It only shows what other lines stand for.
    Shown,
}

impl Form {
    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Form::Text => "text",
            Form::Bytes => "bytes",
            Form::Shown => "shown",
        }
    }
}

/// Takes a stream apart that comes in windows, in memory bounded by the window.
#[derive(Debug)]
pub struct Annotator {
    framer: Framer,
    options: Options,
    /// Bytes of the stream that lines have been made of.
    done: u64,
}

impl Annotator {
    /// An annotator at the start of a stream.
    pub fn new(options: &Options) -> Self {
        Self {
            framer: Framer::new(options),
            options: *options,
            done: 0,
        }
    }

    /// Appends the lines of what can be told so far. `window` starts at the first byte not yet consumed; `end`: no more
    /// follows. Returned is how many bytes are consumed: they stand in the lines, each once, in order.
    pub fn annotate(&mut self, window: &[u8], end: bool, lines: &mut Vec<Line>) -> Annotated {
        let base = self.framer.position();
        let (mut frames, mut faults) = (Vec::new(), Vec::new());
        let consumed = self.framer.frame(window, end, &mut frames, &mut faults);
        let place = Place { window, base };
        let mut faults_left = faults.iter().peekable();
        for (index, frame) in frames.iter().enumerate() {
            while let Some(fault) = faults_left.next_if(|fault| fault.before as usize <= index) {
                self.fault(&place, fault, lines);
            }
            self.between(&place, base + u64::from(frame.start), lines);
            message(&place, frame, &self.options, lines);
            self.done = base + u64::from(frame.attachments_end);
        }
        for fault in faults_left {
            self.fault(&place, fault, lines);
        }
        if let Some(bytes) = self.framer.giving_up() {
            self.between(&place, bytes.start, lines);
            self.garbage(&place, bytes.end, lines);
        }
        self.between(&place, base + consumed as u64, lines);
        Annotated {
            consumed,
            messages: frames.len(),
            faults: faults.len(),
        }
    }

    /// Counters of generic groups and genus codes before byte `end` of the stream.
    fn between(&mut self, place: &Place, end: u64, lines: &mut Vec<Line>) {
        self.done += counters(place, self.done, end, lines);
        self.garbage(place, end, lines);
    }

    fn fault(&mut self, place: &Place, fault: &Fault, lines: &mut Vec<Line>) {
        self.between(place, fault.offset, lines);
        self.garbage(place, fault.offset + fault.bytes, lines);
        lines.push(lines::fault(fault));
    }

    /// What stands before byte `end` of the stream and is no message.
    fn garbage(&mut self, place: &Place, end: u64, lines: &mut Vec<Line>) {
        if end > self.done {
            given_up(place, self.done, end, lines);
            self.done = end;
        }
    }
}

/// What a window came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Annotated {
    /// Bytes that need not be given again.
    pub consumed: usize,
    /// Whole messages.
    pub messages: usize,
    /// Stretches of bytes that are no message.
    pub faults: usize,
}

/// Takes a whole stream apart. Bytes that are no message come as lines, too.
pub fn annotate(stream: &[u8], options: &Options) -> Vec<Line> {
    let mut lines = Vec::new();
    Annotator::new(options).annotate(stream, true, &mut lines);
    lines
}
