//! Receipts: couples, witness-indexed and transferable, in receipt messages and attached to events.
//!
//! Source: keri-events.md 16; HARDEN 3 and 17.

mod attached;
mod couples;
mod transferable;
mod witness;

pub(crate) use couples::split_couple;
pub(crate) use transferable::split_transferable;

use std::sync::Arc;

use kelpipe_cesr::indexer::Indexed;
use smallvec::SmallVec;

use crate::decision::{Awaits, Decision, Kind, Reject};
use crate::event::Receipt;
use crate::fold::Fold;
use crate::record::{LogRecord, Set};
use crate::rules::escrow::NewReceipt;
use crate::rules::late::Governing;
use crate::rules::{Outcome, refuse};
use crate::signature::Plain64;

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

impl Receipts<'_> {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.couples.is_empty() && self.witness.is_empty() && self.groups.is_empty()
    }
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
        if receipts.is_none() {
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

    /// Puts a receipt of no transferable signer to wait for the event that it is for.
    fn await_event(
        &mut self,
        receipt: &Receipt<'_>,
        kind: Kind,
        value: String,
        source: u32,
    ) -> Decision {
        self.escrow_receipt(NewReceipt {
            kind,
            awaits: Awaits::Event,
            aid: receipt.pre,
            sn: receipt.sn,
            said: receipt.said,
            value,
            signer: None,
            source,
        })
    }

    fn store(&mut self, logged: &Logged, set: Set, text: &str, tally: &mut Tally) {
        let new = self.view.attach(&logged.record, logged.ordinal, set, text);
        tally.note(new);
        if new && set == Set::Wigs {
            self.wake_receipted(&logged.record);
        }
    }
}
