//! `StateDigest`: tells whether two databases agree.

use kelpipe_keri::digest::StateDigest as Inner;
use kelpipe_keri::engine::Damaged;
use napi::Env;
use napi::bindgen_prelude::{ArrayBuffer, Unknown};
use napi_derive::napi;

use crate::bytes::{array_buffer, read};
use crate::failure::{Code, Result, damaged, failure, runtime};
use crate::records::{byte_list, over_records};

/// Digests records as they are fed, table after table in the order of their keys.
#[napi]
#[derive(Default)]
pub struct StateDigest {
    inner: Inner,
    failed: bool,
}

#[napi]
impl StateDigest {
    /// A digest of nothing yet.
    #[napi(constructor)]
    pub fn new() -> StateDigest {
        StateDigest::default()
    }

    /// Takes a record of `aids`.
    #[napi]
    pub fn aid(&mut self, key: Unknown<'_>, value: Unknown<'_>) -> Result<()> {
        self.pair(&key, &value, Inner::aid)
    }

    /// Takes a record of `kel`.
    #[napi]
    pub fn kel(&mut self, key: Unknown<'_>, value: Unknown<'_>) -> Result<()> {
        self.pair(&key, &value, Inner::kel)
    }

    /// Takes a record of `log` and its records of `late`, in the order of `kel`.
    #[napi]
    pub fn event(&mut self, log: Unknown<'_>, late: Unknown<'_>) -> Result<()> {
        let late = byte_list(&late, "late")?;
        let late: Vec<&[u8]> = late.iter().map(Vec::as_slice).collect();
        read(&log, "log", |log| {
            self.feed(log.len(), |inner| inner.event(log, &late))
        })
    }

    /// Takes a record of `waiting`.
    #[napi]
    pub fn waiting(&mut self, key: Unknown<'_>, value: Unknown<'_>) -> Result<()> {
        self.pair(&key, &value, Inner::waiting)
    }

    /// The digest so far, 32 bytes.
    #[napi]
    pub fn finish<'env>(&self, env: &'env Env) -> Result<ArrayBuffer<'env>> {
        self.usable()?;
        let digest = over_records(0, || Ok(self.inner.finish()))?;
        array_buffer(env, digest.to_vec()).map_err(|error| runtime(&error))
    }

    fn pair(
        &mut self,
        key: &Unknown<'_>,
        value: &Unknown<'_>,
        take: impl FnOnce(&mut Inner, &[u8], &[u8]) -> Option<()>,
    ) -> Result<()> {
        let key = read(key, "key", |key| Ok(key.to_vec()))?;
        read(value, "value", |value| {
            self.feed(value.len(), |inner| take(inner, &key, value))
        })
    }

    fn feed(&mut self, bytes: usize, take: impl FnOnce(&mut Inner) -> Option<()>) -> Result<()> {
        self.usable()?;
        let inner = &mut self.inner;
        let fed = over_records(bytes, || take(inner).ok_or_else(|| damaged(Damaged)));
        self.failed = fed.is_err();
        fed
    }

    fn usable(&self) -> Result<()> {
        if self.failed {
            return Err(failure(
                Code::Poisoned,
                "a record before this one could not be taken: make a new digest",
            ));
        }
        Ok(())
    }
}
