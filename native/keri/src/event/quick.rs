//! The form that nearly all key events have, read in one pass without tokens: texts that are primitives and canonical
//! numbers, in every kind of body.
//!
//! What is read here is exactly what [`super::read_tokens`] reads from its tokens. Anything else is `None`, and left to it:
//! weights, traits, seals of other forms, and all that is wrong.

mod cursor;
mod items;
mod json;
mod native;

use kelpipe_cesr::body::Span;
use kelpipe_cesr::primitive::Primitive;

use self::cursor::{Cursor, Label};
use super::{Found, Ilk, KeyEvent, Texts};
use crate::prefix;
use crate::threshold::Threshold;

/// Containers that are open at once, at most: the event, its seals, a seal.
const DEPTH: u32 = 3;

/// What a primitive is for: in a native body it tells the codes that may stand there.
#[derive(Clone, Copy)]
enum Role {
    Digest,
    Prefix,
}

/// A kind of body, read from field to field. Where it is not of the usual form: `None`.
///
/// Values are returned in the forms that fit registers.
trait Form<'a>: Sized {
    fn new(body: Cursor<'a>) -> Self;
    /// Reads up to the message type; tells it, and the major version.
    fn begin(&mut self) -> Option<(Ilk, u8)>;
    fn primitive(&mut self, label: Label, role: Role) -> Option<Primitive<'a>>;
    /// Where the primitive ends that was just read.
    fn primitive_end(&self) -> usize;
    fn number(&mut self, label: Label) -> Option<u64>;
    /// A list of primitives, which are added to `texts`.
    fn list(&mut self, label: Label, texts: &mut Texts<'a>) -> Option<()>;
    /// Event seals and digest seals.
    fn seals(&mut self, label: Label, event: &mut KeyEvent<'a>) -> Option<()>;
    /// The end of the body.
    fn end(self) -> Option<()>;
}

/// Reads a key event.
pub fn read(body: &[u8], depth_max: u32) -> Option<Found<'_>> {
    if depth_max < DEPTH {
        return None;
    }
    match body.first()? {
        b'{' => read_form::<json::Json>(body),
        b'-' => read_form::<native::Native>(body),
        0xa0..=0xb7 => read_form::<items::Items<items::Cbor>>(body),
        0x80..=0x8f => read_form::<items::Items<items::Mgpk>>(body),
        _ => None,
    }
}

fn read_form<'a, F: Form<'a>>(body: &'a [u8]) -> Option<Found<'a>> {
    let mut from = F::new(Cursor::new(body));
    let (ilk, major) = from.begin()?;
    let said = from.primitive(const { Label::of("d") }, Role::Digest)?;
    let said = (span(said, from.primitive_end()), said);
    let pre = from.primitive(const { Label::of("i") }, Role::Prefix)?;
    let pre = (span(pre, from.primitive_end()), pre);
    let sn = from.number(const { Label::of("s") })?.into();
    // In place: it is large.
    let mut event = Box::write(
        Box::new_uninit(),
        KeyEvent::new(ilk, major, said.1.text, pre.1.text, sn),
    );
    if !ilk.incepts() {
        event.prior = from.primitive(const { Label::of("p") }, Role::Digest)?.text;
    }
    if ilk.establishes() {
        establishment(&mut from, &mut event)?;
    }
    from.seals(const { Label::of("a") }, &mut event)?;
    if ilk == Ilk::Dip {
        let delegator = from.primitive(const { Label::of("di") }, Role::Prefix)?;
        event.delegator = prefix::is_prefix(delegator.row.code, false).then_some(delegator.text)?;
    }
    from.end()?;
    Some(Found { event, said, pre })
}

/// The span of a primitive that ends at `end`.
fn span(primitive: Primitive<'_>, end: usize) -> Span {
    Span {
        start: (end - primitive.text.len()) as u32,
        end: end as u32,
    }
}

fn establishment<'a, F: Form<'a>>(from: &mut F, event: &mut KeyEvent<'a>) -> Option<()> {
    let number = from.number(const { Label::of("kt") })?;
    event.kt = Some(Threshold::Number(number.into()));
    from.list(const { Label::of("k") }, &mut event.keys)?;
    let number = from.number(const { Label::of("nt") })?;
    event.nt = Some(Threshold::Number(number.into()));
    from.list(const { Label::of("n") }, &mut event.next)?;
    event.toad = from.number(const { Label::of("bt") })?.into();
    if event.ilk.incepts() {
        from.list(const { Label::of("b") }, &mut event.witnesses)?;
    } else {
        from.list(const { Label::of("br") }, &mut event.cuts)?;
        from.list(const { Label::of("ba") }, &mut event.adds)?;
    }
    if event.has_traits() {
        let mut traits = Texts::default();
        from.list(const { Label::of("c") }, &mut traits)?;
        traits.is_empty().then_some(())?;
    }
    Some(())
}

#[cfg(test)]
mod tests;
