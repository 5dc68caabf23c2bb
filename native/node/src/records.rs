//! Stored records as people and tools read them: for the command line, exports and tests.

use std::time::Instant;

use kelpipe_keri::views;
use napi::Env;
use napi::bindgen_prelude::{ArrayBuffer, Unknown};
use napi_derive::napi;

use crate::argument::{Arg, whole};
use crate::bytes::{array_buffer, read};
use crate::failure::{Result, damaged, runtime};
use crate::guard::guarded;
use crate::layout::TABLES;
use crate::metrics::{Operation, SHARED};
use crate::options::list;

/// Runs a function over stored records; counted, and kept from panicking outwards.
pub fn over_records<T>(bytes: usize, body: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let outcome = guarded(Operation::Records, body);
    SHARED
        .of(Operation::Records)
        .note(start, 1, bytes, outcome.is_ok());
    outcome
}

/// Byte strings, copied: they are read together.
pub fn byte_list(value: &Unknown<'_>, name: &str) -> Result<Vec<Vec<u8>>> {
    list::<Unknown<'_>>(value, name)?
        .into_iter()
        .map(|item| {
            read(&item.get(name, "a Uint8Array")?, name, |bytes| {
                Ok(bytes.to_vec())
            })
        })
        .collect()
}

/// The key state record of an AID as JSON, from its `aids` record; `null` if there is no state in it.
#[napi]
pub fn key_state(aid: Arg<String>, value: Unknown<'_>, dated: Arg<bool>) -> Result<Option<String>> {
    let (aid, dated) = (
        aid.get("aid", "a string")?,
        dated.get("dated", "a boolean")?,
    );
    read(&value, "value", |value| {
        over_records(value.len(), || Ok(views::key_state(&aid, value, dated)))
    })
}

/// A record as JSON; `null` if it is damaged or of a table whose values say nothing by themselves.
#[napi]
pub fn record(table: Arg<f64>, key: Unknown<'_>, value: Unknown<'_>) -> Result<Option<String>> {
    let table = whole(table, "table", TABLES.len() as u64 - 1)? as usize;
    let key = read(&key, "key", |key| Ok(key.to_vec()))?;
    read(&value, "value", |value| {
        over_records(value.len(), || {
            Ok(views::record(TABLES[table].0, &key, value))
        })
    })
}

/// A `log` record with its `late` records as the reference replays it.
#[napi]
pub fn replay<'env>(
    env: &'env Env,
    log: Unknown<'_>,
    late: Unknown<'_>,
) -> Result<ArrayBuffer<'env>> {
    let late = byte_list(&late, "late")?;
    let late: Vec<&[u8]> = late.iter().map(Vec::as_slice).collect();
    let message = read(&log, "log", |log| {
        over_records(log.len(), || {
            views::replayed(log, &late).ok_or_else(|| damaged(kelpipe_keri::engine::Damaged))
        })
    })?;
    array_buffer(env, message).map_err(|error| runtime(&error))
}

/// Ordinals of the events in a `kel` record, superseded ones first.
#[napi]
pub fn ordinals<'env>(env: &'env Env, kel: Unknown<'_>) -> Result<ArrayBuffer<'env>> {
    let ordinals = read(&kel, "kel", |kel| {
        over_records(kel.len(), || {
            views::ordinals(kel).ok_or_else(|| damaged(kelpipe_keri::engine::Damaged))
        })
    })?;
    let bytes = ordinals.into_iter().flat_map(u64::to_le_bytes).collect();
    array_buffer(env, bytes).map_err(|error| runtime(&error))
}
