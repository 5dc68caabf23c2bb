//! Keeps panics out of JavaScript's engine, and counts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use napi_derive::napi;

use crate::argument::Arg;
use crate::failure::{Result, argument, panicked};
use crate::metrics::Operation;

/// Runs `body`; a panic in it is a failure.
///
/// What `body` was changing may be left half done, so the caller must not use it again.
pub fn guarded<T>(operation: Operation, body: impl FnOnce() -> Result<T>) -> Result<T> {
    caught(|| {
        panic_if_armed(operation);
        body()
    })
}

/// The same for what is no operation of its own.
pub fn caught<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(panicked(&*payload)))
}

/// The operation that is to panic once; 0 if none.
static ARMED: AtomicU8 = AtomicU8::new(0);

/// Whether panics may be asked for: the tests of this boundary set the variable before they load the addon.
static MAY_ARM: LazyLock<bool> =
    LazyLock::new(|| std::env::var_os("KELPIPE_TEST_PANICS").is_some());

fn panic_if_armed(operation: Operation) {
    let armed = operation as u8 + 1;
    let asked =
        ARMED.load(Relaxed) == armed && ARMED.compare_exchange(armed, 0, Relaxed, Relaxed).is_ok();
    assert!(!asked, "asked for by a test, in {}", operation.name());
}

/// Makes the next call of an operation panic, in a process that was started with `KELPIPE_TEST_PANICS` set.
#[napi]
pub fn panic_next(operation: Arg<String>) -> Result<()> {
    let name = operation.get("operation", "a string")?;
    let operation = Operation::ALL
        .into_iter()
        .find(|operation| operation.name() == name)
        .ok_or_else(|| argument(format!("operation: there is no {name}")))?;
    if !*MAY_ARM {
        return Err(argument(
            "panics are for tests: KELPIPE_TEST_PANICS is not set",
        ));
    }
    ARMED.store(operation as u8 + 1, Relaxed);
    Ok(())
}
