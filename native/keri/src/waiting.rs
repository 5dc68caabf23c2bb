//! What waits, for people: as a message, and what it lacks.
//!
//! Source: escrows.md 1 to 3; what an event needs is that of keri-events.md 14.

use std::fmt::Write;

use kelpipe_cesr::indexer::Indexed;

use crate::decision::Awaits;
use crate::event::{self, Identity, KeyEvent, Message};
use crate::options::{Mode, Options};
use crate::query::Wanted;
use crate::record::{Membership, Waiting, WaitingEvent, WaitingQuery, WaitingReceipt};
use crate::replay;
use crate::rules::split_transferable;
use crate::signature;
use crate::state::{AidRecord, KeyState};
use crate::store::split_place;
use crate::threshold::Threshold;
use crate::views::{list, quote};

/// A waiting row as a message: an event or query with all that is attached to it so far, or a receipt made around the
/// waiting signature. `None`: damaged.
pub fn message(key: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let (aid, sn, _) = split_place(key)?;
    let mut out = Vec::new();
    match Waiting::decode(value)? {
        Waiting::Event(event) => {
            out.extend_from_slice(&event.body);
            replay::attachments(event.attached, event.couple.as_ref(), None, &mut out);
        }
        Waiting::Receipt(receipt) => replay::receipt(
            aid,
            sn,
            &receipt.said,
            receipt.membership.kind,
            &receipt.value,
            &mut out,
        ),
        Waiting::Query(query) => replay::query(&query, &mut out),
    }
    Some(out)
}

/// What a waiting row lacks, as a JSON list with an object for each escrow it is in. `record` is the value of the `aids`
/// record of its AID, if there is one. `None`: damaged.
pub fn missing(key: &[u8], value: &[u8], record: Option<&[u8]>) -> Option<String> {
    let (aid, sn, _) = split_place(key)?;
    let state = match record {
        Some(record) => AidRecord::decode(record)?.state,
        None => None,
    };
    let objects: Vec<String> = match Waiting::decode(value)? {
        Waiting::Event(waiting) => {
            let options = Options::new(Mode::Hardened);
            let event = parsed(&waiting.body, &options);
            let lack = Lack {
                sn,
                state: state.as_ref(),
                waiting: &waiting,
                event: event.as_deref(),
            };
            let each = waiting.memberships.iter();
            each.map(|membership| lack.of(*membership)).collect()
        }
        Waiting::Receipt(receipt) => vec![of_receipt(aid, sn, &receipt)],
        Waiting::Query(query) => vec![of_query(aid, sn, &query)],
    };
    Some(format!("[{}]", objects.join(",")))
}

fn parsed<'a>(body: &'a [u8], options: &Options) -> Option<Box<KeyEvent<'a>>> {
    match event::read(body, options, &mut Identity::default()) {
        Ok(Message::KeyEvent(event)) => Some(event),
        _ => None,
    }
}

/// An object with its kind and what it awaits; `rest` is further fields, each with a comma before it.
fn object(membership: Membership, rest: &str) -> String {
    format!(
        "{{\"kind\":\"{}\",\"awaits\":\"{}\"{rest}}}",
        membership.kind.name(),
        membership.awaits.name()
    )
}

fn of_receipt(aid: &str, sn: u128, receipt: &WaitingReceipt) -> String {
    let membership = receipt.membership;
    let event = |aid: &str, sn: u128, said: &str| {
        format!(
            ",\"event\":{{\"aid\":{},\"sn\":\"{sn:x}\",\"said\":{}}}",
            quote(aid),
            quote(said)
        )
    };
    let signer = (membership.awaits == Awaits::SignerEvent)
        .then(|| split_transferable(&receipt.value))
        .flatten();
    let rest = match signer {
        Some(signer) => event(signer.pre, signer.sn, signer.said),
        None => event(aid, sn, &receipt.said),
    };
    object(membership, &rest)
}

/// Who asks, whom it is about, and the event, or the seal in one, that an answer needs.
fn of_query(aid: &str, sn: u128, waiting: &WaitingQuery) -> String {
    let options = Options::new(Mode::Hardened);
    let read = event::read(&waiting.body, &options, &mut Identity::default());
    let query = match read {
        Ok(Message::Routed(routed)) => routed.query,
        _ => None,
    };
    let mut rest = format!(
        ",\"asker\":{},\"asked\":{}",
        quote(&waiting.signer),
        quote(query.map_or(aid, |query| query.pre))
    );
    let _ = match query.map(|query| query.wanted) {
        Some(Wanted::LogSealing(seal)) => write!(
            rest,
            ",\"seal\":{{\"aid\":{},\"sn\":\"{:x}\",\"said\":{}}}",
            quote(seal.pre),
            seal.sn,
            quote(seal.said)
        ),
        _ => write!(
            rest,
            ",\"event\":{{\"aid\":{},\"sn\":\"{sn:x}\"}}",
            quote(aid)
        ),
    };
    object(waiting.membership, &rest)
}

/// A waiting event with what is needed to say what it lacks.
struct Lack<'x> {
    sn: u128,
    state: Option<&'x KeyState>,
    waiting: &'x WaitingEvent,
    event: Option<&'x KeyEvent<'x>>,
}

impl Lack<'_> {
    fn of(&self, mut membership: Membership) -> String {
        if membership.awaits == Awaits::Inception && self.state.is_some() {
            membership.awaits = Awaits::PriorEvent;
        }
        let rest = match membership.awaits {
            Awaits::Inception | Awaits::PriorEvent => Some(self.events()),
            Awaits::Signatures => self.signatures(),
            Awaits::NextSignatures => self.next_signatures(),
            Awaits::WitnessReceipts => self.receipts(),
            Awaits::Delegator | Awaits::Anchor | Awaits::Approval => Some(self.anchor()),
            Awaits::Nothing | Awaits::Event | Awaits::SignerEvent => None,
        };
        object(membership, &rest.unwrap_or_default())
    }

    /// The events between the key state and this one.
    fn events(&self) -> String {
        let mut out = String::new();
        let from = self
            .state
            .map_or(0, |state| state.sn.saturating_add(1).min(self.sn));
        let _ = write!(out, ",\"from\":\"{from:x}\",\"before\":\"{:x}\"", self.sn);
        if let Some(state) = self.state {
            let _ = write!(
                out,
                ",\"last\":{{\"sn\":\"{:x}\",\"said\":{}}}",
                state.sn,
                quote(&state.said)
            );
        }
        out
    }

    fn keys(&self) -> Option<(Threshold, Vec<String>)> {
        let event = self.event?;
        if event.ilk.establishes() {
            let keys = event.keys.iter().map(|key| (*key).to_owned()).collect();
            return Some((event.kt.clone()?, keys));
        }
        let est = &self.state?.est;
        let keys = est.keys.iter().map(|key| key.text.to_string()).collect();
        Some((est.kt.clone(), keys))
    }

    fn signatures(&self) -> Option<String> {
        let (threshold, keys) = self.keys()?;
        let have = indices(&self.waiting.attached.sigs, |signature| {
            Some(signature.index)
        });
        Some(set("keys", &threshold.json(), &keys, &have))
    }

    fn next_signatures(&self) -> Option<String> {
        let est = &self.state?.est;
        let next: Vec<String> = est.next.iter().map(ToString::to_string).collect();
        let have = indices(&self.waiting.attached.sigs, |signature| signature.ondex);
        Some(set("digests", &est.nt.json(), &next, &have))
    }

    fn receipts(&self) -> Option<String> {
        let event = self.event?;
        let current = |state: &KeyState| -> Vec<String> {
            let kept = state
                .est
                .witnesses
                .iter()
                .filter(|witness| !event.cuts.contains(&&***witness));
            kept.map(ToString::to_string).collect()
        };
        let (toad, mut witnesses) = if event.ilk.incepts() {
            (event.toad, Vec::new())
        } else if event.ilk.establishes() {
            (event.toad, current(self.state?))
        } else {
            (u128::from(self.state?.est.toad), current(self.state?))
        };
        let added = if event.ilk.incepts() {
            &event.witnesses
        } else {
            &event.adds
        };
        witnesses.extend(added.iter().map(|witness| (*witness).to_owned()));
        let have = indices(&self.waiting.attached.wigs, |signature| {
            Some(signature.index)
        });
        Some(set(
            "witnesses",
            &format!("\"{toad:x}\""),
            &witnesses,
            &have,
        ))
    }

    /// The delegator, and the event that was named as the one that anchors this.
    fn anchor(&self) -> String {
        let delegator = match (self.event, self.state) {
            (Some(event), _) if event.ilk.incepts() => event.delegator,
            (_, Some(state)) => &state.est.delegator,
            _ => "",
        };
        let mut out = format!(",\"delegator\":{}", quote(delegator));
        if let Some(couple) = &self.waiting.couple {
            let _ = write!(
                out,
                ",\"named\":{{\"sn\":\"{:x}\",\"said\":{}}}",
                couple.sn,
                quote(&couple.said)
            );
        }
        out
    }
}

/// Distinct numbers that the signatures carry.
fn indices(texts: &[impl AsRef<str>], number: impl Fn(&Indexed<'_>) -> Option<u32>) -> Vec<u32> {
    let mut found: Vec<u32> = texts
        .iter()
        .filter_map(|text| {
            signature::stored(text.as_ref()).and_then(|signature| number(&signature))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// A threshold over a list, with what of the list is there and what is not.
fn set(of: &str, threshold: &str, all: &[String], have: &[u32]) -> String {
    let is_had = |at: usize| have.iter().any(|index| *index as usize == at);
    let part = |had: bool| -> Vec<&str> {
        let each = all.iter().enumerate();
        each.filter(|(at, _)| is_had(*at) == had)
            .map(|(_, text)| text.as_str())
            .collect()
    };
    format!(
        ",\"of\":\"{of}\",\"threshold\":{threshold},\"have\":{},\"missing\":{}",
        list(&part(true)),
        list(&part(false))
    )
}
