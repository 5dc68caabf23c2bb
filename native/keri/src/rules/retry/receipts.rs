//! Receipts looked at again: against the event that waits for them, and against the log.
//!
//! Source: escrows.md 2.

use smallvec::smallvec;

use crate::decision::{Awaits, Decision, Kind, Reject, Verdict};
use crate::event::{ILK_RECEIPT, Identity, Receipt};
use crate::fold::Fold;
use crate::prefix::VerificationKey;
use crate::record::{Set, Waiting, WaitingReceipt};
use crate::rules::check::may_witness;
use crate::rules::pending::Witnessed;
use crate::rules::receipts::{Receipts, split_couple, split_transferable};
use crate::signature::{self, Plain64, Signed};

/// What a retried receipt came to.
enum Found {
    /// Nothing to check it against yet.
    Nothing,
    /// It verified and was stored.
    Stored,
    /// It is wrong.
    Bad(Reject),
}

impl Fold<'_> {
    pub(super) fn retry_receipt(
        &mut self,
        aid: &str,
        sn: u128,
        waiting: &WaitingReceipt,
        id: &[u8],
    ) {
        let kind = waiting.membership.kind;
        let identity = Identity {
            ilk: ILK_RECEIPT,
            pre: aid,
            said: &waiting.said,
            sn,
        };
        let date = if self.harden(18) {
            waiting.date
        } else {
            self.date_of(aid, sn, &waiting.said)
        };
        if self.is_stale(kind, date) {
            self.leave_single(aid, sn, id);
            return self.report_left(Verdict::Expired, kind, &identity);
        }
        let found = match kind {
            Kind::UnverifiedWitness => self.retry_witness(aid, sn, waiting),
            Kind::UnverifiedReceipt => self.retry_couple(aid, sn, waiting),
            _ => self.retry_transferable(aid, sn, waiting),
        };
        match found {
            Found::Nothing => self.still_waits(aid, sn, &waiting.said, kind),
            Found::Stored => {
                self.leave_single(aid, sn, id);
                self.report(None, &identity, Decision::Accepted);
            }
            Found::Bad(reject) => {
                self.leave_single(aid, sn, id);
                self.report(None, &identity, reject.into());
            }
        }
    }

    fn retry_witness(&mut self, aid: &str, sn: u128, waiting: &WaitingReceipt) -> Found {
        let Some(signature) = signature::stored(&waiting.value) else {
            return Found::Bad(Reject::ReceiptSignature);
        };
        if let Some(Witnessed { body, witnesses }) = self.witnessed_pending(aid, sn, &waiting.said)
        {
            let key = witnesses.and_then(|list| {
                list.get(signature.index as usize)
                    .and_then(|text| VerificationKey::parse(text))
            });
            let valid = key.is_some_and(|key| {
                self.verify(&Signed::Held(body), &key, &Plain64::of_indexed(&signature))
            });
            if !valid {
                return Found::Bad(Reject::ReceiptSignature);
            }
            self.add_pending_wig(aid, sn, &waiting.said, signature.text);
            return Found::Stored;
        }
        if !self.harden(13) {
            return Found::Nothing;
        }
        let receipts = Receipts {
            witness: smallvec![signature],
            ..Receipts::default()
        };
        self.retry_logged(aid, sn, waiting, &receipts)
    }

    fn retry_couple(&mut self, aid: &str, sn: u128, waiting: &WaitingReceipt) -> Found {
        let Some(couple) = split_couple(&waiting.value) else {
            return Found::Bad(Reject::ReceiptSignature);
        };
        if let Some(Witnessed {
            body,
            witnesses: Some(witnesses),
        }) = self.witnessed_pending(aid, sn, &waiting.said)
            && let Some(index) = witnesses
                .iter()
                .position(|witness| &**witness == couple.key)
        {
            let (Some(key), Some(plain)) = (VerificationKey::parse(couple.key), couple.plain)
            else {
                return Found::Bad(Reject::ReceiptSignature);
            };
            if !self.verify(&Signed::Held(body), &key, &plain) {
                return Found::Bad(Reject::ReceiptSignature);
            }
            let text = self.as_indexed(&key, &plain, index as u32);
            self.add_pending_wig(aid, sn, &waiting.said, &text);
            return Found::Stored;
        }
        if self.harden(13) {
            let receipts = Receipts {
                couples: vec![couple],
                ..Receipts::default()
            };
            return self.retry_logged(aid, sn, waiting, &receipts);
        }
        self.retry_couple_logged(aid, sn, waiting, couple.key, couple.plain)
    }

    /// The reference's rule: against the last event, and the CURRENT witnesses.
    fn retry_couple_logged(
        &mut self,
        aid: &str,
        sn: u128,
        waiting: &WaitingReceipt,
        key_text: &str,
        plain: Option<Plain64>,
    ) -> Found {
        let Some(entry) = self.view.last(aid, sn) else {
            return Found::Nothing;
        };
        if entry.said != waiting.said {
            return Found::Bad(Reject::ReceiptStale);
        }
        let Some(record) = self.view.log(entry.ordinal) else {
            return Found::Nothing;
        };
        let (Some(key), Some(plain)) = (VerificationKey::parse(key_text), plain) else {
            return Found::Bad(Reject::ReceiptSignature);
        };
        if !self.verify(&Signed::Held(record.body.clone()), &key, &plain) {
            return Found::Bad(Reject::ReceiptSignature);
        }
        let current = self
            .view
            .aid(aid)
            .state
            .as_ref()
            .map(|state| state.est.witnesses.clone())
            .unwrap_or_default();
        let (set, text) = match current
            .iter()
            .position(|witness| &**witness == key_text)
            .filter(|_| may_witness(key_text))
        {
            Some(index) => (Set::Wigs, self.as_indexed(&key, &plain, index as u32)),
            None => (Set::Rcts, waiting.value.clone()),
        };
        self.view.attach(&record, entry.ordinal, set, &text);
        Found::Stored
    }

    /// Tests a receipt against the log alone.
    fn retry_logged(
        &mut self,
        aid: &str,
        sn: u128,
        waiting: &WaitingReceipt,
        receipts: &Receipts<'_>,
    ) -> Found {
        if self.view.last(aid, sn).is_none() {
            return Found::Nothing;
        }
        let receipt = Receipt {
            said: &waiting.said,
            pre: aid,
            sn,
            major: 1,
        };
        match self.process_receipt(&receipt, receipts, waiting.source) {
            Decision::Accepted | Decision::Duplicate(_) => Found::Stored,
            Decision::Escrowed(..) | Decision::Checked(_) => Found::Nothing,
            Decision::Rejected(_) => Found::Bad(Reject::ReceiptSignature),
        }
    }

    fn retry_transferable(&mut self, aid: &str, sn: u128, waiting: &WaitingReceipt) -> Found {
        let parts = split_transferable(&waiting.value);
        let Some((parts, signature)) = parts.and_then(|parts| {
            signature::stored(parts.signature).map(|signature| (parts, signature))
        }) else {
            return Found::Bad(Reject::ReceiptSignature);
        };
        let Some(entry) = self.view.last(aid, sn) else {
            return Found::Nothing;
        };
        let among = self
            .view
            .kel(aid, sn)
            .iter()
            .find(|entry| entry.said == waiting.said)
            .cloned();
        let entry = if self.harden(17) {
            among
        } else {
            Some(entry).filter(|entry| entry.said == waiting.said)
        };
        let Some(entry) = entry else {
            return Found::Bad(Reject::ReceiptStale);
        };
        let Some(signer) = self.view.last(parts.pre, parts.sn) else {
            self.now_awaits_signer(aid, sn, waiting);
            return Found::Nothing;
        };
        if &*signer.said != parts.said {
            return Found::Bad(Reject::ReceiptSigner);
        }
        let keys = self
            .view
            .log(signer.ordinal)
            .and_then(|record| self.keys_in(&record))
            .unwrap_or_default();
        let (Some(record), Some(key)) = (
            self.view.log(entry.ordinal),
            keys.get(signature.index as usize),
        ) else {
            return Found::Bad(Reject::ReceiptSigner);
        };
        if !self.verify(
            &Signed::Held(record.body.clone()),
            key,
            &Plain64::of_indexed(&signature),
        ) {
            return Found::Bad(Reject::ReceiptSignature);
        }
        self.view
            .attach(&record, entry.ordinal, Set::Vrcs, &waiting.value);
        Found::Stored
    }

    /// The receipted event is there now; what is missing is the signer's.
    fn now_awaits_signer(&mut self, aid: &str, sn: u128, waiting: &WaitingReceipt) {
        for row in &mut self.view.slot(aid, sn).rows {
            if let Waiting::Receipt(receipt) = &mut row.waiting
                && receipt.value == waiting.value
                && receipt.said == waiting.said
                && receipt.membership.awaits == Awaits::Event
            {
                receipt.membership.awaits = Awaits::SignerEvent;
                row.dirty = true;
            }
        }
    }
}
