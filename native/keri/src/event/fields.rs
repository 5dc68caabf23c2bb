//! A cursor over the fields of a body.
//!
//! Source: keri-events.md 2–4.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::body::{Integer, Reader, Span, Text, Token};
use kelpipe_cesr::primitive::Primitive;
use smallvec::SmallVec;

use super::{Placed, Seal, Texts};
use crate::decision::{Refusal, Reject};
use crate::number;
use crate::prefix;
use crate::threshold::Threshold;

/// All tokens of one value.
pub(crate) fn value_tokens<'a>(
    reader: &mut Reader<'a>,
) -> Result<SmallVec<[Token<'a>; 1]>, Refusal> {
    let (mut tokens, mut depth) = (SmallVec::new(), 0u32);
    loop {
        let token = reader.next()?;
        match token {
            Token::ListStart | Token::MapStart => depth += 1,
            Token::ListEnd | Token::MapEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens.push(token);
        if depth == 0 {
            return Ok(tokens);
        }
    }
}

/// The value of an integer that is not negative.
pub(crate) fn integer_value(integer: Integer<'_>) -> Option<u128> {
    match integer {
        Integer::Digits(digits) => number::decimal(digits),
        Integer::Negative(_) => None,
        Integer::Unsigned(value) => Some(value.into()),
    }
}

/// A primitive that is no digest, with Base64 behind it.
fn no_digest(raw: &[u8]) -> Option<Primitive<'_>> {
    let Primitive { text, row } = Primitive::parse(raw, Alphabet::Strict).ok()?;
    let rest = raw.get(text.len()..)?;
    let is_text = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    if prefix::is_digest(row.code) || !rest.iter().all(is_text) {
        return None;
    }
    let text = std::str::from_utf8(raw).ok()?;
    Some(Primitive { text, row })
}

/// A cursor over the fields of a top-level map.
pub(crate) struct Fields<'a> {
    pub reader: Reader<'a>,
    pub bytes: &'a [u8],
    pub strict: bool,
    pub head: bool,
    pub native: bool,
}

impl<'a> Fields<'a> {
    /// The next key must be `label`.
    pub fn key(&mut self, label: &str) -> Result<(), Refusal> {
        match self.reader.next()? {
            Token::Key(text) if text.raw == label.as_bytes() => Ok(()),
            _ => Err(Reject::Fields.into()),
        }
    }

    /// A text or a native primitive.
    pub fn text(&mut self) -> Result<Text<'a>, Refusal> {
        match self.reader.next()? {
            Token::Text(text) => Ok(text),
            Token::Primitive(primitive) => Ok(self.primitive_text(&primitive)),
            _ => Err(Reject::FieldValue.into()),
        }
    }

    /// A text, or what a native tag says.
    pub fn tag(&mut self) -> Result<&'a [u8], Refusal> {
        match self.reader.next()? {
            Token::Text(text) => Ok(text.raw),
            Token::Primitive(primitive) => {
                let tag = primitive.tag().ok_or(Reject::FieldValue)?;
                Ok(tag.as_bytes())
            }
            _ => Err(Reject::FieldValue.into()),
        }
    }

    fn primitive_text(&self, primitive: &Primitive<'a>) -> Text<'a> {
        let end = self.reader.position();
        Text {
            raw: primitive.text.as_bytes(),
            escaped: false,
            span: Span {
                start: end - primitive.text.len() as u32,
                end,
            },
        }
    }

    /// A text field as a string.
    pub fn string(&mut self) -> Result<&'a str, Refusal> {
        let text = self.text()?;
        std::str::from_utf8(text.raw).map_err(|_| Reject::FieldValue.into())
    }

    /// A primitive, with the span of its text.
    pub fn primitive(&mut self) -> Result<Placed<'a>, Refusal> {
        let text = self.text()?;
        Ok((
            text.span,
            Primitive::parse_exact(text.raw, Alphabet::Strict)?,
        ))
    }

    /// What stands for a SAID, with the span of its text. If it is no digest, the reference takes text behind it, too.
    pub fn said(&mut self) -> Result<Placed<'a>, Refusal> {
        let text = self.text()?;
        let primitive = Primitive::parse_exact(text.raw, Alphabet::Strict);
        let primitive = primitive.or_else(|error| no_digest(text.raw).ok_or(error))?;
        Ok((text.span, primitive))
    }

    /// A hexadecimal number. `integers`: written as a JSON integer it is taken under HARDEN 8, too.
    pub fn hex(&mut self, integers: bool) -> Result<u128, Refusal> {
        let value = match self.reader.next()? {
            Token::Text(text) => number::hex(text.raw, self.strict),
            Token::Integer(integer) if !self.strict => integer_value(integer),
            Token::Bool(value) if !self.strict => Some(value.into()),
            Token::Null if !self.strict => Some(0),
            Token::Integer(integer) if integers => {
                integer_value(integer).filter(|value| *value <= u128::from(u32::MAX))
            }
            Token::Primitive(primitive) => crate::native::number(&primitive),
            _ => None,
        };
        value.ok_or(Reject::FieldValue.into())
    }

    /// A threshold; a malformed one is a matter of the rules, not of the body. Nested weights are head's alone.
    pub fn threshold(&mut self) -> Result<Option<Threshold>, Refusal> {
        let tokens = value_tokens(&mut self.reader)?;
        let threshold = Threshold::of_tokens(&tokens, self.strict);
        Ok(threshold.filter(|threshold| self.head || !threshold.has_nested()))
    }

    pub fn list(&mut self) -> Result<Texts<'a>, Refusal> {
        let mut list = Texts::default();
        match self.reader.next()? {
            Token::ListStart => self.rest_of_list(&mut list)?,
            _ => return Err(Reject::FieldValue.into()),
        }
        Ok(list)
    }

    fn rest_of_list(&mut self, list: &mut Texts<'a>) -> Result<(), Refusal> {
        loop {
            let raw = match self.reader.next()? {
                Token::ListEnd => return Ok(()),
                Token::Text(text) => text.raw,
                Token::Primitive(primitive) => primitive.text.as_bytes(),
                _ => return Err(Reject::FieldValue.into()),
            };
            list.push(std::str::from_utf8(raw).map_err(|_| Refusal::from(Reject::FieldValue))?);
        }
    }

    /// Whether `c` holds `EO` and `DND`. The reference looks for them in whatever stands there, a text too.
    pub fn traits(&mut self) -> Result<(bool, bool), Refusal> {
        let mut list = Texts::default();
        match self.reader.next()? {
            Token::ListStart if self.strict || self.native => self.rest_of_list(&mut list)?,
            Token::ListStart if !self.strict => self.rest_of_any(false, &mut list)?,
            Token::MapStart if !self.strict => self.rest_of_any(true, &mut list)?,
            Token::Text(text) => {
                let has = |name: &[u8]| text.raw.windows(name.len()).any(|part| part == name);
                return Ok((has(b"EO"), has(b"DND")));
            }
            _ => return Err(Reject::FieldValue.into()),
        }
        let has = |name: &str| {
            list.iter()
                .any(|item| *item == name || crate::native::tag(item) == Some(name))
        };
        Ok((has("EO"), has("DND")))
    }

    /// The texts of a list that may hold other things, or the labels of a map.
    fn rest_of_any(&mut self, is_map: bool, list: &mut Texts<'a>) -> Result<(), Refusal> {
        let push = |list: &mut Texts<'a>, text: Text<'a>| {
            if let Ok(text) = std::str::from_utf8(text.raw) {
                list.push(text);
            }
        };
        let mut depth = 1u32;
        while depth > 0 {
            match self.reader.next()? {
                Token::ListStart | Token::MapStart => depth += 1,
                Token::ListEnd | Token::MapEnd => depth -= 1,
                Token::Text(text) if depth == 1 && !is_map => push(list, text),
                Token::Key(text) if depth == 1 && is_map => push(list, text),
                _ => {}
            }
        }
        Ok(())
    }

    /// The seals in `a`: a list (or, natively, a map) of anything; event seals are the maps of exactly i, s, d.
    /// Also tells whether there is nothing in it.
    pub fn seals(&mut self) -> Result<(Vec<Seal<'a>>, bool), Refusal> {
        let (mut seals, mut empty) = (Vec::new(), true);
        let mut depth = match self.reader.next()? {
            Token::ListStart | Token::MapStart => 1u32,
            Token::Text(text) => return Ok((seals, text.raw.is_empty())),
            token @ (Token::Null | Token::Bool(_) | Token::Integer(_)) if !self.strict => {
                return Ok((seals, matches!(token, Token::Null | Token::Bool(false))));
            }
            _ => return Err(Reject::FieldValue.into()),
        };
        loop {
            match self.reader.next()? {
                Token::MapStart if depth == 1 => {
                    depth += 1;
                    self.seal(&mut seals, &mut depth)?;
                }
                Token::ListStart | Token::MapStart => depth += 1,
                Token::ListEnd | Token::MapEnd => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok((seals, empty));
            }
            empty = false;
        }
    }

    /// Reads a map's fields as long as they are those of an event seal; the rest is left to the caller.
    pub fn seal(&mut self, seals: &mut Vec<Seal<'a>>, depth: &mut u32) -> Result<(), Refusal> {
        let (mut pre, mut said, mut sn) = ("", "", None);
        for label in ["i", "s", "d"] {
            match self.reader.next()? {
                Token::Key(key) if key.raw == label.as_bytes() => {}
                Token::MapEnd => {
                    *depth -= 1;
                    return Ok(());
                }
                _ => return Ok(()),
            }
            let text = match self.reader.next()? {
                Token::Text(text) => std::str::from_utf8(text.raw).unwrap_or(""),
                Token::Primitive(primitive) => primitive.text,
                Token::ListStart | Token::MapStart => {
                    *depth += 1;
                    return Ok(());
                }
                _ => return Ok(()),
            };
            match label {
                "i" => pre = text,
                "d" => said = text,
                _ => sn = crate::native::seal_number(text, self.native),
            }
        }
        match self.reader.next()? {
            Token::MapEnd => *depth -= 1,
            _ => return Ok(()),
        }
        seals.extend(sn.map(|sn| Seal { pre, sn, said }));
        Ok(())
    }

    /// Passes over the next value.
    pub fn skip(&mut self) -> Result<(), Refusal> {
        match self.reader.next()? {
            Token::ListStart | Token::MapStart => self.skip_open(),
            _ => Ok(()),
        }
    }

    /// Passes over the rest of a list or map that has begun.
    pub fn skip_open(&mut self) -> Result<(), Refusal> {
        let mut depth = 1u32;
        while depth > 0 {
            match self.reader.next()? {
                Token::ListStart | Token::MapStart => depth += 1,
                Token::ListEnd | Token::MapEnd => depth -= 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// No field may follow.
    pub fn end(mut self) -> Result<(), Refusal> {
        match self.reader.next()? {
            Token::MapEnd => Ok(self.reader.finish()?),
            _ => Err(Reject::Fields.into()),
        }
    }
}
