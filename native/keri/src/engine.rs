//! The engine: prepares batches, settles them against state, and keeps what is not committed yet.
//!
//! A settle folds the batch until nothing is unknown. A fold assumes that signatures it has not checked are good and
//! that records it does not have are absent, and notes both. Missing records are asked for; unknown signatures are
//! checked together, and the fold is repeated only if one was bad. The last fold had no assumption left, so its
//! outcome is that of one-by-one processing.

mod ask;
mod handle;
mod looks;

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kelpipe_cesr::frame::Frame;
use kelpipe_crypto::Verifier;

use crate::ahead::Ahead;
use crate::base::{Base, CacheUse, Spare};
use crate::batch::{Batch, Item};
use crate::columns::Columns;
use crate::fold::{Checking, Fold, Row, Tried};
use crate::needs::{self, Need, Requests};
use crate::options::Options;
use crate::signature::Pending;
pub use crate::signature::Verify;
use crate::usage::{Amount, Excess, Held};
use crate::view::View;
use crate::wakes::{Wake, Woken};
use crate::writes::{self, Writes};
use ask::{ask, first_needs};
use looks::{Budget, drained};

/// Usual size of an AID and a SAID, to make room at once.
const ROW_TEXT_BYTES: usize = 88;
/// Folds repeated for bad signatures before they are checked one by one in the fold.
const REFOLDS_BEFORE_STRICT: u32 = 2;

/// What a settle came to.
pub enum Step {
    /// These records are needed first.
    Missing(Requests),
    /// A part of the batch is settled.
    Part(Outcome),
}

/// A settled part of a batch.
pub struct Outcome {
    /// Number of the part, counting from 1 in the life of the engine.
    pub part: u64,
    /// Whether the batch has more parts: settle again.
    pub more: bool,
    /// What became of each row.
    pub rows: Columns,
    /// What to store.
    pub writes: Writes,
}

/// The store answered with something that cannot be read, or settle was called out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a stored record cannot be read: the database is damaged or of another format")
    }
}

impl std::error::Error for Damaged {}

/// Judges batches. Shared between threads; settles one batch at a time.
pub struct Engine<V = Verifier> {
    options: Options,
    verifier: V,
    /// Held by the settle that is under way.
    settling: Mutex<()>,
    /// Read by what looks ahead, too.
    state: RwLock<State>,
    ahead: Mutex<Ahead>,
}

struct State {
    base: Base,
    part: u64,
}

impl<V: Verify> Engine<V> {
    /// An engine for an empty database.
    pub fn new(options: Options, verifier: V) -> Self {
        let base = Base::new(options.cache_bytes);
        Engine {
            options,
            verifier,
            settling: Mutex::default(),
            state: RwLock::new(State { base, part: 0 }),
            ahead: Mutex::default(),
        }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on at the next ordinal that the database holds: the value of its `meta` entry `ordinal`.
    ///
    /// # Errors
    /// [`Damaged`] if the value is not eight bytes.
    pub fn open(&self, ordinal: &[u8]) -> Result<(), Damaged> {
        let ordinal = ordinal
            .try_into()
            .map(u64::from_be_bytes)
            .map_err(|_| Damaged)?;
        self.change().base.set_ordinal(ordinal);
        Ok(())
    }

    /// Counts rows of the `waiting` table that the database holds, before the first settle. `answer`: the store's answer
    /// to one request.
    ///
    /// # Errors
    /// [`Damaged`] if the answer or a row in it cannot be read.
    pub fn count_waiting(&self, answer: &[u8]) -> Result<(), Damaged> {
        let rows = needs::waiting_rows(answer).ok_or(Damaged)?;
        let mut state = self.change();
        for row in &rows {
            state.base.usage_mut().add(Held::of(row));
        }
        Ok(())
    }

    /// What waits, and what of it has to go because it is too much.
    pub fn usage(&self) -> (Amount, Vec<Excess>) {
        let state = self.state();
        let usage = state.base.usage();
        (usage.all(), usage.excess(&self.options.limits))
    }

    /// How it judges.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What checks signatures.
    pub fn verifier(&self) -> &V {
        &self.verifier
    }

    /// Use of the key-state cache.
    pub fn cache_use(&self) -> CacheUse {
        self.state().base.cache_use()
    }

    /// Everything settled up to and including `part` is durable.
    pub fn committed(&self, part: u64) {
        self.change().base.committed(part);
    }

    /// As [`Batch::prepare`], and checks signatures with the keys that events will most likely be checked with, so that
    /// the settle finds them checked. Batches come here in the order in which they will be settled, if it is to help;
    /// the batch before this one may be settled meanwhile.
    pub fn prepare<'a>(&self, source: &'a [u8], frames: &[Frame], source_id: u32) -> Batch<'a> {
        let mut guessing = self.ahead().begin(&self.options, frames.len());
        let mut batch = Batch::prepare_and(&self.options, source, frames, source_id, |items| {
            let ahead = self.ahead();
            guessing.look_at(items, &ahead, &self.state().base);
        });
        let (number, mut checks) = self.ahead().end(guessing);
        let valid = self.verdicts(checks.pending(), source);
        checks.judged(&valid);
        batch.memo.foreseen = checks;
        batch.guessed = Some(number);
        batch
    }

    /// The verdicts of some checks, all made together.
    fn verdicts<'p>(&self, pending: impl Iterator<Item = &'p Pending>, source: &[u8]) -> Vec<bool> {
        let checks: Vec<_> = pending.map(|each| each.check(source)).collect();
        let mut valid = vec![false; checks.len()];
        self.verifier.verify(&checks, &mut valid);
        valid
    }

    /// Settles the next part of a batch. `fetched`: the store's answer to the requests of the call before.
    ///
    /// # Errors
    /// [`Damaged`] if the answer cannot be read; the engine must then be dropped.
    pub fn settle(
        &self,
        batch: &mut Batch<'_>,
        fetched: Option<&[u8]>,
        now_micros: i64,
    ) -> Result<Step, Damaged> {
        let _one = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = fetched {
            let needs = std::mem::take(&mut batch.needs);
            batch
                .loaded
                .load(&needs, answer, &self.options.limits)
                .ok_or(Damaged)?;
        }
        if let Some(requests) = first_needs(&self.state().base, batch) {
            return Ok(Step::Missing(requests));
        }
        let mut refolds = 0;
        loop {
            let strict = refolds >= REFOLDS_BEFORE_STRICT;
            let spare = self.change().base.spare();
            let folded = self.fold(&self.state().base, spare, batch, strict, now_micros);
            if !folded.needs.is_empty() {
                let mut state = self.change();
                state.base.keep(folded.done.changes.into_spare());
                return Ok(Step::Missing(ask(&state.base, batch, folded.needs)));
            }
            if !self.check(batch, &folded.unknown) {
                self.change().base.keep(folded.done.changes.into_spare());
                refolds += 1;
                continue;
            }
            let outcome = self.finish(batch, folded.done);
            if let Some(guessed) = batch.guessed.filter(|_| !outcome.more) {
                self.ahead().settled(guessed);
            }
            return Ok(Step::Part(outcome));
        }
    }

    /// Checks the signatures that a fold assumed to be good; whether they all are.
    fn check(&self, batch: &mut Batch<'_>, unknown: &[Pending]) -> bool {
        let valid = self.verdicts(unknown.iter(), batch.source);
        let all = valid.iter().all(|valid| *valid);
        batch.signatures_checked += valid.len() as u64;
        batch.signatures_failed += valid.iter().filter(|valid| !**valid).count() as u64;
        if !all {
            for (pending, valid) in unknown.iter().zip(valid) {
                batch.memo.note(pending, batch.source, valid);
            }
        }
        all
    }

    /// Notes what a fold came to, and puts it into the form in which it leaves.
    fn finish(&self, batch: &mut Batch<'_>, done: Done) -> Outcome {
        let handled = &batch.items[batch.next..batch.next + done.handled];
        let mut used = batch.wakes.take(done.woken.taken);
        used.extend(handled.iter().filter_map(Item::wake));
        let added: Vec<Wake> = done.woken.added.iter().cloned().collect();
        let left = added.iter().cloned();
        left.for_each(|wake| batch.wakes.push(wake));
        batch.in_a_row = done.in_a_row;
        batch.next += done.handled;
        batch.rounds = 0;
        let more = batch.next < batch.items.len() || !batch.wakes.is_empty();
        done.tried.iter().for_each(Tried::tell);
        let (mut out, changed, logs, read) = done.changes.encode(&self.options.limits);
        out.wakes(&used, &added, &batch.wakes);
        let rows = Columns::of(&done.rows, done.texts, &batch.spans, &logs, &mut out);
        batch.loaded.forget(&changed);
        let mut state = self.change();
        state.part += 1;
        let part = state.part;
        let usage = state.base.usage_mut();
        out.released.iter().for_each(|held| usage.take(*held));
        out.held.iter().for_each(|held| usage.add(*held));
        state.base.absorb(part, changed, logs, read);
        drop(state);
        Outcome {
            part,
            more,
            rows,
            writes: out.finish(),
        }
    }

    fn fold(
        &self,
        base: &Base,
        spare: Spare,
        batch: &mut Batch<'_>,
        strict: bool,
        now: i64,
    ) -> Folded {
        let window = batch.window.min(batch.items.len() - batch.next);
        let checking = if strict {
            Checking::Now(&self.verifier)
        } else {
            Checking::Assume
        };
        let view = View::new(base, &batch.loaded, spare);
        let mut fold = Fold::new(
            &self.options,
            batch.source,
            view,
            &mut batch.memo,
            &batch.wakes,
            checking,
            now,
        );
        fold.in_a_row = batch.in_a_row;
        fold.rows.reserve(window);
        fold.texts.reserve(window * ROW_TEXT_BYTES);
        let mut budget = Budget::new(self.options.limits.wakes_per_part_max);
        let mut handled = 0;
        while drained(&mut fold, &mut budget) && handled < window {
            let index = batch.next + handled;
            handle::handle(&mut fold, index as u32, &batch.items[index]);
            handled += 1;
            fold.in_a_row = 0;
        }
        let in_a_row = fold.in_a_row;
        let rows = std::mem::take(&mut fold.rows);
        let texts = std::mem::take(&mut fold.texts);
        let unknown = std::mem::take(&mut fold.unknown);
        let needs = std::mem::take(&mut fold.view.needs.in_order);
        let tried = std::mem::take(&mut fold.tried);
        let woken = fold.wakes.end();
        let changes = writes::Changes::of(fold.view);
        Folded {
            needs,
            unknown,
            done: Done {
                handled,
                rows,
                texts,
                woken,
                in_a_row,
                changes,
                tried,
            },
        }
    }
}

/// What a fold came to.
struct Folded {
    needs: Vec<Need>,
    unknown: Vec<Pending>,
    done: Done,
}

/// A fold without assumptions.
struct Done {
    handled: usize,
    rows: Vec<Row>,
    texts: Vec<u8>,
    woken: Woken,
    in_a_row: u32,
    changes: writes::Changes,
    tried: Vec<Tried>,
}
