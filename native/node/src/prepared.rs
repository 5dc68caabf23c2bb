//! A batch on its way: parsed, with the bytes that it borrows from, in one owner.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kelpipe_keri::batch::Batch;
use napi_derive::napi;
use self_cell::self_cell;

use crate::bytes::{Source, Watch};
use crate::core::Core;
use crate::failure::{Code, Result, failure};

self_cell! {
    /// A batch and its source.
    pub struct Loaded {
        owner: Source,
        #[not_covariant]
        dependent: Batch,
    }
}

/// What a settle works on.
pub struct Work {
    loaded: Loaded,
    /// Whether JavaScript still leaves the source alone.
    pub watch: Watch,
    /// Whether the last settle asked for records.
    pub asked: bool,
}

impl Work {
    /// Nothing of it was settled so far.
    pub fn new(loaded: Loaded, watch: Watch) -> Work {
        Work {
            loaded,
            watch,
            asked: false,
        }
    }

    /// Messages or entries.
    pub fn rows(&self) -> usize {
        self.loaded.with_dependent(|_, batch| batch.len())
    }

    /// Signatures checked so far, and of these the bad ones.
    pub fn signatures(&self) -> (u64, u64) {
        self.loaded.with_dependent(|_, batch| batch.signatures())
    }

    /// Changes the batch.
    pub fn with_batch<T>(&mut self, change: impl FnOnce(&mut Batch<'_>) -> T) -> T {
        self.loaded.with_dependent_mut(|_, batch| change(batch))
    }

    /// Frees the batch, which takes a while; the source is left, to be let go by JavaScript's thread.
    pub fn into_source(self) -> (Source, Watch) {
        (self.loaded.into_owner(), self.watch)
    }
}

/// Where the work is.
enum State {
    Idle(Box<Work>),
    Busy,
    Done,
}

/// The place of a batch's work, shared by its JavaScript object and the settle that has taken it.
pub struct Slot {
    /// Whose batch it is.
    pub core: Arc<Core>,
    /// Its number.
    pub batch: u64,
    state: Mutex<State>,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the work, if `check` finds nothing wrong with it.
    ///
    /// # Errors
    /// `native/order` while a settle has it, and after the last part; that of `check`.
    pub fn take(&self, check: impl FnOnce(&mut Work) -> Result<()>) -> Result<Box<Work>> {
        let mut state = self.state();
        match &mut *state {
            State::Idle(work) => check(work)?,
            State::Busy => return Err(failure(Code::Order, "this batch is being settled")),
            State::Done => return Err(failure(Code::Order, "this batch is settled to its end")),
        }
        match std::mem::replace(&mut *state, State::Busy) {
            State::Idle(work) => Ok(work),
            State::Busy | State::Done => unreachable!("it was idle, and the lock is held"),
        }
    }

    /// Gives the work back, or says that there is no more.
    pub fn put(&self, work: Option<Box<Work>>) {
        *self.state() = work.map_or(State::Done, State::Idle);
    }
}

/// A batch whose bodies and attachments have been parsed and checked against themselves.
#[napi]
pub struct Prepared {
    pub(crate) slot: Arc<Slot>,
    rows: u32,
}

impl Prepared {
    /// Work, to be settled by `core`.
    pub fn new(core: Arc<Core>, batch: u64, work: Box<Work>) -> Prepared {
        let rows = work.rows() as u32;
        Prepared {
            slot: Arc::new(Slot {
                core,
                batch,
                state: Mutex::new(State::Idle(work)),
            }),
            rows,
        }
    }
}

#[napi]
impl Prepared {
    /// Messages or entries in it.
    #[napi(getter)]
    pub fn rows(&self) -> u32 {
        self.rows
    }
}
