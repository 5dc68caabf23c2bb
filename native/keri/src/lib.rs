//! The rules of KERI: what a message means for key state, and what is to be stored.
//!
//! Pure: no I/O, no clock. [`batch::Batch::prepare`] parses messages, [`engine::Engine::settle`] judges them against
//! state that the caller fetches, and answers with verdicts and writes.

#![forbid(unsafe_code)]

mod ahead;
mod base;
pub mod batch;
mod cache;
mod codec;
pub mod columns;
pub mod date;
pub mod decision;
pub mod digest;
pub mod engine;
pub mod event;
mod fold;
pub mod history;
mod logs;
mod native;
pub mod needs;
mod number;
pub mod options;
mod prefix;
mod query;
pub mod rebuild;
mod record;
mod replay;
mod routed;
mod rules;
mod said;
mod signature;
mod state;
pub mod store;
mod text;
mod threshold;
pub mod usage;
mod view;
pub mod views;
pub mod waiting;
mod wakes;
pub mod writes;
