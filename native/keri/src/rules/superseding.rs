//! Which delegated rotation may supersede a logged one.
//!
//! Source: keri-events.md 15, rules A, B and C.

use std::sync::Arc;

use crate::decision::Reject;
use crate::event::{self, Identity, Ilk, Message};
use crate::fold::{Fold, Incoming};
use crate::record::{Anchor, LogRecord};
use crate::rules::{Outcome, refuse};
use crate::state::KeyState;
use crate::text::Text;

/// A sealed event and the event that seals it.
struct Boss {
    record: Arc<LogRecord>,
    sealed: (Text, u128, Text),
}

impl Fold<'_> {
    /// Refuses a delegated rotation that may not take the place of what is logged.
    pub(crate) fn check_superseding(
        &mut self,
        incoming: &Incoming<'_>,
        state: &KeyState,
        delegator: &str,
        anchor: &Anchor,
    ) -> Outcome<()> {
        let event = incoming.event;
        let over_interaction = event.sn == state.sn && state.ilk == Ilk::Ixn;
        if event.sn > state.sn || over_interaction {
            return Ok(());
        }
        if !incoming.head(self.options) {
            return refuse(Reject::Superseding);
        }
        if event.sn > state.est.sn {
            return Ok(());
        }
        let (Some(new), Some(old)) = (
            self.view.log(anchor.ordinal),
            self.boss_of_logged(state.est.ordinal, delegator),
        ) else {
            return refuse(Reject::Superseding);
        };
        let new = Boss {
            record: new,
            sealed: (event.pre.into(), event.sn, event.said.into()),
        };
        if self.supersedes(new, old) {
            Ok(())
        } else {
            refuse(Reject::Superseding)
        }
    }

    fn supersedes(&mut self, mut new: Boss, mut old: Boss) -> bool {
        for _ in 0..self.options.limits.delegation_depth_max {
            if new.record.sn > old.record.sn {
                return true;
            }
            let same_place = new.record.sn == old.record.sn;
            if same_place
                && matches!(new.record.ilk, Ilk::Rot | Ilk::Drt)
                && old.record.ilk == Ilk::Ixn
            {
                return true;
            }
            if new.record.said == old.record.said {
                return self.sealed_later(&new, &old);
            }
            let (Some(above_new), Some(above_old)) = (self.boss_above(&new), self.boss_above(&old))
            else {
                return false;
            };
            (new, old) = (above_new, above_old);
        }
        false
    }

    /// Rule B2: both sealed by one event, the new one later in its list.
    fn sealed_later(&self, new: &Boss, old: &Boss) -> bool {
        let body = &new.record.body;
        let read = event::read(body, self.options, &mut Identity::default());
        let Ok(Message::KeyEvent(event)) = read else {
            return false;
        };
        let place = |sealed: &(Text, u128, Text)| {
            event.seals.iter().position(|seal| {
                seal.pre == &*sealed.0 && seal.sn == sealed.1 && seal.said == &*sealed.2
            })
        };
        matches!((place(&new.sealed), place(&old.sealed)), (Some(new), Some(old)) if new > old)
    }

    /// The event that seals the boss itself, in the log of the boss's own delegator (rule C).
    fn boss_above(&mut self, boss: &Boss) -> Option<Boss> {
        let est = self.view.log(boss.record.est)?;
        let delegator = self
            .view
            .aid(&est.pre)
            .state
            .as_ref()
            .map(|state| state.est.delegator.clone())?;
        let couple = boss.record.couple.clone()?;
        self.boss(&delegator, couple.sn, &couple.said, &boss.record)
    }

    fn boss_of_logged(&mut self, ordinal: u64, delegator: &str) -> Option<Boss> {
        let record = self.view.log(ordinal)?;
        let couple = record.couple.clone()?;
        self.boss(delegator, couple.sn, &couple.said, &record)
    }

    fn boss(&mut self, delegator: &str, sn: u128, said: &str, sealed: &LogRecord) -> Option<Boss> {
        let entry = self
            .view
            .kel(delegator, sn)
            .iter()
            .find(|entry| &*entry.said == said)
            .cloned()?;
        let record = self.view.log(entry.ordinal)?;
        Some(Boss {
            record,
            sealed: (sealed.pre.clone(), sealed.sn, sealed.said.clone()),
        })
    }
}
