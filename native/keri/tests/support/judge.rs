//! Runs messages through the engine over a store in memory, and says what became of each.

use kelpipe_cesr::frame::{Frame, Framer};
use kelpipe_keri::batch::{Batch, WaitingOp, codec_options};
use kelpipe_keri::columns::{Columns, FLAG_RETRIED, LAYOUT};
use kelpipe_keri::decision::{self, Awaits, Kind, Verdict};
use kelpipe_keri::digest::StateDigest;
use kelpipe_keri::engine::{Engine, Outcome, Step};
use kelpipe_keri::event::ILKS;
use kelpipe_keri::options::Options;
use kelpipe_keri::store::{META_ORDINAL, OP_WORDS, Table};
use kelpipe_keri::views;

use super::Memory;

/// 2024-06-01T00:00:00Z in microseconds.
pub const START: i64 = 1_717_200_000_000_000;
/// A second in microseconds.
pub const SECOND: i64 = 1_000_000;

/// What became of a message or of a retried entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Number in the stream; none for a retried entry.
    pub message: Option<usize>,
    pub ilk: &'static str,
    /// As `accepted`, `escrowed out-of-order prior-event`, `rejected keri/said`, `duplicate 1`.
    pub what: String,
    pub aid: String,
    pub said: String,
    pub sn: u128,
    pub first_seen: u64,
    pub ordinal: u64,
    /// Body and attachments.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Row {
            message,
            ilk,
            what,
            aid,
            sn,
            ..
        } = self;
        write!(f, "{message:?} {ilk} {aid} {sn}: {what}")
    }
}

/// What reading and judging cost, in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Read requests.
    pub requests: usize,
    /// Records that the store answered with.
    pub records: usize,
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
        for end in cuts.iter().copied().chain([frames.len()]) {
            let some: &[Frame] = &frames[start..end];
            self.settle(Batch::prepare(&options, stream, some, 1), stream);
            self.messages += some.len();
            start = end;
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

    fn settle(&mut self, mut batch: Batch<'_>, source: &[u8]) {
        let mut fetched: Option<Vec<u8>> = None;
        loop {
            let step = self
                .engine
                .settle(&mut batch, fetched.take().as_deref(), self.now);
            match step.expect("sound store") {
                Step::Missing(requests) => {
                    let answer = self.store.fetch(&requests);
                    self.work.requests += requests.ops.len() / OP_WORDS;
                    self.work.records += records_in(&answer);
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
        self.work.signatures += batch.signatures_checked;
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

    /// Entries that wait, as `kind awaits` by AID, sn and SAID, in order of key.
    pub fn waits(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (key, value) in self.store.table(Table::Waiting) {
            let text = views::record(Table::Waiting, key, value).expect("sound");
            let entry: serde_json::Value = serde_json::from_str(&text).expect("our own JSON");
            for kind in entry["kinds"].as_array().into_iter().flatten() {
                let text = |name: &str| kind[name].as_str().expect("text").to_owned();
                found.push(format!("{} {}", text("kind"), text("awaits")));
            }
        }
        found
    }

    /// The current key state of an AID, without its date.
    pub fn state(&self, aid: &str) -> serde_json::Value {
        let value = self.store.table(Table::Aids).get(aid.as_bytes());
        value
            .and_then(|value| views::key_state(aid, value, false))
            .map_or(serde_json::Value::Null, |json| {
                serde_json::from_str(&json).expect("our own JSON")
            })
    }

    /// The full digest of the store.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = StateDigest::default();
        let log = self.store.table(Table::Log);
        for (key, value) in self.store.table(Table::Aids) {
            digest.aid(key, value).expect("sound");
        }
        for (key, value) in self.store.table(Table::Kel) {
            digest.kel(key, value).expect("sound");
            for ordinal in views::ordinals(value).expect("sound") {
                let ordinal = ordinal.to_be_bytes();
                let late: Vec<&[u8]> = self
                    .store
                    .table(Table::Late)
                    .range(ordinal.to_vec()..)
                    .take_while(|(key, _)| key.starts_with(&ordinal))
                    .map(|(_, value)| value.as_slice())
                    .collect();
                digest.event(&log[&ordinal.to_vec()], &late).expect("sound");
            }
        }
        for (key, value) in self.store.table(Table::Waiting) {
            digest.waiting(key, value).expect("sound");
        }
        digest.finish()
    }
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

fn what(verdict: u8, reason: u16, awaits: u8, flags: u8) -> String {
    let kind = |reason: u16| Kind::from_index(reason as u8).map_or("", Kind::name);
    let name = |number: u8| {
        let all = [
            Awaits::Nothing,
            Awaits::Inception,
            Awaits::PriorEvent,
            Awaits::Signatures,
            Awaits::NextSignatures,
            Awaits::WitnessReceipts,
            Awaits::Delegator,
            Awaits::Anchor,
            Awaits::Approval,
            Awaits::Event,
            Awaits::SignerEvent,
        ];
        all[usize::from(number)].name()
    };
    match verdict {
        v if v == Verdict::Accepted as u8 => "accepted".into(),
        v if v == Verdict::Duplicate as u8 => format!("duplicate {reason}"),
        v if v == Verdict::Escrowed as u8 => format!("escrowed {} {}", kind(reason), name(awaits)),
        v if v == Verdict::Rejected as u8 => {
            let code = decision::codes().find(|(number, ..)| *number == reason);
            format!("rejected {}", code.expect("listed").1)
        }
        v if v == Verdict::Checked as u8 => {
            let verified = flags & kelpipe_keri::columns::FLAG_VERIFIED != 0;
            format!(
                "checked {}",
                if verified { "valid" } else { "unknown-signer" }
            )
        }
        v if v == Verdict::Expired as u8 => format!("expired {}", kind(reason)),
        _ => format!("removed {}", kind(reason)),
    }
}

/// Reads the columns back, by their layout.
fn rows_of(outcome: &Outcome, source: &[u8], before: usize) -> Vec<Row> {
    let Columns { rows, bytes, texts } = &outcome.rows;
    let value = |name: &str, row: usize| -> u64 {
        let mut start = 0;
        for (column, width, _) in LAYOUT {
            let width = width.bytes();
            if *column == name {
                let at = start + row * width;
                let little = bytes[at..at + width].iter().rev();
                return little.fold(0, |value, byte| value << 8 | u64::from(*byte));
            }
            start += width * rows;
        }
        unreachable!("no column {name}")
    };
    let text = |start: u64, end: u64| {
        String::from_utf8(texts[start as usize..end as usize].to_vec()).expect("text")
    };
    (0..*rows)
        .map(|row| {
            let of = |name: &str| value(name, row);
            let retried = of("flags") as u8 & FLAG_RETRIED != 0;
            let next = if row + 1 < *rows {
                value("aidStart", row + 1)
            } else {
                texts.len() as u64
            };
            let from: &[u8] = if retried {
                &outcome.writes.arena
            } else {
                source
            };
            Row {
                message: (!retried).then(|| before + of("message") as usize),
                ilk: ILKS[of("ilk") as usize],
                what: what(
                    of("verdict") as u8,
                    of("reason") as u16,
                    of("awaits") as u8,
                    of("flags") as u8,
                ),
                aid: text(of("aidStart"), of("saidStart")),
                said: text(of("saidStart"), next),
                sn: u128::from(of("snHigh")) << 64 | u128::from(of("sn")),
                first_seen: of("firstSeen"),
                ordinal: of("ordinal"),
                bytes: from[of("bodyStart") as usize..of("attachmentsEnd") as usize].to_vec(),
            }
        })
        .collect()
}
