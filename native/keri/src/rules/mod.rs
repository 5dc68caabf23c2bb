//! The rules of key event logs: what becomes of an event, given key state.
//!
//! Source: keri-events.md 9–12.

mod accept;
mod check;
mod delegation;
mod escrow;
mod evidence;
mod late;
mod pending;
mod query;
mod receipts;
mod retry;
mod routed;
mod superseding;

pub(crate) use check::exposed;
pub(crate) use escrow::signer_place;
pub(crate) use receipts::split_transferable;
pub use receipts::{Couple64, Group64, Receipts, Signatures};
pub use routed::Last64;

use std::sync::Arc;

use crate::decision::{Awaits, Decision, Kind, Reject};
use crate::event::{Ilk, KeyEvent};
use crate::fold::{Fold, Incoming, may_update};
use crate::prefix::{self, VerificationKey};
use crate::record::KelEntry;
use crate::state::{Establishment, KeyState};
use crate::text::Text;
use crate::threshold::Threshold;

/// The rules end early with a decision.
pub(crate) type Outcome<T> = Result<T, Decision>;

fn refuse<T>(reject: Reject) -> Outcome<T> {
    Err(reject.into())
}

impl Fold<'_> {
    /// Decides about a key event and does what follows.
    pub fn process_event(&mut self, incoming: &Incoming<'_>) -> Decision {
        match self.decide(incoming) {
            Ok(decision) | Err(decision) => decision,
        }
    }

    fn decide(&mut self, incoming: &Incoming<'_>) -> Outcome<Decision> {
        let event = incoming.event;
        let code = prefix::code_of(event.pre).unwrap_or("");
        if !prefix::is_usable(code, incoming.head(self.options)) {
            return refuse(Reject::Prefix);
        }
        let Some(state) = self.view.aid(event.pre).state.clone() else {
            if event.ilk.incepts() {
                return self.incept(incoming, code);
            }
            return self.escrow_received(incoming, Kind::OutOfOrder, Awaits::Inception);
        };
        if event.ilk.incepts() {
            if event.sn != 0 {
                return refuse(Reject::InceptionSn);
            }
            return self.known_place(incoming);
        }
        if may_update(event.ilk, event.sn, state.sn, state.est.sn)
            && !self.comes_again(event, &state)
        {
            return self.update(incoming, &state);
        }
        if event.sn > state.sn {
            return self.escrow_received(incoming, Kind::OutOfOrder, Awaits::PriorEvent);
        }
        self.known_place(incoming)
    }

    /// Whether a rotation that could be a recovery is logged at its place already: the reference takes the last delegated
    /// rotation, when it comes again, for one that supersedes itself (HARDEN 16).
    fn comes_again(&mut self, event: &KeyEvent<'_>, state: &KeyState) -> bool {
        let is = |entry: &KelEntry| &*entry.said == event.said;
        self.harden(16) && event.sn <= state.sn && self.view.kel(event.pre, event.sn).iter().any(is)
    }

    /// Inception. Source: keri-events.md 10.
    fn incept(&mut self, incoming: &Incoming<'_>, code: &str) -> Outcome<Decision> {
        let event = incoming.event;
        let head = incoming.head(self.options);
        if event.sn != 0 {
            return refuse(Reject::InceptionSn);
        }
        let keys = keys_of(event)?;
        let (kt, nt) = thresholds(event, head)?;
        if prefix::is_digest(code) {
            if !head && event.pre != event.said {
                return refuse(Reject::PrefixDerivation);
            }
        } else {
            let single = event.keys.len() == 1 && event.keys[0] == event.pre;
            if !single || (head && kt != Threshold::Number(1)) {
                return refuse(Reject::PrefixDerivation);
            }
        }
        let witnesses: Vec<Text> = event
            .witnesses
            .iter()
            .map(|text| Text::from(*text))
            .collect();
        if has_repeats(&event.witnesses) {
            return refuse(Reject::Witnesses);
        }
        let toad = toad_in_range(event, witnesses.len())?;
        let est = Establishment {
            sn: 0,
            said: event.said.into(),
            ordinal: self.view.logs.next(),
            keys,
            kt,
            next: event.next.iter().map(|text| Text::from(*text)).collect(),
            nt,
            witnesses: witnesses.into(),
            cuts: Vec::new(),
            adds: Vec::new(),
            toad,
            establishment_only: event.establishment_only,
            do_not_delegate: event.do_not_delegate,
            delegator: event.delegator.into(),
            transferable: !prefix::is_nontransferable(code),
        };
        let checked = self.check(incoming, &est, None)?;
        Ok(self.accept(incoming, Arc::new(est), &checked, None))
    }

    fn update(&mut self, incoming: &Incoming<'_>, state: &KeyState) -> Outcome<Decision> {
        if !state.transferable() {
            return refuse(Reject::Abandoned);
        }
        match incoming.event.ilk {
            Ilk::Ixn => self.interact(incoming, state),
            _ => self.rotate(incoming, state),
        }
    }

    /// Interaction. Source: keri-events.md 11.
    fn interact(&mut self, incoming: &Incoming<'_>, state: &KeyState) -> Outcome<Decision> {
        let event = incoming.event;
        if state.est.establishment_only {
            return refuse(Reject::EstablishmentOnly);
        }
        if event.prior != &*state.said {
            let late = self.harden(16) && self.superseded_prior(event).is_some();
            return refuse(if late {
                Reject::SupersededLate
            } else {
                Reject::PriorDigest
            });
        }
        let checked = self.check(incoming, &state.est, Some(state))?;
        Ok(self.accept(incoming, state.est.clone(), &checked, Some(state)))
    }

    /// Rotation. Source: keri-events.md 12.
    fn rotate(&mut self, incoming: &Incoming<'_>, state: &KeyState) -> Outcome<Decision> {
        let event = incoming.event;
        let delegated = !state.est.delegator.is_empty();
        if delegated && event.ilk == Ilk::Rot {
            return refuse(Reject::Delegated);
        }
        let head = incoming.head(self.options);
        if !delegated && event.ilk == Ilk::Drt && head && (event.major < 2 || self.harden(9)) {
            return refuse(Reject::NotDelegated);
        }
        let superseded = self.check_prior(event, state)?;
        let keys = keys_of(event)?;
        let (kt, nt) = thresholds(event, head)?;
        // The reference's head leaves the witnesses alone in a recovery.
        let keeps_witnesses = superseded && head && !self.harden(11);
        let witnesses = if keeps_witnesses {
            state.est.witnesses.to_vec()
        } else {
            let base = self.witnesses_before(incoming, state, superseded)?;
            rotated_witnesses(event, &base)?
        };
        let toad = toad_in_range(event, witnesses.len())?;
        let est = Establishment {
            sn: event.sn,
            said: event.said.into(),
            ordinal: self.view.logs.next(),
            keys,
            kt,
            next: event.next.iter().map(|text| Text::from(*text)).collect(),
            nt,
            witnesses: witnesses.into(),
            cuts: event.cuts.iter().map(|text| Text::from(*text)).collect(),
            adds: event.adds.iter().map(|text| Text::from(*text)).collect(),
            toad,
            ..(*state.est).clone()
        };
        let checked = self.check(incoming, &est, Some(state))?;
        Ok(self.accept(incoming, Arc::new(est), &checked, Some(state)))
    }

    /// Sequence number and prior SAID of a rotation; whether it is a recovery.
    fn check_prior(&mut self, event: &KeyEvent<'_>, state: &KeyState) -> Outcome<bool> {
        if event.sn > state.sn {
            return if event.prior == &*state.said {
                Ok(false)
            } else {
                refuse(Reject::PriorDigest)
            };
        }
        let allowed = match event.ilk {
            Ilk::Rot => event.sn > state.est.sn && state.ilk == Ilk::Ixn,
            _ => event.sn >= state.est.sn,
        };
        if !allowed || event.sn == 0 {
            return refuse(Reject::Recovery);
        }
        let before = self.view.last(event.pre, event.sn - 1);
        match before {
            Some(entry) if event.prior == &*entry.said => Ok(true),
            _ => refuse(Reject::PriorDigest),
        }
    }

    /// The witness list that cuts and adds of a rotation apply to: the current one, but for a drt over a
    /// drt, under head's rules, the one before the superseded drt.
    fn witnesses_before(
        &mut self,
        incoming: &Incoming<'_>,
        state: &KeyState,
        superseded: bool,
    ) -> Outcome<Vec<Text>> {
        let event = incoming.event;
        let over_establishment = superseded && event.sn == state.est.sn;
        if !over_establishment || !incoming.head(self.options) {
            return Ok(state.est.witnesses.to_vec());
        }
        let Some(before) = self.view.last(event.pre, event.sn.saturating_sub(1)) else {
            return refuse(Reject::PriorDigest);
        };
        let governing = self
            .view
            .log(before.ordinal)
            .and_then(|record| self.view.log(record.est));
        Ok(governing.map_or_else(Vec::new, |record| record.witnesses.clone()))
    }
}

pub(crate) fn keys_of(event: &KeyEvent<'_>) -> Outcome<Vec<VerificationKey>> {
    let keys: Option<Vec<_>> = event
        .keys
        .iter()
        .map(|text| VerificationKey::parse(text))
        .collect();
    keys.ok_or_else(|| Reject::Key.into())
}

/// Thresholds no larger than their lists, with each of `n` a digest.
fn thresholds(event: &KeyEvent<'_>, head: bool) -> Outcome<(Threshold, Threshold)> {
    if !event
        .next
        .iter()
        .all(|text| prefix::code_of(text).is_some_and(|code| prefix::is_next(code, head)))
    {
        return refuse(Reject::NextDigest);
    }
    let (Some(kt), Some(nt)) = (&event.kt, &event.nt) else {
        return refuse(Reject::Threshold);
    };
    if kt.size() > event.keys.len() as u128
        || nt.size() > event.next.len() as u128
        || event.keys.is_empty()
    {
        return refuse(Reject::Threshold);
    }
    Ok((kt.clone(), nt.clone()))
}

fn has_repeats(list: &[&str]) -> bool {
    list.iter()
        .enumerate()
        .any(|(at, item)| list[..at].contains(item))
}

fn toad_in_range(event: &KeyEvent<'_>, witnesses: usize) -> Outcome<u64> {
    let range = if witnesses == 0 {
        0..=0
    } else {
        1..=witnesses as u128
    };
    if range.contains(&event.toad) {
        Ok(event.toad as u64)
    } else {
        refuse(Reject::Toad)
    }
}

/// (b minus br, order kept) + ba in order.
pub(crate) fn rotated_witnesses(event: &KeyEvent<'_>, base: &[Text]) -> Outcome<Vec<Text>> {
    let held = |text: &str| base.iter().any(|witness| &**witness == text);
    let sound = !has_repeats(&event.cuts)
        && !has_repeats(&event.adds)
        && event.cuts.iter().all(|cut| held(cut))
        && event
            .adds
            .iter()
            .all(|add| !held(add) && !event.cuts.contains(add));
    if !sound {
        return refuse(Reject::Witnesses);
    }
    let kept = base
        .iter()
        .filter(|witness| !event.cuts.contains(&&***witness))
        .cloned();
    Ok(kept
        .chain(event.adds.iter().map(|add| Text::from(*add)))
        .collect())
}
