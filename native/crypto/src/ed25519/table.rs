//! Tables of multiples of a point.
//!
//! A scalar is cut into splits of some bits, and the table holds for each split `s` the multiples `1 ..= count`
//! of `2^(bits s) P`. One pass of `bits` doublings then serves all splits at once.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    field::Field,
    limbs::{self, ONE},
    point::{Affine, Extended, Projective, TWICE_D, decode_negated},
};

/// One multiple as `y + x`, `y - x`, `2 d x y`: words 0–4, 5–9, 10–14, canonical. Two cache lines.
#[derive(Clone, Copy)]
#[repr(align(128))]
pub(crate) struct Entry(pub(super) [u64; 16]);

/// The neutral element.
pub(super) static IDENTITY: Entry = Entry([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/// The shape of a table.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Number of splits.
    pub(super) splits: usize,
    /// Doublings from one split to the next.
    pub(super) split_bits: usize,
    /// Bits of a signed digit, so that a split has `2^(width - 1)` multiples.
    pub(super) width: usize,
}

impl Shape {
    /// Multiples in a split.
    pub(super) const fn count(self) -> usize {
        1 << (self.width - 1)
    }

    /// Entries in a table.
    pub(super) const fn entries(self) -> usize {
        self.splits * self.count()
    }
}

/// Tables of keys: 9 splits of 6 digits, 18 KiB.
pub(super) const KEY: Shape = Shape {
    splits: 9,
    split_bits: 30,
    width: 5,
};
/// The table of the base point: 8 splits of 4 digits, 128 KiB.
pub(super) const BASE: Shape = Shape {
    splits: 8,
    split_bits: 32,
    width: 8,
};

/// Bytes of a key's table.
pub(crate) const TABLE_BYTES: usize = KEY.entries() * size_of::<Entry>();

/// The base point's encoding: `y = 4 / 5`, `x` even.
const BASE_POINT: [u8; 32] = {
    let mut bytes = [0x66; 32];
    bytes[0] = 0x58;
    bytes
};

/// The multiples of a point in the layout of a [`Shape`]. Its memory goes back to where it came from.
pub(crate) struct Table {
    entries: Box<[Entry]>,
    home: Arc<Spare>,
}

impl Deref for Table {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        &self.entries
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Table {
    /// Leaves it empty.
    fn clear(&mut self) {
        self.home.give(std::mem::take(&mut self.entries));
    }
}

/// Most tables of a key whose memory is kept.
const SPARE_MAX: usize = 256;

/// Memory of tables that were given up, for new ones. The allocator of a system cuts aligned memory that it gets back so
/// that no further table fits in, and a process that goes on making tables grows.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Vec<Box<[Entry]>>>);

impl Spare {
    fn take(&self, entries: usize) -> Box<[Entry]> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.filter(|kept| kept.len() == entries)
            .unwrap_or_else(|| vec![IDENTITY; entries].into_boxed_slice())
    }

    fn give(&self, entries: Box<[Entry]>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == KEY.entries() && all.len() < SPARE_MAX {
            all.push(entries);
        }
    }
}

/// The multiple `digit * 2^(bits split) P`, sign aside.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
pub(super) fn entry(table: &[Entry], shape: Shape, split: usize, digit: i16) -> &Entry {
    match digit {
        0 => &IDENTITY,
        _ => &table[split * shape.count() + usize::from(digit.unsigned_abs()) - 1],
    }
}

/// The table of the base point.
pub(crate) fn base_table() -> Table {
    // Decoding negates, so decode `-B`, whose encoding differs in the top bit.
    let mut negative = BASE_POINT;
    negative[31] |= 0x80;
    let (point, _) = decode_negated::<super::portable::Portable, 1>(&[&negative]);
    let [table] = multiples(point, BASE, &Arc::default());
    table
}

/// The tables of `N` keys, for use against `-A`; empty for a key that is no point.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
pub(super) fn key_tables<F: Field<N>, const N: usize>(
    keys: &[&[u8; 32]; N],
    spare: &Arc<Spare>,
) -> [Table; N] {
    let (points, valid) = decode_negated::<F, N>(keys);
    let mut tables = multiples(points, KEY, spare);
    for (lane, table) in tables.iter_mut().enumerate() {
        if valid >> lane & 1 == 0 {
            table.clear();
        }
    }
    tables
}

/// The multiples of each lane's point.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn multiples<F: Field<N>, const N: usize>(
    point: Extended<F>,
    shape: Shape,
    spare: &Arc<Spare>,
) -> [Table; N] {
    let mut points = Vec::with_capacity(shape.entries());
    let mut first = point;
    for split in 0..shape.splits {
        let addend = first.cached();
        let mut multiple = first;
        points.push(multiple.projective());
        for _ in 1..shape.count() {
            multiple = multiple.add_cached(addend).to_extended();
            points.push(multiple.projective());
        }
        if split + 1 < shape.splits {
            let mut power = first.projective();
            for _ in 1..shape.split_bits {
                power = power.double().to_projective();
            }
            first = power.double().to_extended();
        }
    }
    store(&points, spare)
}

/// Divides by `z` and writes the entries.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn store<F: Field<N>, const N: usize>(points: &[Projective<F>], spare: &Arc<Spare>) -> [Table; N] {
    let mut tables = [(); N].map(|()| Table {
        entries: spare.take(points.len()),
        home: Arc::clone(spare),
    });
    for_each_affine(points, |i, x, y| {
        let addend = Affine {
            sum: y.add(x),
            difference: y.sub(x),
            product: x.mul(y).mul(F::splat(TWICE_D)),
        };
        let parts = [
            addend.sum.to_limbs(),
            addend.difference.to_limbs(),
            addend.product.to_limbs(),
        ];
        for lane in 0..N {
            for (part, limbs) in parts.iter().enumerate() {
                tables[lane].entries[i].0[5 * part..5 * part + 5]
                    .copy_from_slice(&limbs::canonical(&limbs[lane]));
            }
        }
    });
    tables
}

/// Gives `x / z` and `y / z` of each point, last to first, with one inversion for all (Montgomery's trick): the
/// inverse of `z0 z1 .. zi` times `z0 .. z(i-1)` is that of `zi`, and times `zi` that of `z0 .. z(i-1)`.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
pub(super) fn for_each_affine<F: Field<N>, const N: usize>(
    points: &[Projective<F>],
    mut visit: impl FnMut(usize, F, F),
) {
    let mut products = Vec::with_capacity(points.len());
    let mut product = F::splat(ONE);
    for point in points {
        products.push(product);
        product = product.mul(point.z);
    }
    let mut inverse = product.invert();
    for (i, point) in points.iter().enumerate().rev() {
        let z = inverse.mul(products[i]);
        inverse = inverse.mul(point.z);
        visit(i, point.x.mul(z), point.y.mul(z));
    }
}
