//! Witnesses and others who vouch for events.

use super::{Cast, Story, one_key};
use crate::attach::Attached;
use crate::controller::Change;
use crate::event::Event;
use crate::keys::Key;
use crate::message::{By, Message, couple, signed, witness_signatures};
use crate::plan::Plan;

impl Story {
    /// An AID with witnesses; some rotations change one of them.
    pub(super) fn witnessed(&mut self, plan: &Plan, cast: &Cast) {
        if self.actors.is_empty() {
            let mut pool: Vec<Key> = cast.witnesses.clone();
            self.random.shuffle(&mut pool);
            pool.truncate(plan.witnesses);
            let event = self.incept(cast, one_key(), pool, plan.toad, None);
            return self.send_witnessed(&event);
        }
        if self.is_full(0) {
            self.done = true;
            return;
        }
        let event = if self.random.chance(1, 8) {
            let cut = self.random.below(self.actors[0].witnesses.len());
            let new = self.stranger(cast);
            let change = Change {
                cuts: vec![cut],
                ..Change::default()
            };
            self.actors[0].rotate(&change, &[new], &mut self.random)
        } else {
            self.advance(0)
        };
        self.send_witnessed(&event);
    }

    /// Somebody who is no witness of the first actor.
    fn stranger(&mut self, cast: &Cast) -> Key {
        let held = |key: &&Key| {
            self.actors[0]
                .witnesses
                .iter()
                .all(|witness| witness.public() != key.public())
        };
        let free: Vec<&Key> = cast.witnesses.iter().filter(held).collect();
        free[self.random.below(free.len())].clone()
    }

    /// Sends an event whose witnesses signed: as attachments, as receipts of either kind, or some of each.
    fn send_witnessed(&mut self, event: &Event) {
        let actor = &self.actors[0];
        let (of, toad) = (actor.witnesses.len(), actor.est().toad);
        let count = toad + self.random.below(of - toad + 1);
        let mut by = self.random.pick(count, of);
        self.random.shuffle(&mut by);
        let attached = if self.random.chance(1, 2) {
            by.len()
        } else {
            self.random.below(by.len() + 1)
        };
        let (now, later) = by.split_at(attached);
        let signers = actor.enough(&mut self.random);
        let (mut attachments, sigs) = signed(actor, event, &signers);
        attachments.wigs = witness_signatures(actor, event, now);
        self.ready.push_back(Message::event(
            self.form,
            event,
            &attachments,
            sigs,
            now.to_vec(),
        ));
        for witness in later {
            let (attachments, by) = if self.random.chance(1, 2) {
                let key = &self.actors[0].witnesses[*witness];
                (
                    Attached {
                        couples: vec![couple(key, event)],
                        ..Attached::default()
                    },
                    By::Couples(vec![key.public()]),
                )
            } else {
                let wigs = witness_signatures(&self.actors[0], event, &[*witness]);
                (
                    Attached {
                        wigs,
                        ..Attached::default()
                    },
                    By::Witnesses(vec![*witness]),
                )
            };
            self.ready
                .push_back(Message::receipt(self.form, event, &attachments, by));
        }
    }

    /// An AID, and others who vouch for its events: one with a log of its own, and some without.
    pub(super) fn receipted(&mut self, cast: &Cast) {
        if self.actors.len() < self.aids.min(2) {
            let event = self.incept(cast, one_key(), Vec::new(), 0, None);
            let actor = self.actors.len() - 1;
            return self.send(actor, &event);
        }
        if self.is_full(0) {
            self.done = true;
            return;
        }
        let event = self.advance(0);
        self.send(0, &event);
        if self.actors.len() > 1 && self.random.chance(1, 2) {
            let watcher = &self.actors[1];
            let (sn, said) = watcher.est().at;
            let receipt = Some((watcher.aid(), sn, said, self.vouch(&event)));
            let by = By::Transferable(watcher.aid(), sn, said);
            let attached = Attached {
                receipt,
                ..Attached::default()
            };
            self.ready
                .push_back(Message::receipt(self.form, &event, &attached, by));
        }
        if self.random.chance(1, 3) {
            let key = &cast.witnesses[self.random.below(cast.witnesses.len())];
            let attached = Attached {
                couples: vec![couple(key, &event)],
                ..Attached::default()
            };
            self.ready.push_back(Message::receipt(
                self.form,
                &event,
                &attached,
                By::Couples(vec![key.public()]),
            ));
        }
        if self.actors.len() > 1 && !self.is_full(1) && self.random.chance(1, 2) {
            let event = self.advance(1);
            self.send(1, &event);
        }
    }

    /// The watcher's signatures over somebody else's event.
    fn vouch(&self, event: &Event) -> Vec<String> {
        self.actors[1].endorse(event, &[0])
    }
}
