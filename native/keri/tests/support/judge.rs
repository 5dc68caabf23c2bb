//! Runs messages through the engine over a store in memory, and says what became of each.

use kelpipe_cesr::frame::{Frame, Framer};
use kelpipe_keri::batch::{Batch, WaitingOp, codec_options};
use kelpipe_keri::digest::StateDigest;
use kelpipe_keri::engine::{Engine, Outcome, Step};
use kelpipe_keri::options::Options;
use kelpipe_keri::store::{META_ORDINAL, OP_WORDS, Table};
use kelpipe_keri::views;

use serde_json::Value;

use super::memory::Memory;
use super::rows::{Row, rows_of};

/// 2024-06-01T00:00:00Z in microseconds.
pub const START: i64 = 1_717_200_000_000_000;
/// A second in microseconds.
pub const SECOND: i64 = 1_000_000;

/// What reading and judging cost, in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Settles.
    pub steps: usize,
    /// Read requests.
    pub requests: usize,
    /// Records that the store answered with.
    pub records: usize,
    /// Bytes of its answers, and of the largest one.
    pub bytes: usize,
    pub bytes_at_once: usize,
    /// Puts and deletes.
    pub writes: usize,
    /// Signatures checked.
    pub signatures: u64,
}

/// An engine, its store, its clock, and parts that are settled and not yet committed.
pub struct Judge {
    pub engine: Engine,
    pub store: Memory,
    pub now: i64,
    pub rows: Vec<Row>,
    pub work: Work,
    /// How many parts may be settled before the oldest is committed.
    pub lag: usize,
    /// Whether signatures of the next batch are checked before one is settled.
    pub ahead: bool,
    pending: Vec<Outcome>,
    messages: usize,
}

impl Judge {
    pub fn new(options: Options) -> Judge {
        Judge::over(options, Memory::default())
    }

    /// Opens a store that was written before.
    pub fn over(options: Options, store: Memory) -> Judge {
        let verifier = kelpipe_crypto::Verifier::new(kelpipe_crypto::Options {
            threads: 1,
            ..kelpipe_crypto::Options::default()
        });
        let engine = Engine::new(options, verifier);
        if let Some(ordinal) = store.table(Table::Meta).get(META_ORDINAL) {
            engine.open(ordinal).expect("eight bytes");
        }
        Judge {
            engine,
            store,
            now: START,
            rows: Vec::new(),
            work: Work::default(),
            lag: 0,
            ahead: true,
            pending: Vec::new(),
            messages: 0,
        }
    }

    /// Judges messages in one batch.
    pub fn run<M: AsRef<[u8]>>(&mut self, messages: &[M]) -> Vec<Row> {
        let stream: Vec<u8> = messages
            .iter()
            .flat_map(|message| message.as_ref().to_vec())
            .collect();
        self.stream(&stream, &[])
    }

    /// Judges one message; what became of it, and then of what it woke.
    pub fn one(&mut self, message: &[u8]) -> Vec<String> {
        let rows = self.run(&[message]);
        rows.into_iter().map(|row| row.what).collect()
    }

    /// Judges a stream in batches that end at `cuts`, counted in messages.
    pub fn stream(&mut self, stream: &[u8], cuts: &[usize]) -> Vec<Row> {
        let options = self.engine.options().clone();
        let (mut frames, mut faults) = (Vec::new(), Vec::new());
        Framer::new(&codec_options(&options)).frame(stream, true, &mut frames, &mut faults);
        let from = self.rows.len();
        let mut start = 0;
        let mut before = None;
        for end in cuts.iter().copied().chain([frames.len()]) {
            let next = self.prepare(&options, stream, &frames[start..end]);
            if let Some(batch) = before.replace(next) {
                self.settle(batch, stream);
            }
            start = end;
        }
        if let Some(batch) = before {
            self.settle(batch, stream);
        }
        self.commit_to(0);
        self.rows[from..].to_vec()
    }

    /// Retries, expires, removes or wakes waiting entries.
    pub fn waiting(&mut self, op: WaitingOp, keys: &[Vec<u8>]) -> Vec<Row> {
        let from = self.rows.len();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        self.settle(Batch::of_waiting(op, &keys), &[]);
        self.commit_to(0);
        self.rows[from..].to_vec()
    }

    /// Takes out whatever is past its timeout, as the sweep over the `expiry` table does.
    pub fn expire(&mut self) -> Vec<Row> {
        let now = self.now.to_be_bytes();
        let due = |key: &&Vec<u8>| key[..8] < now[..];
        let keys: Vec<Vec<u8>> = self
            .store
            .table(Table::Expiry)
            .keys()
            .take_while(due)
            .map(|key| key[8..].to_vec())
            .collect();
        self.waiting(WaitingOp::Expire, &keys)
    }

    fn prepare<'s>(&self, options: &Options, stream: &'s [u8], some: &[Frame]) -> Batch<'s> {
        if self.ahead {
            self.engine.prepare(stream, some, 1)
        } else {
            Batch::prepare(options, stream, some, 1)
        }
    }

    fn settle(&mut self, mut batch: Batch<'_>, source: &[u8]) {
        let mut fetched: Option<Vec<u8>> = None;
        loop {
            let step = self
                .engine
                .settle(&mut batch, fetched.take().as_deref(), self.now);
            self.work.steps += 1;
            match step.expect("sound store") {
                Step::Missing(requests) => {
                    let answer = self.store.fetch(&requests);
                    self.work.requests += requests.ops.len() / OP_WORDS;
                    self.work.records += records_in(&answer);
                    self.work.bytes += answer.len();
                    self.work.bytes_at_once = self.work.bytes_at_once.max(answer.len());
                    // What was settled before becomes durable while the answer is on its way.
                    self.commit_to(self.lag / 2);
                    fetched = Some(answer);
                }
                Step::Part(outcome) => {
                    self.rows.extend(rows_of(&outcome, source, self.messages));
                    let more = outcome.more;
                    self.pending.push(outcome);
                    self.commit_to(self.lag);
                    if !more {
                        break;
                    }
                }
            }
        }
        self.work.signatures += batch.signatures().0;
        self.messages += if source.is_empty() { 0 } else { batch.len() };
    }

    /// Commits all but the last `left` parts.
    fn commit_to(&mut self, left: usize) {
        let done = self.pending.len().saturating_sub(left);
        for outcome in self.pending.drain(..done) {
            self.work.writes += outcome.writes.ops.len() / OP_WORDS;
            self.store.apply(&outcome.writes);
            self.engine.committed(outcome.part);
        }
    }

    fn entries(&self) -> impl Iterator<Item = Value> {
        self.store.table(Table::Waiting).iter().map(|(key, value)| {
            let text = views::record(Table::Waiting, key, value).expect("sound");
            serde_json::from_str(&text).expect("our own JSON")
        })
    }

    /// Everything that waits, as `kind awaits`, in order of key.
    pub fn waits(&self) -> Vec<String> {
        self.entries()
            .flat_map(|entry| members(&entry, |kind, awaits| format!("{kind} {awaits}")))
            .collect()
    }

    /// The kinds as which an event waits.
    pub fn waiting_as(&self, aid: &str, sn: u128, said: &str) -> Vec<String> {
        let is = |entry: &Value| {
            entry["type"] == "event"
                && entry["aid"] == aid
                && entry["said"] == said
                && entry["sn"] == format!("{sn:x}")
        };
        self.entries()
            .filter(is)
            .flat_map(|entry| members(&entry, |kind, _| kind.to_owned()))
            .collect()
    }

    /// SAIDs logged at a place, superseded ones first.
    pub fn logged(&self, aid: &str, sn: u128) -> Vec<String> {
        let key = [aid.as_bytes(), &sn.to_be_bytes()].concat();
        let Some(value) = self.store.table(Table::Kel).get(&key) else {
            return Vec::new();
        };
        let text = views::record(Table::Kel, &key, value).expect("sound");
        let place: Value = serde_json::from_str(&text).expect("our own JSON");
        let said = |event: &Value| event["said"].as_str().expect("text").to_owned();
        place["events"]
            .as_array()
            .into_iter()
            .flatten()
            .map(said)
            .collect()
    }

    /// The current key state of an AID, without its date.
    pub fn state(&self, aid: &str) -> Value {
        let value = self.store.table(Table::Aids).get(aid.as_bytes());
        value
            .and_then(|value| views::key_state(aid, value, false))
            .map_or(Value::Null, |json| {
                serde_json::from_str(&json).expect("our own JSON")
            })
    }

    /// Everything attached to the events that an AID's key state stands on, in order of text.
    pub fn attachments(&self, aid: &str) -> Vec<Vec<String>> {
        let sn = self.state(aid)["s"]
            .as_str()
            .map_or(0, |sn| u128::from_str_radix(sn, 16).expect("hexadecimal"));
        let of = |sn: u128| {
            let key = [aid.as_bytes(), &sn.to_be_bytes()].concat();
            let place = &self.store.table(Table::Kel)[&key];
            let ordinal = *views::ordinals(place)
                .expect("sound")
                .last()
                .expect("an event");
            let mut texts = self.late(ordinal);
            let text = views::record(
                Table::Log,
                &[],
                &self.store.table(Table::Log)[&ordinal.to_be_bytes().to_vec()],
            );
            let record: Value = serde_json::from_str(&text.expect("sound")).expect("our own JSON");
            for set in ["sigs", "wigs", "rcts", "vrcs"] {
                let early = record["attached"][set].as_array().into_iter().flatten();
                texts.extend(early.map(|text| format!("{set} {}", text.as_str().expect("text"))));
            }
            texts.sort();
            texts
        };
        (0..=sn).map(of).collect()
    }

    /// What came to a logged event after it was accepted.
    fn late(&self, ordinal: u64) -> Vec<String> {
        let late = self.late_records(ordinal);
        late.map(|(key, value)| {
            let text = views::record(Table::Late, key, value).expect("sound");
            let entry: Value = serde_json::from_str(&text).expect("our own JSON");
            let text = |name: &str| entry[name].as_str().expect("text").to_owned();
            format!("{} {}", text("set"), text("text"))
        })
        .collect()
    }

    fn late_records(&self, ordinal: u64) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
        let prefix = ordinal.to_be_bytes();
        let late = self.store.table(Table::Late).range(prefix.to_vec()..);
        late.take_while(move |(key, _)| key.starts_with(&prefix))
    }

    /// The full digest of the store.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = self.logged_digest();
        for (key, value) in self.store.table(Table::Waiting) {
            digest.waiting(key, value).expect("sound");
        }
        digest.finish()
    }

    /// The digest of what is logged.
    pub fn state_digest(&self) -> [u8; 32] {
        self.logged_digest().finish()
    }

    fn logged_digest(&self) -> StateDigest {
        let mut digest = StateDigest::default();
        let log = self.store.table(Table::Log);
        for (key, value) in self.store.table(Table::Aids) {
            digest.aid(key, value).expect("sound");
        }
        for (key, value) in self.store.table(Table::Kel) {
            digest.kel(key, value).expect("sound");
            for ordinal in views::ordinals(value).expect("sound") {
                let late: Vec<&[u8]> = self
                    .late_records(ordinal)
                    .map(|(_, value)| value.as_slice())
                    .collect();
                digest
                    .event(&log[&ordinal.to_be_bytes().to_vec()], &late)
                    .expect("sound");
            }
        }
        digest
    }
}

fn members(entry: &Value, write: impl Fn(&str, &str) -> String) -> Vec<String> {
    let text = |kind: &Value, name: &str| kind[name].as_str().expect("text").to_owned();
    let kinds = entry["kinds"].as_array().into_iter().flatten();
    kinds
        .map(|kind| write(&text(kind, "kind"), &text(kind, "awaits")))
        .collect()
}

fn records_in(answer: &[u8]) -> usize {
    let word =
        |at: usize| u32::from_le_bytes(answer[at..at + 4].try_into().expect("four")) as usize;
    let (mut at, mut records) = (0, 0);
    while at < answer.len() {
        let count = word(at);
        at += 4;
        for _ in 0..count {
            at += 8 + word(at) + word(at + 4);
        }
        records += count;
    }
    records
}
