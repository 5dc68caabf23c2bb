//! The fields of key events and receipts, in order, and the tests of a body as a whole.
//!
//! Source: keri-events.md 2–4.

use super::fields::Fields;
use super::{Found, Identity, Ilk, KeyEvent, Placed, Receipt};
use crate::decision::{Refusal, Reject};
use crate::options::Options;
use crate::prefix;
use crate::said::When;

fn check_said<'a>(
    options: &Options,
    body: &'a [u8],
    fields: &[Placed<'a>],
    said: &mut When<'a>,
) -> Result<(), Refusal> {
    if options.switches.on(4)
        && !fields
            .first()
            .is_some_and(|(_, said)| prefix::is_digest(said.row.code))
    {
        return Err(Reject::SaidCode.into());
    }
    if said.verify(body, fields) {
        Ok(())
    } else {
        Err(Reject::Said.into())
    }
}

pub(super) fn read_event<'a>(
    mut fields: Fields<'a>,
    ilk: Ilk,
    major: u8,
    identity: &mut Identity<'a>,
) -> Result<Found<'a>, Refusal> {
    fields.key("d")?;
    let said = fields.said()?;
    identity.said = said.1.text;
    fields.key("i")?;
    let pre = fields.primitive()?;
    identity.pre = pre.1.text;
    fields.key("s")?;
    let sn = fields.hex(false)?;
    identity.sn = sn;
    let event = KeyEvent::new(ilk, major, said.1.text, pre.1.text, sn);
    let mut event = Box::new(event);
    read_rest(&mut fields, &mut event)?;
    fields.end()?;
    Ok(Found { event, said, pre })
}

/// The tests of a body that was read: its prefix, and its SAID.
pub(super) fn check_event<'a>(
    found: &Found<'a>,
    bytes: &'a [u8],
    options: &Options,
    when: &mut When<'a>,
) -> Result<(), Refusal> {
    let Found { event, said, pre } = found;
    check_prefix(event, pre.1.row.code, options.head(event.major))?;
    let saids = [*said, *pre];
    let count = if event.ilk.incepts() { 2 } else { 1 };
    check_said(options, bytes, &saids[..count], when)
}

fn read_rest<'a>(fields: &mut Fields<'a>, event: &mut KeyEvent<'a>) -> Result<(), Refusal> {
    if !event.ilk.incepts() {
        fields.key("p")?;
        event.prior = fields.string()?;
    }
    if event.ilk.establishes() {
        fields.key("kt")?;
        event.kt = fields.threshold()?;
        fields.key("k")?;
        event.keys = fields.list()?;
        fields.key("nt")?;
        event.nt = fields.threshold()?;
        fields.key("n")?;
        event.next = fields.list()?;
        fields.key("bt")?;
        event.toad = fields.hex(true)?;
        if event.ilk.incepts() {
            fields.key("b")?;
            event.witnesses = fields.list()?;
        } else {
            fields.key("br")?;
            event.cuts = fields.list()?;
            fields.key("ba")?;
            event.adds = fields.list()?;
        }
        if event.has_traits() {
            fields.key("c")?;
            (event.establishment_only, event.do_not_delegate) = fields.traits()?;
        }
    }
    fields.key("a")?;
    (event.seals, event.anchors_nothing) = fields.seals()?;
    if event.ilk == Ilk::Dip {
        fields.key("di")?;
        let (_, delegator) = fields.primitive()?;
        if !prefix::is_prefix(delegator.row.code, fields.head) {
            return Err(Reject::Prefix.into());
        }
        event.delegator = delegator.text;
    }
    Ok(())
}

/// The tests that 1.1.17 makes together with the SAID: nothing of a failing message is stored.
fn check_prefix(event: &KeyEvent<'_>, code: &str, head: bool) -> Result<(), Refusal> {
    if !prefix::is_prefix(code, head) || (event.ilk.delegated() && !prefix::is_digest(code)) {
        return Err(Reject::Prefix.into());
    }
    if prefix::is_nontransferable(code)
        && !(event.next.is_empty() && event.witnesses.is_empty() && event.anchors_nothing)
    {
        return Err(Reject::Nontransferable.into());
    }
    Ok(())
}

pub(super) fn read_receipt<'a>(
    mut fields: Fields<'a>,
    major: u8,
    identity: &mut Identity<'a>,
) -> Result<Receipt<'a>, Refusal> {
    fields.key("d")?;
    let (_, said) = fields.primitive()?;
    identity.said = said.text;
    fields.key("i")?;
    let (_, pre) = fields.primitive()?;
    identity.pre = pre.text;
    fields.key("s")?;
    let sn = fields.hex(false)?;
    identity.sn = sn;
    let head = fields.head;
    fields.end()?;
    if !prefix::is_prefix(pre.row.code, head) {
        return Err(Reject::Prefix.into());
    }
    // The reference lets it wait, and drops it when it tries it again.
    if !prefix::is_digest(said.row.code) {
        return Err(Reject::SaidCode.into());
    }
    Ok(Receipt {
        said: said.text,
        pre: pre.text,
        sn,
        major,
    })
}
