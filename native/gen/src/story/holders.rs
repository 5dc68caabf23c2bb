//! Several holders of one AID's keys: each signs for himself, and the event goes out with what has come together.

use super::Story;
use crate::event::Event;

impl Story {
    /// Sends an event, in some cases in parts: the same event with the signatures of one holder after the other.
    pub(super) fn send_by_holders(&mut self, actor: usize, event: &Event) {
        let mut by = self.actors[actor].enough(&mut self.random);
        if by.len() < 2 || !self.random.chance(1, 4) {
            by.sort_unstable();
            return self.send_by(actor, event, &by);
        }
        let first = 1 + self.random.below(by.len() - 1);
        for part in [&by[..first], &by[first..]] {
            self.send_by(actor, event, part);
        }
    }
}
