//! Batched signature verification and digests for KERI.
//!
//! Bytes in, verdicts out: this crate knows nothing of CESR or of key events. Ed25519 accepts exactly
//! what libsodium 1.0.18 accepts (cofactorless, `R` compared byte by byte).

// Generic code gets the features of an instruction set only by being inlined into what was compiled with them.
#![allow(clippy::inline_always)]
// Once inlined, vectors are passed in registers.
#![allow(clippy::large_types_passed_by_value)]
// Lanes and limbs are numbered, and most loops go over several arrays of them.
#![allow(clippy::needless_range_loop)]

mod check;
mod crew;
pub mod digest;
mod ecdsa;
mod ed25519;
mod options;
mod simd;
mod tables;
mod verifier;

pub use check::{Algorithm, Check};
pub use options::{Features, Metrics, Options, Path};
pub use verifier::Verifier;
