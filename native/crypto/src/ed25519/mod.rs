//! Ed25519 verification with exactly libsodium 1.0.18's accept set.
//!
//! Cofactorless: `R' = S B - h A` is encoded and compared with the bytes of `R`. Every signature has its own
//! equation; there is no random linear combination, whose verdict would depend on the batch.
//!
//! From the bottom: `limbs` (one element), `field` (the trait) with `portable`, `avx2`, `ifma`, `neon` (lanes),
//! `point`, `table`, `scalar`, `multiply`, `verify` (a run of signatures), `paths` (choice of instruction set).

mod encoding;
mod field;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod halves;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod limbs;
mod multiply;
#[cfg(test)]
mod oracle;
mod paths;
mod point;
mod portable;
mod scalar;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod sha512;
mod table;
mod verify;

pub(crate) use paths::{Routines, available, routines};
pub(crate) use table::{Spare, TABLE_BYTES, Table, base_table};
pub(crate) use verify::Job;
