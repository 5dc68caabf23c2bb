//! Entering and leaving escrows.
//!
//! Source: escrows.md 1, 2 and 6.

mod leaving;
mod receipts;

pub(crate) use leaving::signer_place;
pub(crate) use receipts::NewReceipt;

use crate::decision::{Awaits, Decision, Kind, Reject};
use crate::fold::{Fold, Incoming};
use crate::record::{Membership, Set, Waiting, WaitingEvent};
use crate::rules::Outcome;
use crate::rules::check::Checked;
use crate::signature::Signed;
use crate::store::SlotRow;

impl Fold<'_> {
    /// Escrows an event with all that came with it, unverified.
    pub(crate) fn escrow_received(
        &mut self,
        incoming: &Incoming<'_>,
        kind: Kind,
        awaits: Awaits,
    ) -> Outcome<Decision> {
        let checked = Checked {
            sigs: incoming.sigs.list.into(),
            wigs: incoming.wigs.list.into(),
            couple: incoming.couple.clone(),
        };
        if checked.sigs.is_empty() {
            return Err(Reject::NoSignatures.into());
        }
        Ok(self.escrow(incoming, kind, awaits, &checked))
    }

    /// Puts an event into an escrow, or merges it with what waits there already.
    pub(crate) fn escrow(
        &mut self,
        incoming: &Incoming<'_>,
        kind: Kind,
        awaits: Awaits,
        checked: &Checked<'_>,
    ) -> Decision {
        let event = incoming.event;
        let Some(at) =
            self.waiting_row(event.pre, event.sn, event.said, incoming.source, Some(kind))
        else {
            return Reject::EscrowFull.into();
        };
        let keep_couple = self.keeps_couple(incoming, kind);
        let overwrite = kind == Kind::PartialDelegation;
        let body = match &incoming.signed {
            Signed::Held(body) => body.clone(),
            source @ Signed::Source(_) => source.bytes(self.source).into(),
        };
        let order = self.next_order(event.pre, event.sn, kind);
        let slot = self.view.slot(event.pre, event.sn);
        let row = &mut slot.rows[at];
        let Waiting::Event(waiting) = &mut row.waiting else {
            return Reject::Incomplete.into();
        };
        let mut grew = !waiting.attached.sigs.is_empty();
        let mut changed = false;
        if waiting.body.is_empty() {
            waiting.body = body;
            waiting.major = event.major;
            changed = true;
        }
        let mut added = false;
        for (set, list) in [(Set::Sigs, &checked.sigs), (Set::Wigs, &checked.wigs)] {
            for signature in list {
                added |= waiting.attached.add(set, signature.text);
            }
        }
        grew &= added;
        if incoming.local && !waiting.local {
            (waiting.local, changed) = (true, true);
        }
        if keep_couple
            && (overwrite || waiting.couple.is_none())
            && waiting.couple != checked.couple
        {
            waiting.couple.clone_from(&checked.couple);
            changed = true;
        }
        let entered = if let Some(membership) = waiting
            .memberships
            .iter_mut()
            .find(|membership| membership.kind == kind)
        {
            changed |= membership.awaits != awaits;
            membership.awaits = awaits;
            false
        } else {
            waiting.memberships.push(Membership {
                kind,
                order,
                awaits,
            });
            true
        };
        let news = changed || added || entered;
        row.dirty |= news;
        self.has_news |= news;
        if entered {
            self.view.aid_mut(event.pre).waiting[kind as usize] += 1;
        }
        if (grew || (entered && kind == Kind::PartialWitness)) && kind != Kind::LikelyDuplicitous {
            self.wake(event.pre, event.sn);
        }
        Decision::Escrowed(kind, awaits)
    }

    /// 1.1.17 keeps the couple of any event that is out of order, and of establishment events that are partially
    /// signed or witnessed; never with evidence of duplicity. Head keeps it in every escrow but that one.
    fn keeps_couple(&self, incoming: &Incoming<'_>, kind: Kind) -> bool {
        match kind {
            Kind::LikelyDuplicitous => false,
            Kind::OutOfOrder => true,
            _ => incoming.head(self.options) || incoming.event.ilk.establishes(),
        }
    }

    /// Whether one more entry may wait at a place. What anybody can make takes no room there from what only the keys can.
    pub(crate) fn admits(&mut self, aid: &str, sn: u128, source: u32, kind: Option<Kind>) -> bool {
        let limits = &self.options.limits;
        if self.view.aid(aid).rows >= limits.waiting_per_aid_max {
            return false;
        }
        let rows = &self.view.slot(aid, sn).rows;
        let is_checked = |kinds: u16| kinds & Kind::CHECKED != 0;
        let own = rows.iter().filter(|row| {
            let like = |kind: Kind| is_checked(kind.bit()) == is_checked(row.waiting.kinds());
            row.waiting.source() == source && kind.is_none_or(like)
        });
        let is_full = own.count() >= limits.waiting_per_place_max as usize;
        if self.harden(13) && is_full {
            return false;
        }
        match kind.filter(|_| self.harden(13)) {
            Some(kind) => self.view.admits(source, kind, &self.options.limits),
            None => true,
        }
    }

    /// The row of (AID, sn, SAID), made if there is none; `None`: no more may wait.
    fn waiting_row(
        &mut self,
        aid: &str,
        sn: u128,
        said: &str,
        source: u32,
        kind: Option<Kind>,
    ) -> Option<usize> {
        if let Some(at) = self.view.waiting_event(aid, sn, said) {
            return Some(at);
        }
        if !self.admits(aid, sn, source, kind) {
            return None;
        }
        let date = self.now;
        let waiting = WaitingEvent {
            said: said.into(),
            date,
            source,
            ..WaitingEvent::default()
        };
        let slot = self.view.slot(aid, sn);
        slot.rows.push(SlotRow {
            waiting: Waiting::Event(waiting),
            dirty: true,
            deadline: None,
            held: None,
        });
        let at = slot.rows.len() - 1;
        self.view.aid_mut(aid).rows += 1;
        Some(at)
    }

    pub(crate) fn next_order(&mut self, aid: &str, sn: u128, kind: Kind) -> u32 {
        let orders = self
            .view
            .slot(aid, sn)
            .rows
            .iter()
            .flat_map(|row| match &row.waiting {
                Waiting::Event(event) => event.memberships.clone(),
                Waiting::Receipt(receipt) => vec![receipt.membership],
                Waiting::Query(query) => vec![query.membership],
            });
        orders
            .filter(|membership| membership.kind == kind)
            .map(|membership| membership.order + 1)
            .max()
            .unwrap_or(0)
    }
}
