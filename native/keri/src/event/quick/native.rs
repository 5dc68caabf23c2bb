//! Native bodies, in text. They have no labels.

use kelpipe_cesr::counter;
use kelpipe_cesr::primitive::{self, Primitive, SHORT_NUMBER_CHARS};

use super::cursor::{Cursor, Label, Literal};
use super::{Form, Role};
use crate::event::{Ilk, KeyEvent, Seal, Texts};

pub struct Native<'a>(Cursor<'a>);

const EMPTY_LIST: Literal = Literal::of(&[b"-JAA"]);

/// Letters of seal groups.
const EVENT_SEALS: u8 = b'T';
const DIGEST_SEALS: u8 = b'Q';

/// Characters of a short counter.
const COUNTER_CHARS: usize = 4;

impl<'a> Native<'a> {
    /// Where the group of `letter` ends whose counter, of the short form, stands here.
    #[inline]
    fn group(&mut self, letter: u8, limit: usize) -> Option<usize> {
        let count = counter::short_count(self.0.rest(), letter)?;
        self.0.at += COUNTER_CHARS;
        let end = self.0.at + 4 * usize::from(count);
        (end <= limit).then_some(end)
    }

    #[inline]
    fn of_role(&mut self, role: Role, end: usize) -> Option<Primitive<'a>> {
        let primitive = self.0.primitive(end)?;
        let is_admitted = match role {
            Role::Digest => primitive.is_digest(),
            Role::Prefix => primitive.is_prefix(),
        };
        is_admitted.then_some(primitive)
    }

    #[inline]
    fn number_before(&mut self, end: usize) -> Option<u64> {
        if let Some(number) = primitive::short_number(self.0.body.get(self.0.at..end)?) {
            self.0.at += SHORT_NUMBER_CHARS;
            return Some(number.into());
        }
        self.long_number(end)
    }

    /// A number of more than two bytes.
    #[cold]
    fn long_number(&mut self, end: usize) -> Option<u64> {
        let primitive = self.0.primitive(end)?;
        let number = primitive.number()?.try_into().ok()?;
        primitive.is_smallest_number().then_some(number)
    }

    fn event_seals(&mut self, end: usize, event: &mut KeyEvent<'a>) -> Option<()> {
        while self.0.at < end {
            let pre = self.of_role(Role::Prefix, end)?.text;
            let sn = self.number_before(end)?;
            let said = self.of_role(Role::Digest, end)?.text;
            event.seals.push(Seal {
                pre,
                sn: sn.into(),
                said,
            });
        }
        Some(())
    }
}

impl<'a> Form<'a> for Native<'a> {
    fn new(body: Cursor<'a>) -> Self {
        Native(body)
    }

    #[inline]
    fn begin(&mut self) -> Option<(Ilk, u8)> {
        let size = self.0.body.len();
        if self.group(b'F', size)? != size {
            return None;
        }
        self.0.pass(const { Literal::of(&[b"0OKERICA"]) })?;
        self.0.pass(const { Literal::of(&[b"ACAAX"]) })?;
        let ilk = self.0.ilk()?;
        Some((ilk, 2))
    }

    #[inline]
    fn primitive(&mut self, _: Label, role: Role) -> Option<Primitive<'a>> {
        self.of_role(role, self.0.body.len())
    }

    #[inline]
    fn primitive_end(&self) -> usize {
        self.0.at
    }

    #[inline]
    fn number(&mut self, _: Label) -> Option<u64> {
        self.number_before(self.0.body.len())
    }

    #[inline]
    fn list(&mut self, _: Label, texts: &mut Texts<'a>) -> Option<()> {
        if self.0.pass(EMPTY_LIST).is_some() {
            return Some(());
        }
        let end = self.group(b'J', self.0.body.len())?;
        while self.0.at < end {
            texts.push(self.0.primitive(end)?.text);
        }
        Some(())
    }

    fn seals(&mut self, _: Label, event: &mut KeyEvent<'a>) -> Option<()> {
        if self.0.pass(EMPTY_LIST).is_some() {
            return Some(());
        }
        let end = self.group(b'J', self.0.body.len())?;
        event.anchors_nothing = false;
        let mut last = 0;
        while self.0.at < end {
            let letter = *self.0.rest().get(1)?;
            if !matches!(letter, EVENT_SEALS | DIGEST_SEALS) {
                return None;
            }
            let group_end = self.group(letter, end)?;
            // Neighbours of one type share a group, and none is empty.
            if letter == last || group_end == self.0.at {
                return None;
            }
            last = letter;
            if letter == EVENT_SEALS {
                self.event_seals(group_end, event)?;
            }
            while self.0.at < group_end {
                self.of_role(Role::Digest, group_end)?;
            }
        }
        Some(())
    }

    fn end(self) -> Option<()> {
        self.0.end()
    }
}
