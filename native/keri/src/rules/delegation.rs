//! Delegation: the anchor in the delegator's log.
//!
//! Source: keri-events.md 15; HARDEN 9 and 10.

use crate::decision::{Awaits, Kind, Reject};
use crate::event::Ilk;
use crate::fold::{Fold, Incoming};
use crate::record::{Anchor, Couple, Set};
use crate::rules::check::Checked;
use crate::rules::{Outcome, refuse};
use crate::state::{Establishment, KeyState};

impl Fold<'_> {
    /// Tests the anchor of a delegated event. On success `checked.couple` names the delegating event.
    pub(crate) fn check_delegation(
        &mut self,
        incoming: &Incoming<'_>,
        est: &Establishment,
        state: Option<&KeyState>,
        checked: &mut Checked<'_>,
    ) -> Outcome<()> {
        let event = incoming.event;
        if !event.ilk.delegated() {
            return Ok(());
        }
        let head = incoming.head(self.options);
        if est.delegator.is_empty() {
            return if head {
                Ok(())
            } else {
                refuse(Reject::NotDelegated)
            };
        }
        let exempt = self.options.owns(event.pre)
            || (self.witnesses_locally(est) && (head || event.ilk == Ilk::Dip));
        if exempt {
            return Ok(());
        }
        let anchor = if head {
            self.anchor_by_head(incoming, &est.delegator, checked)?
        } else {
            self.anchor_by_stable(incoming, &est.delegator, checked)?
        };
        if let Some(state) = state {
            self.check_superseding(incoming, state, &est.delegator, &anchor)?;
        }
        Ok(())
    }

    fn anchor_by_stable(
        &mut self,
        incoming: &Incoming<'_>,
        delegator: &str,
        checked: &mut Checked<'_>,
    ) -> Outcome<Anchor> {
        let event = incoming.event;
        if checked.couple.is_none() && incoming.retried == Some(Kind::PartialSignature) {
            checked.couple = self
                .search(incoming, delegator)
                .first()
                .and_then(|anchor| self.couple_of(anchor));
        }
        let Some(couple) = checked.couple.clone() else {
            return Err(self.escrow(incoming, Kind::PartialSignature, Awaits::Anchor, checked));
        };
        if couple.sn == 0 {
            return refuse(Reject::DelegationSeal);
        }
        let Some(entry) = self.view.last(delegator, couple.sn) else {
            return Err(self.escrow(incoming, Kind::PartialSignature, Awaits::Anchor, checked));
        };
        let Some(state) = self.view.aid(delegator).state.clone() else {
            return refuse(Reject::DelegationSeal);
        };
        if state.est.do_not_delegate {
            return refuse(Reject::DoNotDelegate);
        }
        if *entry.said != *couple.said {
            return refuse(Reject::DelegationSeal);
        }
        let anchors = self.view.anchors(event.pre, event.sn, event.said);
        match anchors
            .into_iter()
            .find(|anchor| anchor.ordinal == entry.ordinal)
        {
            Some(anchor) => Ok(anchor),
            None => refuse(Reject::DelegationSeal),
        }
    }

    fn anchor_by_head(
        &mut self,
        incoming: &Incoming<'_>,
        delegator: &str,
        checked: &mut Checked<'_>,
    ) -> Outcome<Anchor> {
        let event = incoming.event;
        let Some(state) = self.view.aid(delegator).state.clone() else {
            return Err(self.escrow(
                incoming,
                Kind::PartialDelegation,
                Awaits::Delegator,
                checked,
            ));
        };
        if state.est.do_not_delegate {
            return refuse(Reject::DoNotDelegate);
        }
        if self.delegation_loops(event.pre, delegator) {
            return refuse(Reject::DelegationDepth);
        }
        let named = checked
            .couple
            .clone()
            .and_then(|couple| self.view.last(delegator, couple.sn));
        let anchors = self.view.anchors(event.pre, event.sn, event.said);
        let named = named.and_then(|entry| {
            anchors
                .into_iter()
                .find(|anchor| anchor.ordinal == entry.ordinal)
        });
        let named = named.filter(|anchor| self.on_trunk(anchor));
        let found = named.or_else(|| self.search(incoming, delegator).pop());
        match found {
            Some(anchor) => {
                checked.couple = self.couple_of(&anchor);
                Ok(anchor)
            }
            None => Err(self.escrow(incoming, Kind::PartialDelegation, Awaits::Anchor, checked)),
        }
    }

    /// Fully witnessed events of the delegator that carry the exact seal, by sn.
    pub(crate) fn search(&mut self, incoming: &Incoming<'_>, delegator: &str) -> Vec<Anchor> {
        let event = incoming.event;
        let toad = self
            .view
            .aid(delegator)
            .state
            .as_ref()
            .map_or(0, |state| state.est.toad);
        let mut anchors = self.view.anchors(event.pre, event.sn, event.said);
        anchors.retain(|anchor| {
            &*anchor.pre == delegator
                && self.view.attached(anchor.ordinal, Set::Wigs).len() as u64 >= toad
                && (!self.harden(10) || self.on_trunk(anchor))
        });
        anchors.sort_by_key(|anchor| (anchor.sn, anchor.ordinal));
        anchors
    }

    fn couple_of(&mut self, anchor: &Anchor) -> Option<Couple> {
        let record = self.view.log(anchor.ordinal)?;
        Some(Couple {
            sn: anchor.sn,
            said: record.said.clone(),
        })
    }

    /// Whether the anchoring event is the authoritative one of its place, in the accepted log (HARDEN 10).
    pub(crate) fn on_trunk(&mut self, anchor: &Anchor) -> bool {
        let sn = self
            .view
            .aid(&anchor.pre)
            .state
            .as_ref()
            .map(|state| state.sn);
        sn.is_some_and(|sn| anchor.sn <= sn)
            && self
                .view
                .last(&anchor.pre, anchor.sn)
                .is_some_and(|entry| entry.ordinal == anchor.ordinal)
    }

    /// Whether `aid` is among the delegators above `delegator`, or there are more than the limit (C8).
    fn delegation_loops(&mut self, aid: &str, delegator: &str) -> bool {
        let mut above = crate::text::Text::from(delegator);
        for _ in 0..self.options.limits.delegation_depth_max {
            if &*above == aid {
                return true;
            }
            match self
                .view
                .aid(&above)
                .state
                .as_ref()
                .map(|state| state.est.delegator.clone())
            {
                Some(next) if !next.is_empty() => above = next,
                _ => return false,
            }
        }
        true
    }
}
