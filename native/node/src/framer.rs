//! `Framer`: cuts a stream into messages and faults.

use std::time::Instant;

use kelpipe_cesr::frame::{Fault, Framer as Inner};
use kelpipe_keri::batch::codec_options;
use napi::Env;
use napi::bindgen_prelude::{Object, Unknown};
use napi_derive::napi;

use crate::argument::Arg;
use crate::bytes::{array_buffer, read};
use crate::failure::{Code, Result, failure, runtime};
use crate::guard::guarded;
use crate::layout::FAULT_WORDS;
use crate::metrics::{Operation, SHARED};
use crate::options::parse;
use crate::spans;

/// Cuts the windows of one stream.
#[napi]
pub struct Framer {
    inner: Inner,
    poisoned: bool,
}

/// What was cut, in the form in which it crosses.
struct Cut {
    rows: usize,
    spans: Vec<u8>,
    faults: Vec<u8>,
    consumed: u32,
}

#[napi]
impl Framer {
    /// A framer at the start of a stream, by the options of an engine.
    #[napi(constructor)]
    pub fn new(options: Unknown<'_>) -> Result<Framer> {
        guarded(Operation::Make, || {
            let inner = Inner::new(&codec_options(&parse(&options)?.rules));
            Ok(Framer {
                inner,
                poisoned: false,
            })
        })
    }

    /// Cuts whole messages out of a window, which begins where the last one was consumed to. `end`: no more follows.
    #[napi]
    pub fn frame<'env>(
        &mut self,
        env: &'env Env,
        window: Unknown<'_>,
        end: Arg<bool>,
    ) -> Result<Object<'env>> {
        let end = end.get("end", "a boolean")?;
        let start = Instant::now();
        let mut bytes = 0;
        let cut = read(&window, "window", |window| {
            bytes = window.len();
            self.cut(window, end)
        });
        let rows = cut.as_ref().map_or(0, |cut| cut.rows);
        SHARED
            .of(Operation::Frame)
            .note(start, rows, bytes, cut.is_ok());
        object(env, cut?).map_err(|error| runtime(&error))
    }

    fn cut(&mut self, window: &[u8], end: bool) -> Result<Cut> {
        if self.poisoned {
            return Err(failure(
                Code::Poisoned,
                "a call before this one failed for good: make a new framer",
            ));
        }
        let Framer { inner, .. } = self;
        let cut = guarded(Operation::Frame, || {
            let (mut frames, mut faults) = (Vec::new(), Vec::new());
            let consumed = inner.frame(window, end, &mut frames, &mut faults);
            Ok(Cut {
                rows: frames.len(),
                spans: frames
                    .iter()
                    .flat_map(spans::words)
                    .flat_map(u32::to_le_bytes)
                    .collect(),
                faults: faults
                    .iter()
                    .flat_map(fault_words)
                    .flat_map(u64::to_le_bytes)
                    .collect(),
                consumed: consumed as u32,
            })
        });
        self.poisoned = cut.is_err();
        cut
    }
}

/// A fault in the form in which it crosses.
pub fn fault_words(fault: &Fault) -> [u64; FAULT_WORDS] {
    [
        fault.offset,
        fault.bytes,
        fault.error as u64,
        fault.at,
        fault.before.into(),
    ]
}

fn object(env: &Env, cut: Cut) -> napi::Result<Object<'_>> {
    let mut object = Object::new(env)?;
    object.set("spans", array_buffer(env, cut.spans)?)?;
    object.set("faults", array_buffer(env, cut.faults)?)?;
    object.set("consumed", cut.consumed)?;
    Ok(object)
}
