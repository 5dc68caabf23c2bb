//! Receipts as couples: a key that is an AID itself, and its signature.
//!
//! Source: keri-events.md 16; HARDEN 3.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::indexer;
use kelpipe_cesr::primitive::Primitive;

use super::{Couple64, Logged, Receipts, Tally};
use crate::decision::Kind;
use crate::event::Receipt;
use crate::fold::Fold;
use crate::prefix::{self, VerificationKey};
use crate::record::Set;
use crate::rules::Outcome;
use crate::rules::check::may_witness;
use crate::signature::{Plain64, Signed};
use crate::text::Text;

impl Fold<'_> {
    pub(super) fn receipt_couples(
        &mut self,
        receipt: &Receipt<'_>,
        receipts: &Receipts<'_>,
        source: u32,
        tally: &mut Tally,
    ) -> Outcome<()> {
        if receipts.couples.is_empty() {
            return Ok(());
        }
        let Some(logged) = self.logged(receipt, true)? else {
            for couple in receipts
                .couples
                .iter()
                .filter(|couple| may_witness(couple.key))
            {
                let value = [couple.key, couple.signature].concat();
                let decision = self.await_event(receipt, Kind::UnverifiedReceipt, value, source);
                tally.escrowed = Some(decision);
            }
            return Ok(());
        };
        for couple in &receipts.couples {
            self.store_couple(&logged, couple, true, tally);
        }
        Ok(())
    }

    /// Stores a couple that verifies: as a witness signature if its key is a witness, else as a receipt.
    pub(super) fn store_couple(
        &mut self,
        logged: &Logged,
        couple: &Couple64<'_>,
        as_witness: bool,
        tally: &mut Tally,
    ) {
        if !may_witness(couple.key) || (!self.options.lax && self.options.owns(couple.key)) {
            return;
        }
        let (Some(key), Some(plain)) = (VerificationKey::parse(couple.key), couple.plain) else {
            return;
        };
        if !self.verify(&Signed::Held(logged.record.body.clone()), &key, &plain) {
            return;
        }
        let index = logged
            .governing
            .witnesses
            .iter()
            .position(|witness| &**witness == couple.key)
            .filter(|_| as_witness);
        let (set, text) = match index {
            Some(index) => (Set::Wigs, self.as_indexed(&key, &plain, index as u32)),
            None => (
                Set::Rcts,
                Text::from([couple.key, couple.signature].concat()),
            ),
        };
        self.store(logged, set, &text, tally);
    }

    /// A witness's couple as an indexed signature: code A always in the reference, else its algorithm's (HARDEN 3).
    pub(crate) fn as_indexed(&self, key: &VerificationKey, plain: &Plain64, index: u32) -> Text {
        let algorithm = if self.harden(3) {
            key.algorithm
        } else {
            kelpipe_crypto::Algorithm::Ed25519
        };
        let mut text = String::with_capacity(92);
        let code = prefix::indexed_code(algorithm, index);
        match indexer::encode(code, index, None, &plain.raw, &mut text) {
            Ok(()) => text.into(),
            Err(_) => "".into(),
        }
    }
}

/// Splits key + cigar.
pub(crate) fn split_couple(value: &str) -> Option<Couple64<'_>> {
    let key = Primitive::parse(value.as_bytes(), Alphabet::Lenient).ok()?;
    let signature =
        Primitive::parse_exact(value.as_bytes().get(key.text.len()..)?, Alphabet::Lenient).ok()?;
    Some(Couple64 {
        key: key.text,
        signature: signature.text,
        plain: Plain64::new(&signature),
    })
}
