//! Events that wait for witnesses: who those are, and the signatures of theirs that come as receipts.
//!
//! Source: escrows.md 2.

use std::sync::Arc;

use crate::decision::Kind;
use crate::event::{self, Identity, Ilk, KeyEvent, Message};
use crate::fold::Fold;
use crate::record::{Set, Waiting};
use crate::text::Text;

/// An event that waits for witnesses, and those that it will have.
pub(crate) struct Witnessed {
    pub body: Arc<[u8]>,
    pub witnesses: Option<Vec<Text>>,
}

impl Fold<'_> {
    /// The event that a receipt is for, while it waits for witnesses; with the witnesses it will have.
    pub(crate) fn witnessed_pending(
        &mut self,
        aid: &str,
        sn: u128,
        said: &str,
    ) -> Option<Witnessed> {
        let at = self.view.waiting_event(aid, sn, said)?;
        let body = match &self.view.slot(aid, sn).rows[at].waiting {
            Waiting::Event(event)
                if event
                    .memberships
                    .iter()
                    .any(|membership| membership.kind == Kind::PartialWitness) =>
            {
                event.body.clone()
            }
            _ => return None,
        };
        let witnesses = match event::read(&body, self.options, &mut Identity::default()) {
            Ok(Message::KeyEvent(event)) => self.witnesses_of_pending(&event),
            _ => None,
        };
        Some(Witnessed { body, witnesses })
    }

    fn witnesses_of_pending(&mut self, event: &KeyEvent<'_>) -> Option<Vec<Text>> {
        if event.ilk.incepts() {
            return Some(
                event
                    .witnesses
                    .iter()
                    .map(|text| Text::from(*text))
                    .collect(),
            );
        }
        let current = self
            .view
            .aid(event.pre)
            .state
            .as_ref()?
            .est
            .witnesses
            .to_vec();
        if event.ilk == Ilk::Ixn {
            return Some(current);
        }
        super::rotated_witnesses(event, &current).ok()
    }

    pub(super) fn add_pending_wig(&mut self, aid: &str, sn: u128, said: &str, text: &str) {
        let Some(at) = self.view.waiting_event(aid, sn, said) else {
            return;
        };
        let row = &mut self.view.slot(aid, sn).rows[at];
        if let Waiting::Event(event) = &mut row.waiting {
            row.dirty |= event.attached.add(Set::Wigs, text);
        }
    }
}
