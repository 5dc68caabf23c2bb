//! Batched signature verification and digests for KERI.
//!
//! Bytes in, verdicts out: this crate knows nothing of CESR or of key events. Ed25519 accepts exactly
//! what libsodium 1.0.18 accepts (cofactorless, `R` compared byte by byte).

mod check;
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
