//! The form that nearly all key events have, read in one pass without tokens: JSON whose texts are primitives and
//! canonical numbers.
//!
//! What is read here is exactly what [`super::read_tokens`] reads from its tokens. Anything else is `None`, and left to it:
//! other kinds of body, weights, traits, seals of other forms, and all that is wrong.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::body::Span;
use kelpipe_cesr::primitive::Primitive;
use kelpipe_cesr::version::{Kind, Protocol, V1_SIZE, Version};

use super::{Found, Ilk, KeyEvent, Placed, Seal};
use crate::number;
use crate::threshold::Threshold;

/// Containers that are open at once, at most: the event, its seals, a seal.
const DEPTH: u32 = 3;

/// Reads a key event whose version string says `version`.
pub fn read<'a>(body: &'a [u8], version: &Version, depth_max: u32) -> Option<Found<'a>> {
    if version.kind != Kind::Json || version.protocol != Protocol::Keri || depth_max < DEPTH {
        return None;
    }
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
    let event = KeyEvent::new(ilk, version.major, said.1.text, pre.1.text, sn);
    let mut event = Box::new(event);
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
    (from.at == body.len()).then_some(Found { event, said, pre })
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
    #[inline]
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Identity, Read, read_tokens, version_of};
    use crate::options::{Mode, Options};

    const AID: &str = "EKpvDE6VQDm_4kggQpOfGyvbNHOZDqVvfXl5-zd3s-G2";
    const KEY: &str = "DPweP7qNETTuI5NPcVkFaDlkZLLH_SSUCGTqe7QTY1gV";

    fn bodies() -> Vec<String> {
        let head = |ilk: &str, sn: &str| {
            format!(r#"{{"v":"KERI10JSON00012b_","t":"{ilk}","d":"{AID}","i":"{AID}","s":"{sn}""#)
        };
        let keys = format!(r#","kt":"1","k":["{KEY}"],"nt":"2","n":["{AID}","{AID}"],"bt":"1""#);
        let seal = format!(r#"{{"i":"{AID}","s":"1f","d":"{AID}"}}"#);
        let prior = format!(r#","p":"{AID}""#);
        vec![
            head("icp", "0") + &keys + r#","b":[],"c":[],"a":[]}"#,
            head("icp", "0") + &keys + &format!(r#","b":["{KEY}"],"c":["EO"],"a":[]}}"#),
            head("dip", "0") + &keys + &format!(r#","b":[],"c":[],"a":[],"di":"{AID}"}}"#),
            head("rot", "a") + &prior + &keys + r#","br":[],"ba":[],"a":[]}"#,
            head("drt", "10")
                + &prior
                + &keys
                + &format!(r#","br":["{KEY}"],"ba":[],"a":[{seal}]}}"#),
            head("ixn", "1") + &prior + &format!(r#","a":[{seal},{{"d":"{AID}"}},{seal}]}}"#),
            head("ixn", "1") + &prior + r#","a":[{"x":[1,"",null]}]}"#,
            head("rot", "1")
                + &prior
                + &keys.replace(r#""2""#, r#"["1/2","1/2"]"#)
                + r#","br":[],"ba":[],"a":[]}"#,
        ]
    }

    /// What is read quickly is what the tokens say.
    fn agrees(body: &[u8]) -> bool {
        let Ok(version) = version_of(body) else {
            return false;
        };
        let mut quick = false;
        for mode in [Mode::Hardened, Mode::Keripy] {
            let options = Options::new(mode);
            if let Some(found) = read(body, &version, options.limits.depth_max) {
                quick = true;
                let tokens = read_tokens(body, &version, &options, &mut Identity::default());
                let tokens = tokens.map_err(|refusal| format!("{refusal:?}"));
                assert_eq!(
                    format!("{tokens:?}"),
                    format!("{:?}", Ok::<_, String>(Read::KeyEvent(found)))
                );
            }
        }
        quick
    }

    #[test]
    fn the_usual_forms_are_read_and_the_others_left() {
        let read: Vec<bool> = bodies()
            .iter()
            .map(|body| agrees(body.as_bytes()))
            .collect();
        assert_eq!(read, [true, false, true, true, true, true, false, false]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn a_body_that_was_changed_is_read_as_its_tokens_say(
            which in 0..8usize,
            at in any::<prop::sample::Index>(),
            to in any::<prop::sample::Index>(),
            with in prop::collection::vec(
                prop::sample::select(&br#"{}[]",:\ EDBAdis0129fF-_+/icprotx"#[..]), 0..4),
        ) {
            let mut body = bodies()[which].clone().into_bytes();
            let at = at.index(body.len());
            let to = (at + to.index(4)).min(body.len());
            body.splice(at..to, with);
            agrees(&body);
        }
    }
}
