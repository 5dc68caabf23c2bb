//! Evidence of duplicity: who witnesses the other event, and receipts of it.
//!
//! Source: HARDEN 16; http.md 8 (a variant counts as far as it is signed and witnessed itself).

use crate::decision::{Decision, Kind, Reject};
use crate::event::{self, Identity, Message, Receipt};
use crate::fold::Fold;
use crate::prefix::VerificationKey;
use crate::record::{Set, Waiting};
use crate::rules::check::may_witness;
use crate::rules::receipts::Receipts;
use crate::rules::rotated_witnesses;
use crate::signature::{Plain64, Signed};
use crate::text::Text;

impl Fold<'_> {
    /// A receipt of an event that is kept as evidence; `None` if it is none.
    pub(crate) fn receipt_of_evidence(
        &mut self,
        receipt: &Receipt<'_>,
        receipts: &Receipts<'_>,
    ) -> Option<Decision> {
        let kept = self.view.aid(receipt.pre).waiting[Kind::LikelyDuplicitous as usize] > 0;
        if !kept || !self.harden(16) {
            return None;
        }
        let at = self
            .view
            .waiting_event(receipt.pre, receipt.sn, receipt.said)?;
        let Waiting::Event(waiting) = &self.view.slot(receipt.pre, receipt.sn).rows[at].waiting
        else {
            return None;
        };
        let evidence = Kind::LikelyDuplicitous;
        if !waiting
            .memberships
            .iter()
            .any(|membership| membership.kind == evidence)
        {
            return None;
        }
        let body = waiting.body.clone();
        let witnesses = self.witnesses_of_evidence(&body)?;
        let texts = self.verified_receipts(&Signed::Held(body), receipts, &witnesses);
        if texts.is_empty() {
            return Some(Reject::ReceiptSignature.into());
        }
        let row = &mut self.view.slot(receipt.pre, receipt.sn).rows[at];
        let Waiting::Event(waiting) = &mut row.waiting else {
            return None;
        };
        let mut new = false;
        for text in &texts {
            new |= waiting.attached.add(Set::Wigs, text);
        }
        row.dirty |= new;
        Some(if new {
            Decision::Accepted
        } else {
            Decision::Duplicate(0)
        })
    }

    /// The witnesses of an event that would stand behind the one accepted before it.
    fn witnesses_of_evidence(&mut self, body: &[u8]) -> Option<Vec<Text>> {
        let Ok(Message::KeyEvent(event)) =
            event::read(body, self.options, &mut Identity::default())
        else {
            return None;
        };
        if event.ilk.incepts() {
            return Some(
                event
                    .witnesses
                    .iter()
                    .map(|text| Text::from(*text))
                    .collect(),
            );
        }
        let before = self.view.last(event.pre, event.sn.checked_sub(1)?)?;
        let governing = self.governing(before.ordinal)?;
        rotated_witnesses(&event, &governing.witnesses).ok()
    }

    /// Witness signatures and witnesses' couples that verify, as indexed signatures.
    fn verified_receipts(
        &mut self,
        signed: &Signed,
        receipts: &Receipts<'_>,
        witnesses: &[Text],
    ) -> Vec<Text> {
        let mut texts = Vec::new();
        let key_of = |index: usize| {
            let witness = witnesses.get(index).filter(|text| may_witness(text))?;
            VerificationKey::parse(witness)
        };
        for signature in &receipts.witness {
            let key = key_of(signature.index as usize);
            if key.is_some_and(|key| self.verify(signed, &key, &Plain64::of_indexed(signature))) {
                texts.push(signature.text.into());
            }
        }
        for couple in &receipts.couples {
            let index = witnesses
                .iter()
                .position(|witness| &**witness == couple.key);
            let (Some(index), Some(plain)) = (index, couple.plain) else {
                continue;
            };
            let Some(key) = key_of(index) else { continue };
            if self.verify(signed, &key, &plain) {
                texts.push(self.as_indexed(&key, &plain, index as u32));
            }
        }
        texts
    }
}
