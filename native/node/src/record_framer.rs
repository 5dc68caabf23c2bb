//! `RecordFramer`: cuts records of a log, each of which holds whole messages, and compares their keys.

use std::time::Instant;

use kelpipe_cesr::frame::{self, Frame};
use kelpipe_cesr::limits::Options;
use kelpipe_cesr::split::aid;
use kelpipe_keri::batch::codec_options;
use napi::Env;
use napi::bindgen_prelude::{Object, Unknown};
use napi_derive::napi;

use crate::argument::Arg;
use crate::bytes::{array_buffer, read, to_bytes, words};
use crate::failure::{Result, argument, runtime};
use crate::framer::fault_words;
use crate::guard::guarded;
use crate::metrics::{Operation, SHARED};
use crate::options::parse;
use crate::spans;

/// Words of a record: start and end of its key, start and end of its value.
const RECORD_WORDS: usize = 4;

/// What is wrong with a record as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum State {
    Good,
    /// Its value has no byte.
    Empty,
    /// A message in it has another AID than the key says.
    Keyed,
}

/// Cuts records, each of them alone.
#[napi]
pub struct RecordFramer {
    options: Options,
    keyed: bool,
}

#[derive(Default)]
struct Cut {
    spans: Vec<u32>,
    faults: Vec<u8>,
    states: Vec<u8>,
}

#[napi]
impl RecordFramer {
    /// A framer by the options of an engine. `keyed`: keys are the AIDs of what the records hold.
    #[napi(constructor)]
    pub fn new(options: Unknown<'_>, keyed: Arg<bool>) -> Result<RecordFramer> {
        guarded(Operation::Make, || {
            Ok(RecordFramer {
                options: codec_options(&parse(&options)?.rules),
                keyed: keyed.get("keyed", "a boolean")?,
            })
        })
    }

    /// Cuts the records that stand in a window, four words each, in order. A record with a state but 0 gives no span.
    #[napi]
    pub fn frame<'env>(
        &self,
        env: &'env Env,
        window: Unknown<'_>,
        records: Unknown<'_>,
    ) -> Result<Object<'env>> {
        let start = Instant::now();
        let words = words(&records, "records")?;
        let mut bytes = 0;
        let cut = read(&window, "window", |window| {
            bytes = window.len();
            let records = checked(&words, window.len())?;
            guarded(Operation::Frame, || Ok(self.cut(window, records)))
        });
        let rows = cut.as_ref().map_or(0, |cut| cut.spans.len() / spans::WORDS);
        SHARED
            .of(Operation::Frame)
            .note(start, rows, bytes, cut.is_ok());
        object(env, cut?).map_err(|error| runtime(&error))
    }

    fn cut(&self, window: &[u8], records: &[[u32; RECORD_WORDS]]) -> Cut {
        let mut cut = Cut::default();
        for &[key_start, key_end, start, end] in records {
            let value = slice(window, start, end);
            let (frames, mut faults) = frame::cut(value, &self.options);
            let key = slice(window, key_start, key_end);
            let state = self.state(value, key, &frames);
            cut.states.push(state as u8);
            if state != State::Good {
                continue;
            }
            for fault in &mut faults {
                fault.offset += u64::from(start);
                fault.at += u64::from(start);
                fault.before += (cut.spans.len() / spans::WORDS) as u32;
                let words = fault_words(fault);
                cut.faults
                    .extend(words.into_iter().flat_map(u64::to_le_bytes));
            }
            for frame in &frames {
                let [body, body_end, attachments_end, flags] = spans::words(frame);
                cut.spans.extend([
                    body + start,
                    body_end + start,
                    attachments_end + start,
                    flags,
                ]);
            }
        }
        cut
    }

    fn state(&self, value: &[u8], key: &[u8], frames: &[Frame]) -> State {
        let is_other =
            |frame| aid(value, frame, &self.options).is_some_and(|aid| aid.as_bytes() != key);
        if value.is_empty() {
            State::Empty
        } else if self.keyed && frames.iter().any(is_other) {
            State::Keyed
        } else {
            State::Good
        }
    }
}

fn slice(window: &[u8], start: u32, end: u32) -> &[u8] {
    window.get(start as usize..end as usize).unwrap_or_default()
}

/// Records inside a window whose values do not overlap, in order.
fn checked(words: &[u32], size: usize) -> Result<&[[u32; RECORD_WORDS]]> {
    let (records, rest) = words.as_chunks::<RECORD_WORDS>();
    let mut before = 0;
    for (at, &[key_start, key_end, start, end]) in records.iter().enumerate() {
        let inside = key_start <= key_end && key_end as usize <= size && end as usize <= size;
        if !inside || start < before || start > end {
            return Err(argument(format!(
                "records: record {at} is out of order or out of bounds"
            )));
        }
        before = end;
    }
    if rest.is_empty() {
        Ok(records)
    } else {
        Err(argument(format!(
            "records: {} words are not whole records of {RECORD_WORDS}",
            words.len()
        )))
    }
}

fn object(env: &Env, cut: Cut) -> napi::Result<Object<'_>> {
    let mut object = Object::new(env)?;
    object.set("spans", array_buffer(env, to_bytes(&cut.spans))?)?;
    object.set("faults", array_buffer(env, cut.faults)?)?;
    object.set("states", array_buffer(env, cut.states)?)?;
    Ok(object)
}
