//! Signatures checked ahead: before a batch is settled, with the keys that its events will most likely be checked with.
//!
//! A check depends on nothing but key, bytes and signature, so it can be made while the batch before this one is still
//! judged. The keys are a guess: those that an event names itself, or those of the event that it follows. A wrong guess
//! costs the time of a check and changes no verdict, because the rules ask for the key that they mean. Only an event
//! that follows what is presumed, by number and SAID, is checked ahead, so that whoever sends what nobody will check
//! gains nothing by it.

use std::collections::VecDeque;
use std::sync::Arc;

use kelpipe_cesr::indexer::Indexed;

use crate::base::Base;
use crate::batch::{Item, Parsed};
use crate::event::{KeyEvent, Message};
use crate::options::Options;
use crate::prefix::VerificationKey;
use crate::rules::{keys_of, rotated_witnesses};
use crate::signature::{Foreknown, Foreseen, Pending, Plain64, Signed};
use crate::state::{Establishment, KeyState, Witnesses};
use crate::store::Map;
use crate::text::Text;

/// Batches whose guesses are kept until they are settled. More are on their way only if some were given up.
const BATCHES_MAX: usize = 8;

/// Who is presumed to sign: as an accepted event has it, or one that is only looked at.
#[derive(Clone)]
enum Signers {
    Known(Arc<Establishment>),
    Named(Arc<Named>),
}

struct Named {
    keys: Vec<VerificationKey>,
    witnesses: Witnesses,
}

impl Signers {
    /// Those that an establishment event names; nothing where a key is none.
    fn named(event: &KeyEvent<'_>, witnesses: Vec<Text>) -> Option<Signers> {
        let keys = keys_of(event).ok()?;
        let witnesses = witnesses.into();
        Some(Signers::Named(Arc::new(Named { keys, witnesses })))
    }

    fn keys(&self) -> &[VerificationKey] {
        match self {
            Signers::Known(est) => &est.keys,
            Signers::Named(named) => &named.keys,
        }
    }

    fn witnesses(&self) -> &Witnesses {
        match self {
            Signers::Known(est) => &est.witnesses,
            Signers::Named(named) => &named.witnesses,
        }
    }
}

/// The presumed state of an AID. Texts are told apart by their keyed hashes: it is but a guess.
#[derive(Clone)]
struct Presumed {
    sn: u128,
    said: u64,
    signers: Signers,
}

/// By the hash of the AID.
type Guesses = Map<u64, Presumed>;

/// What is presumed of batches that are prepared and not settled.
#[derive(Default)]
pub(crate) struct Ahead {
    batches: VecDeque<(u64, Guesses)>,
    last: u64,
    hasher: ahash::RandomState,
    /// Emptied, to be used again: to grow one anew costs more than to fill it.
    spare: Guesses,
}

impl Ahead {
    /// Begins with a batch of so many messages.
    pub(crate) fn begin(&mut self, options: &Options, messages: usize) -> Guessing {
        Guessing {
            hasher: self.hasher.clone(),
            signatures_per_key_max: options.limits.signatures_per_key_max,
            guesses: std::mem::take(&mut self.spare),
            checks: Foreknown::with_capacity(messages),
        }
    }

    /// The batch's number, and the checks to make for it.
    pub(crate) fn end(&mut self, guessing: Guessing) -> (u64, Foreknown) {
        let Guessing {
            guesses, checks, ..
        } = guessing;
        self.last += 1;
        self.batches.push_back((self.last, guesses));
        if self.batches.len() > BATCHES_MAX {
            self.batches.pop_front();
        }
        (self.last, checks)
    }

    /// The batch is settled: the state knows better.
    pub(crate) fn settled(&mut self, guessed: u64) {
        let is = |(batch, _): &(u64, Guesses)| *batch == guessed;
        if let Some(at) = self.batches.iter().position(is)
            && let Some((_, mut guesses)) = self.batches.remove(at)
        {
            guesses.clear();
            self.spare = guesses;
        }
    }
}

/// What is presumed of a batch, and the checks to make for it.
pub(crate) struct Guessing {
    hasher: ahash::RandomState,
    signatures_per_key_max: usize,
    guesses: Guesses,
    checks: Foreknown,
}

/// What is known before a batch.
#[derive(Clone, Copy)]
struct Past<'p> {
    batches: &'p VecDeque<(u64, Guesses)>,
    base: &'p Base,
}

impl Guessing {
    /// Looks at the next messages of the batch. `base`: the state without the batches that are not settled.
    pub(crate) fn look_at(&mut self, items: &mut [Item<'_>], ahead: &Ahead, base: &Base) {
        let batches = &ahead.batches;
        for item in items {
            if let Item::Message(parsed) = item {
                self.message(parsed, Past { batches, base });
            }
        }
    }

    fn message(&mut self, parsed: &mut Parsed<'_>, past: Past<'_>) {
        let Message::KeyEvent(event) = &parsed.message else {
            return;
        };
        let carried = &mut parsed.carried;
        if carried.sigs.is_empty() {
            return;
        }
        let aid = self.hasher.hash_one(event.pre);
        let before = self.presumed(event.pre, aid, past);
        carried.foreseen.has_state = before.is_some();
        let Some(signers) = self.signers(event, before) else {
            return;
        };
        let Some(witness_keys) = signers.witnesses().keys() else {
            return;
        };
        let signed = &carried.signed;
        carried.foreseen.sigs = self.add(signed, &carried.sigs, signers.keys());
        carried.foreseen.wigs = self.add(signed, &carried.wigs, witness_keys);
        let presumed = Presumed {
            sn: event.sn,
            said: self.hasher.hash_one(event.said),
            signers,
        };
        self.guesses.insert(aid, presumed);
    }

    fn signers(&self, event: &KeyEvent<'_>, before: Option<Presumed>) -> Option<Signers> {
        if event.ilk.incepts() {
            if before.is_some() || event.sn != 0 {
                return None;
            }
            let witnesses = event.witnesses.iter().map(|text| Text::from(*text));
            return Signers::named(event, witnesses.collect());
        }
        let before = before.filter(|before| self.follows(event, before))?;
        if !event.ilk.establishes() {
            return Some(before.signers);
        }
        let witnesses = rotated_witnesses(event, before.signers.witnesses()).ok()?;
        Signers::named(event, witnesses)
    }

    fn follows(&self, event: &KeyEvent<'_>, before: &Presumed) -> bool {
        Some(event.sn) == before.sn.checked_add(1)
            && self.hasher.hash_one(event.prior) == before.said
    }

    fn presumed(&self, aid: &str, hash: u64, past: Past<'_>) -> Option<Presumed> {
        let before = past.batches.iter().rev().map(|(_, guesses)| guesses);
        std::iter::once(&self.guesses)
            .chain(before)
            .find_map(|guesses| guesses.get(&hash).cloned())
            .or_else(|| {
                past.base
                    .aid(aid)?
                    .state
                    .as_ref()
                    .map(|state| self.of_state(state))
            })
    }

    fn of_state(&self, state: &KeyState) -> Presumed {
        Presumed {
            sn: state.sn,
            said: self.hasher.hash_one(&*state.said),
            signers: Signers::Known(state.est.clone()),
        }
    }

    fn add(
        &mut self,
        signed: &Signed,
        signatures: &[Indexed<'_>],
        keys: &[VerificationKey],
    ) -> Foreseen {
        let most = self.signatures_per_key_max.saturating_mul(keys.len());
        self.checks
            .add(signatures.iter().take(most).map(|signature| {
                let key = keys.get(signature.index as usize)?;
                let plain = Plain64::of_indexed(signature);
                let is_fit = plain.algorithm == Some(key.algorithm);
                is_fit.then(|| Pending::new(signed, key, &plain))
            }))
    }
}
