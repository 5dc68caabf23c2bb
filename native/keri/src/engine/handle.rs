//! One item of a batch, put before the rules.

use crate::batch::{Carried, CarriedRest, Converted, Item, codec_options};
use crate::decision::{Decision, Reject};
use crate::event::{Identity, KeyEvent, Message, Receipt};
use crate::fold::{Fold, Incoming};
use crate::signature::Listed;

/// Handles item number `index`.
pub(super) fn handle(fold: &mut Fold<'_>, index: u32, item: &Item<'_>) {
    fold.has_news = false;
    match item {
        Item::Refused(identity, refusal) => {
            fold.report(Some(index), identity, Decision::Rejected(*refusal));
        }
        Item::Message(parsed) => handle_message(
            fold,
            index,
            &parsed.message,
            &parsed.identity,
            &parsed.carried,
        ),
        Item::Converted(converted) => handle_converted(fold, index, converted),
        Item::Retry { aid, sn, id, kind } => match kind {
            Some(kind) => fold.retry_kind(aid, *sn, *kind, Some(id)),
            None => {
                for kind in crate::decision::Kind::PASS {
                    fold.retry_kind(aid, *sn, kind, Some(id));
                }
            }
        },
        Item::TakeOut {
            aid,
            sn,
            id,
            verdict,
        } => fold.take_out(aid, *sn, id, *verdict),
        Item::Wake { aid, sn } => fold.wake(aid, *sn),
    }
}

/// A converted body was read once already: reading it again cannot fail.
fn handle_converted(fold: &mut Fold<'_>, index: u32, converted: &Converted) {
    let mut identity = Identity::default();
    match converted.read(fold.options, &codec_options(fold.options), &mut identity) {
        Ok((message, carried)) => handle_message(fold, index, &message, &identity, &carried),
        Err(refusal) => fold.report(Some(index), &identity, Decision::Rejected(refusal)),
    }
}

fn handle_message(
    fold: &mut Fold<'_>,
    index: u32,
    message: &Message<'_>,
    identity: &Identity<'_>,
    carried: &Carried<'_>,
) {
    let decision = match message {
        Message::KeyEvent(event) => return handle_event(fold, index, event, identity, carried),
        Message::Receipt(receipt) => with_rest(carried, |rest| {
            fold.process_receipt(receipt, &rest.receipts, carried.source)
        }),
        Message::Routed(routed) => with_rest(carried, |rest| {
            fold.process_routed(
                routed,
                &carried.signed,
                &rest.receipts.couples,
                &rest.receipts.groups,
                &rest.last,
                carried.source,
            )
        }),
    };
    fold.report(Some(index), identity, decision);
}

fn with_rest<T>(carried: &Carried<'_>, then: impl FnOnce(&CarriedRest<'_>) -> T) -> T {
    match &carried.rest {
        Some(rest) => then(rest),
        None => then(&CarriedRest::default()),
    }
}

fn handle_event(
    fold: &mut Fold<'_>,
    index: u32,
    event: &KeyEvent<'_>,
    identity: &Identity<'_>,
    carried: &Carried<'_>,
) {
    let rest = carried.rest.as_deref();
    let incoming = Incoming {
        event,
        signed: carried.signed.clone(),
        sigs: Listed {
            list: &carried.sigs,
            foreseen: carried.foreseen.sigs,
        },
        wigs: Listed {
            list: &carried.wigs,
            foreseen: carried.foreseen.wigs,
        },
        couple: rest.and_then(|rest| rest.couple.clone()),
        replayed: rest.and_then(|rest| rest.replayed),
        local: fold.options.local,
        source: carried.source,
        retried: None,
    };
    let decision = if carried.sigs.is_empty() {
        Reject::NoSignatures.into()
    } else {
        fold.process_event(&incoming)
    };
    fold.report(Some(index), identity, decision);
    // The reference loses receipts that come attached to an event that has to wait.
    let taken = match decision {
        Decision::Accepted | Decision::Duplicate(_) => true,
        Decision::Escrowed(..) => fold.harden(13),
        _ => false,
    };
    if let Some(rest) = rest.filter(|rest| taken && !rest.receipts.is_none()) {
        let receipt = Receipt {
            said: event.said,
            pre: event.pre,
            sn: event.sn,
            major: event.major,
        };
        let number = rest.replayed.map(|(number, _)| number);
        fold.process_attached(&receipt, &rest.receipts, number, carried.source);
    }
}
