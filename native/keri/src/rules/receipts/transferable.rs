//! Receipts by transferable AIDs: signatures under one of the signer's events.
//!
//! Source: keri-events.md 16; HARDEN 17.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::indexer::Indexed;
use kelpipe_cesr::primitive::{self, Primitive};

use super::{Group64, Receipts, Tally};
use crate::decision::{Awaits, Kind, Reject};
use crate::event::Receipt;
use crate::fold::Fold;
use crate::record::Set;
use crate::rules::escrow::NewReceipt;
use crate::rules::{Outcome, refuse};
use crate::signature::{Plain64, Signed};

impl Fold<'_> {
    pub(super) fn receipt_groups(
        &mut self,
        receipt: &Receipt<'_>,
        receipts: &Receipts<'_>,
        source: u32,
        tally: &mut Tally,
    ) -> Outcome<()> {
        for group in &receipts.groups {
            let escrowed = tally.escrowed.is_some();
            let ended = self.receipt_group(receipt, group, source, false, tally);
            if self.harden(17) {
                continue;
            }
            ended?;
            if !escrowed && tally.escrowed.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// One signer's signatures. `attached`: they came with the event itself, and each must verify.
    pub(super) fn receipt_group(
        &mut self,
        receipt: &Receipt<'_>,
        group: &Group64<'_>,
        source: u32,
        attached: bool,
        tally: &mut Tally,
    ) -> Outcome<()> {
        if !self.options.lax && self.options.owns(group.pre) {
            return refuse(Reject::OwnReceipt);
        }
        let logged = self.logged(receipt, attached)?;
        let signer = self.view.last(group.pre, group.sn);
        let (Some(logged), Some(signer)) = (logged, signer) else {
            let awaits = if self.view.last(receipt.pre, receipt.sn).is_none() {
                Awaits::Event
            } else {
                Awaits::SignerEvent
            };
            self.escrow_group(receipt, group, awaits, source, tally);
            return Ok(());
        };
        if &*signer.said != group.said {
            return refuse(Reject::ReceiptSigner);
        }
        let keys = self
            .view
            .log(signer.ordinal)
            .and_then(|record| self.keys_in(&record))
            .unwrap_or_default();
        let body = Signed::Held(logged.record.body.clone());
        for signature in &group.signatures {
            let Some(key) = keys.get(signature.index as usize) else {
                if self.harden(17) {
                    continue;
                }
                return refuse(Reject::ReceiptSigner);
            };
            if self.verify(&body, key, &Plain64::of_indexed(signature)) {
                let text = transferable_value(group, signature);
                self.store(&logged, Set::Vrcs, &text, tally);
            } else if attached && !self.harden(17) {
                return refuse(Reject::ReceiptSignature);
            }
        }
        Ok(())
    }

    fn escrow_group(
        &mut self,
        receipt: &Receipt<'_>,
        group: &Group64<'_>,
        awaits: Awaits,
        source: u32,
        tally: &mut Tally,
    ) {
        for signature in &group.signatures {
            let decision = self.escrow_receipt(NewReceipt {
                kind: Kind::UnverifiedTransferable,
                awaits,
                aid: receipt.pre,
                sn: receipt.sn,
                said: receipt.said,
                value: transferable_value(group, signature),
                signer: Some((group.pre, group.sn)),
                source,
            });
            tally.escrowed = Some(decision);
        }
    }
}

/// pre + sn + said + siger.
fn transferable_value(group: &Group64<'_>, signature: &Indexed<'_>) -> String {
    let mut value = String::with_capacity(200);
    value.push_str(group.pre);
    primitive::encode_number_huge(group.sn, &mut value);
    value.push_str(group.said);
    value.push_str(signature.text);
    value
}

/// The parts of a transferable receipt's value.
pub(crate) struct Transferable<'a> {
    pub pre: &'a str,
    pub sn: u128,
    pub said: &'a str,
    pub signature: &'a str,
}

/// Splits pre + sn + said + siger, as they were let in: HARDEN 5 is a matter of reading messages.
pub(crate) fn split_transferable(value: &str) -> Option<Transferable<'_>> {
    let next = |at: usize| Primitive::parse(value.as_bytes().get(at..)?, Alphabet::Lenient).ok();
    let pre = next(0)?;
    let sn = next(pre.text.len())?;
    let said = next(pre.text.len() + sn.text.len())?;
    let signature = value.get(pre.text.len() + sn.text.len() + said.text.len()..)?;
    Some(Transferable {
        pre: pre.text,
        sn: sn.number()?,
        said: said.text,
        signature,
    })
}
