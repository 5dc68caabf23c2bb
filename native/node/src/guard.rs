//! Keeps panics out of JavaScript's engine, and counts.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{LazyLock, Once};

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
    HOOK.call_once(keep_places);
    let outer = INSIDE.replace(true);
    let result = catch_unwind(AssertUnwindSafe(body));
    INSIDE.set(outer);
    result.unwrap_or_else(|payload| {
        let place = PLACE.take().unwrap_or_else(|| "an unknown place".into());
        Err(panicked(&*payload, &place))
    })
}

static HOOK: Once = Once::new();

thread_local! {
    /// Whether a panic of this thread will be caught here.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Where the panic that is about to be caught came from.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that is caught here goes into the error, with its place, and not to stderr, which belongs to the host. Any
/// other, and a second one on the way, is printed as always.
fn keep_places() {
    let print = take_hook();
    set_hook(Box::new(move |info| {
        let first = INSIDE.get() && PLACE.with_borrow(Option::is_none);
        match info.location().filter(|_| first) {
            Some(place) => PLACE.set(Some(place.to_string())),
            None => print(info),
        }
    }));
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
