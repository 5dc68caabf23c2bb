//! `Generator`: makes streams of signed events and the truth about them. No key crosses: only what it signed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use kelpipe_cesr::version::Kind;
use kelpipe_gen::{Output, Plan, Shape, Wire, World};
use napi::bindgen_prelude::{AsyncTask, Object, Unknown};
use napi::{Env, ScopedTask};
use napi_derive::napi;

use crate::argument::{Arg, WHOLE_MAX, whole};
use crate::bytes::{array_buffer, to_bytes};
use crate::failure::{Code, Result, argument, failure, rejection, runtime};
use crate::guard::{caught, guarded};
use crate::metrics::{Operation, SHARED};
use crate::options::Fields;

/// Most bytes that one call makes, but for the last message.
const CHUNK_BYTES_MAX: u64 = 64 << 20;

type Slot = Arc<Mutex<Option<Box<World>>>>;

/// One run of a plan.
#[napi]
pub struct Generator {
    /// Empty while a call is under way, and for good after one that failed.
    world: Slot,
}

#[napi]
impl Generator {
    /// A run at its start.
    #[napi(constructor)]
    pub fn new(plan: Unknown<'_>) -> Result<Generator> {
        guarded(Operation::Make, || {
            let world =
                World::new(read(&plan)?).map_err(|unsound| argument(unsound.to_string()))?;
            Ok(Generator {
                world: Arc::new(Mutex::new(Some(Box::new(world)))),
            })
        })
    }

    /// The next piece of the stream, of at least `bytes` bytes unless it is the last.
    #[napi]
    pub fn next(&self, env: Env, bytes: Arg<f64>) -> napi::Result<AsyncTask<Fill>> {
        self.begin(bytes)
            .map(AsyncTask::new)
            .map_err(|failure| rejection(&env, failure))
    }

    fn begin(&self, bytes: Arg<f64>) -> Result<Fill> {
        let bytes = whole(bytes, "bytes", CHUNK_BYTES_MAX)? as usize;
        let world = take(&self.world).ok_or_else(|| {
            let why = "a call is under way, or one before this one failed for good";
            failure(Code::Order, why)
        })?;
        Ok(Fill {
            slot: self.world.clone(),
            world: Some(world),
            bytes,
        })
    }
}

fn take(slot: &Slot) -> Option<Box<World>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Makes a piece, on the thread pool.
pub struct Fill {
    slot: Slot,
    world: Option<Box<World>>,
    bytes: usize,
}

impl Fill {
    fn run(&mut self) -> Result<(Output, bool)> {
        let Some(mut world) = self.world.take() else {
            unreachable!("a task runs once")
        };
        let start = Instant::now();
        let made = guarded(Operation::Generate, || {
            let mut out = Output::default();
            let more = world.fill(self.bytes, &mut out);
            self.world = Some(world);
            Ok((out, more))
        });
        let (rows, bytes) = made
            .as_ref()
            .map_or((0, 0), |(out, _)| (out.ends.len(), out.stream.len()));
        SHARED
            .of(Operation::Generate)
            .note(start, rows, bytes, made.is_ok());
        made
    }
}

impl<'env> ScopedTask<'env> for Fill {
    type Output = Result<(Output, bool)>;
    type JsValue = Object<'env>;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(caught(|| self.run()))
    }

    fn resolve(&mut self, env: &'env Env, output: Self::Output) -> napi::Result<Object<'env>> {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = self.world.take();
        output
            .and_then(|made| object(env, made).map_err(|error| runtime(&error)))
            .map_err(|failure| rejection(env, failure))
    }
}

fn object(env: &Env, (out, more): (Output, bool)) -> napi::Result<Object<'_>> {
    let mut object = Object::new(env)?;
    let ends: Vec<u32> = out.ends.iter().map(|end| *end as u32).collect();
    object.set("ends", array_buffer(env, to_bytes(&ends))?)?;
    object.set("stream", array_buffer(env, out.stream)?)?;
    object.set("truth", out.truth)?;
    object.set("more", more)?;
    Ok(object)
}

/// Reads a plan; what is left out has its default. Its ranges are checked by the plan itself.
fn read(value: &Unknown<'_>) -> Result<Plan> {
    let fields = Fields::of(value, "plan")?;
    let mut plan = Plan::default();
    for (name, field) in [
        ("seed", &mut plan.seed),
        ("aids", &mut plan.aids),
        ("events", &mut plan.events),
    ] {
        *field = fields.number(name, *field, WHOLE_MAX)?;
    }
    for (name, field) in [
        ("keys", &mut plan.keys),
        ("enough", &mut plan.enough),
        ("witnesses", &mut plan.witnesses),
        ("toad", &mut plan.toad),
        ("delegates", &mut plan.delegates),
        ("interleave", &mut plan.interleave),
        ("shuffle", &mut plan.shuffle),
    ] {
        *field = fields.number(name, *field as u64, u32::MAX.into())? as usize;
    }
    for (name, field) in [
        ("drop", &mut plan.drop),
        ("duplicate", &mut plan.duplicate),
        ("corrupt", &mut plan.corrupt),
    ] {
        *field = fields.number(name, u64::from(*field), u32::MAX.into())? as u32;
    }
    plan.grouped = fields
        .get::<bool>("grouped")?
        .map(|grouped| grouped.get("grouped", "a boolean"))
        .transpose()?;
    if let Some(names) = names(&fields, "shapes")? {
        let shape = |name: &String| {
            Shape::named(name).ok_or_else(|| argument(format!("shapes: there is no {name}")))
        };
        plan.shapes = names.iter().map(shape).collect::<Result<_>>()?;
    }
    if let Some(names) = names(&fields, "wires")? {
        plan.wires = names.iter().map(|name| wire(name)).collect::<Result<_>>()?;
    }
    Ok(plan)
}

fn names(fields: &Fields<'_>, name: &str) -> Result<Option<Vec<String>>> {
    let names: Vec<Arg<String>> = fields.list(name)?;
    let names: Vec<String> = names
        .into_iter()
        .map(|text| text.get(name, "strings"))
        .collect::<Result<_>>()?;
    Ok((!names.is_empty()).then_some(names))
}

/// `v1-json`, `v2-native-binary` and the like.
fn wire(name: &str) -> Result<Wire> {
    let (text, binary) = name
        .strip_suffix("-binary")
        .map_or((name, false), |text| (text, true));
    let (major, kind) = match text.split_once('-') {
        Some(("v1", kind)) => (1, kind),
        Some(("v2", kind)) => (2, kind),
        _ => (0, ""),
    };
    let kind = match kind {
        "json" => Kind::Json,
        "cbor" => Kind::Cbor,
        "mgpk" => Kind::Mgpk,
        "native" => Kind::Cesr,
        _ => {
            let forms = "v1 or v2, then json, cbor, mgpk or native, then nothing or binary";
            return Err(argument(format!("wires: {forms} is expected, not {name}")));
        }
    };
    Ok(Wire {
        major,
        kind,
        binary,
    })
}
