//! One compilation of the verification per instruction set, chosen once.

use std::sync::Arc;

use super::{
    field::Field,
    portable::Portable,
    table::{Entry, Spare, Table, key_tables},
    verify::{Job, verify},
};
use crate::Path;

/// The entry points of one path.
#[derive(Clone, Copy)]
pub(crate) struct Routines {
    /// Signatures, or keys, side by side.
    pub(crate) lanes: usize,
    /// Verifies jobs of which either all or none have tables.
    pub(crate) verify: fn(&[Job<'_>], &[Entry], &mut [bool]),
    /// Makes the tables of at most `lanes` keys; empty for a key that is no point.
    pub(crate) tables: fn(&[&[u8; 32]], &Arc<Spare>) -> Vec<Table>,
    /// With how many further signatures of its key a table pays: what making it costs, by what it saves each time.
    pub(crate) table_pays: u32,
}

impl Routines {
    pub(crate) const PORTABLE: Self = Self {
        lanes: 1,
        verify: verify::<Portable, 1>,
        tables: tables_in_lanes::<Portable, 1>,
        table_pays: 3,
    };
}

/// Compiles the generic code with the features of an instruction set.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! path {
    ($module:ident, $field:ty, $lanes:literal, $table_pays:literal, $($feature:tt),+) => {
        mod $module {
            use super::*;

            pub(super) const ROUTINES: Routines = Routines {
                lanes: $lanes,
                verify,
                tables,
                table_pays: $table_pays,
            };

            /// Whether this machine has the instructions.
            pub(super) fn is_available() -> bool {
                $(path!(@detect $feature))&&+
            }

            fn verify(jobs: &[Job<'_>], base: &[Entry], valid: &mut [bool]) {
                $(#[target_feature(enable = $feature)])+
                fn compiled(jobs: &[Job<'_>], base: &[Entry], valid: &mut [bool]) {
                    super::verify::<$field, $lanes>(jobs, base, valid);
                }
                // SAFETY: features: `routines` gives these routines out only where they were detected.
                unsafe { compiled(jobs, base, valid) }
            }

            fn tables(keys: &[&[u8; 32]], spare: &Arc<Spare>) -> Vec<Table> {
                $(#[target_feature(enable = $feature)])+
                fn compiled(keys: &[&[u8; 32]], spare: &Arc<Spare>) -> Vec<Table> {
                    tables_in_lanes::<$field, $lanes>(keys, spare)
                }
                // SAFETY: features: as above.
                unsafe { compiled(keys, spare) }
            }
        }
    };
    (@detect "neon") => { std::arch::is_aarch64_feature_detected!("neon") };
    (@detect $feature:tt) => { std::arch::is_x86_feature_detected!($feature) };
}

#[cfg(target_arch = "x86_64")]
path!(
    avx2,
    crate::ed25519::halves::Halves<crate::simd::avx2::Avx2>,
    4,
    3,
    "avx2"
);
#[cfg(target_arch = "x86_64")]
path!(
    ifma,
    crate::ed25519::ifma::Ifma,
    8,
    5,
    "avx512f",
    "avx512dq",
    "avx512ifma"
);

#[cfg(target_arch = "aarch64")]
path!(
    neon,
    crate::ed25519::halves::Halves<crate::simd::neon::Neon>,
    2,
    3,
    "neon"
);

/// The paths that this machine has, the preferred first.
pub(crate) fn available() -> Vec<Path> {
    Path::ALL
        .into_iter()
        .filter(|&path| find(path).is_some())
        .collect()
}

/// The entry points of a path, if this machine has it.
fn find(path: Path) -> Option<&'static Routines> {
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 if avx2::is_available() => Some(&avx2::ROUTINES),
        #[cfg(target_arch = "x86_64")]
        Path::Ifma if ifma::is_available() => Some(&ifma::ROUTINES),
        #[cfg(target_arch = "aarch64")]
        Path::Neon if neon::is_available() => Some(&neon::ROUTINES),
        Path::Portable => Some(&Routines::PORTABLE),
        _ => None,
    }
}

/// The entry points of a path; the portable ones in place of one that this machine lacks.
pub(crate) fn routines(path: Path) -> &'static Routines {
    find(path).unwrap_or(&Routines::PORTABLE)
}

/// Makes the tables of at most `N` keys; unused lanes repeat the last key.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn tables_in_lanes<F: Field<N>, const N: usize>(
    keys: &[&[u8; 32]],
    spare: &Arc<Spare>,
) -> Vec<Table> {
    let Some(last) = keys.last() else {
        return Vec::new();
    };
    let mut lanes = [*last; N];
    lanes[..keys.len()].copy_from_slice(keys);
    key_tables::<F, N>(&lanes, spare)
        .into_iter()
        .take(keys.len())
        .collect()
}
