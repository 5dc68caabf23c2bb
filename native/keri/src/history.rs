//! What the log says of the past: key state at an earlier event, and how far evidence of duplicity is signed.
//!
//! Source: database.md 3; keri-events.md 14; http.md 8 (a variant below the thresholds is the weaker class).

use std::sync::Arc;

use kelpipe_cesr::indexer::Indexed;

use crate::event::{self, Identity, KeyEvent, Message};
use crate::options::{Mode, Options};
use crate::prefix::{self, VerificationKey};
use crate::record::{LogRecord, Waiting};
use crate::rules::{exposed, rotated_witnesses};
use crate::signature;
use crate::state::{Establishment, KeyState};
use crate::views;

fn parsed<'a>(body: &'a [u8], options: &Options) -> Option<Box<KeyEvent<'a>>> {
    match event::read(body, options, &mut Identity::default()) {
        Ok(Message::KeyEvent(event)) => Some(event),
        _ => None,
    }
}

fn texts<Owned: for<'a> From<&'a str>>(from: &[&str]) -> Vec<Owned> {
    from.iter().map(|text| Owned::from(*text)).collect()
}

/// The key state record that held once the event in `log` was the last one, as JSON. `est`: the log record of its
/// establishment event (its own, if it is one); `inception`: that of its inception. `None`: damaged.
pub fn key_state_at(log: &[u8], est: &[u8], inception: &[u8]) -> Option<String> {
    let options = Options::new(Mode::Hardened);
    let (log, est, inception) = (
        LogRecord::decode(log)?,
        LogRecord::decode(est)?,
        LogRecord::decode(inception)?,
    );
    let establishment = establishment(&est, &inception, log.est, &options)?;
    let event = parsed(&log.body, &options)?;
    let state = KeyState {
        est: Arc::new(establishment),
        major: log.major,
        sn: log.sn,
        prior: event.prior.into(),
        said: log.said.clone(),
        first_seen: log.first_seen,
        date: log.date,
        ilk: log.ilk,
        sn_high: log.sn,
    };
    Some(views::key_state_json(&log.pre, &state, true))
}

fn establishment(
    est: &LogRecord,
    inception: &LogRecord,
    ordinal: u64,
    options: &Options,
) -> Option<Establishment> {
    let event = parsed(&est.body, options)?;
    let first = parsed(&inception.body, options)?;
    let keys: Option<Vec<_>> = event
        .keys
        .iter()
        .map(|text| VerificationKey::parse(text))
        .collect();
    Some(Establishment {
        sn: est.sn,
        said: est.said.clone(),
        ordinal,
        keys: keys?,
        kt: event.kt.clone()?,
        next: texts(&event.next),
        nt: event.nt.clone()?,
        witnesses: est.witnesses.clone().into(),
        cuts: texts(&event.cuts),
        adds: texts(&event.adds),
        toad: u64::try_from(event.toad).ok()?,
        establishment_only: first.establishment_only,
        do_not_delegate: first.do_not_delegate,
        delegator: first.delegator.into(),
        transferable: !prefix::is_nontransferable(prefix::code_of(&est.pre)?),
    })
}

/// How far a waiting event, kept as evidence, is signed, as JSON: whether its signatures meet the signing threshold
/// (`signed`), the commitment of the establishment event before it (`committed`), whether it is witnessed (`witnessed`),
/// and whether it needs a seal of the delegator (`delegated`). `before`: the log record of the establishment event in force before its place; none for an inception.
/// `None`: damaged, or no event.
pub fn evidence(value: &[u8], before: Option<&[u8]>) -> Option<String> {
    let options = Options::new(Mode::Hardened);
    let Waiting::Event(waiting) = Waiting::decode(value)? else {
        return None;
    };
    let event = parsed(&waiting.body, &options)?;
    let before = match before {
        Some(before) => Some(LogRecord::decode(before)?),
        None => None,
    };
    let prior = before
        .as_ref()
        .and_then(|record| parsed(&record.body, &options));
    let governing = if event.ilk.establishes() {
        Some(&event)
    } else {
        prior.as_ref()
    };
    let sigs = parse_all(&waiting.attached.sigs);
    let signed = governing.is_some_and(|governing| {
        let met = governing.kt.as_ref();
        met.is_some_and(|kt| kt.satisfied(&distinct(sigs.iter().map(|signature| signature.index))))
    });
    let committed = match (&prior, event.ilk.establishes()) {
        (Some(prior), true) => {
            let keys: Option<Vec<_>> = event
                .keys
                .iter()
                .map(|text| VerificationKey::parse(text))
                .collect();
            let ondices = exposed(&sigs, &keys?, &texts(&prior.next));
            prior
                .nt
                .as_ref()
                .is_some_and(|nt| nt.satisfied(&distinct(ondices.into_iter())))
        }
        (_, establishes) => !establishes || event.ilk.incepts(),
    };
    let backers = match (&before, event.ilk.incepts()) {
        (_, true) => Some(texts(&event.witnesses)),
        (Some(record), _) => rotated_witnesses(&event, &record.witnesses).ok(),
        (None, _) => None,
    };
    let toad = governing.map_or(u128::MAX, |governing| governing.toad);
    let receipts = distinct(
        parse_all(&waiting.attached.wigs)
            .iter()
            .map(|signature| signature.index),
    );
    let witnessed = backers.is_some_and(|list| {
        let counted = receipts
            .iter()
            .filter(|index| (**index as usize) < list.len())
            .count();
        counted as u128 >= toad
    });
    let delegated = event.ilk.delegated();
    Some(format!(
        "{{\"signed\":{signed},\"committed\":{committed},\"witnessed\":{witnessed},\"delegated\":{delegated}}}"
    ))
}

fn parse_all(texts: &[impl AsRef<str>]) -> Vec<Indexed<'_>> {
    texts
        .iter()
        .filter_map(|text| signature::stored(text.as_ref()))
        .collect()
}

fn distinct(numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut list: Vec<u32> = numbers.collect();
    list.sort_unstable();
    list.dedup();
    list
}
