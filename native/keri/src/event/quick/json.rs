//! JSON.

use kelpipe_cesr::primitive::Primitive;
use kelpipe_cesr::version::{Kind, V1_SIZE, V2_SIZE};

use super::cursor::{Cursor, Label, Literal};
use super::{Form, Role};
use crate::event::{Ilk, KeyEvent, Seal, Texts};
use crate::number;

pub struct Json<'a>(Cursor<'a>);

impl<'a> Json<'a> {
    /// A primitive, and the quote behind it: it holds no other character that could end a text.
    #[inline]
    fn quoted(&mut self) -> Option<Primitive<'a>> {
        let primitive = self.0.primitive(self.0.body.len())?;
        self.0.byte(b'"')?;
        Some(primitive)
    }

    /// A canonical hexadecimal number, and the quote behind it.
    #[inline]
    fn quoted_number(&mut self) -> Option<u64> {
        let rest = self.0.rest();
        let size = rest.iter().position(|byte| *byte == b'"')?;
        self.0.at += size + 1;
        number::short_hex(&rest[..size])
    }

    /// Whether the list goes on, behind one of its items.
    #[inline]
    fn goes_on(&mut self) -> Option<bool> {
        let goes_on = match self.0.next()? {
            b',' => true,
            b']' => false,
            _ => return None,
        };
        self.0.at += 1;
        Some(goes_on)
    }

    fn seal(&mut self) -> Option<Option<Seal<'a>>> {
        let is_event = self
            .0
            .pass(const { Literal::of(&[br#"{"i":""#]) })
            .is_some();
        let seal = if is_event {
            let pre = self.quoted()?.text;
            let sn = self.number(const { Label::of("s") })?;
            let said = self.primitive(const { Label::of("d") }, Role::Digest)?.text;
            Some(Seal {
                pre,
                sn: sn.into(),
                said,
            })
        } else {
            self.0.pass(const { Literal::of(&[br#"{"d":""#]) })?;
            self.quoted()?;
            None
        };
        self.0.byte(b'}')?;
        Some(seal)
    }
}

impl<'a> Form<'a> for Json<'a> {
    fn new(body: Cursor<'a>) -> Self {
        Json(body)
    }

    #[inline]
    fn begin(&mut self) -> Option<(Ilk, u8)> {
        let from = &mut self.0;
        from.pass(const { Literal::of(&[br#"{"v":""#]) })?;
        let is_v1 = from.body.get(from.at + V1_SIZE) == Some(&b'"');
        let version = from.version(Kind::Json, if is_v1 { V1_SIZE } else { V2_SIZE })?;
        from.byte(b'"')?;
        from.pass(const { Label::of("t").json_text })?;
        let ilk = from.ilk()?;
        from.byte(b'"')?;
        Some((ilk, version.major))
    }

    #[inline]
    fn primitive(&mut self, label: Label, _: Role) -> Option<Primitive<'a>> {
        self.0.pass(label.json_text)?;
        self.quoted()
    }

    #[inline]
    fn primitive_end(&self) -> usize {
        self.0.at - 1
    }

    #[inline]
    fn number(&mut self, label: Label) -> Option<u64> {
        self.0.pass(label.json_text)?;
        self.quoted_number()
    }

    #[inline]
    fn list(&mut self, label: Label, texts: &mut Texts<'a>) -> Option<()> {
        self.0.pass(label.json_list)?;
        let mut goes_on = self.0.byte(b']').is_none();
        while goes_on {
            self.0.byte(b'"')?;
            texts.push(self.quoted()?.text);
            goes_on = self.goes_on()?;
        }
        Some(())
    }

    fn seals(&mut self, label: Label, event: &mut KeyEvent<'a>) -> Option<()> {
        self.0.pass(label.json_list)?;
        let mut goes_on = self.0.byte(b']').is_none();
        event.anchors_nothing = !goes_on;
        while goes_on {
            event.seals.extend(self.seal()?);
            goes_on = self.goes_on()?;
        }
        Some(())
    }

    fn end(mut self) -> Option<()> {
        self.0.byte(b'}')?;
        self.0.end()
    }
}
