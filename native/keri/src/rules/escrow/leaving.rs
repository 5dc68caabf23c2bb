//! What waits leaves its escrows.
//!
//! Source: escrows.md 1, 2 and 6; HARDEN 13.

use crate::decision::Kind;
use crate::fold::{Fold, Incoming};
use crate::record::{Couple, Waiting};
use crate::rules::receipts::split_transferable;
use crate::store::{Removed, place};
use crate::text::Text;

impl Fold<'_> {
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
    let parts = split_transferable(&receipt.value)?;
    Some((parts.pre.into(), parts.sn))
}
