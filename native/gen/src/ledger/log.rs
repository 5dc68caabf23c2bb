//! The log of one AID, as far as it is remembered.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use crate::event::{Establishment, EventFact, Ilk};
use crate::keys::Text44;

/// The log of one AID.
#[derive(Debug)]
pub struct Log {
    /// AID.
    pub aid: Text44,
    /// Last event: place, SAID, type.
    pub last: (u64, Text44, Ilk),
    /// What is in force.
    pub est: Arc<Establishment>,
    /// The delegator.
    pub delegator: Option<Text44>,
    /// The latest events, oldest first.
    pub(super) history: VecDeque<Logged>,
    pub(super) sealed: HashSet<(Text44, u64, Text44)>,
}

#[derive(Clone, Debug)]
pub(super) struct Logged {
    pub sn: u64,
    pub said: Text44,
    pub establishes: bool,
    pub superseded: bool,
    /// In force at it.
    pub est: Arc<Establishment>,
}

impl Log {
    pub(super) fn new(event: &EventFact, est: &Arc<Establishment>) -> Log {
        let mut log = Log {
            aid: event.aid,
            last: (0, event.said, event.ilk),
            est: est.clone(),
            delegator: event.delegator,
            history: VecDeque::new(),
            sealed: HashSet::new(),
        };
        log.remember(event, 1);
        log
    }

    /// The event that counts at `sn`, of those that are remembered.
    pub(super) fn at(&self, sn: u64) -> Option<&Logged> {
        if sn > self.last.0 {
            return None;
        }
        self.history
            .iter()
            .rev()
            .find(|at| at.sn == sn && !at.superseded)
    }

    /// Whether the event was ever taken.
    pub(super) fn has(&self, sn: u64, said: Text44) -> bool {
        self.history.iter().any(|at| at.sn == sn && at.said == said)
    }

    /// The event before `event`, if that was superseded.
    pub(super) fn superseded_prior(&self, event: &EventFact) -> Option<&Logged> {
        self.history
            .iter()
            .find(|at| at.superseded && at.sn + 1 == event.sn && event.prior == Some(at.said))
    }

    /// Takes the next event, or one that supersedes; which ones it superseded.
    pub(super) fn append(&mut self, event: &EventFact, history_max: usize) -> Vec<(u64, Text44)> {
        let gone = self
            .history
            .iter_mut()
            .rev()
            .take_while(|at| at.sn >= event.sn || at.superseded);
        let gone: Vec<(u64, Text44)> = gone
            .filter(|at| at.sn >= event.sn && !at.superseded)
            .map(|at| {
                at.superseded = true;
                (at.sn, at.said)
            })
            .collect();
        self.last = (event.sn, event.said, event.ilk);
        if let Some(est) = &event.est {
            self.est = est.clone();
        }
        self.remember(event, history_max);
        gone
    }

    pub(super) fn remember(&mut self, event: &EventFact, history_max: usize) {
        self.history.push_back(Logged {
            sn: event.sn,
            said: event.said,
            establishes: event.est.is_some(),
            superseded: false,
            est: self.est.clone(),
        });
        if self.history.len() > history_max {
            self.history.pop_front();
        }
        self.sealed.extend(event.seals.iter().copied());
    }
}
