//! Entering and leaving escrows.
//!
//! Source: escrows.md 1, 2 and 6.

use crate::decision::{Awaits, Decision, Kind, Reject};
use crate::fold::{Fold, Incoming};
use crate::record::{Couple, Membership, Set, Waiting, WaitingEvent, WaitingReceipt};
use crate::rules::Outcome;
use crate::rules::check::Checked;
use crate::rules::pending::Witnessed;
use crate::rules::receipts::{Couple64, split_couple};
use crate::signature::Signed;
use crate::store::{Key, Removed, SlotRow, place};
use crate::text::Text;

/// A receipt signature that is to wait.
pub(crate) struct NewReceipt<'x> {
    pub kind: Kind,
    pub awaits: Awaits,
    pub aid: &'x str,
    pub sn: u128,
    pub said: &'x str,
    pub value: String,
    /// Place of the signer's event, for transferable receipts.
    pub signer: Option<(&'x str, u128)>,
    pub source: u32,
}

impl Fold<'_> {
    /// Escrows an event with all that came with it, unverified.
    pub(crate) fn escrow_received(
        &mut self,
        incoming: &Incoming<'_>,
        kind: Kind,
        awaits: Awaits,
    ) -> Outcome<Decision> {
        let checked = Checked {
            sigs: incoming.sigs.into(),
            wigs: incoming.wigs.into(),
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

    /// Puts a receipt signature into its escrow; nothing happens if it waits there already.
    pub(crate) fn escrow_receipt(&mut self, new: NewReceipt<'_>) -> Decision {
        let decision = Decision::Escrowed(new.kind, new.awaits);
        let same = |waiting: &Waiting| {
            matches!(waiting, Waiting::Receipt(receipt)
                if receipt.membership.kind == new.kind && &*receipt.said == new.said && *receipt.value == *new.value)
        };
        if self
            .view
            .slot(new.aid, new.sn)
            .rows
            .iter()
            .any(|row| same(&row.waiting))
        {
            return decision;
        }
        // Such a one is judged at once, so that however much waits it is let in.
        let is_by_witness = self.is_by_awaited_witness(&new);
        if !is_by_witness && !self.admits(new.aid, new.sn, new.source, Some(new.kind)) {
            return Reject::EscrowFull.into();
        }
        let order = self.next_order(new.aid, new.sn, new.kind);
        let date = self.date_of(new.aid, new.sn, new.said);
        let receipt = WaitingReceipt {
            membership: Membership {
                kind: new.kind,
                order,
                awaits: new.awaits,
            },
            said: new.said.into(),
            value: new.value.into(),
            date,
            source: new.source,
        };
        let waiting = Waiting::Receipt(receipt);
        if let Some((signer, sn)) = new.signer {
            let mut key: Key = place(new.aid, new.sn);
            key.extend_from_slice(&waiting.id());
            self.view.awaits(place(signer, sn), key, true);
            self.view.aid_mut(signer).awaited += 1;
        }
        self.view.slot(new.aid, new.sn).rows.push(SlotRow {
            waiting,
            dirty: true,
            deadline: None,
            held: None,
        });
        self.has_news = true;
        let record = self.view.aid_mut(new.aid);
        record.rows += 1;
        record.waiting[new.kind as usize] += 1;
        if is_by_witness {
            self.wake(new.aid, new.sn);
        }
        decision
    }

    /// Whether a receipt may be by a witness of an event that waits for those. Others wait until the event is logged.
    fn is_by_awaited_witness(&mut self, new: &NewReceipt<'_>) -> bool {
        if new.kind == Kind::UnverifiedTransferable {
            return false;
        }
        let pending = self.witnessed_pending(new.aid, new.sn, new.said);
        pending.is_some_and(|Witnessed { witnesses, .. }| {
            let is_witness = |couple: Couple64<'_>| {
                let witnesses = witnesses.as_deref().unwrap_or_default();
                witnesses.iter().any(|witness| &**witness == couple.key)
            };
            new.kind == Kind::UnverifiedWitness || split_couple(&new.value).is_some_and(is_witness)
        })
    }

    /// The date that a receipt's timeout runs from: its arrival, or, as the reference has it, the date under
    /// (AID, receipted SAID), which the receipt sets if it is the first to name it (HARDEN 18).
    pub(crate) fn date_of(&mut self, aid: &str, sn: u128, said: &str) -> i64 {
        if self.harden(18) {
            return self.now;
        }
        if let Some(at) = self.view.waiting_event(aid, sn, said)
            && let Waiting::Event(event) = &self.view.slot(aid, sn).rows[at].waiting
        {
            return event.date;
        }
        let logged = self
            .view
            .kel(aid, sn)
            .iter()
            .find(|entry| &*entry.said == said)
            .map(|entry| entry.ordinal);
        if let Some(record) = logged.and_then(|ordinal| self.view.log(ordinal)) {
            return record.date;
        }
        self.waiting_row(aid, sn, said, 0, None);
        self.now
    }

    /// Takes an event out of one escrow. In the reference's mode the row stays behind with date and signatures;
    /// otherwise it goes with its last membership (HARDEN 13).
    pub(crate) fn leave(&mut self, aid: &str, sn: u128, said: &str, kind: Kind, drop_couple: bool) {
        let Some(at) = self.view.waiting_event(aid, sn, said) else {
            return;
        };
        let keep = !self.harden(13);
        let logged = keep
            && self
                .view
                .kel(aid, sn)
                .iter()
                .any(|entry| &*entry.said == said);
        let slot = self.view.slot(aid, sn);
        let row = &mut slot.rows[at];
        let Waiting::Event(event) = &mut row.waiting else {
            return;
        };
        let members = event.memberships.len();
        event
            .memberships
            .retain(|membership| membership.kind != kind);
        let left = event.memberships.len() < members;
        if drop_couple {
            event.couple = None;
        }
        row.dirty = true;
        let gone = event.memberships.is_empty() && (!keep || (logged && event.couple.is_none()));
        if gone {
            self.remove_row(aid, sn, at);
        }
        if left {
            let record = self.view.aid_mut(aid);
            record.waiting[kind as usize] = record.waiting[kind as usize].saturating_sub(1);
        }
    }

    /// Takes a receipt or a query out of its only escrow.
    pub(crate) fn leave_single(&mut self, aid: &str, sn: u128, id: &[u8]) {
        let Some(at) = self
            .view
            .slot(aid, sn)
            .rows
            .iter()
            .position(|row| row.waiting.id() == id)
        else {
            return;
        };
        let kind = match &self.view.slot(aid, sn).rows[at].waiting {
            Waiting::Receipt(receipt) => receipt.membership.kind,
            Waiting::Query(query) => query.membership.kind,
            Waiting::Event(_) => return,
        };
        self.remove_row(aid, sn, at);
        let record = self.view.aid_mut(aid);
        let count = &mut record.waiting[kind as usize];
        *count = count.saturating_sub(1);
    }

    fn remove_row(&mut self, aid: &str, sn: u128, at: usize) {
        let row = self.view.slot(aid, sn).rows.remove(at);
        let id = row.waiting.id();
        let signer = signer_place(&row.waiting);
        if let Some((signer, signer_sn)) = &signer {
            let mut full = place(aid, sn);
            full.extend_from_slice(&id);
            self.view.awaits(place(signer, *signer_sn), full, false);
            let record = self.view.aid_mut(signer);
            record.awaited = record.awaited.saturating_sub(1);
        }
        let awaits = signer.map(|(signer, sn)| place(&signer, sn));
        self.view.slot(aid, sn).removed.push(Removed {
            id,
            said: row.waiting.said().clone(),
            deadline: row.deadline,
            awaits,
            held: row.held,
        });
        let record = self.view.aid_mut(aid);
        record.rows = record.rows.saturating_sub(1);
    }

    /// An accepted event's couple stays behind in the reference's mode only, and then only until the row goes.
    pub(crate) fn forget_couple_of_accepted(&mut self, incoming: &Incoming<'_>) {
        let event = incoming.event;
        if !self.harden(13) || self.view.aid(event.pre).rows == 0 {
            return;
        }
        if let Some(at) = self.view.waiting_event(event.pre, event.sn, event.said) {
            let row = &mut self.view.slot(event.pre, event.sn).rows[at];
            if let Waiting::Event(waiting) = &mut row.waiting {
                waiting.couple = None::<Couple>;
                row.dirty = true;
            }
        }
    }
}

/// The place of the event that a transferable receipt's signer is read from.
pub(crate) fn signer_place(waiting: &Waiting) -> Option<(Text, u128)> {
    let Waiting::Receipt(receipt) = waiting else {
        return None;
    };
    if receipt.membership.kind != Kind::UnverifiedTransferable {
        return None;
    }
    let parts = super::receipts::split_transferable(&receipt.value)?;
    Some((parts.pre.into(), parts.sn))
}
