//! Strict canonical readers of message bodies: JSON, CBOR, MessagePack, native. Source: cesr.md sections 3.1 and 3.2.
//!
//! A body is accepted only if it is exactly what KERIpy's serializer would have written, so no value is rebuilt and
//! digests can be taken over the received bytes.

mod cbor;
mod fields;
mod items;
mod json;
mod keys;
mod mgpk;
mod native;
pub(crate) mod number;

pub use crate::limits::Options;

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::primitive::Primitive;
use crate::version::Kind;

/// Bytes `start..end` of the slice or window that was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// First byte after.
    pub end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// Bytes from start to end.
    pub fn size(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// The bytes of the span in `bytes`; empty when it does not reach so far.
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// A text value or key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// UTF-8 bytes between the quotes, in JSON still escaped.
    pub raw: &'a [u8],
    /// Whether `raw` holds a JSON escape.
    pub escaped: bool,
    /// Where `raw` stands in the body; empty, at the value, for a label that a native body leaves out.
    pub span: Span,
}

/// An integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer<'a> {
    /// Decimal digits, with a sign if negative, as they stand in the body.
    Digits(&'a [u8]),
    /// `-1 - value`, from a binary form.
    Negative(u64),
    /// From a binary form.
    Unsigned(u64),
}

impl Integer<'_> {
    /// The value, if it is not negative and fits.
    pub fn to_u64(self) -> Option<u64> {
        match self {
            Self::Digits(digits) => std::str::from_utf8(digits).ok()?.parse().ok(),
            Self::Negative(_) => None,
            Self::Unsigned(value) => Some(value),
        }
    }
}

impl fmt::Display for Integer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits(digits) => f.write_str(std::str::from_utf8(digits).unwrap_or_default()),
            Self::Negative(value) => write!(f, "{}", -1 - i128::from(*value)),
            Self::Unsigned(value) => write!(f, "{value}"),
        }
    }
}

impl<'a> Text<'a> {
    /// The text itself, JSON escapes resolved.
    pub fn unescaped(&self) -> Cow<'a, str> {
        let text = std::str::from_utf8(self.raw).unwrap_or_default();
        if !self.escaped {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let escape = if c == '\\' { chars.next() } else { None };
            out.push(match escape {
                None => c,
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('f') => '\u{c}',
                Some('b') => '\u{8}',
                // The canonical form has two zeros and two digits after this.
                Some('u') => {
                    let digits = chars.by_ref().take(4).filter_map(|c| c.to_digit(16));
                    char::from_u32(digits.fold(0, |sum, digit| sum << 4 | digit))
                        .unwrap_or_default()
                }
                Some(c) => c,
            });
        }
        Cow::Owned(out)
    }
}

/// What a [`Reader`] comes upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// A map begins.
    MapStart,
    /// A map ends.
    MapEnd,
    /// A list begins.
    ListStart,
    /// A list ends.
    ListEnd,
    /// A label of the map that is open.
    Key(Text<'a>),
    /// A text value.
    Text(Text<'a>),
    /// An integer.
    Integer(Integer<'a>),
    /// A float.
    Float,
    /// True or false.
    Bool(bool),
    /// Nothing.
    Null,
    /// A value of a native body.
    Primitive(Primitive<'a>),
}

/// A pull reader over one body, which is the whole of `bytes`.
pub struct Reader<'a> {
    inner: Inner<'a>,
}

enum Inner<'a> {
    Items(items::Items<'a>),
    Json(json::Json<'a>),
    Native(native::Native<'a>),
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`, whose kind the version string told. A native body is in the text domain.
    pub fn new(kind: Kind, bytes: &'a [u8], options: &Options) -> Self {
        let inner = match kind {
            Kind::Cbor => Inner::Items(items::Items::new(bytes, cbor::head, options)),
            Kind::Cesr => Inner::Native(native::Native::new(bytes, options)),
            Kind::Json => Inner::Json(json::Json::new(bytes, options)),
            Kind::Mgpk => Inner::Items(items::Items::new(bytes, mgpk::head, options)),
        };
        Self { inner }
    }

    /// The next token. After the end of the top map: `Truncated`.
    ///
    /// # Errors
    /// Any deviation from the canonical form, at the byte where it shows.
    #[inline]
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Token<'a>, Error> {
        match &mut self.inner {
            Inner::Items(reader) => reader.next(),
            Inner::Json(reader) => reader.next(),
            Inner::Native(reader) => reader.next(),
        }
    }

    /// Skips one whole value and returns where it stood. It is checked as strictly as if it had been read.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn skip(&mut self) -> Result<Span, Error> {
        let start = self.value_start();
        let mut depth = 0u32;
        loop {
            match self.next()? {
                Token::MapStart | Token::ListStart => depth += 1,
                Token::MapEnd | Token::ListEnd => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => return Err(Error::new(ErrorKind::FieldOrder, start)),
                },
                Token::Key(_) => continue,
                _ => {}
            }
            if depth == 0 {
                return Ok(Span::new(start, self.position() as usize));
            }
        }
    }

    /// Where the value begins that is read next.
    fn value_start(&self) -> usize {
        match &self.inner {
            Inner::Json(reader) => reader.value_start(),
            Inner::Items(_) | Inner::Native(_) => self.position() as usize,
        }
    }

    /// Offset of the first byte not read.
    pub fn position(&self) -> u32 {
        match &self.inner {
            Inner::Items(reader) => reader.position() as u32,
            Inner::Json(reader) => reader.position(),
            Inner::Native(reader) => reader.position() as u32,
        }
    }

    /// Ends reading, after the top map.
    ///
    /// # Errors
    /// `Trailing` when bytes are left, `Truncated` when the top map is open.
    pub fn finish(self) -> Result<(), Error> {
        match self.inner {
            Inner::Items(reader) => reader.finish(),
            Inner::Json(reader) => reader.finish(),
            Inner::Native(reader) => reader.finish(),
        }
    }
}

/// The text of a field of the top map: a text value, or the primitive of a native body. `None` when there is no such
/// field, or it holds something else.
///
/// # Errors
/// As [`Reader::next`], up to that field.
pub fn text_field(
    kind: Kind,
    bytes: &[u8],
    label: &str,
    options: &Options,
) -> Result<Option<String>, Error> {
    let mut reader = Reader::new(kind, bytes, options);
    reader.next()?;
    loop {
        match reader.next()? {
            Token::Key(key) if key.unescaped() == label => {
                return Ok(match reader.next()? {
                    Token::Text(text) => Some(text.unescaped().into_owned()),
                    Token::Primitive(primitive) => Some(primitive.text.to_owned()),
                    _ => None,
                });
            }
            Token::Key(_) => reader.skip().map(|_| ())?,
            _ => return Ok(None),
        }
    }
}
