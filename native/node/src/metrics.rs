//! What the boundary counts, lock-free: read while everything runs.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use kelpipe_keri::engine::Engine;
use napi_derive::napi;

/// What can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// Making an engine or a framer.
    Make,
    /// `Engine.open`.
    Open,
    /// `Framer.frame`.
    Frame,
    /// `Engine.prepare`.
    Prepare,
    /// `Engine.prepareWaiting`.
    PrepareWaiting,
    /// `Engine.settle`.
    Settle,
    /// `Engine.committed`.
    Committed,
    /// The functions that read one stored record, and the state digest.
    Records,
    /// `Generator.next`.
    Generate,
    /// `Tool.next`.
    Tool,
}

impl Operation {
    /// Every operation, by number.
    pub const ALL: [Operation; 10] = [
        Operation::Make,
        Operation::Open,
        Operation::Frame,
        Operation::Prepare,
        Operation::PrepareWaiting,
        Operation::Settle,
        Operation::Committed,
        Operation::Records,
        Operation::Generate,
        Operation::Tool,
    ];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Operation::Make => "make",
            Operation::Open => "open",
            Operation::Frame => "frame",
            Operation::Prepare => "prepare",
            Operation::PrepareWaiting => "prepareWaiting",
            Operation::Settle => "settle",
            Operation::Committed => "committed",
            Operation::Records => "records",
            Operation::Generate => "generate",
            Operation::Tool => "tool",
        }
    }
}

/// Counts of one operation.
#[derive(Default)]
pub struct Counter {
    count: AtomicU64,
    errors: AtomicU64,
    nanoseconds: AtomicU64,
    nanoseconds_max: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Counter {
    /// Notes a call that began at `start`.
    pub fn note(&self, start: Instant, rows: usize, bytes: usize, succeeded: bool) {
        let nanoseconds = nanoseconds(start.elapsed());
        self.count.fetch_add(1, Relaxed);
        self.errors.fetch_add(u64::from(!succeeded), Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
        self.nanoseconds_max.fetch_max(nanoseconds, Relaxed);
        self.rows.fetch_add(rows as u64, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    fn all(&self) -> [&AtomicU64; 6] {
        [
            &self.count,
            &self.errors,
            &self.nanoseconds,
            &self.nanoseconds_max,
            &self.rows,
            &self.bytes,
        ]
    }

    fn reset(&self) {
        self.all()
            .into_iter()
            .for_each(|count| count.store(0, Relaxed));
    }

    fn report(&self, operation: Operation) -> OperationMetrics {
        let [count, errors, nanoseconds, nanoseconds_max, rows, bytes] = self.all().map(number);
        OperationMetrics {
            operation: operation.name().into(),
            count,
            errors,
            nanoseconds,
            nanoseconds_max,
            rows,
            bytes,
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Exact up to 2^53: a hundred days of nanoseconds.
#[expect(clippy::cast_precision_loss)]
fn number(count: &AtomicU64) -> f64 {
    count.load(Relaxed) as f64
}

/// Counts by operation.
#[derive(Default)]
pub struct Counters([Counter; Operation::ALL.len()]);

impl Counters {
    /// The counts of an operation.
    pub fn of(&self, operation: Operation) -> &Counter {
        &self.0[operation as usize]
    }

    fn report(&self, operations: &[Operation]) -> Vec<OperationMetrics> {
        operations
            .iter()
            .map(|operation| self.of(*operation).report(*operation))
            .collect()
    }
}

/// Operations that belong to no engine, over the whole process.
pub static SHARED: std::sync::LazyLock<Counters> = std::sync::LazyLock::new(Counters::default);

/// What belongs to no engine.
const WITHOUT_ENGINE: [Operation; 4] = [
    Operation::Frame,
    Operation::Records,
    Operation::Generate,
    Operation::Tool,
];
/// What belongs to one.
const OF_ENGINE: [Operation; 5] = [
    Operation::Open,
    Operation::Prepare,
    Operation::PrepareWaiting,
    Operation::Settle,
    Operation::Committed,
];

/// How many numbers the crypto crate gives.
const CRYPTO: usize = 7;

/// What an engine counts.
#[derive(Default)]
pub struct Metrics {
    /// By operation.
    pub operations: Counters,
    copied_bytes: AtomicU64,
    signatures_checked: AtomicU64,
    signatures_failed: AtomicU64,
    cache_entries: AtomicU64,
    cache_bytes: AtomicU64,
    uncommitted: AtomicU64,
    crypto: [AtomicU64; CRYPTO],
    /// What `crypto` held at the last reset; its tables' size is no count and stays.
    crypto_before: [AtomicU64; CRYPTO],
}

/// Place of the size of the tables among the crypto numbers.
const TABLE_BYTES: usize = 5;

impl Metrics {
    /// Notes a source that was copied.
    pub fn copied(&self, bytes: usize) {
        self.copied_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Notes signatures that a settle checked.
    pub fn signatures(&self, checked: u64, failed: u64) {
        self.signatures_checked.fetch_add(checked, Relaxed);
        self.signatures_failed.fetch_add(failed, Relaxed);
    }

    /// Notes how an engine stands after a settle, so that nobody has to lock it to know.
    pub fn sample(&self, engine: &Engine) {
        let cache = engine.cache_use();
        self.cache_entries.store(cache.entries as u64, Relaxed);
        self.cache_bytes.store(cache.bytes as u64, Relaxed);
        self.uncommitted.store(cache.uncommitted as u64, Relaxed);
        let crypto = engine.verifier().metrics();
        let now = [
            crypto.checks,
            crypto.valid,
            crypto.table_hits,
            crypto.tables_built,
            crypto.tables_evicted,
            crypto.table_bytes,
            crypto.nanoseconds,
        ];
        for (counter, now) in self.crypto.iter().zip(now) {
            counter.store(now, Relaxed);
        }
    }

    /// Starts all counts anew.
    pub fn reset(&self) {
        self.operations.0.iter().for_each(Counter::reset);
        for count in [
            &self.copied_bytes,
            &self.signatures_checked,
            &self.signatures_failed,
        ] {
            count.store(0, Relaxed);
        }
        for (at, (now, before)) in self.crypto.iter().zip(&self.crypto_before).enumerate() {
            before.store(
                if at == TABLE_BYTES {
                    0
                } else {
                    now.load(Relaxed)
                },
                Relaxed,
            );
        }
    }

    /// Everything, as JavaScript sees it.
    pub fn report(&self) -> EngineMetrics {
        let mut crypto = [0.0; CRYPTO];
        for (at, (now, before)) in self.crypto.iter().zip(&self.crypto_before).enumerate() {
            crypto[at] = number(now) - number(before);
        }
        let [
            checks,
            valid,
            table_hits,
            tables_built,
            tables_evicted,
            table_bytes,
            nanoseconds,
        ] = crypto;
        EngineMetrics {
            operations: self.operations.report(&OF_ENGINE),
            copied_bytes: number(&self.copied_bytes),
            signatures_checked: number(&self.signatures_checked),
            signatures_failed: number(&self.signatures_failed),
            cache_entries: number(&self.cache_entries),
            cache_bytes: number(&self.cache_bytes),
            uncommitted: number(&self.uncommitted),
            crypto: CryptoMetrics {
                checks,
                valid,
                table_hits,
                tables_built,
                tables_evicted,
                table_bytes,
                nanoseconds,
            },
        }
    }
}

/// Counts of one operation since the last reset.
#[napi(object, object_from_js = false)]
pub struct OperationMetrics {
    /// Its name.
    pub operation: String,
    /// Calls.
    pub count: f64,
    /// Of these, refused or failed ones.
    pub errors: f64,
    /// Time in them, summed.
    pub nanoseconds: f64,
    /// The longest.
    pub nanoseconds_max: f64,
    /// Messages, entries or verdicts.
    pub rows: f64,
    /// Bytes handed in.
    pub bytes: f64,
}

/// What the crypto crate counts.
#[napi(object, object_from_js = false)]
pub struct CryptoMetrics {
    /// Signatures checked.
    pub checks: f64,
    /// Of these, valid ones.
    pub valid: f64,
    /// Signatures checked against a table of their key.
    pub table_hits: f64,
    /// Tables made.
    pub tables_built: f64,
    /// Tables given up for others.
    pub tables_evicted: f64,
    /// Bytes that tables take now.
    pub table_bytes: f64,
    /// Wall-clock time in checks, summed over calls.
    pub nanoseconds: f64,
}

/// What an engine counts. Sizes are as after the last settle.
#[napi(object, object_from_js = false)]
pub struct EngineMetrics {
    /// By operation.
    pub operations: Vec<OperationMetrics>,
    /// Bytes of sources that were copied instead of pinned.
    pub copied_bytes: f64,
    /// Signatures checked in bulk.
    pub signatures_checked: f64,
    /// Of these, bad ones.
    pub signatures_failed: f64,
    /// Key states in the cache.
    pub cache_entries: f64,
    /// Their bytes.
    pub cache_bytes: f64,
    /// Changed units that are not on disk yet.
    pub uncommitted: f64,
    /// By the crypto crate.
    pub crypto: CryptoMetrics,
}

/// Counts of what belongs to no engine, over all threads of the process.
#[napi]
pub fn metrics() -> Vec<OperationMetrics> {
    SHARED.report(&WITHOUT_ENGINE)
}

/// Starts the counts of [`metrics`] anew.
#[napi]
pub fn reset_metrics() {
    SHARED.0.iter().for_each(Counter::reset);
}
