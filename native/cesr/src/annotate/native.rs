//! The lines of a native or wrapped body: one for each primitive and group.

use super::lines::{counter_line, matter_line, unread};
use super::{Form, Line};
use crate::body::{Reader, Text, Token};
use crate::convert;
use crate::counter::Counter;
use crate::error::Error;
use crate::group::Genus;
use crate::group::spec;
use crate::limits::{Alphabet, Options};
use crate::primitive::Primitive;
use crate::version::Kind;

/// How the parts of a native or wrapped body become lines.
pub(super) struct Native<'o> {
    /// Where it stands in the stream.
    pub base: u64,
    pub binary: bool,
    pub depth: u16,
    pub genus: Genus,
    pub options: &'o Options,
}

impl Native<'_> {
    /// The counter and the primitive around a wrapped body.
    pub fn wrapped(&self, bytes: &[u8], lines: &mut Vec<Line>) {
        let mut text = Vec::new();
        let bytes = if self.binary {
            let _ = convert::to_text(bytes, &mut text);
            text.as_slice()
        } else {
            bytes
        };
        let Ok(counter) = spec::counter(bytes, self.genus, false) else {
            return;
        };
        let (own, rest) = bytes.split_at_checked(counter.size()).unwrap_or_default();
        lines.push(self.line(self.counter(&counter, own, 0, self.depth)));
        if let Ok(primitive) = Primitive::parse(rest, self.options.alphabet) {
            let line = matter_line(&primitive, self.base + own.len() as u64, self.depth + 1);
            lines.push(self.line(line));
        }
    }

    fn counter(&self, counter: &Counter, own: &[u8], at: usize, depth: u16) -> Line {
        counter_line(counter, own, self.base + at as u64, false, depth)
    }

    /// The counters and primitives of a native body, in text.
    pub fn body(&self, body: &[u8], lines: &mut Vec<Line>) -> Result<(), Error> {
        let mut reader = Reader::new(Kind::Cesr, body, self.options);
        let depth = self.depth + 1;
        let mut nesting = depth;
        let mut label = String::new();
        loop {
            let at = reader.position() as usize;
            let token = match reader.next() {
                Ok(token) => token,
                Err(error) => {
                    let rest = body.get(at..).unwrap_or_default();
                    lines.push(self.line(unread(rest, self.base + at as u64, nesting)));
                    return Err(error);
                }
            };
            let shown = body.get(at..reader.position() as usize).unwrap_or_default();
            match token {
                Token::Key(Text { raw, .. }) => label = String::from_utf8_lossy(raw).into_owned(),
                Token::MapEnd | Token::ListEnd => nesting = nesting.saturating_sub(1),
                _ => {}
            }
            let mut used = 0;
            // An escape code and what it escapes are read as one value.
            while let Some(mut line) =
                self.element(shown.get(used..).unwrap_or_default(), at + used, nesting)
            {
                used += line.size as usize;
                if !label.is_empty() && !matches!(token, Token::Key(_)) {
                    line.value = if line.value.is_empty() {
                        label.clone()
                    } else {
                        format!("{label} = {}", line.value)
                    };
                    label.clear();
                }
                lines.push(self.line(line));
            }
            match token {
                Token::MapStart | Token::ListStart => nesting += 1,
                _ if nesting == depth => return Ok(()),
                _ => {}
            }
        }
    }

    /// The line of the counter or primitive that begins `shown`, in text.
    fn element(&self, shown: &[u8], at: usize, depth: u16) -> Option<Line> {
        if shown.first() == Some(&b'-') {
            let counter = spec::counter(shown, Genus::V2, false).ok()?;
            let own = shown.get(..counter.size())?;
            return Some(self.counter(&counter, own, at, depth));
        }
        let primitive = Primitive::parse(shown, Alphabet::Lenient).ok()?;
        Some(matter_line(&primitive, self.base + at as u64, depth))
    }

    /// A line of the text form as one of what stands in the stream.
    fn line(&self, mut line: Line) -> Line {
        if self.binary {
            line.form = Form::Bytes;
            line.size = line.size / 4 * 3;
            line.offset = self.base + (line.offset - self.base) / 4 * 3;
        }
        line
    }
}
