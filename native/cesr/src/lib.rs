//! The CESR codec of kelpipe: what bytes mean, and nothing about what they are for.
//!
//! One pass over the input, linear whatever the input is. Nothing here panics, reads a clock, does I/O or knows a KERI
//! rule. [`frame::Framer`] cuts a stream into messages and faults; [`body::Reader`] reads one body strictly;
//! [`group::parse_attachments`] reads what stands after it; the other modules are the parts of these.
//!
//! Sizes are in characters (text domain) or bytes (binary domain); a *quadlet* is 4 characters or 3 bytes.

#![forbid(unsafe_code)]

pub mod annotate;
mod base64;
pub mod body;
pub mod codes;
pub mod convert;
pub mod counter;
pub mod error;
pub mod frame;
pub mod group;
pub mod indexer;
pub mod limits;
pub mod primitive;
pub mod split;
pub mod version;

pub use error::{Error, ErrorKind};
pub use limits::{Alphabet, Limits, Options, Unknown};
