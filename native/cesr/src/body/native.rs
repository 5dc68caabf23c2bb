//! Native bodies in the text domain: primitives in groups, labels left out where the message type tells them.
//! Source: cesr.md section 3.2.

mod values;

use smallvec::SmallVec;

use super::fields::{self, Field, Role};
use super::keys::Nesting;
use super::{Options, Span, Text, Token};
use crate::codes::{CounterTable, Unit};
use crate::counter::Counter;
use crate::error::{Error, ErrorKind};
use crate::limits::Alphabet;
use crate::primitive::Primitive;
use crate::version::Protocol;

/// An open group and what it holds.
#[derive(Clone, Copy)]
struct Level {
    /// First character after the group.
    end: usize,
    holds: Holds,
}

#[derive(Clone, Copy)]
enum Holds {
    /// These fields, from this one on, without labels.
    Fields(&'static [Field], usize),
    /// The value of the label just read, or the next label.
    Map { value_next: bool },
    /// Values of any kind.
    Values,
    /// Primitives of any code.
    Primitives,
    /// Tags of known traits.
    Traits,
    /// Seal groups; the letter of the last one.
    Seals(u8),
    /// Seals of one type, and the field of the seal that is open.
    SealGroup(&'static [Field], usize),
}

pub(super) struct Native<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: SmallVec<[Level; 4]>,
    /// Keys and depth.
    nesting: Nesting,
    /// Label given out whose value comes next, of the innermost level of fields.
    label_out: bool,
    protocol: Protocol,
    started: bool,
    alphabet: Alphabet,
    integer_digits_max: usize,
}

impl<'a> Native<'a> {
    pub(super) fn new(bytes: &'a [u8], options: &Options) -> Self {
        Self {
            bytes,
            at: 0,
            stack: SmallVec::new(),
            nesting: Nesting::new(options.depth_max),
            label_out: false,
            protocol: Protocol::Keri,
            started: false,
            alphabet: options.alphabet,
            integer_digits_max: options.limits.integer_digits_max as usize,
        }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        if !self.started || !self.stack.is_empty() {
            return Err(Error::new(ErrorKind::Truncated, self.at));
        }
        if self.at < self.bytes.len() {
            return Err(Error::new(ErrorKind::Trailing, self.at));
        }
        Ok(())
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, Error> {
        let Some(level) = self.stack.last().copied() else {
            return self.start();
        };
        match level.holds {
            Holds::Fields(fields, index) => self.field(level, fields, index),
            Holds::Map { value_next: true } => {
                self.set(Holds::Map { value_next: false });
                self.value()
            }
            Holds::Map { .. } if self.at < level.end => self.label(),
            Holds::Values if self.at < level.end => self.value(),
            Holds::Primitives if self.at < level.end => Ok(Token::Primitive(self.primitive()?)),
            Holds::Traits if self.at < level.end => {
                let start = self.at;
                let primitive = self.primitive()?;
                let known = primitive
                    .tag()
                    .is_some_and(|tag| fields::TRAITS.contains(&tag));
                if known {
                    Ok(Token::Primitive(primitive))
                } else {
                    Err(Error::new(ErrorKind::ValueForm, start))
                }
            }
            Holds::Seals(last) if self.at < level.end => self.seal_group(last),
            Holds::SealGroup(fields, index) => self.seal(level, fields, index),
            _ => self.close(),
        }
    }

    fn set(&mut self, holds: Holds) {
        if let Some(level) = self.stack.last_mut() {
            level.holds = holds;
        }
    }

    /// The group around the body.
    fn start(&mut self) -> Result<Token<'a>, Error> {
        if self.started {
            return Err(Error::new(ErrorKind::Truncated, self.at));
        }
        self.started = true;
        let (letter, end) = self.counter()?;
        if end != self.bytes.len() {
            let kind = if end < self.bytes.len() {
                ErrorKind::Trailing
            } else {
                ErrorKind::Truncated
            };
            return Err(Error::new(kind, end.min(self.bytes.len())));
        }
        let holds = match letter {
            b'F' => Holds::Fields(&fields::HEAD, 0),
            b'G' => Holds::Map { value_next: false },
            _ => return Err(Error::new(ErrorKind::CountCode, 0)),
        };
        self.open(holds, true, end, 0)
    }

    fn open(
        &mut self,
        holds: Holds,
        is_map: bool,
        end: usize,
        at: usize,
    ) -> Result<Token<'a>, Error> {
        self.nesting.open(is_map, 0, at)?;
        self.stack.push(Level { end, holds });
        Ok(if is_map {
            Token::MapStart
        } else {
            Token::ListStart
        })
    }

    /// The end of the innermost group.
    fn close(&mut self) -> Result<Token<'a>, Error> {
        let is_map = self.nesting.in_map() == Some(true);
        self.stack.pop();
        self.nesting.close(self.bytes)?;
        Ok(if is_map {
            Token::MapEnd
        } else {
            Token::ListEnd
        })
    }

    /// End of the innermost group: nothing inside may reach beyond.
    fn limit(&self) -> usize {
        self.stack
            .last()
            .map_or(self.bytes.len(), |level| level.end)
    }

    /// The counter at the cursor, in its shortest form: its letter, and where its group ends. The cursor moves past it.
    fn counter(&mut self) -> Result<(u8, usize), Error> {
        let at = self.at;
        let rest = self.bytes.get(at..self.limit()).unwrap_or_default();
        let counter = Counter::parse(rest, CounterTable::V2).map_err(|error| error.shifted(at))?;
        if counter.row.unit != Unit::Quadlets {
            return Err(Error::new(ErrorKind::CountCode, at));
        }
        if counter.row.hs > 2 && counter.count <= 4095 {
            return Err(Error::new(ErrorKind::NotCanonical, at));
        }
        let letter = counter
            .row
            .code
            .as_bytes()
            .last()
            .copied()
            .unwrap_or_default();
        self.at += counter.size();
        let end = self.at as u64 + u64::from(counter.count) * 4;
        let limit = self.limit() as u64;
        if end > limit && !self.stack.is_empty() {
            return Err(Error::new(ErrorKind::GroupSize, at));
        }
        Ok((letter, usize::try_from(end).unwrap_or(usize::MAX)))
    }

    /// The primitive at the cursor, which moves past it.
    fn primitive(&mut self) -> Result<Primitive<'a>, Error> {
        let rest = self.bytes.get(self.at..self.limit()).unwrap_or_default();
        let primitive =
            Primitive::parse(rest, self.alphabet).map_err(|error| error.shifted(self.at))?;
        self.at += primitive.text.len();
        Ok(primitive)
    }

    fn is_group(&self) -> bool {
        self.bytes.get(self.at) == Some(&b'-')
    }

    /// A field without label: the label is given out first, then the value.
    fn field(
        &mut self,
        level: Level,
        fields: &'static [Field],
        index: usize,
    ) -> Result<Token<'a>, Error> {
        let Some(&(label, role)) = fields.get(index) else {
            if self.at < level.end {
                return Err(Error::new(ErrorKind::FieldOrder, self.at));
            }
            return self.close();
        };
        if !self.label_out {
            self.label_out = true;
            return Ok(Token::Key(self.implied(label)));
        }
        self.label_out = false;
        self.set(Holds::Fields(fields, index + 1));
        if role == Role::Ilk {
            return self.ilk();
        }
        self.by_role(role)
    }

    /// A label that the body leaves out.
    fn implied(&self, label: &'static str) -> Text<'a> {
        Text {
            raw: label.as_bytes(),
            escaped: false,
            span: Span::new(self.at, self.at),
        }
    }

    /// A group of `letter`.
    fn group(&mut self, letter: u8, holds: Holds, is_map: bool) -> Result<Token<'a>, Error> {
        let start = self.at;
        match self.counter()? {
            (found, end) if found == letter => self.open(holds, is_map, end, start),
            _ => Err(Error::new(ErrorKind::CountCode, start)),
        }
    }

    /// The next seal group of a list of anchors. Neighbours of one type share a group, so none may repeat.
    fn seal_group(&mut self, last: u8) -> Result<Token<'a>, Error> {
        let start = self.at;
        let (letter, end) = self.counter()?;
        let fields = fields::of_seal(letter).ok_or(Error::new(ErrorKind::CountCode, start))?;
        if letter == last || end == self.at {
            return Err(Error::new(ErrorKind::NotCanonical, start));
        }
        self.set(Holds::Seals(letter));
        self.stack.push(Level {
            end,
            holds: Holds::SealGroup(fields, fields.len()),
        });
        self.next()
    }

    /// Within a seal group: seals are maps one after another.
    fn seal(
        &mut self,
        level: Level,
        fields: &'static [Field],
        index: usize,
    ) -> Result<Token<'a>, Error> {
        if let Some(&(label, role)) = fields.get(index) {
            if !self.label_out {
                self.label_out = true;
                return Ok(Token::Key(self.implied(label)));
            }
            self.label_out = false;
            self.set(Holds::SealGroup(fields, index + 1));
            return self.by_role(role);
        }
        if self.nesting.in_map() == Some(true) {
            self.nesting.close(self.bytes)?;
            return Ok(Token::MapEnd);
        }
        if self.at < level.end {
            self.set(Holds::SealGroup(fields, 0));
            self.nesting.open(true, 0, self.at)?;
            return Ok(Token::MapStart);
        }
        self.stack.pop();
        self.next()
    }
}
