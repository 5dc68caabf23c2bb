//! Receipts enter their escrow.
//!
//! Source: escrows.md 2 and 6; HARDEN 18.

use crate::decision::{Awaits, Decision, Kind, Reject};
use crate::fold::Fold;
use crate::record::{Membership, Waiting, WaitingReceipt};
use crate::rules::pending::Witnessed;
use crate::rules::receipts::{Couple64, split_couple};
use crate::store::{Key, SlotRow, place};

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
}
