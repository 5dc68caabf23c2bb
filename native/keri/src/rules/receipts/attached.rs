//! Receipts attached to an event.
//!
//! Source: keri-events.md 16; HARDEN 3 and 17.

use super::{Receipts, Tally};
use crate::decision::Reject;
use crate::event::Receipt;
use crate::fold::Fold;
use crate::record::KelEntry;
use crate::rules::{Outcome, refuse};

impl Fold<'_> {
    /// Receipts attached to an event that was just accepted or is known. Their fate never changes the event's.
    pub fn process_attached(
        &mut self,
        receipt: &Receipt<'_>,
        receipts: &Receipts<'_>,
        first_seen: Option<u64>,
        source: u32,
    ) {
        if self.receipt_of_evidence(receipt, receipts).is_some() {
            return;
        }
        let mut tally = Tally::default();
        if self
            .attached(receipt, receipts, first_seen, source, &mut tally)
            .is_err()
        {
            return;
        }
        for group in &receipts.groups {
            let ended = self.receipt_group(receipt, group, source, true, &mut tally);
            if (ended.is_err() || tally.escrowed.is_some()) && !self.harden(17) {
                return;
            }
        }
    }

    fn attached(
        &mut self,
        receipt: &Receipt<'_>,
        receipts: &Receipts<'_>,
        first_seen: Option<u64>,
        source: u32,
        tally: &mut Tally,
    ) -> Outcome<()> {
        if let Some(number) = first_seen {
            let known = self
                .view
                .aid(receipt.pre)
                .state
                .as_ref()
                .is_some_and(|state| number <= state.first_seen);
            let same =
                |entry: &KelEntry| entry.first_seen == number && &*entry.said == receipt.said;
            if known && !self.view.kel(receipt.pre, receipt.sn).iter().any(same) {
                return refuse(Reject::ReceiptStale);
            }
        }
        if self.harden(3) {
            return self.receipt_couples(receipt, receipts, source, tally);
        }
        if let Some(logged) = self.logged(receipt, true)? {
            for couple in &receipts.couples {
                self.store_couple(&logged, couple, false, tally);
            }
        }
        Ok(())
    }
}
