//! `Engine`: prepares and settles batches off the event loop.

use std::sync::{Arc, Mutex, PoisonError};

use kelpipe_crypto::Verifier;
use kelpipe_keri::batch::WaitingOp;
use kelpipe_keri::decision::Kind;
use napi::bindgen_prelude::{AsyncTask, BigInt, ClassInstance, Unknown};
use napi::{Env, ValueType};
use napi_derive::napi;

use crate::argument::{Arg, Maybe, natural, whole};
use crate::bytes::{Source, Watch, read, words};
use crate::core::Core;
use crate::failure::{Code, Result, argument, damaged, failure};
use crate::guard::guarded;
use crate::metrics::{EngineMetrics, Operation};
use crate::options::{list, parse};
use crate::prepared::{Prepared, Work};
use crate::records::over_records;
use crate::spans;
use crate::tasks::{Material, Messages, Prepare, Settle};

/// Judges messages against key state.
#[napi]
pub struct Engine {
    /// None once closed. Tasks hold what they need themselves, so the engine can be closed under them.
    core: Mutex<Option<Arc<Core>>>,
}

/// What an engine runs on.
#[napi(object, object_from_js = false)]
pub struct Features {
    /// The implementation of the signature checks in use.
    pub path: String,
    /// All that this machine has, the preferred first.
    pub available: Vec<String>,
    /// Threads that check one batch.
    pub threads: u32,
    /// Version of the native code.
    pub version: String,
    /// Version of Node-API that it was built for.
    pub node_api: u32,
    /// Whether it was built with optimization.
    pub optimized: bool,
    /// Architecture and operating system that it was built for.
    pub target: String,
}

#[napi]
impl Engine {
    /// An engine for an empty database; `open` says what another one holds.
    #[napi(constructor)]
    pub fn new(options: Unknown<'_>) -> Result<Engine> {
        guarded(Operation::Make, || {
            let options = parse(&options)?;
            let engine =
                kelpipe_keri::engine::Engine::new(options.rules, Verifier::new(options.crypto));
            let features = engine.verifier().features();
            tracing::debug!(
                path = features.path.name(),
                threads = features.threads,
                "engine"
            );
            Ok(Engine {
                core: Mutex::new(Some(Arc::new(Core::new(engine)))),
            })
        })
    }

    /// Goes on at what the database holds: the value of its `meta` entry `ordinal`, or `null` if it is empty.
    #[napi]
    pub fn open(&self, ordinal: Unknown<'_>) -> Result<()> {
        let core = self.core()?;
        let ordinal = bytes_or_null(&ordinal, "ordinal", |bytes| Ok(bytes.to_vec()))?;
        let bytes = ordinal.as_ref().map_or(0, Vec::len);
        core.run(Operation::Open, bytes, || {
            Ok((0, core.open(ordinal.as_deref())?))
        })
    }

    /// Parses messages, and checks signatures ahead. The source belongs to the batch until it is settled to its end or given up, unless it is
    /// copied.
    #[napi]
    pub fn prepare(
        &self,
        source: Unknown<'_>,
        spans: Unknown<'_>,
        origin: Arg<f64>,
        copy: Arg<bool>,
    ) -> Result<AsyncTask<Prepare>> {
        let core = self.core()?;
        let copy = copy.get("copy", "a boolean")?;
        let origin = whole(origin, "origin", u32::MAX.into())? as u32;
        let words = words(&spans, "spans")?;
        let (source, watch) = pinned(&source, copy)?;
        let frames = spans::frames(&words, source.bytes().len())?;
        if copy {
            core.metrics.copied(source.bytes().len());
        }
        Ok(AsyncTask::new(Prepare::new(
            core,
            Material::Messages(Box::new(Messages {
                source,
                watch,
                frames,
                origin,
            })),
        )))
    }

    /// Makes a batch of waiting entries: `retry` (all their kinds, or one), `expire`, `remove`,
    /// `evict` or `wake`.
    #[napi]
    pub fn prepare_waiting(
        &self,
        op: Arg<String>,
        keys: Unknown<'_>,
        kind: Maybe<String>,
    ) -> Result<AsyncTask<Prepare>> {
        let core = self.core()?;
        let op = waiting_op(&op.get("op", "a string")?, kind)?;
        let keys = list::<Unknown<'_>>(&keys, "keys")?
            .into_iter()
            .map(|key| {
                read(&key.get("keys", "a Uint8Array")?, "keys", |key| {
                    Ok(key.to_vec())
                })
            })
            .collect::<Result<_>>()?;
        Ok(AsyncTask::new(Prepare::new(
            core,
            Material::Waiting { op, keys },
        )))
    }

    /// Settles the next part of a batch. `fetched` answers the requests of the settle before, and is `null` if that
    /// made none; nobody may write to it meanwhile.
    #[napi]
    pub fn settle(
        &self,
        env: Env,
        prepared: Arg<ClassInstance<'_, Prepared>>,
        fetched: Unknown<'_>,
        now_micros: Arg<BigInt>,
    ) -> Result<AsyncTask<Settle>> {
        let core = self.core()?;
        let prepared = prepared.get("prepared", "what prepare resolved to")?;
        let now_micros = natural(now_micros, "nowMicros", i64::MAX.unsigned_abs())?.cast_signed();
        let fetched = if is_null(&fetched) {
            None
        } else {
            Some(Source::of(&fetched, "fetched", false)?)
        };
        let slot = prepared.slot.clone();
        if !Arc::ptr_eq(&slot.core, &core) {
            return Err(failure(Code::Order, "prepared: another engine prepared it"));
        }
        let work = slot.take(|work| {
            check_answer(work, fetched.as_ref())?;
            work.watch.check(&env)?;
            core.begin(slot.batch)
        })?;
        Ok(AsyncTask::new(Settle::new(slot, work, fetched, now_micros)))
    }

    /// Says that a part, and all before it, are on disk.
    #[napi]
    pub fn committed(&self, part: Arg<BigInt>) -> Result<()> {
        let core = self.core()?;
        let part = natural(part, "part", u64::MAX)?;
        core.run(Operation::Committed, 0, || Ok((0, core.commit(part)?)))
    }

    /// What a `waiting` record is indexed under by the limits of this engine, as JSON.
    #[napi]
    pub fn waiting_indexes(&self, value: Unknown<'_>) -> Result<String> {
        let core = self.core()?;
        read(&value, "value", |value| {
            over_records(value.len(), || {
                kelpipe_keri::rebuild::indexes(value, &core.engine.options().limits)
                    .ok_or_else(|| damaged(kelpipe_keri::engine::Damaged))
            })
        })
    }

    /// Counts `waiting` records that the database holds, before the first settle: an answer of the store to one request.
    #[napi]
    pub fn count_waiting(&self, answer: Unknown<'_>) -> Result<()> {
        let core = self.core()?;
        read(&answer, "answer", |answer| {
            over_records(answer.len(), || {
                core.engine.count_waiting(answer).map_err(damaged)
            })
        })
    }

    /// What waits and what of it has to go because it is too much, as JSON.
    #[napi]
    pub fn usage(&self) -> Result<String> {
        let core = self.core()?;
        over_records(0, || {
            let (all, excess) = core.engine.usage();
            Ok(kelpipe_keri::views::usage(all, &excess))
        })
    }

    /// Refuses all further calls. What is under way comes to its end.
    #[napi]
    pub fn close(&self) {
        *self.core.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What it counts.
    #[napi]
    pub fn metrics(&self) -> Result<EngineMetrics> {
        Ok(self.core()?.metrics.report())
    }

    /// Starts all counts anew.
    #[napi]
    pub fn reset_metrics(&self) -> Result<()> {
        self.core()?.metrics.reset();
        Ok(())
    }

    /// What it runs on.
    #[napi]
    pub fn features(&self) -> Result<Features> {
        let features = self.core()?.engine.verifier().features();
        Ok(Features {
            path: features.path.name().into(),
            available: features
                .available
                .iter()
                .map(|path| path.name().into())
                .collect(),
            threads: features.threads as u32,
            version: env!("CARGO_PKG_VERSION").into(),
            node_api: 8,
            optimized: !cfg!(debug_assertions),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        })
    }

    fn core(&self) -> Result<Arc<Core>> {
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.clone()
            .ok_or_else(|| failure(Code::Closed, "the engine is closed"))
    }
}

fn is_null(value: &Unknown<'_>) -> bool {
    matches!(value.get_type(), Ok(ValueType::Null))
}

fn bytes_or_null<T>(
    value: &Unknown<'_>,
    name: &str,
    then: impl FnOnce(&[u8]) -> Result<T>,
) -> Result<Option<T>> {
    if is_null(value) {
        Ok(None)
    } else {
        read(value, name, then).map(Some)
    }
}

fn pinned(value: &Unknown<'_>, copy: bool) -> Result<(Source, Watch)> {
    let source = Source::of(value, "source", copy)?;
    let watch = Watch::of(value, &source)?;
    Ok((source, watch))
}

/// An answer comes exactly when something was asked.
fn check_answer(work: &Work, fetched: Option<&Source>) -> Result<()> {
    match (work.asked, fetched.is_some()) {
        (true, false) => Err(failure(
            Code::Order,
            "fetched: the records that were asked for are missing",
        )),
        (false, true) => Err(failure(Code::Order, "fetched: nothing was asked for")),
        _ => Ok(()),
    }
}

fn waiting_op(op: &str, kind: Maybe<String>) -> Result<WaitingOp> {
    let kind = kind.map(|kind| kind.get("kind", "a string")).transpose()?;
    match (op, kind) {
        ("retry", None) => Ok(WaitingOp::Retry(None)),
        ("retry", Some(name)) => {
            let kind = Kind::PASS.into_iter().find(|kind| kind.name() == name);
            kind.map(|kind| WaitingOp::Retry(Some(kind)))
                .ok_or_else(|| argument(format!("kind: there is no {name}")))
        }
        (_, Some(_)) => Err(argument("kind: only a retry can be of one kind")),
        ("expire", None) => Ok(WaitingOp::Expire),
        ("remove", None) => Ok(WaitingOp::Remove),
        ("evict", None) => Ok(WaitingOp::Evict),
        ("wake", None) => Ok(WaitingOp::Wake),
        _ => Err(argument(
            "op: retry, expire, remove, evict or wake is expected",
        )),
    }
}
