//! `S B - h A`, `N` at a time: the bulk of a verification.

use super::{
    field::Field,
    point::{Affine, Cached, Completed, Extended, Projective},
    scalar::{DIGITS_MAX, Scalar, digit_count, digits},
    table::{BASE, Entry, KEY, Shape, entry},
};

/// Bits of a digit against a table made for one use.
const FRESH_WIDTH: usize = 5;
/// Multiples in such a table.
const FRESH_COUNT: usize = 1 << (FRESH_WIDTH - 1);

/// A point of such a table.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct FreshEntry {
    /// As an [`Entry`], but not canonical.
    affine: [u64; 16],
    z: [u64; 8],
}

/// The digits of `N` scalars.
type Digits<const N: usize> = [[i16; DIGITS_MAX]; N];

#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn all_digits<const WIDTH: usize, const N: usize>(scalars: &[Scalar; N]) -> Digits<N> {
    let mut all = [[0; DIGITS_MAX]; N];
    for lane in 0..N {
        all[lane] = digits::<WIDTH>(&scalars[lane]);
    }
    all
}

/// Bit `i` set where digit `at` of lane `i` is negative.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn negative<const N: usize>(digits: &Digits<N>, at: usize) -> u32 {
    let mut mask = 0;
    for lane in 0..N {
        mask |= u32::from(digits[lane][at] < 0) << lane;
    }
    mask
}

/// The addend that digit `at` of each lane picks from its table.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn pick<F: Field<N>, const N: usize>(
    tables: &[&[Entry]; N],
    shape: Shape,
    split: usize,
    digits: &Digits<N>,
    at: usize,
) -> Affine<F> {
    let mut blocks = [&super::table::IDENTITY.0; N];
    for lane in 0..N {
        blocks[lane] = &entry(tables[lane], shape, split, digits[lane][at]).0;
    }
    let [sum, difference, product] = F::load3(&blocks);
    Affine {
        sum,
        difference,
        product,
    }
    .negate_where(negative(digits, at))
}

/// `s B + h A` with tables of every `A`: 25 doublings, 51 + 32 additions.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
pub(super) fn with_tables<F: Field<N>, const N: usize>(
    s: &[Scalar; N],
    h: &[Scalar; N],
    tables: &[&[Entry]; N],
    base: &[Entry],
) -> Projective<F> {
    const TOP: usize = KEY.split_bits - KEY.width;
    const { assert!(BASE.split_bits - BASE.width <= TOP) };
    let (s, h) = (
        all_digits::<{ BASE.width }, N>(s),
        all_digits::<{ KEY.width }, N>(h),
    );
    let bases = [base; N];
    let mut sum = Completed::identity();
    for bit in (0..=TOP).rev() {
        if bit < TOP {
            sum = sum.to_projective().double();
        }
        if bit % KEY.width == 0 {
            let mut at = bit / KEY.width;
            for split in 0..KEY.splits {
                if at < digit_count(KEY.width) {
                    sum = sum
                        .to_extended()
                        .add_affine(pick(tables, KEY, split, &h, at));
                }
                at += KEY.split_bits / KEY.width;
            }
        }
        if bit % BASE.width == 0 {
            for split in 0..BASE.splits {
                let at = bit / BASE.width + split * (BASE.split_bits / BASE.width);
                sum = sum
                    .to_extended()
                    .add_affine(pick(&bases, BASE, split, &s, at));
            }
        }
    }
    sum.to_projective()
}

/// `s B + h A` for points that have no table: 250 doublings, 51 + 32 additions, 15 to make the multiples.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
pub(super) fn without_tables<F: Field<N>, const N: usize>(
    s: &[Scalar; N],
    h: &[Scalar; N],
    a: Extended<F>,
    base: &[Entry],
) -> Projective<F> {
    const TOP: usize = FRESH_WIDTH * (digit_count(FRESH_WIDTH) - 1);
    const { assert!(BASE.width * (digit_count(BASE.width) - 1) <= TOP) };
    let (s, h) = (
        all_digits::<{ BASE.width }, N>(s),
        all_digits::<FRESH_WIDTH, N>(h),
    );
    let bases = [base; N];
    let mut multiples = [[FreshEntry {
        affine: [0; 16],
        z: [0; 8],
    }; FRESH_COUNT + 1]; N];
    fresh_multiples(a, &mut multiples);
    let mut sum = Completed::identity();
    for bit in (0..=TOP).rev() {
        if bit < TOP {
            sum = sum.to_projective().double();
        }
        if bit % FRESH_WIDTH == 0 {
            sum = sum
                .to_extended()
                .add_cached(pick_fresh(&multiples, &h, bit / FRESH_WIDTH));
        }
        if bit % BASE.width == 0 {
            sum = sum
                .to_extended()
                .add_affine(pick(&bases, BASE, 0, &s, bit / BASE.width));
        }
    }
    sum.to_projective()
}

/// Writes the multiples `0 ..= FRESH_COUNT` of each lane's point.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn fresh_multiples<F: Field<N>, const N: usize>(
    a: Extended<F>,
    out: &mut [[FreshEntry; FRESH_COUNT + 1]; N],
) {
    let first = a.cached();
    let mut multiple = Extended::<F>::identity();
    for i in 0..=FRESH_COUNT {
        let Cached {
            affine:
                Affine {
                    sum,
                    difference,
                    product,
                },
            z,
        } = multiple.cached();
        let parts = [
            sum.to_limbs(),
            difference.to_limbs(),
            product.to_limbs(),
            z.to_limbs(),
        ];
        for lane in 0..N {
            let entry = &mut out[lane][i];
            for part in 0..3 {
                entry.affine[5 * part..5 * part + 5].copy_from_slice(&parts[part][lane]);
            }
            entry.z[..5].copy_from_slice(&parts[3][lane]);
        }
        multiple = multiple.add_cached(first).to_extended();
    }
}

#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn pick_fresh<F: Field<N>, const N: usize>(
    multiples: &[[FreshEntry; FRESH_COUNT + 1]; N],
    digits: &Digits<N>,
    at: usize,
) -> Cached<F> {
    let mut affines = [&multiples[0][0].affine; N];
    let mut zs = [&multiples[0][0].z; N];
    for lane in 0..N {
        let entry = &multiples[lane][usize::from(digits[lane][at].unsigned_abs())];
        (affines[lane], zs[lane]) = (&entry.affine, &entry.z);
    }
    let [sum, difference, product] = F::load3(&affines);
    Cached {
        affine: Affine {
            sum,
            difference,
            product,
        }
        .negate_where(negative(digits, at)),
        z: F::load1(&zs),
    }
}
