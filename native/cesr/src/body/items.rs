//! Kinds of body that say before each value what it is and how long: CBOR and MessagePack. One reader; each kind tells
//! it the next [`Item`].

use super::keys::Nesting;
use super::{Integer, Options, Span, Text, Token};
use crate::error::{Error, ErrorKind};

/// One value, or the head of a container.
pub(super) enum Item {
    Bool(bool),
    /// A finite float, or any if the kind's form allows it.
    Float {
        finite: bool,
    },
    Integer(Integer<'static>),
    List(u32),
    Map(u32),
    Null,
    /// Text of this many bytes.
    Text(u32),
}

/// Reads the head of one item: what it is, and the bytes of the head.
pub(super) type Head = fn(&[u8]) -> Result<(Item, usize), ErrorKind>;

/// Unsigned big-endian integer of `size` bytes after the first one.
pub(super) fn unsigned(bytes: &[u8], size: usize) -> Result<u64, ErrorKind> {
    let bytes = bytes.get(1..=size).ok_or(ErrorKind::Truncated)?;
    Ok(bytes
        .iter()
        .fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
}

pub(super) struct Items<'a> {
    bytes: &'a [u8],
    at: usize,
    head: Head,
    nesting: Nesting,
    /// A key has been read; its value comes next.
    after_key: bool,
    started: bool,
    refuse_nan: bool,
}

impl<'a> Items<'a> {
    pub(super) fn new(bytes: &'a [u8], head: Head, options: &Options) -> Self {
        Self {
            bytes,
            at: 0,
            head,
            nesting: Nesting::new(options.depth_max),
            after_key: false,
            started: false,
            refuse_nan: options.refuse_nan,
        }
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, Error> {
        if !self.started {
            self.started = true;
            return match self.item()? {
                Item::Map(entries) => self.open(true, entries, 0),
                _ => Err(Error::new(ErrorKind::ColdStart, 0)),
            };
        }
        match self.nesting.in_map() {
            None => Err(Error::new(ErrorKind::Truncated, self.at)),
            Some(true) if self.after_key => {
                self.after_key = false;
                self.value()
            }
            Some(is_map) if !self.nesting.take() => {
                self.nesting.close(self.bytes)?;
                Ok(if is_map {
                    Token::MapEnd
                } else {
                    Token::ListEnd
                })
            }
            Some(true) => self.key(),
            Some(false) => self.value(),
        }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        if !self.started || self.nesting.in_map().is_some() {
            return Err(Error::new(ErrorKind::Truncated, self.at));
        }
        if self.at < self.bytes.len() {
            return Err(Error::new(ErrorKind::Trailing, self.at));
        }
        Ok(())
    }

    /// The head at the cursor, which moves past it.
    fn item(&mut self) -> Result<Item, Error> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (item, size) = (self.head)(rest).map_err(|kind| Error::new(kind, self.at))?;
        self.at += size;
        Ok(item)
    }

    fn key(&mut self) -> Result<Token<'a>, Error> {
        let start = self.at;
        let Item::Text(size) = self.item()? else {
            return Err(Error::new(ErrorKind::NotCanonical, start));
        };
        let span = self.text(size)?;
        self.nesting.key(self.bytes, span)?;
        self.after_key = true;
        Ok(Token::Key(Text {
            raw: span.of(self.bytes),
            escaped: false,
            span,
        }))
    }

    fn value(&mut self) -> Result<Token<'a>, Error> {
        let start = self.at;
        Ok(match self.item()? {
            Item::Bool(value) => Token::Bool(value),
            Item::Float { finite: false } if self.refuse_nan => {
                return Err(Error::new(ErrorKind::NonFinite, start));
            }
            Item::Float { .. } => Token::Float,
            Item::Integer(value) => Token::Integer(value),
            Item::List(entries) => return self.open(false, entries, start),
            Item::Map(entries) => return self.open(true, entries, start),
            Item::Null => Token::Null,
            Item::Text(size) => {
                let span = self.text(size)?;
                Token::Text(Text {
                    raw: span.of(self.bytes),
                    escaped: false,
                    span,
                })
            }
        })
    }

    fn open(&mut self, is_map: bool, entries: u32, at: usize) -> Result<Token<'a>, Error> {
        // Every entry takes a byte at least.
        if entries as usize > self.bytes.len() - self.at {
            return Err(Error::new(ErrorKind::Truncated, self.bytes.len()));
        }
        self.nesting.open(is_map, entries, at)?;
        Ok(if is_map {
            Token::MapStart
        } else {
            Token::ListStart
        })
    }

    #[inline]
    fn text(&mut self, size: u32) -> Result<Span, Error> {
        let (start, end) = (self.at, self.at + size as usize);
        let Some(raw) = self.bytes.get(start..end) else {
            return Err(Error::new(ErrorKind::Truncated, self.bytes.len()));
        };
        if !raw.is_ascii()
            && let Err(error) = std::str::from_utf8(raw)
        {
            return Err(Error::new(ErrorKind::Utf8, start + error.valid_up_to()));
        }
        self.at = end;
        Ok(Span::new(start, end))
    }
}
