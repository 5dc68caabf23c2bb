//! Errors as JavaScript sees them: a stable code and a sentence.

use std::any::Any;

use kelpipe_keri::engine::Damaged;
use napi::bindgen_prelude::Unknown;
use napi::{Env, JsError};

/// Why a call was refused. The text is the `code` of the JavaScript error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A value of the wrong type or outside its range.
    Argument,
    /// A buffer that is detached, shared, resizable or too large.
    Buffer,
    /// The object was closed.
    Closed,
    /// A stored record cannot be read.
    Damaged,
    /// The calls came in an order that has no meaning.
    Order,
    /// A defect: the call panicked.
    Panic,
    /// A call before this one panicked or met a damaged record.
    Poisoned,
    /// JavaScript's engine refused something: out of memory, or being torn down.
    Runtime,
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        match self {
            Code::Argument => "native/argument",
            Code::Buffer => "native/buffer",
            Code::Closed => "native/closed",
            Code::Damaged => "native/damaged",
            Code::Order => "native/order",
            Code::Panic => "native/panic",
            Code::Poisoned => "native/poisoned",
            Code::Runtime => "native/runtime",
        }
    }
}

/// A refused call.
pub type Failure = napi::Error<Code>;

/// What a call comes to.
pub type Result<T> = std::result::Result<T, Failure>;

/// A refusal of `code`.
pub fn failure(code: Code, reason: impl Into<String>) -> Failure {
    Failure::new(code, reason.into())
}

/// A value of the wrong type or outside its range.
pub fn argument(reason: impl Into<String>) -> Failure {
    failure(Code::Argument, reason)
}

/// What a panic said, and where: file, line and column of the source.
pub fn panicked(payload: &(dyn Any + Send), place: &str) -> Failure {
    let said = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let reason = said.unwrap_or("no message");
    tracing::error!(reason, place, "panic");
    failure(
        Code::Panic,
        format!("a defect of the native code at {place}: {reason}"),
    )
}

/// A stored record that cannot be read.
pub fn damaged(damaged: Damaged) -> Failure {
    failure(Code::Damaged, damaged.to_string())
}

/// JavaScript's engine refused something.
pub fn runtime(error: &napi::Error) -> Failure {
    failure(Code::Runtime, error.reason.clone())
}

/// The error to reject a promise with.
pub fn rejection(env: &Env, failure: Failure) -> napi::Error {
    let error: Unknown<'_> = JsError::from(failure).into_unknown(Env::from_raw(env.raw()));
    napi::Error::from(error)
}
