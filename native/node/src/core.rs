//! What an engine's JavaScript object and its tasks share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use kelpipe_keri::engine::{Engine, Outcome as Part, Step};

use crate::bytes::Source;
use crate::failure::{Code, Result, damaged, failure};
use crate::guard::guarded;
use crate::metrics::{Metrics, Operation};
use crate::prepared::Work;

/// An engine, with what keeps its callers in order.
pub struct Core {
    /// The rules.
    pub engine: Engine,
    /// What it counts.
    pub metrics: Metrics,
    poisoned: AtomicBool,
    /// The highest part that is on disk. Told to the engine by the next settle, which has it to itself anyway.
    committed: AtomicU64,
    order: Mutex<Order>,
}

#[derive(Default)]
struct Order {
    /// Number of the last batch.
    batches: u64,
    /// The batch that is begun and not finished.
    current: Option<u64>,
    /// Whether a settle is under way.
    busy: bool,
    /// The last part that was settled.
    part: u64,
}

impl Core {
    /// A core at the start.
    pub fn new(engine: Engine) -> Core {
        Core {
            engine,
            metrics: Metrics::default(),
            poisoned: AtomicBool::new(false),
            committed: AtomicU64::new(0),
            order: Mutex::default(),
        }
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs an operation on this engine: refused after a defect, counted, and itself kept from panicking outwards.
    /// A panic or a damaged record poisons the engine.
    ///
    /// `body` returns the number of rows beside its result.
    pub fn run<T>(
        &self,
        operation: Operation,
        bytes: usize,
        body: impl FnOnce() -> Result<(usize, T)>,
    ) -> Result<T> {
        let start = Instant::now();
        let outcome = self.usable().and_then(|()| guarded(operation, body));
        if outcome
            .as_ref()
            .is_err_and(|failure| matches!(failure.status, Code::Panic | Code::Damaged))
        {
            self.poisoned.store(true, Relaxed);
        }
        let rows = outcome.as_ref().map_or(0, |(rows, _)| *rows);
        self.metrics
            .operations
            .of(operation)
            .note(start, rows, bytes, outcome.is_ok());
        outcome.map(|(_, result)| result)
    }

    fn usable(&self) -> Result<()> {
        if self.poisoned.load(Relaxed) {
            return Err(failure(
                Code::Poisoned,
                "a call before this one failed for good: make a new engine",
            ));
        }
        Ok(())
    }

    /// A number for a new batch.
    pub fn next_batch(&self) -> u64 {
        let mut order = self.order();
        order.batches += 1;
        order.batches
    }

    /// Goes on at what the database holds.
    ///
    /// # Errors
    /// `native/damaged`; `native/order` after the first settle.
    pub fn open(&self, ordinal: Option<&[u8]>) -> Result<()> {
        let order = self.order();
        if order.part > 0 || order.current.is_some() {
            return Err(failure(Code::Order, "open comes before the first settle"));
        }
        ordinal.map_or(Ok(()), |ordinal| self.engine.open(ordinal).map_err(damaged))
    }

    /// Lets a batch be settled.
    ///
    /// # Errors
    /// `native/order` while another one is, or is not finished.
    pub fn begin(&self, batch: u64) -> Result<()> {
        let mut order = self.order();
        if order.busy {
            return Err(failure(Code::Order, "a settle is under way"));
        }
        if order.current.is_some_and(|current| current != batch) {
            return Err(failure(
                Code::Order,
                "the batch before this one is not settled to its end",
            ));
        }
        order.busy = true;
        order.current = Some(batch);
        Ok(())
    }

    /// Notes that a settle has ended; `finished`: with it its batch.
    pub fn end(&self, finished: bool) {
        let mut order = self.order();
        order.busy = false;
        if finished {
            order.current = None;
        }
    }

    /// Settles the next part of a batch. On the thread pool.
    pub fn settle(
        &self,
        work: &mut Work,
        fetched: Option<&Source>,
        now_micros: i64,
    ) -> Result<Step> {
        self.engine.committed(self.committed.load(Relaxed));
        let before = work.signatures();
        let fetched = fetched.map(Source::bytes);
        let settled = work
            .with_batch(|batch| self.engine.settle(batch, fetched, now_micros))
            .map_err(damaged);
        let after = work.signatures();
        self.metrics
            .signatures(after.0 - before.0, after.1 - before.1);
        self.metrics.sample(&self.engine);
        if let Ok(Step::Part(Part { part, .. })) = &settled {
            self.order().part = *part;
        }
        settled
    }

    /// Notes that a part is on disk.
    ///
    /// # Errors
    /// `native/order` for a part that was not settled.
    pub fn commit(&self, part: u64) -> Result<()> {
        let settled = self.order().part;
        if part == 0 || part > settled {
            return Err(failure(
                Code::Order,
                format!("part {part} was not settled: the last one is {settled}"),
            ));
        }
        self.committed.fetch_max(part, Relaxed);
        Ok(())
    }
}
