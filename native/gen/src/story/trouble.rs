//! Recoveries, duplicity, events that must be refused, and events that wait for ever.

use super::{Cast, Story, one_key};
use crate::controller::Change;
use crate::key_plan::KeyPlan;
use crate::keys::Text44;
use crate::threshold::Threshold;

/// Most interactions that one recovery takes back.
const STOLEN_MAX: usize = 3;

impl Story {
    fn begin(&mut self, cast: &Cast, keys: KeyPlan) -> bool {
        if !self.actors.is_empty() {
            return false;
        }
        let event = self.incept(cast, keys, Vec::new(), 0, None);
        self.send(0, &event);
        true
    }

    /// Interactions by a thief, then a rotation by the owner in the place of the first of them.
    pub(super) fn recovered(&mut self, cast: &Cast) {
        if self.begin(cast, one_key()) {
            return;
        }
        if self.is_full(0) {
            self.done = true;
        } else if self.random.chance(1, 4) {
            let stolen = 1 + self.random.below(STOLEN_MAX);
            for _ in 0..stolen {
                let event = self.actors[0].interact(&[]);
                self.send(0, &event);
            }
            self.actors[0].take_back(stolen);
            let event = self.actors[0].rotate(&Change::default(), &[], &mut self.random);
            self.send(0, &event);
        } else {
            let event = self.advance(0);
            self.send(0, &event);
        }
    }

    /// Two events for one place: what one party is told, and what another.
    pub(super) fn duplicitous(&mut self, cast: &Cast) {
        if self.begin(cast, one_key()) {
            return;
        }
        if self.is_full(0) {
            self.done = true;
            return;
        }
        if !self.random.chance(1, 4) {
            let event = self.advance(0);
            return self.send(0, &event);
        }
        // The other branch, in some cases with an event after it.
        let mut other = self.actors[0].clone();
        let branch = [Text44::digest(b"what another was told")].map(crate::body::Seal::Digest);
        let forks = if self.random.chance(1, 3) {
            vec![other.rotate_otherwise(&mut self.random)]
        } else {
            let mut events = vec![other.interact(&branch)];
            if self.random.chance(1, 3) {
                events.push(other.interact(&[]));
            }
            events
        };
        let rotated = forks[0].fact.est.is_some();
        let event = if rotated {
            self.actors[0].rotate(&Change::default(), &[], &mut self.random)
        } else {
            self.actors[0].interact(&[])
        };
        let place = (event.fact.aid, event.fact.sn, event.fact.said);
        self.forks.push((place, forks[0].fact.said));
        self.send(0, &event);
        self.actors.push(other);
        for fork in forks {
            self.send(1, &fork);
        }
        self.actors.pop();
    }

    /// Events that name a wrong event before them, and one after the last rotation.
    pub(super) fn refused(&mut self, cast: &Cast) {
        if self.begin(cast, one_key()) {
            return;
        }
        if self.actors[0].sn() + 2 >= self.events {
            let last = Change {
                last: true,
                ..Change::default()
            };
            let event = self.actors[0].rotate(&last, &[], &mut self.random);
            self.send(0, &event);
            let event = self.actors[0].interact(&[]);
            self.send(0, &event);
            self.done = true;
            return;
        }
        if self.random.chance(1, 3) {
            let event = self.actors[0].stray(Text44::digest(b"an event that never was"));
            self.send(0, &event);
        }
        let event = self.advance(0);
        self.send(0, &event);
    }

    /// Goes well up to the last event, which lacks something; another one comes after it in some cases.
    pub(super) fn waiting(&mut self, cast: &Cast) {
        if self.begin(cast, KeyPlan::All(2, Threshold::Number(2))) {
            return;
        }
        if self.actors[0].sn() + 2 < self.events {
            let event = self.advance(0);
            return self.send(0, &event);
        }
        let event = self.advance(0);
        if self.random.chance(1, 2) {
            let signer = self.random.below(2);
            self.send_by(0, &event, &[signer]);
        }
        let event = self.actors[0].interact(&[]);
        self.send(0, &event);
        self.done = true;
    }
}
