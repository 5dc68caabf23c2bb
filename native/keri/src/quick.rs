//! The form that nearly all key events have, read in one pass without tokens: JSON whose texts are primitives and
//! canonical numbers.
//!
//! What is read here is exactly what [`crate::event`] reads from its tokens. Anything else is `None`, and left to it:
//! other kinds of body, weights, traits, seals of other forms, and all that is wrong.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::body::Span;
use kelpipe_cesr::primitive::Primitive;
use kelpipe_cesr::version::{V1_SIZE, Version};

use crate::event::{Ilk, KeyEvent, Seal};
use crate::number;
use crate::threshold::Threshold;

/// Containers that are open at once, at most: the event, its seals, a seal.
const DEPTH: u32 = 3;

/// A primitive and where it stands in the body.
pub type Placed<'a> = (Span, Primitive<'a>);

/// A key event with its `d` and `i`.
pub type Found<'a> = (KeyEvent<'a>, Placed<'a>, Placed<'a>);

/// Reads a key event whose version string says `version`.
pub fn read<'a>(body: &'a [u8], version: &Version, depth_max: u32) -> Option<Found<'a>> {
    let mut from = Cursor {
        body: std::str::from_utf8(body).ok()?,
        at: 0,
    };
    from.pass(br#"{"v":""#)?;
    from.version(version)?;
    from.pass(br#"","t":""#)?;
    let ilk = from.ilk()?;
    from.pass(br#","d":""#)?;
    let said = from.primitive()?;
    from.pass(br#","i":""#)?;
    let pre = from.primitive()?;
    from.pass(br#","s":""#)?;
    let sn = from.number()?;
    let mut event = KeyEvent::new(ilk, version.major, said.1.text, pre.1.text, sn);
    if !ilk.incepts() {
        from.pass(br#","p":""#)?;
        event.prior = from.primitive()?.1.text;
    }
    if ilk.establishes() {
        from.establishment(&mut event)?;
    }
    from.pass(br#","a":["#)?;
    from.seals(&mut event)?;
    if ilk == Ilk::Dip {
        from.pass(br#","di":""#)?;
        event.delegator = from.primitive()?.1.text;
    }
    from.pass(b"}")?;
    (from.at == body.len() && depth_max >= DEPTH).then_some((event, said, pre))
}

/// Reads on from `at`.
struct Cursor<'a> {
    body: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        self.body.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Passes over `literal`, if it stands here.
    #[inline(always)]
    fn pass<const SIZE: usize>(&mut self, literal: &[u8; SIZE]) -> Option<()> {
        if self.rest().first_chunk::<SIZE>()? != literal {
            return None;
        }
        self.at += SIZE;
        Some(())
    }

    fn version(&mut self, version: &Version) -> Option<()> {
        let found = Version::parse(self.rest().get(..V1_SIZE)?).ok()?;
        self.at += V1_SIZE;
        (found == *version).then_some(())
    }

    /// A type of key event, and the quote behind it.
    fn ilk(&mut self) -> Option<Ilk> {
        let ilk = match self.rest().first_chunk::<4>()? {
            br#"icp""# => Ilk::Icp,
            br#"rot""# => Ilk::Rot,
            br#"ixn""# => Ilk::Ixn,
            br#"dip""# => Ilk::Dip,
            br#"drt""# => Ilk::Drt,
            _ => return None,
        };
        self.at += 4;
        Some(ilk)
    }

    /// A primitive, and the quote behind it: it holds no other character that could end a text.
    fn primitive(&mut self) -> Option<Placed<'a>> {
        let rest = self.body.get(self.at..)?;
        let primitive = Primitive::first_of(rest, Alphabet::Strict).ok()?;
        let span = Span {
            start: self.at as u32,
            end: (self.at + primitive.text.len()) as u32,
        };
        self.at = span.end as usize;
        self.pass(b"\"")?;
        Some((span, primitive))
    }

    /// A canonical hexadecimal number, and the quote behind it.
    fn number(&mut self) -> Option<u128> {
        let rest = self.rest();
        let size = rest.iter().position(|byte| *byte == b'"')?;
        self.at += size + 1;
        number::hex(&rest[..size], true)
    }

    /// A list of primitives, behind its bracket.
    fn list(&mut self) -> Option<Vec<&'a str>> {
        let mut list = Vec::new();
        if self.pass(b"]").is_some() {
            return Some(list);
        }
        loop {
            self.pass(b"\"")?;
            list.push(self.primitive()?.1.text);
            if self.pass(b"]").is_some() {
                return Some(list);
            }
            self.pass(b",")?;
        }
    }

    fn establishment(&mut self, event: &mut KeyEvent<'a>) -> Option<()> {
        self.pass(br#","kt":""#)?;
        event.kt = Some(Threshold::Number(self.number()?));
        self.pass(br#","k":["#)?;
        event.keys = self.list()?;
        self.pass(br#","nt":""#)?;
        event.nt = Some(Threshold::Number(self.number()?));
        self.pass(br#","n":["#)?;
        event.next = self.list()?;
        self.pass(br#","bt":""#)?;
        event.toad = self.number()?;
        if event.ilk.incepts() {
            self.pass(br#","b":["#)?;
            event.witnesses = self.list()?;
        } else {
            self.pass(br#","br":["#)?;
            event.cuts = self.list()?;
            self.pass(br#","ba":["#)?;
            event.adds = self.list()?;
        }
        if event.has_traits() {
            self.pass(br#","c":[]"#)?;
        }
        Some(())
    }

    /// Event seals and digest seals, behind their bracket.
    fn seals(&mut self, event: &mut KeyEvent<'a>) -> Option<()> {
        if self.pass(b"]").is_some() {
            return Some(());
        }
        event.anchors_nothing = false;
        loop {
            if self.pass(br#"{"i":""#).is_some() {
                event.seals.push(self.event_seal()?);
            } else {
                self.pass(br#"{"d":""#)?;
                self.primitive()?;
            }
            self.pass(b"}")?;
            if self.pass(b"]").is_some() {
                return Some(());
            }
            self.pass(b",")?;
        }
    }

    fn event_seal(&mut self) -> Option<Seal<'a>> {
        let pre = self.primitive()?.1.text;
        self.pass(br#","s":""#)?;
        let sn = self.number()?;
        self.pass(br#","d":""#)?;
        let said = self.primitive()?.1.text;
        Some(Seal { pre, sn, said })
    }
}
