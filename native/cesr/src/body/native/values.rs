//! The values of native bodies: what each field may hold, labels, and values of any kind.

use super::{Holds, Native};
use crate::body::fields::{self, Role};
use crate::body::{Integer, Span, Text, Token};
use crate::error::{Error, ErrorKind};
use crate::limits::Alphabet;
use crate::primitive::Primitive;

impl<'a> Native<'a> {
    /// The message type, which tells the other fields.
    pub(super) fn ilk(&mut self) -> Result<Token<'a>, Error> {
        let start = self.at;
        let primitive = self.primitive()?;
        let tag = primitive
            .tag()
            .filter(|_| primitive.row.code == "X")
            .unwrap_or_default();
        let fields =
            fields::of(self.protocol, tag).ok_or(Error::new(ErrorKind::FieldOrder, start))?;
        self.set(Holds::Fields(fields, 0));
        Ok(Token::Primitive(primitive))
    }

    pub(super) fn by_role(&mut self, role: Role) -> Result<Token<'a>, Error> {
        let start = self.at;
        let refuse = |kind| Err(Error::new(kind, start));
        match role {
            Role::Primitives => return self.group(b'J', Holds::Primitives, false),
            Role::Traits => return self.group(b'J', Holds::Traits, false),
            Role::Map => return self.group(b'I', Holds::Map { value_next: false }, true),
            Role::DigestOrMap if self.is_group() => {
                return self.group(b'I', Holds::Map { value_next: false }, true);
            }
            Role::DigestOrList if self.is_group() => return self.group(b'J', Holds::Values, false),
            Role::Anchors => {
                let is_map = self.bytes.get(self.at + 1) == Some(&b'I')
                    || self.bytes.get(self.at + 1..self.at + 3) == Some(b"-I");
                return if is_map {
                    self.group(b'I', Holds::Map { value_next: false }, true)
                } else {
                    self.group(b'J', Holds::Seals(0), false)
                };
            }
            _ => {}
        }
        let primitive = self.primitive()?;
        let row = primitive.row;
        let admitted = match role {
            Role::Date => row.code == "1AAG",
            Role::Digest | Role::DigestOrList | Role::DigestOrMap => row.is_digest(),
            Role::Label => row.is_label(),
            Role::Nonce => row.is_nonce(),
            Role::Number => row.is_number(),
            Role::Prefix => row.is_prefix(),
            Role::Route => row.is_bext() || row.is_bytes(),
            Role::Threshold => row.is_number() || row.is_bext(),
            Role::Type => matches!(row.code, "Y" | "0O"),
            Role::Verser => row.code == "0O",
            _ => false,
        };
        if !admitted {
            return refuse(ErrorKind::WrongCode);
        }
        let well_formed = match role {
            Role::Date => primitive.date().is_some(),
            Role::Label => primitive.canonical_text().is_some(),
            Role::Number => primitive.is_smallest_number(),
            Role::Route => primitive.path().is_some(),
            Role::Threshold if row.is_number() => primitive.is_smallest_number(),
            Role::Type => primitive.verser().is_ok(),
            Role::Verser => match primitive.verser() {
                Ok(version) => {
                    self.protocol = version.protocol;
                    true
                }
                Err(kind) => return refuse(kind),
            },
            _ => true,
        };
        if well_formed {
            Ok(Token::Primitive(primitive))
        } else {
            refuse(ErrorKind::ValueForm)
        }
    }

    /// The next label of a map group, in the one form that its text has.
    pub(super) fn label(&mut self) -> Result<Token<'a>, Error> {
        let start = self.at;
        let first = self.stack.len() == 1 && start <= 8;
        let primitive = self.primitive()?;
        let text = primitive
            .canonical_text()
            .ok_or(Error::new(ErrorKind::NotCanonical, start))?;
        if !crate::primitive::is_label(&text) || first && text != "v" {
            return Err(Error::new(ErrorKind::FieldOrder, start));
        }
        // Base64 characters stand for themselves: the label's text is the tail of the primitive's.
        let span = Span::new(self.at - text.len(), self.at);
        self.nesting.key(self.bytes, span)?;
        self.set(Holds::Map { value_next: true });
        Ok(Token::Key(Text {
            raw: span.of(self.bytes),
            escaped: false,
            span,
        }))
    }

    /// A value of any kind.
    pub(super) fn value(&mut self) -> Result<Token<'a>, Error> {
        if self.is_group() {
            let is_map = matches!(
                self.bytes.get(self.at + 1..),
                Some([b'I', ..] | [b'-', b'I', ..])
            );
            return if is_map {
                self.group(b'I', Holds::Map { value_next: false }, true)
            } else {
                self.group(b'J', Holds::Values, false)
            };
        }
        let start = self.at;
        let primitive = self.primitive()?;
        let refuse = Err(Error::new(ErrorKind::NotCanonical, start));
        match primitive.row.code {
            "1AAK" => return Ok(Token::Null),
            "1AAL" => return Ok(Token::Bool(false)),
            "1AAM" => return Ok(Token::Bool(true)),
            // What follows is a text that looks like a primitive of a special code.
            "1AAO" => {
                let escaped = self.primitive()?;
                return if escaped.row.is_escaped() {
                    Ok(Token::Primitive(escaped))
                } else {
                    refuse
                };
            }
            _ => {}
        }
        if primitive.row.is_decimal() {
            return self.decimal(primitive, start);
        }
        if primitive.row.is_label() {
            let Some(text) = primitive.canonical_text() else {
                return refuse;
            };
            // Such a text is written as the primitive that it is.
            if Primitive::parse_exact(text.as_bytes(), Alphabet::Strict).is_ok() {
                return refuse;
            }
        }
        Ok(Token::Primitive(primitive))
    }

    fn decimal(&self, primitive: Primitive<'a>, start: usize) -> Result<Token<'a>, Error> {
        let Some(number) = primitive.decimal() else {
            return Err(Error::new(ErrorKind::Float, start));
        };
        if number.bytes().any(|c| matches!(c, b'.' | b'e')) {
            return Ok(Token::Float);
        }
        let digits = primitive
            .text
            .as_bytes()
            .get(primitive.text.len() - number.len()..)
            .unwrap_or_default();
        if digits.len() > self.integer_digits_max {
            return Err(Error::new(ErrorKind::IntegerDigits, start));
        }
        Ok(Token::Integer(Integer::Digits(digits)))
    }
}
