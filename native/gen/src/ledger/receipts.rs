//! Receipts: those that wait, and what they do for the events that they are of.

use super::{Kind, Ledger, Place, Verdict, Waiting};
use crate::event::{Establishment, EventFact};
use crate::keys::Text44;
use crate::message::By;

/// A receipt that waits.
#[derive(Clone, Debug)]
pub struct WaitingReceipt {
    /// Why.
    pub kind: Kind,
    /// What it is a receipt of.
    pub of: Place,
    /// Who signed: one of them.
    pub by: By,
}

impl Ledger {
    /// Witnesses whose receipts of this event wait.
    pub(super) fn receipted(&self, event: &EventFact, est: &Establishment) -> u64 {
        let of = (event.aid, event.sn, event.said);
        let receipts = self.receipts.iter().filter(|receipt| receipt.of == of);
        receipts.fold(0, |mask, receipt| mask | receipt.by.witnesses(est))
    }

    /// An event that waits for witnesses takes in their receipts.
    pub(super) fn absorb(&mut self, said: Text44) {
        let waits =
            |entry: &&mut Waiting| entry.event.said == said && entry.kind == Kind::PartialWitness;
        let Some(entry) = self.waiting.iter_mut().find(waits) else {
            return;
        };
        let est = entry.event.under.clone();
        let of = (entry.event.aid, entry.event.sn, said);
        self.receipts.retain(|receipt| {
            let mask = if receipt.of == of {
                receipt.by.witnesses(&est)
            } else {
                0
            };
            entry.signed.wigs |= mask;
            mask == 0
        });
    }

    /// Transferable receipts go when both their event and their signer's are there.
    pub(super) fn settle_transferable(&mut self) {
        let mut receipts = std::mem::take(&mut self.receipts);
        receipts.retain(|receipt| match receipt.by {
            By::Transferable(aid, sn, said) => {
                !(self.holds(receipt.of) && self.holds((aid, sn, said)))
            }
            _ => true,
        });
        self.receipts = receipts;
    }

    pub(super) fn holds(&self, (aid, sn, said): Place) -> bool {
        self.log(aid)
            .and_then(|log| log.at(sn))
            .is_some_and(|at| at.said == said)
    }

    pub(super) fn receipt(&mut self, of: Place, by: &By) -> Verdict {
        let logged = self
            .log(of.0)
            .and_then(|log| log.at(of.1))
            .map(|at| at.said);
        let kind = match by {
            By::Couples(_) => Kind::UnverifiedReceipt,
            By::Witnesses(_) => Kind::UnverifiedWitness,
            By::Transferable(..) => Kind::UnverifiedTransferable,
        };
        let complete = match (logged, by) {
            (Some(said), _) if said != of.2 => return Verdict::Refused("keri/receipt-stale"),
            (Some(_), By::Transferable(aid, sn, said)) => self.holds((*aid, *sn, *said)),
            (logged, _) => logged.is_some(),
        };
        if complete {
            return Verdict::Accepted;
        }
        let alone: Vec<By> = match by {
            By::Couples(list) => list.iter().map(|key| By::Couples(vec![*key])).collect(),
            By::Witnesses(list) => list.iter().map(|at| By::Witnesses(vec![*at])).collect(),
            by @ By::Transferable(..) => vec![by.clone()],
        };
        for by in alone {
            if !self
                .receipts
                .iter()
                .any(|other| other.of == of && other.by == by)
            {
                self.receipts.push(WaitingReceipt { kind, of, by });
            }
        }
        self.wakes.push_back((of.0, of.1));
        Verdict::Escrowed(kind)
    }
}

impl By {
    /// Which of the witnesses they are.
    fn witnesses(&self, est: &Establishment) -> u64 {
        let places: Vec<usize> = match self {
            By::Witnesses(list) => list.clone(),
            By::Couples(list) => {
                let place = |key| est.witnesses.iter().position(|witness| witness == key);
                list.iter().filter_map(place).collect()
            }
            By::Transferable(..) => Vec::new(),
        };
        places.iter().fold(0, |mask, at| mask | 1 << at)
    }
}
