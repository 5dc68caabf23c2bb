//! What the readers of all kinds share: a place in a body, and what must stand there.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::primitive::Primitive;
use kelpipe_cesr::version::{Kind, Protocol, Version};

use super::items::{Cbor, Heads, Mgpk};
use crate::event::Ilk;

/// At most eight bytes that must stand at a place, compared as one word.
#[derive(Clone, Copy)]
pub struct Literal {
    word: u64,
    size: usize,
}

impl Literal {
    /// The literal of `parts` in a row: between one and eight bytes, none of them zero.
    pub const fn of(parts: &[&[u8]]) -> Self {
        let mut bytes = [0; 8];
        let mut size = 0;
        let mut part = 0;
        while part < parts.len() {
            let mut at = 0;
            while at < parts[part].len() {
                assert!(parts[part][at] != 0);
                bytes[size] = parts[part][at];
                size += 1;
                at += 1;
            }
            part += 1;
        }
        assert!(size > 0);
        Self {
            word: u64::from_le_bytes(bytes),
            size,
        }
    }
}

/// A field's label as it stands before its value, in each kind of body that has labels.
#[derive(Clone, Copy)]
pub struct Label {
    /// JSON, before a text and its quote.
    pub json_text: Literal,
    /// JSON, before a list and its bracket.
    pub json_list: Literal,
    /// CBOR.
    pub cbor: ItemLabel,
    /// MessagePack.
    pub mgpk: ItemLabel,
}

/// A label in a kind of body whose items have heads, alone and with the heads that usually follow it.
#[derive(Clone, Copy)]
pub struct ItemLabel {
    /// Nothing behind it.
    pub alone: Literal,
    /// With the head of a key's or digest's text.
    pub primitive: Literal,
    /// With the head of a text of one character.
    pub digit: Literal,
}

impl ItemLabel {
    const fn of(text: &[u8], empty_text: u8, primitive_head: [u8; 2]) -> Self {
        let head = [empty_text | text.len() as u8];
        Self {
            alone: Literal::of(&[&head, text]),
            primitive: Literal::of(&[&head, text, &primitive_head]),
            digit: Literal::of(&[&head, text, &[empty_text | 1]]),
        }
    }
}

impl Label {
    /// Of a label of one or two characters.
    pub const fn of(text: &str) -> Self {
        let text = text.as_bytes();
        Self {
            json_text: Literal::of(&[b",\"", text, b"\":\""]),
            json_list: Literal::of(&[b",\"", text, b"\":["]),
            cbor: ItemLabel::of(text, Cbor::TEXT, Cbor::USUAL_HEAD),
            mgpk: ItemLabel::of(text, Mgpk::TEXT, Mgpk::USUAL_HEAD),
        }
    }
}

/// Reads on from `at`.
pub struct Cursor<'a> {
    pub body: &'a [u8],
    pub at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0 }
    }

    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub fn next(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    /// Passes over `literal`, if it stands here.
    #[inline]
    pub fn pass(&mut self, literal: Literal) -> Option<()> {
        let rest = self.rest();
        let word = match rest.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => last_word(self.body, rest.len()),
        };
        if (word ^ literal.word) << (64 - 8 * literal.size) != 0 {
            return None;
        }
        self.at += literal.size;
        Some(())
    }

    /// Passes over `byte`, if it stands here.
    #[inline]
    pub fn byte(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.at += 1)
    }

    /// Takes `size` bytes.
    #[inline]
    pub fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let taken = self.body.get(self.at..self.at + size)?;
        self.at += size;
        Some(taken)
    }

    /// The version string of a key event of `kind`, of `size` characters.
    #[inline]
    pub fn version(&mut self, kind: Kind, size: usize) -> Option<Version> {
        let version = Version::parse(self.take(size)?).ok()?;
        (version.protocol == Protocol::Keri && version.kind == kind).then_some(version)
    }

    /// A type of key event.
    #[inline]
    pub fn ilk(&mut self) -> Option<Ilk> {
        let ilk = match self.rest().first_chunk::<3>()? {
            b"icp" => Ilk::Icp,
            b"rot" => Ilk::Rot,
            b"ixn" => Ilk::Ixn,
            b"dip" => Ilk::Dip,
            b"drt" => Ilk::Drt,
            _ => return None,
        };
        self.at += 3;
        Some(ilk)
    }

    /// The primitive that stands here and ends before `end`.
    #[inline]
    pub fn primitive(&mut self, end: usize) -> Option<Primitive<'a>> {
        let rest = self.body.get(self.at..end)?;
        let primitive = Primitive::parse(rest, Alphabet::Strict).ok()?;
        self.at += primitive.text.len();
        Some(primitive)
    }

    /// Whether the body ends here.
    pub fn end(&self) -> Option<()> {
        (self.at == self.body.len()).then_some(())
    }
}

/// The last `left` bytes of a body, less than eight, as a word; zero of a body that has no more.
#[inline]
fn last_word(body: &[u8], left: usize) -> u64 {
    let word = body
        .last_chunk()
        .map_or(0, |word| u64::from_le_bytes(*word));
    word.checked_shr(64 - 8 * left as u32).unwrap_or(0)
}
