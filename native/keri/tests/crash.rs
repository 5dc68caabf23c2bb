//! The process may die at any step: what a part stores is there whole or not at all, and doing the batch again gives
//! what an undisturbed run gives.

mod support;

use kelpipe_cesr::frame::{Frame, Framer};
use kelpipe_keri::batch::{Batch, WaitingOp, codec_options};
use kelpipe_keri::engine::{Engine, Step};
use kelpipe_keri::options::{Mode, Options};
use kelpipe_keri::store::{META_ORDINAL, Table};
use support::judge::{Judge, START};
use support::memory::Memory;
use support::random::Random;
use support::scenarios::{self, End};

/// Messages of a batch.
const BATCH: usize = 7;

/// What a run does until it dies: `lost` says of each settled part, by its number, whether its writes are lost with
/// the process.
struct Shell<'a> {
    options: &'a Options,
    stream: &'a [u8],
    frames: &'a [Frame],
    store: Memory,
    /// Batches done, stored together with the last part of each.
    offset: usize,
    /// Parts settled so far, over all lives.
    parts: usize,
}

/// Why a life ended.
enum Ended {
    Done,
    Died,
}

impl Shell<'_> {
    fn open(&self) -> Engine {
        let verifier = kelpipe_crypto::Verifier::new(kelpipe_crypto::Options {
            threads: 1,
            ..kelpipe_crypto::Options::default()
        });
        let engine = Engine::new(self.options.clone(), verifier);
        if let Some(ordinal) = self.store.table(Table::Meta).get(META_ORDINAL) {
            engine.open(ordinal).expect("eight bytes");
        }
        engine
    }

    /// Opens the store and goes on: first with wake-ups that were cut off, then at the stored offset. `dies` is asked
    /// after each part; `kept` before its writes are applied.
    fn live(&mut self, dies: &mut dyn FnMut(usize) -> Option<bool>) -> Ended {
        let engine = self.open();
        let wakes: Vec<Vec<u8>> = self.store.table(Table::Wake).keys().cloned().collect();
        if !wakes.is_empty() {
            let keys: Vec<&[u8]> = wakes.iter().map(Vec::as_slice).collect();
            let batch = Batch::of_waiting(WaitingOp::Wake, &keys);
            if let Ended::Died = self.settle(&engine, batch, dies, None) {
                return Ended::Died;
            }
        }
        let batches: Vec<&[Frame]> = self.frames.chunks(BATCH).collect();
        while self.offset < batches.len() {
            let batch = Batch::prepare(self.options, self.stream, batches[self.offset], 1);
            if let Ended::Died = self.settle(&engine, batch, dies, Some(self.offset + 1)) {
                return Ended::Died;
            }
        }
        Ended::Done
    }

    fn settle(
        &mut self,
        engine: &Engine,
        mut batch: Batch<'_>,
        dies: &mut dyn FnMut(usize) -> Option<bool>,
        offset: Option<usize>,
    ) -> Ended {
        let mut fetched: Option<Vec<u8>> = None;
        loop {
            let step = engine.settle(&mut batch, fetched.take().as_deref(), START);
            match step.expect("sound store") {
                Step::Missing(requests) => fetched = Some(self.store.fetch(&requests)),
                Step::Part(outcome) => {
                    self.parts += 1;
                    let death = dies(self.parts);
                    if death == Some(false) {
                        return Ended::Died;
                    }
                    self.store.apply(&outcome.writes);
                    if let (false, Some(offset)) = (outcome.more, offset) {
                        self.offset = offset;
                    }
                    if death.is_some() {
                        return Ended::Died;
                    }
                    engine.committed(outcome.part);
                    if !outcome.more {
                        return Ended::Done;
                    }
                }
            }
        }
    }
}

/// Every message of the scenarios whose end does not depend on repetition, shuffled.
fn stream(seed: u64) -> Vec<u8> {
    let mut messages: Vec<Vec<u8>> = scenarios::all()
        .into_iter()
        .filter(|scenario| !matches!(scenario.end, End::SameWhenRepeated))
        .flat_map(|scenario| scenario.messages)
        .collect();
    Random(seed).shuffle(&mut messages);
    messages.concat()
}

fn lives(
    options: &Options,
    stream: &[u8],
    dies: &mut dyn FnMut(usize) -> Option<bool>,
) -> (Memory, usize) {
    let (mut frames, mut faults) = (Vec::new(), Vec::new());
    Framer::new(&codec_options(options)).frame(stream, true, &mut frames, &mut faults);
    let mut shell = Shell {
        options,
        stream,
        frames: &frames,
        store: Memory::default(),
        offset: 0,
        parts: 0,
    };
    while let Ended::Died = shell.live(dies) {}
    (shell.store, shell.parts)
}

/// The kinds of what waits, apart from evidence of duplicity; and how much evidence there is. A message that is judged
/// again may be seen to be evidence where it was only refused before.
fn waits(judge: &Judge) -> (Vec<String>, usize) {
    let kind = |entry: String| entry.split(' ').next().unwrap_or_default().to_owned();
    let kinds = judge.waits().into_iter().map(kind);
    let (evidence, others): (Vec<_>, Vec<_>) = kinds.partition(|kind| kind == "likely-duplicitous");
    (others, evidence.len())
}

fn same(options: &Options, clean: &Memory, found: &Memory, what: &str) {
    let open = |store: &Memory| Judge::over(options.clone(), store.clone());
    assert!(found.table(Table::Wake).is_empty(), "{what}");
    let (clean, found) = (open(clean), open(found));
    assert_eq!(clean.state_digest(), found.state_digest(), "{what}");
    if options.mode == Mode::Keripy {
        // The reference takes the last delegated rotation, when it comes again, for one that supersedes itself.
        return;
    }
    let ((clean, at_least), (found, evidence)) = (waits(&clean), waits(&found));
    assert_eq!(clean, found, "{what}");
    assert!(at_least <= evidence, "{what}");
}

fn options(mode: Mode, wakes_per_part: u32) -> Options {
    let mut options = Options::new(mode);
    options.limits.wakes_per_part_max = wakes_per_part;
    options
}

#[test]
fn dying_once_at_any_part_changes_nothing() {
    for (seed, mode) in [(1, Mode::Hardened), (2, Mode::Keripy)] {
        for wakes_per_part in [1, 3, 4096] {
            let options = options(mode, wakes_per_part);
            let stream = stream(seed);
            let (clean, parts) = lives(&options, &stream, &mut |_| None);
            assert!(!clean.table(Table::Log).is_empty());
            for dead in 1..=parts {
                for kept in [false, true] {
                    let mut once = |part: usize| (part == dead).then_some(kept);
                    let (found, _) = lives(&options, &stream, &mut once);
                    let what =
                        format!("{mode:?}, {wakes_per_part} wakes, part {dead}, kept {kept}");
                    same(&options, &clean, &found, &what);
                }
            }
        }
    }
}

#[test]
fn dying_again_and_again_changes_nothing() {
    for seed in 0..50 {
        let options = options(Mode::Hardened, 1 + seed as u32 % 4);
        let stream = stream(seed);
        let (clean, _) = lives(&options, &stream, &mut |_| None);
        let mut random = Random(seed);
        let mut often = |_| (random.below(3) == 0).then(|| random.below(2) == 0);
        let (found, _) = lives(&options, &stream, &mut often);
        same(&options, &clean, &found, &format!("seed {seed}"));
    }
}

/// A source that has no offsets sends everything again. Of a branch that lost more may then be seen to be evidence.
#[test]
fn a_message_seen_twice_is_a_duplicate() {
    for seed in 0..20 {
        let bytes = stream(seed);
        let mut judge = Judge::new(Options::new(Mode::Hardened));
        judge.stream(&bytes, &[]);
        let once = judge.store.clone();
        let rows = judge.stream(&bytes, &[]);
        assert!(rows.iter().all(|row| row.what != "accepted"), "{rows:?}");
        for table in [Table::Log, Table::Kel, Table::Late, Table::Seals] {
            assert!(once.table(table) == judge.store.table(table), "{table:?}");
        }
        let before = Judge::over(Options::new(Mode::Hardened), once);
        assert_eq!(waits(&before).0, waits(&judge).0);
        let digest = judge.digest();
        judge.stream(&bytes, &[]);
        assert_eq!(digest, judge.digest());
    }
}
