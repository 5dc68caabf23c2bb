//! `Tool`: what people do with streams besides having them judged: annotated, read back from annotated text, converted,
//! split.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use kelpipe_cesr::annotate::{Annotator, Deannotator, Form, Line, render, render_json};
use kelpipe_cesr::convert::Converter;
use kelpipe_cesr::frame::Domain;
use kelpipe_cesr::limits::Options;
use kelpipe_cesr::split::{AIDS_MAX, By, Splitter};
use kelpipe_keri::batch::codec_options;
use napi::bindgen_prelude::{AsyncTask, Object, Unknown};
use napi::{Env, ScopedTask};
use napi_derive::napi;

use crate::argument::Arg;
use crate::bytes::{array_buffer, read, to_bytes};
use crate::failure::{Code, Result, argument, failure, rejection, runtime};
use crate::guard::{caught, guarded};
use crate::metrics::{Operation, SHARED};
use crate::options::parse;

/// Most bytes of one window: a message at hand, and what is read at a time.
const WINDOW_BYTES_MAX: usize = 128 << 20;

/// Goes over one stream that comes in windows.
#[napi]
pub struct Tool {
    /// Empty while a call is under way, and for good after one that failed or refused the stream.
    slot: Slot,
}

type Slot = Arc<Mutex<Option<Box<Work>>>>;

/// What is done with the stream.
enum Work {
    Annotate { annotator: Annotator, shape: Shape },
    Convert(Box<Converter>),
    Deannotate(Deannotator),
    Split(Splitter),
}

/// How annotations are told.
#[derive(Clone, Copy)]
enum Shape {
    /// As text that can be read back.
    Text,
    /// As JSON.
    Json,
    /// As JSON without what stands in the stream, for those who have it.
    Map,
}

/// What a window came to.
#[derive(Default)]
pub struct Made {
    /// Bytes that need not be given again.
    consumed: usize,
    bytes: Vec<u8>,
    /// Of a split: where each piece ends in `bytes`, and whether it begins its stream.
    pieces: Vec<u32>,
    /// Of a split: the AID of each piece on a line, empty without one.
    names: String,
    messages: usize,
    faults: usize,
    /// Why the stream cannot be gone on with.
    problem: Option<String>,
}

impl Shape {
    fn render(self, lines: &mut [Line]) -> String {
        match self {
            Shape::Text => render(lines),
            Shape::Json => render_json(lines),
            Shape::Map => {
                for line in lines.iter_mut().filter(|line| line.form != Form::Shown) {
                    line.text.clear();
                }
                render_json(lines)
            }
        }
    }
}

impl Work {
    fn named(name: &str, options: &Options) -> Option<Work> {
        let annotate = |shape| Work::Annotate {
            annotator: Annotator::new(options),
            shape,
        };
        let convert = |to| Work::Convert(Box::new(Converter::new(to, options)));
        Some(match name {
            "annotate" => annotate(Shape::Text),
            "annotate-json" => annotate(Shape::Json),
            "annotate-map" => annotate(Shape::Map),
            "to-text" => convert(Domain::Text),
            "to-binary" => convert(Domain::Binary),
            "deannotate" => Work::Deannotate(Deannotator::new(options)),
            "split-aid" => Work::Split(Splitter::new(By::Aid, options)),
            "split-message" => Work::Split(Splitter::new(By::Message, options)),
            _ => return None,
        })
    }

    fn run(&mut self, window: &[u8], end: bool) -> Made {
        let mut made = Made {
            consumed: window.len(),
            ..Made::default()
        };
        match self {
            Work::Annotate { annotator, shape } => {
                let mut lines = Vec::new();
                let done = annotator.annotate(window, end, &mut lines);
                made.bytes = shape.render(&mut lines).into_bytes();
                (made.consumed, made.messages, made.faults) =
                    (done.consumed, done.messages, done.faults);
            }
            Work::Convert(converter) => match converter.convert(window, end, &mut made.bytes) {
                Ok(consumed) => made.consumed = consumed,
                Err(refused) => made.problem = Some(refused.to_string()),
            },
            Work::Deannotate(reader) => reader.read(window, end, &mut made.bytes),
            Work::Split(splitter) => split(splitter, window, end, &mut made),
        }
        made
    }
}

fn split(splitter: &mut Splitter, window: &[u8], end: bool, made: &mut Made) {
    let mut pieces = Vec::new();
    let split = splitter.split(window, end, &mut pieces);
    for piece in &pieces {
        made.bytes.extend_from_slice(&piece.bytes);
        made.pieces
            .extend([made.bytes.len() as u32, u32::from(piece.first)]);
        made.names
            .push_str(piece.aid.as_deref().unwrap_or_default());
        made.names.push('\n');
    }
    (made.consumed, made.messages, made.faults) = (split.consumed, pieces.len(), split.faults);
    if split.too_many {
        made.problem = Some(format!("more than {AIDS_MAX} AIDs in one stream"));
    }
}

#[napi]
impl Tool {
    /// A tool at the start of a stream: `annotate`, `annotate-json`, `annotate-map`, `to-text`, `to-binary`, `deannotate`, `split-aid` or
    /// `split-message`, by the options of an engine.
    #[napi(constructor)]
    pub fn new(name: Arg<String>, options: Unknown<'_>) -> Result<Tool> {
        let name = name.get("name", "a string")?;
        guarded(Operation::Make, || {
            let options = codec_options(&parse(&options)?.rules);
            let work = Work::named(&name, &options)
                .ok_or_else(|| argument("name: there is no such tool"))?;
            Ok(Tool {
                slot: Arc::new(Mutex::new(Some(Box::new(work)))),
            })
        })
    }

    /// Goes over a window, which begins where the last one was consumed to and is copied. `end`: no more follows.
    #[napi]
    pub fn next(
        &self,
        env: Env,
        window: Unknown<'_>,
        end: Arg<bool>,
    ) -> napi::Result<AsyncTask<Step>> {
        self.begin(&window, end)
            .map(AsyncTask::new)
            .map_err(|failure| rejection(&env, failure))
    }

    fn begin(&self, window: &Unknown<'_>, end: Arg<bool>) -> Result<Step> {
        let end = end.get("end", "a boolean")?;
        let window = read(window, "window", |window| {
            if window.len() > WINDOW_BYTES_MAX {
                let size = window.len();
                return Err(argument(format!(
                    "window: {size} bytes are more than {WINDOW_BYTES_MAX}"
                )));
            }
            Ok(window.to_vec())
        })?;
        let work = put(&self.slot, None).ok_or_else(|| {
            let why = "a call is under way, or one before this one ended the stream";
            failure(Code::Order, why)
        })?;
        Ok(Step {
            slot: self.slot.clone(),
            work: Some(work),
            window,
            end,
        })
    }
}

/// Puts something else into the slot.
fn put(slot: &Slot, work: Option<Box<Work>>) -> Option<Box<Work>> {
    std::mem::replace(
        &mut *slot.lock().unwrap_or_else(PoisonError::into_inner),
        work,
    )
}

/// Goes over a window, on the thread pool.
pub struct Step {
    slot: Slot,
    work: Option<Box<Work>>,
    window: Vec<u8>,
    end: bool,
}

impl Step {
    fn run(&mut self) -> Result<Made> {
        let Some(mut work) = self.work.take() else {
            unreachable!("a task runs once")
        };
        let start = Instant::now();
        let window = std::mem::take(&mut self.window);
        let made = guarded(Operation::Tool, || {
            let made = work.run(&window, self.end);
            if made.problem.is_none() && !self.end {
                self.work = Some(work);
            }
            Ok(made)
        });
        let rows = made.as_ref().map_or(0, |made| made.messages);
        SHARED
            .of(Operation::Tool)
            .note(start, rows, window.len(), made.is_ok());
        made
    }
}

impl<'env> ScopedTask<'env> for Step {
    type Output = Result<Made>;
    type JsValue = Object<'env>;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(caught(|| self.run()))
    }

    fn resolve(&mut self, env: &'env Env, output: Self::Output) -> napi::Result<Object<'env>> {
        put(&self.slot, self.work.take());
        output
            .and_then(|made| object(env, made).map_err(|error| runtime(&error)))
            .map_err(|failure| rejection(env, failure))
    }
}

fn object(env: &Env, made: Made) -> napi::Result<Object<'_>> {
    let mut object = Object::new(env)?;
    object.set("consumed", made.consumed as u32)?;
    object.set("bytes", array_buffer(env, made.bytes)?)?;
    object.set("pieces", array_buffer(env, to_bytes(&made.pieces))?)?;
    object.set("names", made.names)?;
    object.set("messages", made.messages as u32)?;
    object.set("faults", made.faults as u32)?;
    object.set("problem", made.problem)?;
    Ok(object)
}
