//! JSON, in the one form that Python's `json.dumps` writes with separators `,` and `:` and without ASCII escapes.

use super::keys::Nesting;
use super::{Integer, Options, Span, Text, Token, number};
use crate::error::{Error, ErrorKind};

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// `{`, and nothing else.
    Top,
    /// The first key or item, or the end of the container.
    First,
    /// The value after a key.
    Value,
    /// A comma and the next entry, or the end of the container.
    More,
    /// Nothing: the top map has ended.
    End,
}

pub(super) struct Json<'a> {
    bytes: &'a [u8],
    at: usize,
    expect: Expect,
    nesting: Nesting,
    refuse_nan: bool,
    integer_digits_max: usize,
}

impl<'a> Json<'a> {
    pub(super) fn new(bytes: &'a [u8], options: &Options) -> Self {
        Self {
            bytes,
            at: 0,
            expect: Expect::Top,
            nesting: Nesting::new(options.depth_max),
            refuse_nan: options.refuse_nan,
            integer_digits_max: options.limits.integer_digits_max as usize,
        }
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, Error> {
        match self.expect {
            Expect::Value => self.value(),
            Expect::First => self.entry(),
            Expect::More => match self.peek()? {
                b',' => {
                    self.at += 1;
                    self.entry_or(ErrorKind::JsonSyntax)
                }
                b'}' | b']' => self.close(),
                _ => self.refuse(),
            },
            Expect::Top => {
                if self.peek()? != b'{' {
                    return self.refuse();
                }
                self.open(true)
            }
            Expect::End => Err(Error::new(ErrorKind::Truncated, self.at)),
        }
    }

    /// Where the value begins that [`Json::next`] would read.
    pub(super) fn value_start(&self) -> usize {
        self.at + usize::from(self.expect == Expect::More && self.bytes.get(self.at) == Some(&b','))
    }

    pub(super) fn position(&self) -> u32 {
        self.at as u32
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        if self.expect != Expect::End {
            return Err(Error::new(ErrorKind::Truncated, self.at));
        }
        if self.at < self.bytes.len() {
            return Err(Error::new(ErrorKind::Trailing, self.at));
        }
        Ok(())
    }

    /// The next byte; `Truncated` when there is none.
    fn peek(&self) -> Result<u8, Error> {
        self.bytes
            .get(self.at)
            .copied()
            .ok_or(Error::new(ErrorKind::Truncated, self.at))
    }

    /// Refuses the byte at hand: a form that JSON allows but Python never writes is only not canonical.
    #[cold]
    fn refuse<T>(&self) -> Result<T, Error> {
        let kind = match self.bytes.get(self.at) {
            Some(b' ' | b'\t' | b'\n' | b'\r') => ErrorKind::NotCanonical,
            _ => ErrorKind::JsonSyntax,
        };
        Err(Error::new(kind, self.at))
    }

    /// The first entry of a container, or its end.
    fn entry(&mut self) -> Result<Token<'a>, Error> {
        match self.peek()? {
            b'}' | b']' => self.close(),
            _ => self.entry_or(ErrorKind::JsonSyntax),
        }
    }

    /// An entry of the innermost container: `"key":` of a map, or a list's value.
    #[inline]
    fn entry_or(&mut self, kind: ErrorKind) -> Result<Token<'a>, Error> {
        if self.nesting.in_map() != Some(true) {
            return self.value();
        }
        if self.peek()? != b'"' {
            return self.refuse();
        }
        let (span, escaped) = self.string()?;
        if self.bytes.get(self.at) != Some(&b':') {
            return if self.at < self.bytes.len() {
                self.refuse()
            } else {
                Err(Error::new(kind, self.at))
            };
        }
        self.at += 1;
        self.nesting.key(self.bytes, span)?;
        self.expect = Expect::Value;
        Ok(Token::Key(Text {
            raw: span.of(self.bytes),
            escaped,
            span,
        }))
    }

    #[inline]
    fn value(&mut self) -> Result<Token<'a>, Error> {
        let token = match self.peek()? {
            b'"' => {
                let (span, escaped) = self.string()?;
                self.expect = Expect::More;
                return Ok(Token::Text(Text {
                    raw: span.of(self.bytes),
                    escaped,
                    span,
                }));
            }
            b'{' => return self.open(true),
            b'[' => return self.open(false),
            b'0'..=b'9' | b'-' => self.number()?,
            b't' => self.word(b"true", Token::Bool(true))?,
            b'f' => self.word(b"false", Token::Bool(false))?,
            b'n' => self.word(b"null", Token::Null)?,
            b'N' => self.non_finite(b"NaN")?,
            b'I' => self.non_finite(b"Infinity")?,
            _ => return self.refuse(),
        };
        self.expect = Expect::More;
        Ok(token)
    }

    #[inline]
    fn open(&mut self, is_map: bool) -> Result<Token<'a>, Error> {
        self.nesting.open(is_map, 0, self.at)?;
        self.at += 1;
        self.expect = Expect::First;
        Ok(if is_map {
            Token::MapStart
        } else {
            Token::ListStart
        })
    }

    #[inline]
    fn close(&mut self) -> Result<Token<'a>, Error> {
        let is_map = self.peek()? == b'}';
        if self.nesting.in_map() != Some(is_map) {
            return self.refuse();
        }
        self.at += 1;
        self.nesting.close(self.bytes)?;
        self.expect = if self.nesting.in_map().is_some() {
            Expect::More
        } else {
            Expect::End
        };
        Ok(if is_map {
            Token::MapEnd
        } else {
            Token::ListEnd
        })
    }

    fn word(&mut self, word: &[u8], token: Token<'a>) -> Result<Token<'a>, Error> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return self.refuse();
        }
        self.at += word.len();
        Ok(token)
    }

    #[cold]
    fn non_finite(&mut self, word: &[u8]) -> Result<Token<'a>, Error> {
        let start = self.at;
        let token = self.word(word, Token::Float)?;
        if self.refuse_nan {
            Err(Error::new(ErrorKind::NonFinite, start))
        } else {
            Ok(token)
        }
    }

    #[cold]
    fn number(&mut self) -> Result<Token<'a>, Error> {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        if rest.starts_with(b"-I") {
            self.at += 1;
            return self
                .non_finite(b"Infinity")
                .map_err(|error| Error::new(error.kind, start));
        }
        let in_number =
            |c: &u8| c.is_ascii_digit() || matches!(c, b'-' | b'+' | b'.' | b'e' | b'E');
        let size = rest
            .iter()
            .position(|c| !in_number(c))
            .unwrap_or(rest.len());
        let text = &rest[..size];
        self.at += size;
        if text.iter().any(|c| matches!(c, b'.' | b'e' | b'E')) {
            let kind = ErrorKind::Float;
            return if number::is_canonical_float(text) {
                Ok(Token::Float)
            } else {
                Err(Error::new(kind, start))
            };
        }
        if !number::is_canonical_integer(text) {
            let kind = if text == b"-0" {
                ErrorKind::NotCanonical
            } else {
                ErrorKind::JsonSyntax
            };
            return Err(Error::new(kind, start));
        }
        if size - usize::from(text[0] == b'-') > self.integer_digits_max {
            return Err(Error::new(ErrorKind::IntegerDigits, start));
        }
        Ok(Token::Integer(Integer::Digits(text)))
    }

    /// A string, from quote to quote. The cursor stands at the first quote. Returned is where the text stands and
    /// whether it holds an escape; the token is built where it is returned, which spares copies.
    #[inline]
    fn string(&mut self) -> Result<(Span, bool), Error> {
        let start = self.at + 1;
        let end = next_special(self.bytes, start);
        if self.bytes.get(end) != Some(&b'"') {
            return self.uncommon_string(start, end);
        }
        self.at = end + 1;
        Ok((Span::new(start, end), false))
    }

    /// A string with escapes or characters beyond ASCII, of which the first stands at `at`.
    #[cold]
    fn uncommon_string(&mut self, start: usize, mut at: usize) -> Result<(Span, bool), Error> {
        let (mut escaped, mut wide) = (false, false);
        loop {
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += escape_size(&self.bytes[at..]).map_err(|kind| Error::new(kind, at))?;
                }
                Some(byte) if *byte >= 0x80 => {
                    wide = true;
                    at += self.bytes[at..]
                        .iter()
                        .take_while(|byte| **byte >= 0x80)
                        .count();
                }
                Some(_) => return Err(Error::new(ErrorKind::JsonSyntax, at)),
                None => return Err(Error::new(ErrorKind::Truncated, at)),
            }
            at = next_special(self.bytes, at);
        }
        let raw = &self.bytes[start..at];
        if wide && let Err(error) = std::str::from_utf8(raw) {
            return Err(Error::new(ErrorKind::Utf8, start + error.valid_up_to()));
        }
        self.at = at + 1;
        Ok((Span::new(start, at), escaped))
    }
}

/// Size of the escape sequence at the start of `text`, if Python writes it so.
fn escape_size(text: &[u8]) -> Result<usize, ErrorKind> {
    match text.get(1) {
        Some(b'"' | b'\\' | b'n' | b'r' | b't' | b'f' | b'b') => Ok(2),
        Some(b'u') => match text.get(2..6) {
            Some(
                [b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f']
                | [b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f'],
            ) => Ok(6),
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {
                Err(ErrorKind::NotCanonical)
            }
            Some(_) => Err(ErrorKind::JsonSyntax),
            None => Err(ErrorKind::Truncated),
        },
        Some(b'/') => Err(ErrorKind::NotCanonical),
        Some(_) => Err(ErrorKind::JsonSyntax),
        None => Err(ErrorKind::Truncated),
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Offset, from `at` on, of the first quote, backslash, control character or byte above 0x7f; the end if there is none.
///
/// Eight bytes at a time: a subtraction that borrows marks each byte below a bound; the lowest mark is always exact.
#[inline]
fn next_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*block);
        let quote = word ^ (ONES * 0x22);
        let slash = word ^ (ONES * 0x5c);
        let marks = quote.wrapping_sub(ONES) & !quote
            | slash.wrapping_sub(ONES) & !slash
            | word.wrapping_sub(ONES * 0x20) & !word
            | word;
        if marks & HIGHS != 0 {
            return at + ((marks & HIGHS).trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let special = |byte: &u8| *byte < 0x20 || *byte >= 0x80 || matches!(byte, b'"' | b'\\');
    at + rest.iter().position(special).unwrap_or(rest.len())
}
