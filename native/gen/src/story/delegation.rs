//! Delegation trees: each delegate's establishment events are anchored in the log of the one above it.

use super::{Cast, Story, one_key};
use crate::attach::Attached;
use crate::controller::Change;
use crate::event::Event;
use crate::message::{Message, signed};

/// Delegates directly under one delegator.
const FAN_OUT: usize = 2;

impl Story {
    /// A root, delegates under it, and delegates under these.
    pub(super) fn delegated(&mut self, cast: &Cast) {
        let made = self.actors.len();
        if made == 0 {
            let event = self.incept(cast, one_key(), Vec::new(), 0, None);
            return self.send(0, &event);
        }
        if made < self.aids {
            let above = above(made);
            let delegator = self.actors[above].aid();
            let event = self.incept(cast, one_key(), Vec::new(), 0, Some(delegator));
            return self.send_anchored(made, above, &event);
        }
        let free: Vec<usize> = (0..made).filter(|&actor| !self.is_full(actor)).collect();
        if free.is_empty() {
            self.done = true;
            return;
        }
        let actor = free[self.random.below(free.len())];
        let delegate = actor > 0;
        if delegate && self.random.chance(1, 6) && !self.is_full(above(actor)) {
            let event = self.actors[actor].rotate(&Change::default(), &[], &mut self.random);
            return self.send_anchored(actor, above(actor), &event);
        }
        let event = if delegate {
            let seals = self.data();
            self.actors[actor].interact(&seals)
        } else {
            self.advance(actor)
        };
        self.send(actor, &event);
    }

    /// Sends a delegate's event and the one that anchors it, in either order.
    fn send_anchored(&mut self, actor: usize, above: usize, event: &Event) {
        let anchor = self.actors[above].interact(&[event.seal()]);
        let first = self.random.chance(1, 2);
        if first {
            self.send(above, &anchor);
        }
        let signers = self.actors[actor].enough(&mut self.random);
        let (attached, sigs) = signed(&self.actors[actor], event, &signers);
        let attached = Attached {
            anchor: Some((anchor.fact.sn, anchor.fact.said)),
            ..attached
        };
        self.ready.push_back(Message::event(
            self.form,
            event,
            &attached,
            sigs,
            Vec::new(),
        ));
        if !first {
            self.send(above, &anchor);
        }
    }
}

/// The delegator of an actor that is not the root.
fn above(actor: usize) -> usize {
    (actor - 1) / FAN_OUT
}
