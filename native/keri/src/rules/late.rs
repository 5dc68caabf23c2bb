//! Events for a place that is taken: the same event again, or another one.
//!
//! Source: keri-events.md 9; HARDEN 16.

use crate::decision::{Awaits, Decision, Kind, Reject};
use crate::event::{self, Identity, Ilk, KeyEvent, Message};
use crate::fold::{Fold, Incoming};
use crate::prefix::VerificationKey;
use crate::record::{KelEntry, LogRecord, Set};
use crate::rules::check::Checked;
use crate::rules::receipts::Signatures;
use crate::rules::{Outcome, keys_of, refuse, rotated_witnesses};
use crate::state::Witnesses;
use crate::text::Text;

/// Keys and witnesses that govern a logged event.
pub(crate) struct Governing {
    pub keys: Vec<VerificationKey>,
    pub witnesses: Witnesses,
}

impl Fold<'_> {
    /// An event for a place where something is logged.
    pub(crate) fn known_place(&mut self, incoming: &Incoming<'_>) -> Outcome<Decision> {
        let event = incoming.event;
        let entries: Vec<KelEntry> = self.view.kel(event.pre, event.sn).to_vec();
        let Some(last) = entries.last() else {
            return self.likely_duplicitous(incoming);
        };
        if event.said == &*last.said {
            return self.late_signatures(incoming, last.ordinal);
        }
        if !self.harden(16) {
            return self.likely_duplicitous(incoming);
        }
        if entries.iter().any(|entry| event.said == &*entry.said) {
            return Ok(Decision::Duplicate(0));
        }
        if let Some(before) = self.superseded_behind(event, last) {
            let keys = self
                .governing(before.ordinal)
                .map_or_else(Vec::new, |governing| governing.keys);
            let valid = self.verified(&incoming.signed, incoming.sigs, &keys, true)?;
            return refuse(if valid.is_empty() {
                Reject::NoValidSignature
            } else {
                Reject::SupersededLate
            });
        }
        self.likely_duplicitous(incoming)
    }

    /// The event that an interaction stands behind, if a recovery has superseded that branch: the interaction is for a
    /// place that a rotation behind the same event holds, or it stands behind an event that was superseded itself.
    fn superseded_behind(&mut self, event: &KeyEvent<'_>, last: &KelEntry) -> Option<KelEntry> {
        if event.ilk != Ilk::Ixn {
            return None;
        }
        let before = self.superseded_prior(event);
        if before.is_some() {
            return before;
        }
        let rotated = self
            .view
            .log(last.ordinal)
            .is_some_and(|record| record.ilk.establishes());
        self.view
            .last(event.pre, event.sn.checked_sub(1)?)
            .filter(|before| rotated && event.prior == &*before.said)
    }

    /// The event that this one names as the one before it, if that was superseded.
    pub(crate) fn superseded_prior(&mut self, event: &KeyEvent<'_>) -> Option<KelEntry> {
        let entries = self.view.kel(event.pre, event.sn.checked_sub(1)?);
        let (_, superseded) = entries.split_last()?;
        superseded
            .iter()
            .find(|entry| event.prior == &*entry.said)
            .cloned()
    }

    /// Signatures of a logged event that came again.
    fn late_signatures(&mut self, incoming: &Incoming<'_>, ordinal: u64) -> Outcome<Decision> {
        let Some(record) = self.view.log(ordinal) else {
            return Ok(Decision::Duplicate(0));
        };
        let Some(governing) = self.governing(ordinal) else {
            return Ok(Decision::Duplicate(0));
        };
        let head = incoming.head(self.options);
        let sigs = self.verified(&incoming.signed, incoming.sigs, &governing.keys, head)?;
        let Some(keys) = governing.witnesses.keys() else {
            return refuse(Reject::Key);
        };
        let wigs = self.verified(&incoming.signed, incoming.wigs, keys, head)?;
        let mut new = 0;
        for (set, list) in [(Set::Sigs, sigs), (Set::Wigs, wigs)] {
            for signature in list {
                new += u32::from(self.view.attach(&record, ordinal, set, signature.text));
            }
        }
        if new > 0 {
            self.wake_receipted(&record);
        }
        Ok(Decision::Duplicate(new))
    }

    /// More witness signatures may make an event fully witnessed: queries for it, and what it seals, are looked at
    /// again.
    pub(crate) fn wake_receipted(&mut self, record: &LogRecord) {
        if self.options.hold_wakes {
            return;
        }
        if self.view.aid(&record.pre).waiting[Kind::QueryNotFound as usize] > 0 {
            self.wake(&record.pre, record.sn);
        }
        if !record.seals {
            return;
        }
        let body = record.body.clone();
        let parsed = event::read(&body, self.options, &mut Identity::default());
        if let Ok(Message::KeyEvent(event)) = parsed {
            for seal in &event.seals {
                if self.view.aid(seal.pre).rows > 0 {
                    self.wake(seal.pre, seal.sn);
                }
            }
        }
    }

    /// Keys and witnesses in force at a logged event.
    pub(crate) fn governing(&mut self, ordinal: u64) -> Option<Governing> {
        let record = self.view.log(ordinal)?;
        let current = self
            .view
            .aid(&record.pre)
            .state
            .as_ref()
            .map(|state| state.est.clone());
        if let Some(est) = current.filter(|est| est.ordinal == record.est) {
            return Some(Governing {
                keys: est.keys.clone(),
                witnesses: est.witnesses.clone(),
            });
        }
        let est = self.view.log(record.est)?;
        Some(Governing {
            keys: self.keys_in(&est)?,
            witnesses: est.witnesses.clone().into(),
        })
    }

    /// Keys that a logged establishment event lists; none for an interaction.
    pub(crate) fn keys_in(&self, record: &LogRecord) -> Option<Vec<VerificationKey>> {
        match event::read(&record.body, self.options, &mut Identity::default()) {
            Ok(Message::KeyEvent(event)) => keys_of(&event).ok(),
            _ => None,
        }
    }

    /// Evidence of duplicity. Under HARDEN 16 only with signatures that verify.
    fn likely_duplicitous(&mut self, incoming: &Incoming<'_>) -> Outcome<Decision> {
        if !self.harden(16) {
            let sigs_only = Checked {
                sigs: incoming.sigs.list.into(),
                ..Checked::default()
            };
            return Ok(self.escrow(
                incoming,
                Kind::LikelyDuplicitous,
                Awaits::Nothing,
                &sigs_only,
            ));
        }
        let event = incoming.event;
        let before = if event.sn == 0 {
            None
        } else {
            self.view.last(event.pre, event.sn - 1)
        };
        let governing = before.and_then(|entry| self.governing(entry.ordinal));
        let keys = match (&governing, event.ilk.establishes()) {
            (_, true) => keys_of(event)?,
            (Some(governing), false) => governing.keys.clone(),
            (None, false) => Vec::new(),
        };
        let witnesses = match governing {
            Some(governing) => rotated_witnesses(event, &governing.witnesses).unwrap_or_default(),
            None => event
                .witnesses
                .iter()
                .map(|text| Text::from(*text))
                .collect(),
        };
        let sigs = self.verified(&incoming.signed, incoming.sigs, &keys, true)?;
        if sigs.is_empty() {
            return refuse(Reject::NoValidSignature);
        }
        let wigs = match Witnesses::from(witnesses).keys() {
            Some(keys) => self.verified(&incoming.signed, incoming.wigs, keys, true)?,
            None => Signatures::new(),
        };
        let checked = Checked {
            sigs,
            wigs,
            couple: None,
        };
        Ok(self.escrow(incoming, Kind::LikelyDuplicitous, Awaits::Nothing, &checked))
    }
}
