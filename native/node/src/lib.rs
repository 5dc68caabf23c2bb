//! N-API bindings: glue, and what Kafka's record batches are packed in ([`record_batch`]); not one KERI rule.
//!
//! Everything from JavaScript is validated before the core sees it ([`argument`], [`bytes`]). What takes long runs on
//! the thread pool ([`tasks`]). No panic reaches JavaScript's engine: it becomes an error with a code ([`failure`],
//! [`guard`]), and the object that it happened in refuses all further calls.

// A test build of the library has no exports, so what only they use is unused there.
#![cfg_attr(test, allow(dead_code))]

mod argument;
mod bytes;
mod core;
mod digest;
mod engine;
mod failure;
mod framer;
mod generator;
mod guard;
pub mod layout;
mod logs;
mod memory;
mod metrics;
mod options;
mod prepared;
mod record_batch;
mod record_framer;
mod records;
pub mod spans;
mod tasks;
mod tools;
mod waiting;

#[cfg(not(target_endian = "little"))]
compile_error!("what crosses the boundary is little-endian on both sides");
