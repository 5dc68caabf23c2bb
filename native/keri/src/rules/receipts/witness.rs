//! Receipts as signatures of witnesses by their index.
//!
//! Source: keri-events.md 16.

use super::{Receipts, Tally};
use crate::decision::Kind;
use crate::event::Receipt;
use crate::fold::Fold;
use crate::prefix::VerificationKey;
use crate::record::Set;
use crate::rules::Outcome;
use crate::rules::check::may_witness;
use crate::signature::{Plain64, Signed};

impl Fold<'_> {
    pub(super) fn receipt_witness(
        &mut self,
        receipt: &Receipt<'_>,
        receipts: &Receipts<'_>,
        source: u32,
        tally: &mut Tally,
    ) -> Outcome<()> {
        if receipts.witness.is_empty() {
            return Ok(());
        }
        let Some(logged) = self.logged(receipt, true)? else {
            for signature in &receipts.witness {
                let value = signature.text.to_string();
                let decision = self.await_event(receipt, Kind::UnverifiedWitness, value, source);
                tally.escrowed = Some(decision);
            }
            return Ok(());
        };
        let body = Signed::Held(logged.record.body.clone());
        for signature in &receipts.witness {
            let Some(witness) = logged
                .governing
                .witnesses
                .get(signature.index as usize)
                .cloned()
            else {
                continue;
            };
            if !may_witness(&witness) || (!self.options.lax && self.options.owns(&witness)) {
                continue;
            }
            let Some(key) = VerificationKey::parse(&witness) else {
                continue;
            };
            if self.verify(&body, &key, &Plain64::of_indexed(signature)) {
                self.store(&logged, Set::Wigs, signature.text, tally);
            }
        }
        Ok(())
    }
}
