//! One compilation of the verification per instruction set, chosen once.

use super::{
    portable::Portable,
    table::{Entry, Table, key_tables},
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
    pub(crate) tables: fn(&[&[u8; 32]]) -> Vec<Table>,
}

impl Routines {
    pub(crate) const PORTABLE: Self = Self {
        lanes: 1,
        verify: verify::<Portable, 1>,
        tables: tables_in_lanes::<Portable, 1>,
    };
}

/// The paths that this machine has, the preferred first.
pub(crate) fn available() -> Vec<Path> {
    vec![Path::Portable]
}

/// The entry points of a path.
pub(crate) fn routines(path: Path) -> &'static Routines {
    match path {
        _ => &Routines::PORTABLE,
    }
}

/// Makes the tables of at most `N` keys; unused lanes repeat the last key.
#[inline(always)]
fn tables_in_lanes<F: super::field::Field<N>, const N: usize>(keys: &[&[u8; 32]]) -> Vec<Table> {
    let Some(last) = keys.last() else {
        return Vec::new();
    };
    let mut lanes = [*last; N];
    lanes[..keys.len()].copy_from_slice(keys);
    key_tables::<F, N>(&lanes)
        .into_iter()
        .take(keys.len())
        .collect()
}
