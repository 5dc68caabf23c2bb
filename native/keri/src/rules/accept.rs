//! First seen: logs an event, folds key state, and wakes what waited for it.
//!
//! Source: keri-events.md 13; database.md "Writes at acceptance".

use std::sync::Arc;

use crate::decision::Decision;
use crate::event::Ilk;
use crate::fold::{Fold, Incoming};
use crate::options::Mode;
use crate::record::{Anchor, Attached, KelEntry, NewLogRecord, SETS, Set, Texts, Waiting};
use crate::rules::check::Checked;
use crate::state::{Establishment, KeyState};
use crate::store::seal_key;
use crate::text::Text;

impl Fold<'_> {
    pub(crate) fn accept(
        &mut self,
        incoming: &Incoming<'_>,
        est: Arc<Establishment>,
        checked: &Checked<'_>,
        state: Option<&KeyState>,
    ) -> Decision {
        let event = incoming.event;
        let ordinal = self.view.logs.next();
        let first_seen = state.map_or(0, |state| state.first_seen + 1);
        let date = incoming
            .replayed
            .filter(|_| self.options.cloned)
            .map_or(self.now, |(_, date)| date);
        // The reference shows a replayed date in the key state of an inception only.
        let state_date = if event.ilk.incepts() || self.options.mode == Mode::Hardened {
            date
        } else {
            self.now
        };
        self.log(incoming, &est, checked, first_seen, date);
        let pre = event.pre;
        let said: Text = event.said.into();
        let sn_high = state.map(|state| state.sn_high);
        let fresh = sn_high.is_none_or(|high| event.sn > high);
        self.view.kel_add(
            pre,
            event.sn,
            KelEntry {
                ordinal,
                first_seen,
                said: said.clone(),
            },
            fresh,
        );
        for seal in &event.seals {
            let anchor = Anchor {
                pre: pre.into(),
                sn: event.sn,
                ordinal,
            };
            self.view
                .anchors_added
                .push((seal_key(seal.pre, seal.sn, seal.said), anchor));
        }
        let next = KeyState {
            est,
            major: event.major,
            sn: event.sn,
            prior: event.prior.into(),
            said,
            first_seen,
            date: state_date,
            ilk: event.ilk,
            sn_high: sn_high.map_or(event.sn, |high| high.max(event.sn)),
        };
        self.view.aid_mut(pre).state = Some(next);
        self.forget_couple_of_accepted(incoming);
        self.accepted = Some((ordinal, first_seen));
        self.wake_after(incoming);
        Decision::Accepted
    }

    /// Logs an event that `est` governs.
    fn log(
        &mut self,
        incoming: &Incoming<'_>,
        est: &Establishment,
        checked: &Checked<'_>,
        first_seen: u64,
        date: i64,
    ) {
        let event = incoming.event;
        let local = incoming.local || self.calls_local(incoming);
        let before = self.attached_before(incoming);
        let attached = attached(before.as_ref(), checked);
        let body = incoming.signed.bytes(self.source);
        let record = NewLogRecord {
            pre: event.pre,
            sn: event.sn,
            said: event.said,
            ilk: event.ilk,
            major: event.major,
            first_seen,
            date,
            est: est.ordinal,
            seals: !event.seals.is_empty(),
            local,
            source: incoming.source,
            witnesses: if event.ilk.establishes() {
                &est.witnesses
            } else {
                &[]
            },
            couple: checked.couple.as_ref(),
            attached,
            body,
        };
        self.view.logs.push(|out| record.encode(out));
    }

    /// What the reference's shared tables hold for the event already; in its mode the log keeps that, too.
    fn attached_before(&mut self, incoming: &Incoming<'_>) -> Option<Attached> {
        let event = incoming.event;
        if self.harden(13) || self.view.aid(event.pre).rows == 0 {
            return None;
        }
        let at = self.view.waiting_event(event.pre, event.sn, event.said)?;
        match &self.view.slot(event.pre, event.sn).rows[at].waiting {
            Waiting::Event(waiting) => Some(waiting.attached.clone()),
            Waiting::Receipt(_) | Waiting::Query(_) => None,
        }
    }

    /// The reference's head notes a trusted source for every interaction (HARDEN 12).
    fn calls_local(&self, incoming: &Incoming<'_>) -> bool {
        !self.harden(12) && incoming.event.ilk == Ilk::Ixn && incoming.head(self.options)
    }

    fn wake_after(&mut self, incoming: &Incoming<'_>) {
        if self.options.hold_wakes {
            return;
        }
        let event = incoming.event;
        let record = self.view.aid(event.pre);
        let (rows, awaited) = (record.rows, record.awaited);
        if rows > 0 {
            self.wake(event.pre, event.sn);
            if let Some(next) = event.sn.checked_add(1) {
                self.wake(event.pre, next);
            }
        }
        if awaited > 0 {
            self.wake_awaiting(event.pre, event.sn);
        }
        for seal in &event.seals {
            if self.view.aid(seal.pre).rows > 0 {
                self.wake(seal.pre, seal.sn);
            }
        }
    }

    /// Wakes the receipts elsewhere that await the event of `signer` at `sn`.
    fn wake_awaiting(&mut self, signer: &str, sn: u128) {
        for key in self.view.awaiting(signer, sn) {
            if let Some((aid, sn, _)) = crate::store::split_place(&key) {
                self.wake(aid, sn);
            }
        }
    }
}

/// What the log keeps: what was there before, and the verified signatures.
fn attached<'x>(before: Option<&'x Attached>, checked: &'x Checked<'_>) -> [Texts<'x>; SETS] {
    let mut sets: [Texts<'x>; SETS] = Default::default();
    for (set, text) in before.into_iter().flat_map(Attached::iter) {
        sets[set as usize].push(text);
    }
    for (set, list) in [(Set::Sigs, &checked.sigs), (Set::Wigs, &checked.wigs)] {
        let known = &mut sets[set as usize];
        for signature in list {
            if !known.contains(&signature.text) {
                known.push(signature.text);
            }
        }
    }
    sets
}
