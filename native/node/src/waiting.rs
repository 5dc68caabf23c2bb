//! Waiting entries and streams as people read them: for the command line, the HTTP interface and tests.

use kelpipe_cesr::{annotate, limits};
use kelpipe_keri::engine::Damaged;
use kelpipe_keri::rebuild::{self, COUNTS};
use kelpipe_keri::{history, waiting};
use napi::bindgen_prelude::{ArrayBuffer, Unknown};
use napi::{Env, ValueType};
use napi_derive::napi;

use crate::bytes::{array_buffer, read, words};
use crate::failure::{Result, argument, damaged, runtime};
use crate::records::over_records;

/// A `waiting` record as a message: an event with what is attached so far, or a receipt.
#[napi]
pub fn waiting_message<'env>(
    env: &'env Env,
    key: Unknown<'_>,
    value: Unknown<'_>,
) -> Result<ArrayBuffer<'env>> {
    let key = read(&key, "key", |key| Ok(key.to_vec()))?;
    let message = read(&value, "value", |value| {
        over_records(value.len(), || {
            waiting::message(&key, value).ok_or_else(|| damaged(Damaged))
        })
    })?;
    array_buffer(env, message).map_err(|error| runtime(&error))
}

/// What a `waiting` record lacks, as a JSON list. `record`: the `aids` record of its AID, or `null`.
#[napi]
pub fn missing(key: Unknown<'_>, value: Unknown<'_>, record: Unknown<'_>) -> Result<String> {
    let key = read(&key, "key", |key| Ok(key.to_vec()))?;
    let record = bytes_or_null(&record, "record")?;
    read(&value, "value", |value| {
        over_records(value.len(), || {
            waiting::missing(&key, value, record.as_deref()).ok_or_else(|| damaged(Damaged))
        })
    })
}

/// A stream as annotated text: a line for each primitive, with what it is.
#[napi]
pub fn annotated(stream: Unknown<'_>) -> Result<String> {
    read(&stream, "stream", |stream| {
        over_records(stream.len(), || {
            let lines = annotate::annotate(stream, &limits::Options::default());
            Ok(annotate::render(&lines))
        })
    })
}

/// The key state record that held when the event in `log` was the last one, as JSON. `est` and `inception`: the log
/// records of its establishment event and of its inception.
#[napi]
pub fn key_state_at(log: Unknown<'_>, est: Unknown<'_>, inception: Unknown<'_>) -> Result<String> {
    let est = read(&est, "est", |est| Ok(est.to_vec()))?;
    let inception = read(&inception, "inception", |inception| Ok(inception.to_vec()))?;
    read(&log, "log", |log| {
        over_records(log.len(), || {
            history::key_state_at(log, &est, &inception).ok_or_else(|| damaged(Damaged))
        })
    })
}

/// How far a `waiting` record that is evidence is signed, as JSON. `before`: the log record of the establishment event
/// in force before its place, or `null`.
#[napi]
pub fn evidence(value: Unknown<'_>, before: Unknown<'_>) -> Result<String> {
    let before = bytes_or_null(&before, "before")?;
    read(&value, "value", |value| {
        over_records(value.len(), || {
            history::evidence(value, before.as_deref()).ok_or_else(|| damaged(Damaged))
        })
    })
}

fn bytes_or_null(value: &Unknown<'_>, name: &str) -> Result<Option<Vec<u8>>> {
    if matches!(value.get_type(), Ok(ValueType::Null)) {
        return Ok(None);
    }
    read(value, name, |bytes| Ok(bytes.to_vec())).map(Some)
}

/// An `aids` record with other counts of what waits; empty if nothing need be stored. `value`: the one so far, or
/// `null`; `counts`: entries by kind, rows, and receipts elsewhere that await an event of the AID.
#[napi]
pub fn aid_counted<'env>(
    env: &'env Env,
    value: Unknown<'_>,
    counts: Unknown<'_>,
) -> Result<ArrayBuffer<'env>> {
    let value = bytes_or_null(&value, "value")?;
    let counts = words(&counts, "counts")?;
    let counts: &[u32; COUNTS] = counts
        .as_slice()
        .try_into()
        .map_err(|_| argument(format!("counts: {COUNTS} numbers are expected")))?;
    let record = over_records(value.as_ref().map_or(0, Vec::len), || {
        rebuild::counted(value.as_deref(), counts).ok_or_else(|| damaged(Damaged))
    })?;
    array_buffer(env, record).map_err(|error| runtime(&error))
}
