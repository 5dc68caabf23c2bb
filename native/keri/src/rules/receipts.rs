//! Receipts: couples, witness-indexed and transferable, in receipt messages and attached to events.
//!
//! Source: keri-events.md 16; HARDEN 3 and 17.

use std::sync::Arc;

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::indexer::{self, Indexed};
use kelpipe_cesr::primitive::{self, Primitive};
use smallvec::SmallVec;

use crate::decision::{Awaits, Decision, Kind, Reject};
use crate::event::Receipt;
use crate::fold::Fold;
use crate::prefix::{self, VerificationKey};
use crate::record::{LogRecord, Set};
use crate::rules::check::may_witness;
use crate::rules::escrow::NewReceipt;
use crate::rules::late::Governing;
use crate::rules::{Outcome, refuse};
use crate::signature::{Plain64, Signed};
use crate::text::Text;

/// Indexed signatures of one list.
pub type Signatures<'a> = SmallVec<[Indexed<'a>; 1]>;

/// A key and its signature.
#[derive(Clone, Debug)]
pub struct Couple64<'a> {
    /// Key, as text.
    pub key: &'a str,
    /// Signature, as text.
    pub signature: &'a str,
    /// The signature's bytes; `None`: not one that can be verified.
    pub plain: Option<Plain64>,
}

/// Signatures by a transferable AID under one of its events.
#[derive(Clone, Debug)]
pub struct Group64<'a> {
    /// Signer.
    pub pre: &'a str,
    /// Sequence number of the signer's event.
    pub sn: u128,
    /// SAID of the signer's event.
    pub said: &'a str,
    /// Signatures.
    pub signatures: Signatures<'a>,
}

/// The receipts of one message.
#[derive(Clone, Debug, Default)]
pub struct Receipts<'a> {
    /// Non-transferable couples.
    pub couples: Vec<Couple64<'a>>,
    /// Witness-indexed signatures.
    pub witness: Signatures<'a>,
    /// Transferable signatures.
    pub groups: Vec<Group64<'a>>,
}

/// A logged event that is receipted.
struct Logged {
    ordinal: u64,
    record: Arc<LogRecord>,
    governing: Governing,
}

/// What became of the signatures of one message.
#[derive(Default)]
struct Tally {
    stored: u32,
    known: u32,
    escrowed: Option<Decision>,
}

impl Tally {
    fn decision(&self) -> Decision {
        match self {
            Tally { stored: 1.., .. } => Decision::Accepted,
            Tally {
                escrowed: Some(decision),
                ..
            } => *decision,
            Tally { known: 1.., .. } => Decision::Duplicate(0),
            _ => Reject::ReceiptSignature.into(),
        }
    }

    fn note(&mut self, new: bool) {
        if new {
            self.stored += 1;
        } else {
            self.known += 1;
        }
    }
}

impl Fold<'_> {
    /// Decides about a receipt message.
    pub fn process_receipt(
        &mut self,
        receipt: &Receipt<'_>,
        receipts: &Receipts<'_>,
        source: u32,
    ) -> Decision {
        if receipts.couples.is_empty() && receipts.witness.is_empty() && receipts.groups.is_empty()
        {
            return Reject::ReceiptEmpty.into();
        }
        if let Some(decision) = self.receipt_of_evidence(receipt, receipts) {
            return decision;
        }
        let mut tally = Tally::default();
        let head = self.options.head(receipt.major);
        let kinds = [
            Self::receipt_couples,
            Self::receipt_witness,
            Self::receipt_groups,
        ];
        for kind in kinds {
            let escrowed = tally.escrowed.is_some();
            if let Err(decision) = kind(self, receipt, receipts, source, &mut tally) {
                return if tally.stored > 0 {
                    Decision::Accepted
                } else {
                    decision
                };
            }
            if !head && !escrowed && tally.escrowed.is_some() {
                break;
            }
        }
        tally.decision()
    }

    /// The event that a receipt is for; `Ok(None)`: nothing logged at its place.
    fn logged(&mut self, receipt: &Receipt<'_>, compare: bool) -> Outcome<Option<Logged>> {
        let entries = self.view.kel(receipt.pre, receipt.sn).to_vec();
        let Some(last) = entries.last() else {
            return Ok(None);
        };
        let entry = if self.options.head(receipt.major) {
            entries.iter().find(|entry| &*entry.said == receipt.said)
        } else {
            Some(last).filter(|last| !compare || &*last.said == receipt.said)
        };
        let Some(entry) = entry else {
            return refuse(Reject::ReceiptStale);
        };
        let ordinal = entry.ordinal;
        let (Some(record), Some(governing)) = (self.view.log(ordinal), self.governing(ordinal))
        else {
            return Ok(None);
        };
        Ok(Some(Logged {
            ordinal,
            record,
            governing,
        }))
    }

    fn receipt_couples(
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
                let decision = self.escrow_receipt(NewReceipt {
                    kind: Kind::UnverifiedReceipt,
                    awaits: Awaits::Event,
                    aid: receipt.pre,
                    sn: receipt.sn,
                    said: receipt.said,
                    value: [couple.key, couple.signature].concat(),
                    signer: None,
                    source,
                });
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
    fn store_couple(
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

    fn store(&mut self, logged: &Logged, set: Set, text: &str, tally: &mut Tally) {
        let new = self.view.attach(&logged.record, logged.ordinal, set, text);
        tally.note(new);
        if new && set == Set::Wigs {
            self.wake_receipted(&logged.record);
        }
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

    fn receipt_witness(
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
                let decision = self.escrow_receipt(NewReceipt {
                    kind: Kind::UnverifiedWitness,
                    awaits: Awaits::Event,
                    aid: receipt.pre,
                    sn: receipt.sn,
                    said: receipt.said,
                    value: signature.text.to_string(),
                    signer: None,
                    source,
                });
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

    fn receipt_groups(
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
    fn receipt_group(
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
            let same = |entry: &crate::record::KelEntry| {
                entry.first_seen == number && &*entry.said == receipt.said
            };
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
