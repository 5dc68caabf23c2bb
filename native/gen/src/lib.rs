//! Load generator: signed KERI event streams and the truth about them.
//!
//! A [`Plan`] says what is to be made; a [`World`] makes it, chunk by chunk in bounded memory, the same bytes for the
//! same plan. What must come of the stream is known by construction and kept by [`ledger`], which shares nothing with
//! the engine. Secrets stay in [`keys`]: they are derived from the seed, zeroized on drop and never handed out. The
//! messages are made through [`controller::Controller`].

#![forbid(unsafe_code)]

pub mod attach;
pub mod body;
pub mod controller;
pub mod event;
pub mod key_plan;
pub mod keys;
pub mod ledger;
pub mod message;
mod native;
pub mod plan;
pub mod random;
mod story;
pub mod threshold;
mod truth;
mod world;

pub use plan::{Plan, Shape, Unsound, Wire};
pub use truth::Total;
pub use world::{Output, World};
