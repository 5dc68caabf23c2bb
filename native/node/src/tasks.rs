//! What runs on the thread pool.

use std::sync::Arc;

use kelpipe_cesr::frame::Frame;
use kelpipe_keri::batch::{Batch, WaitingOp};
use kelpipe_keri::engine::{Outcome as Part, Step};
use kelpipe_keri::needs::Requests;
use napi::bindgen_prelude::{BigInt, Object};
use napi::{Env, ScopedTask};

use crate::bytes::{Source, Watch, array_buffer, to_bytes};
use crate::core::Core;
use crate::failure::{Result, rejection, runtime};
use crate::guard::{caught, guarded};
use crate::metrics::Operation;
use crate::prepared::{Loaded, Prepared, Slot, Work};

/// What a batch is made of.
pub enum Material {
    /// Messages.
    Messages(Box<Messages>),
    /// Waiting entries.
    Waiting {
        /// What to do with them.
        op: WaitingOp,
        /// Their keys.
        keys: Vec<Vec<u8>>,
    },
}

/// Messages to be parsed.
pub struct Messages {
    /// The bytes they stand in.
    pub source: Source,
    /// A second hold on them.
    pub watch: Watch,
    /// Where.
    pub frames: Vec<Frame>,
    /// Who sent them.
    pub origin: u32,
}

/// Parses a batch.
pub struct Prepare {
    core: Arc<Core>,
    batch: u64,
    material: Option<Material>,
}

impl Prepare {
    /// A batch for `core`.
    pub fn new(core: Arc<Core>, material: Material) -> Prepare {
        let batch = core.next_batch();
        Prepare {
            core,
            batch,
            material: Some(material),
        }
    }

    fn run(&mut self) -> Result<Box<Work>> {
        match self.material.take() {
            Some(Material::Messages(messages)) => {
                let Messages {
                    source,
                    watch,
                    frames,
                    origin,
                } = *messages;
                let bytes = source.bytes().len();
                self.core.run(Operation::Prepare, bytes, || {
                    let engine = &self.core.engine;
                    let loaded = Loaded::new(source, |source| {
                        engine.prepare(source.bytes(), &frames, origin)
                    });
                    Ok((frames.len(), Box::new(Work::new(loaded, watch))))
                })
            }
            Some(Material::Waiting { op, keys }) => {
                let bytes = keys.iter().map(Vec::len).sum();
                self.core.run(Operation::PrepareWaiting, bytes, || {
                    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
                    let loaded = Loaded::new(Source::none(), |_| Batch::of_waiting(op, &keys));
                    Ok((keys.len(), Box::new(Work::new(loaded, Watch::none()))))
                })
            }
            None => unreachable!("a task runs once"),
        }
    }
}

impl ScopedTask<'_> for Prepare {
    type Output = Result<Box<Work>>;
    type JsValue = Prepared;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(caught(|| self.run()))
    }

    fn resolve(&mut self, env: &Env, output: Self::Output) -> napi::Result<Prepared> {
        output
            .map(|work| Prepared::new(self.core.clone(), self.batch, work))
            .map_err(|failure| rejection(env, failure))
    }
}

/// Settles the next part of a batch.
pub struct Settle {
    slot: Arc<Slot>,
    work: Option<Box<Work>>,
    fetched: Option<Source>,
    now_micros: i64,
    /// The bytes of a batch that is done, on their way to the thread that may let go of them.
    done: Option<(Source, Watch)>,
}

/// A step in the form in which it crosses.
pub enum Encoded {
    /// Records are missing.
    Missing {
        /// Words of the requests.
        ops: Vec<u8>,
        /// Their keys.
        arena: Vec<u8>,
    },
    /// A part is settled.
    Part {
        /// Its number.
        part: u64,
        /// Whether there are more.
        more: bool,
        /// Number of verdicts.
        rows: u32,
        /// Their columns.
        columns: Vec<u8>,
        /// Their texts.
        texts: Vec<u8>,
        /// Words of the writes.
        ops: Vec<u8>,
        /// Keys and values of the writes.
        arena: Vec<u8>,
    },
}

impl Encoded {
    fn rows(&self) -> usize {
        match self {
            Encoded::Missing { .. } => 0,
            Encoded::Part { rows, .. } => *rows as usize,
        }
    }
}

impl Settle {
    /// A settle of `work`, which was taken from `slot`.
    pub fn new(
        slot: Arc<Slot>,
        work: Box<Work>,
        fetched: Option<Source>,
        now_micros: i64,
    ) -> Settle {
        Settle {
            slot,
            work: Some(work),
            fetched,
            now_micros,
            done: None,
        }
    }

    fn run(&mut self) -> Result<Encoded> {
        let Settle {
            slot,
            work,
            fetched,
            now_micros,
            done,
        } = self;
        let Some(mut taken) = work.take() else {
            unreachable!("a task runs once")
        };
        let bytes = fetched.as_ref().map_or(0, |fetched| fetched.bytes().len());
        let step = slot.core.run(Operation::Settle, bytes, || {
            let step = encoded(
                slot.core
                    .settle(&mut taken, fetched.as_ref(), *now_micros)?,
            );
            Ok((step.rows(), step))
        });
        taken.asked = matches!(&step, Ok(Encoded::Missing { .. }));
        if matches!(
            &step,
            Ok(Encoded::Missing { .. } | Encoded::Part { more: true, .. })
        ) {
            *work = Some(taken);
        } else {
            *done = Some(taken.into_source());
        }
        step
    }
}

fn encoded(step: Step) -> Encoded {
    match step {
        Step::Missing(Requests { ops, arena }) => Encoded::Missing {
            ops: to_bytes(&ops),
            arena,
        },
        Step::Part(Part {
            part,
            more,
            rows,
            writes,
        }) => Encoded::Part {
            part,
            more,
            rows: rows.rows as u32,
            columns: rows.bytes,
            texts: rows.texts,
            ops: to_bytes(&writes.ops),
            arena: writes.arena,
        },
    }
}

impl<'env> ScopedTask<'env> for Settle {
    type Output = Result<Encoded>;
    type JsValue = Object<'env>;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(caught(|| self.run()))
    }

    fn resolve(&mut self, env: &'env Env, output: Self::Output) -> napi::Result<Object<'env>> {
        self.done = None;
        let work = self.work.take();
        self.slot.core.end(work.is_none());
        self.slot.put(work);
        output
            .and_then(|step| {
                guarded(Operation::Settle, || {
                    object(env, step).map_err(|error| runtime(&error))
                })
            })
            .map_err(|failure| rejection(env, failure))
    }
}

fn object(env: &Env, step: Encoded) -> napi::Result<Object<'_>> {
    let mut object = Object::new(env)?;
    match step {
        Encoded::Missing { ops, arena } => {
            object.set("ops", array_buffer(env, ops)?)?;
            object.set("arena", array_buffer(env, arena)?)?;
        }
        Encoded::Part {
            part,
            more,
            rows,
            columns,
            texts,
            ops,
            arena,
        } => {
            object.set("part", BigInt::from(part))?;
            object.set("more", more)?;
            object.set("rows", rows)?;
            object.set("columns", array_buffer(env, columns)?)?;
            object.set("texts", array_buffer(env, texts)?)?;
            object.set("ops", array_buffer(env, ops)?)?;
            object.set("arena", array_buffer(env, arena)?)?;
        }
    }
    Ok(object)
}
