//! CBOR and MessagePack.

use std::marker::PhantomData;

use kelpipe_cesr::primitive::{Primitive, USUAL_CHARS};
use kelpipe_cesr::version::{Kind, Version};

use super::cursor::{Cursor, ItemLabel, Label, Literal};
use super::{Form, Role};
use crate::event::{Ilk, KeyEvent, Seal, Texts};
use crate::number;

/// The bytes that say what an item is: its kind, with a small number in the same byte.
pub trait Heads {
    const KIND: Kind;
    /// A map of no entries.
    const MAP: u8;
    /// A list of no items.
    const LIST: u8;
    /// Most entries of a map or items of a list that the first byte can tell.
    const ENTRIES_MAX: u8;
    /// An empty text.
    const TEXT: u8;
    /// Most bytes of a text that the first byte can tell.
    const TEXT_MAX: u8;
    /// A text whose size stands in the next byte.
    const SIZED_TEXT: u8;
    /// The head of a key's or digest's text.
    const USUAL_HEAD: [u8; 2] = [Self::SIZED_TEXT, USUAL_CHARS as u8];
    /// The same, to be passed over.
    const USUAL_TEXT: Literal = Literal::of(&[&Self::USUAL_HEAD]);
    /// The label of the type, with the head of its text.
    const TYPE: Literal = Literal::of(&[&[Self::TEXT | 1, b't', Self::TEXT | 3]]);

    fn label(label: Label) -> ItemLabel;
}

pub enum Cbor {}

impl Heads for Cbor {
    const KIND: Kind = Kind::Cbor;
    const MAP: u8 = 0xa0;
    const LIST: u8 = 0x80;
    const ENTRIES_MAX: u8 = 23;
    const TEXT: u8 = 0x60;
    const TEXT_MAX: u8 = 23;
    const SIZED_TEXT: u8 = 0x78;

    #[inline]
    fn label(label: Label) -> ItemLabel {
        label.cbor
    }
}

pub enum Mgpk {}

impl Heads for Mgpk {
    const KIND: Kind = Kind::Mgpk;
    const MAP: u8 = 0x80;
    const LIST: u8 = 0x90;
    const ENTRIES_MAX: u8 = 15;
    const TEXT: u8 = 0xa0;
    const TEXT_MAX: u8 = 31;
    const SIZED_TEXT: u8 = 0xd9;

    #[inline]
    fn label(label: Label) -> ItemLabel {
        label.mgpk
    }
}

pub struct Items<'a, H> {
    from: Cursor<'a>,
    heads: PhantomData<H>,
}

impl<'a, H: Heads> Items<'a, H> {
    /// Where the text ends whose head stands here.
    #[inline]
    fn text_end(&mut self) -> Option<usize> {
        let first = self.from.next()?;
        self.from.at += 1;
        let short = first.wrapping_sub(H::TEXT);
        let size = if first == H::SIZED_TEXT {
            let size = self.from.next().filter(|size| *size > H::TEXT_MAX)?;
            self.from.at += 1;
            size
        } else if short <= H::TEXT_MAX {
            short
        } else {
            return None;
        };
        Some(self.from.at + usize::from(size))
    }

    #[inline]
    fn whole_primitive(&mut self) -> Option<Primitive<'a>> {
        if self.from.pass(H::USUAL_TEXT).is_none() {
            return self.unusual_primitive();
        }
        self.primitive_before(self.from.at + USUAL_CHARS)
    }

    /// A primitive of another size than a key or digest.
    #[cold]
    fn unusual_primitive(&mut self) -> Option<Primitive<'a>> {
        let end = self.text_end()?;
        self.primitive_before(end)
    }

    /// The primitive that ends at `end`.
    #[inline]
    fn primitive_before(&mut self, end: usize) -> Option<Primitive<'a>> {
        let primitive = self.from.primitive(end)?;
        (self.from.at == end).then_some(primitive)
    }

    /// A number of two digits or more.
    #[inline(never)]
    fn long_number(&mut self) -> Option<u64> {
        let size = self.text_end()? - self.from.at;
        number::short_hex(self.from.take(size)?)
    }

    #[inline]
    fn length(&mut self) -> Option<u8> {
        let length = self.from.next()?.wrapping_sub(H::LIST);
        self.from.at += 1;
        (length <= H::ENTRIES_MAX).then_some(length)
    }

    fn seal(&mut self) -> Option<Option<Seal<'a>>> {
        if self.from.byte(H::MAP | 1).is_some() {
            self.primitive(const { Label::of("d") }, Role::Digest)?;
            return Some(None);
        }
        self.from.byte(H::MAP | 3)?;
        let pre = self.primitive(const { Label::of("i") }, Role::Prefix)?.text;
        let sn = self.number(const { Label::of("s") })?;
        let said = self.primitive(const { Label::of("d") }, Role::Digest)?.text;
        Some(Some(Seal {
            pre,
            sn: sn.into(),
            said,
        }))
    }
}

/// Fields of an event, `v` and `t` included.
fn entries(ilk: Ilk, version: &Version) -> u8 {
    match ilk {
        Ilk::Icp => 13,
        Ilk::Ixn => 7,
        Ilk::Rot | Ilk::Drt if version.is_v2() => 15,
        Ilk::Dip | Ilk::Rot | Ilk::Drt => 14,
    }
}

impl<'a, H: Heads> Form<'a> for Items<'a, H> {
    fn new(body: Cursor<'a>) -> Self {
        Items {
            from: body,
            heads: PhantomData,
        }
    }

    #[inline]
    fn begin(&mut self) -> Option<(Ilk, u8)> {
        let map = self.from.next()?;
        self.from.at += 1;
        self.from.pass(H::label(const { Label::of("v") }).alone)?;
        let size = self.from.next()?.wrapping_sub(H::TEXT);
        self.from.at += 1;
        let version = self.from.version(H::KIND, size.into())?;
        self.from.pass(H::TYPE)?;
        let ilk = self.from.ilk()?;
        (map == H::MAP | entries(ilk, &version)).then_some((ilk, version.major))
    }

    #[inline]
    fn primitive(&mut self, label: Label, _: Role) -> Option<Primitive<'a>> {
        let label = H::label(label);
        if self.from.pass(label.primitive).is_some() {
            return self.primitive_before(self.from.at + USUAL_CHARS);
        }
        self.from.pass(label.alone)?;
        self.unusual_primitive()
    }

    #[inline]
    fn primitive_end(&self) -> usize {
        self.from.at
    }

    #[inline]
    fn number(&mut self, label: Label) -> Option<u64> {
        let label = H::label(label);
        if self.from.pass(label.digit).is_some() {
            let digit = self.from.next()?;
            self.from.at += 1;
            return number::digit(digit).map(u64::from);
        }
        self.from.pass(label.alone)?;
        self.long_number()
    }

    #[inline]
    fn list(&mut self, label: Label, texts: &mut Texts<'a>) -> Option<()> {
        self.from.pass(H::label(label).alone)?;
        for _ in 0..self.length()? {
            texts.push(self.whole_primitive()?.text);
        }
        Some(())
    }

    fn seals(&mut self, label: Label, event: &mut KeyEvent<'a>) -> Option<()> {
        self.from.pass(H::label(label).alone)?;
        let length = self.length()?;
        event.anchors_nothing = length == 0;
        for _ in 0..length {
            event.seals.extend(self.seal()?);
        }
        Some(())
    }

    fn end(self) -> Option<()> {
        self.from.end()
    }
}
