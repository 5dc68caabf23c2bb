//! The truth: what a verifier must hold after the messages of a story, in the order in which they were sent.
//!
//! It follows the rules of KERI on what each message is known to be: no bytes, keys or digests are looked at, so it has
//! nothing in common with what it is compared to. Source: keri-events.md 9 to 16 and escrows.md, with the HARDEN rules.

mod log;
mod receipts;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::event::{EventFact, Ilk};
use crate::keys::Text44;
use crate::message::{By, Fact};

pub use log::Log;
use log::Logged;
pub use receipts::WaitingReceipt;

/// Why an entry waits, as the product names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An event before it is missing.
    OutOfOrder,
    /// Indexed witness receipt of an event that is not there.
    UnverifiedWitness,
    /// Receipt couple of an event that is not there.
    UnverifiedReceipt,
    /// Transferable receipt whose event or signer is not there.
    UnverifiedTransferable,
    /// The delegator's anchor is missing.
    PartialDelegation,
    /// Witnesses are missing.
    PartialWitness,
    /// Signatures are missing.
    PartialSignature,
    /// Evidence of duplicity.
    LikelyDuplicitous,
}

impl Kind {
    /// Name shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::OutOfOrder => "out-of-order",
            Kind::UnverifiedWitness => "unverified-witness",
            Kind::UnverifiedReceipt => "unverified-receipt",
            Kind::UnverifiedTransferable => "unverified-transferable",
            Kind::PartialDelegation => "partial-delegation",
            Kind::PartialWitness => "partial-witness",
            Kind::PartialSignature => "partial-signature",
            Kind::LikelyDuplicitous => "likely-duplicitous",
        }
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Taken into the log, or stored with an event of it.
    Accepted,
    /// There already.
    Duplicate,
    /// Waits.
    Escrowed(Kind),
    /// Wrong, by this reject code.
    Refused(&'static str),
}

/// A place in a log: AID, sequence number, SAID.
pub type Place = (Text44, u64, Text44);

/// An event that waits or is kept as evidence.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Why.
    pub kind: Kind,
    /// The event.
    pub event: Arc<EventFact>,
    order: u64,
    signed: Signed,
}

impl Waiting {
    /// Whether it is kept as evidence of duplicity.
    pub fn is_evidence(&self) -> bool {
        self.kind == Kind::LikelyDuplicitous
    }
}

#[derive(Clone, Debug, Default)]
struct Signed {
    sigs: u64,
    exposed: u64,
    wigs: u64,
}

impl Signed {
    /// Adds what is in `other`; whether that was anything.
    fn merge(&mut self, other: &Signed) -> bool {
        let before = (self.sigs, self.exposed, self.wigs);
        self.sigs |= other.sigs;
        self.exposed |= other.exposed;
        self.wigs |= other.wigs;
        before != (self.sigs, self.exposed, self.wigs)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The logs, in the order of their inceptions.
    pub logs: Vec<Log>,
    /// Events that wait, and evidence.
    pub waiting: Vec<Waiting>,
    /// Receipts that wait.
    pub receipts: Vec<WaitingReceipt>,
    /// Events that were superseded.
    pub superseded: Vec<Place>,
    /// What was refused when it was tried again: the event and the reject code.
    pub refused_later: Vec<(Place, &'static str)>,
    /// Events accepted so far.
    pub accepted: u64,
    wakes: VecDeque<(Text44, u64)>,
    orders: u64,
    history_max: usize,
}

impl Ledger {
    /// An empty ledger that remembers at least so many of the latest events of each log.
    pub fn new(history_max: usize) -> Ledger {
        Ledger {
            history_max,
            ..Ledger::default()
        }
    }

    /// Takes a message.
    pub fn take(&mut self, fact: &Fact) -> Verdict {
        let verdict = match fact {
            Fact::Tampered { .. } => Verdict::Refused("keri/said"),
            Fact::Event { event, sigs, wigs } => {
                let mut signed = Signed::default();
                for (index, ondex) in sigs {
                    signed.sigs |= 1 << index;
                    signed.exposed |= ondex.map_or(0, |ondex| 1 << ondex);
                }
                signed.wigs = wigs.iter().fold(0, |mask, at| mask | 1 << at);
                self.event(event, &signed)
            }
            Fact::Receipt { of, by } => self.receipt(*of, by),
        };
        while let Some((aid, sn)) = self.wakes.pop_front() {
            self.retry(aid, sn);
        }
        verdict
    }

    fn log(&self, aid: Text44) -> Option<&Log> {
        self.logs.iter().find(|log| log.aid == aid)
    }

    fn event(&mut self, event: &Arc<EventFact>, signed: &Signed) -> Verdict {
        let verdict = self.judged(event, signed);
        match verdict {
            Verdict::Escrowed(kind) => self.escrow(kind, event, signed),
            Verdict::Accepted => self.accept(event),
            _ => {}
        }
        verdict
    }

    /// What becomes of an event now; nothing is changed.
    fn judged(&self, event: &EventFact, signed: &Signed) -> Verdict {
        let Some(log) = self.log(event.aid) else {
            if event.ilk.incepts() {
                return self.checked(event, signed, None);
            }
            return Verdict::Escrowed(Kind::OutOfOrder);
        };
        let (sn, said, ilk) = log.last;
        let next = sn + 1;
        if event.ilk.incepts() {
            return known(log, event, signed);
        }
        if event.sn > next {
            return Verdict::Escrowed(Kind::OutOfOrder);
        }
        let rotates = event.ilk != Ilk::Ixn;
        let recovers = rotates && event.sn < next && event.sn > log.est.at.0;
        if event.sn < next && !recovers {
            return known(log, event, signed);
        }
        if log.est.next.is_empty() {
            return Verdict::Refused("keri/abandoned");
        }
        if recovers {
            if ilk != Ilk::Ixn {
                return Verdict::Refused("keri/recovery");
            }
            if log.at(event.sn).is_some_and(|at| at.said == event.said) {
                return known(log, event, signed);
            }
            if log.at(event.sn - 1).map(|at| at.said) != event.prior {
                return Verdict::Refused("keri/prior-digest");
            }
        } else if event.prior != Some(said) {
            let late = event.ilk == Ilk::Ixn && log.superseded_prior(event).is_some();
            return Verdict::Refused(if late {
                "keri/superseded-late"
            } else {
                "keri/prior-digest"
            });
        }
        self.checked(event, signed, Some(log))
    }

    /// Signatures, witnesses and delegation.
    fn checked(&self, event: &EventFact, signed: &Signed, log: Option<&Log>) -> Verdict {
        let Some(est) = event.est.as_ref().or(log.map(|log| &log.est)) else {
            return Verdict::Escrowed(Kind::OutOfOrder);
        };
        if signed.sigs == 0 {
            return Verdict::Refused("keri/no-valid-signature");
        }
        let shown = log
            .filter(|_| event.est.is_some())
            .is_none_or(|log| log.est.nt.satisfied(signed.exposed));
        if !est.kt.satisfied(signed.sigs) || !shown {
            return Verdict::Escrowed(Kind::PartialSignature);
        }
        let wigs = signed.wigs | self.receipted(event, est);
        if (wigs.count_ones() as usize) < est.toad {
            return Verdict::Escrowed(Kind::PartialWitness);
        }
        let delegator = event.delegator.or(log.and_then(|log| log.delegator));
        let anchored = |delegator| {
            self.log(delegator)
                .is_some_and(|log| log.sealed.contains(&(event.aid, event.sn, event.said)))
        };
        if event.ilk.delegated() && !delegator.is_some_and(anchored) {
            return Verdict::Escrowed(Kind::PartialDelegation);
        }
        Verdict::Accepted
    }

    fn escrow(&mut self, kind: Kind, event: &Arc<EventFact>, signed: &Signed) {
        self.orders += 1;
        let order = self.orders;
        let place = (event.aid, event.sn);
        if let Some(entry) = self
            .waiting
            .iter_mut()
            .find(|entry| entry.event.said == event.said)
        {
            let grew = entry.signed.merge(signed);
            let moved = entry.kind != kind;
            if moved {
                entry.kind = kind;
                entry.order = order;
            }
            if kind != Kind::LikelyDuplicitous && (grew || moved) {
                self.wakes.push_back(place);
            }
            return self.absorb(event.said);
        }
        self.waiting.push(Waiting {
            kind,
            event: event.clone(),
            order,
            signed: signed.clone(),
        });
        self.absorb(event.said);
    }

    fn accept(&mut self, event: &Arc<EventFact>) {
        self.accepted += 1;
        self.waiting.retain(|entry| entry.event.said != event.said);
        let of = (event.aid, event.sn, event.said);
        if let Some(at) = self.logs.iter().position(|log| log.aid == event.aid) {
            let gone = self.logs[at].append(event, self.history_max);
            self.superseded
                .extend(gone.into_iter().map(|(sn, said)| (event.aid, sn, said)));
        } else if let Some(est) = &event.est {
            self.logs.push(Log::new(event, est));
        }
        if event.ilk.delegated() {
            self.logs
                .iter_mut()
                .for_each(|log| _ = log.sealed.remove(&of));
        }
        self.receipts
            .retain(|receipt| receipt.of != of || matches!(receipt.by, By::Transferable(..)));
        self.settle_transferable();
        self.wakes.push_back((event.aid, event.sn + 1));
        let sealed = event.seals.iter().map(|(aid, sn, _)| (*aid, *sn));
        self.wakes.extend(sealed);
    }

    /// Looks again at what waits at a place, kind by kind and in the order in which it came.
    fn retry(&mut self, aid: Text44, sn: u64) {
        let mut entries: Vec<(Kind, u64, Text44)> = self
            .waiting
            .iter()
            .filter(|entry| entry.kind != Kind::LikelyDuplicitous)
            .filter(|entry| entry.event.aid == aid && entry.event.sn == sn)
            .map(|entry| (entry.kind, entry.order, entry.event.said))
            .collect();
        entries.sort_unstable();
        for (kind, _, said) in entries {
            self.absorb(said);
            let same = |entry: &Waiting| entry.event.said == said && entry.kind == kind;
            let Some(at) = self.waiting.iter().position(same) else {
                continue;
            };
            let entry = self.waiting[at].clone();
            match self.judged(&entry.event, &entry.signed) {
                Verdict::Escrowed(same) if same == kind => {}
                Verdict::Escrowed(other) => self.escrow(other, &entry.event, &entry.signed),
                verdict => {
                    self.waiting.remove(at);
                    match verdict {
                        Verdict::Accepted => self.accept(&entry.event),
                        Verdict::Refused(code) => self.refused_later.push(((aid, sn, said), code)),
                        _ => {}
                    }
                }
            }
        }
    }
}

/// An event for a place that is taken.
fn known(log: &Log, event: &EventFact, signed: &Signed) -> Verdict {
    if log.has(event.sn, event.said) {
        return Verdict::Duplicate;
    }
    let signed_by = |before: Option<&Logged>| {
        let keys = if event.est.is_some() {
            Some(&event.under)
        } else {
            before.map(|before| &before.est)
        };
        signed.sigs != 0 && keys.is_some_and(|est| est.keys == event.under.keys)
    };
    let before = event.sn.checked_sub(1).and_then(|sn| log.at(sn));
    let verdict = if let Some(behind) = late_behind(log, event) {
        signed_by(Some(behind)).then_some(Verdict::Refused("keri/superseded-late"))
    } else {
        signed_by(before).then_some(Verdict::Escrowed(Kind::LikelyDuplicitous))
    };
    verdict.unwrap_or(Verdict::Refused("keri/no-valid-signature"))
}

/// The event that an interaction of a branch stands behind that a recovery has superseded.
fn late_behind<'a>(log: &'a Log, event: &EventFact) -> Option<&'a Logged> {
    if event.ilk != Ilk::Ixn {
        return None;
    }
    let rotated = log.at(event.sn).is_some_and(|at| at.establishes);
    let before = event.sn.checked_sub(1).and_then(|sn| log.at(sn));
    log.superseded_prior(event)
        .or(before.filter(|before| rotated && event.prior == Some(before.said)))
}
