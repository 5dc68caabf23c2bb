//! The field in plain Rust: one element, five limbs of radix `2^51`, products of 128 bits.
//!
//! With `u = 2^51`: `reduce` has nothing to do, since products come out below `u + 2^14`, and a multiplication
//! takes limbs up to `8 u`. A sum of two products is below `3 u`, a difference below `a + 4 u`.

use super::{
    field::Field,
    limbs::{Limbs, MASK, ZERO},
};
use crate::simd::ASSERTS;

#[derive(Clone, Copy)]
pub(super) struct Portable(Limbs);

/// `4 p`, limb by limb.
const FOUR_P: Limbs = [4 * (MASK - 18), 4 * MASK, 4 * MASK, 4 * MASK, 4 * MASK];

#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn wide(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

/// Carries the five sums of products: limbs below `u`, limb 1 below `u + 2^14`.
///
/// Bound: with factors below `2^54`, `c[0] < 77 * 2^108 < 2^114.3`, so each carry fits 64 bits; `c[4] < 5 * 2^108
/// + 2^64`, so its carry is below `2^59.4` and 19 times it below `2^63.7`.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn carry(mut c: [u128; 5]) -> Limbs {
    let mut out = [0; 5];
    for i in 0..4 {
        c[i + 1] += u128::from((c[i] >> 51) as u64);
        out[i] = c[i] as u64 & MASK;
    }
    out[4] = c[4] as u64 & MASK;
    out[0] += 19 * (c[4] >> 51) as u64;
    out[1] += out[0] >> 51;
    out[0] &= MASK;
    out
}

impl Portable {
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn check(self) -> Limbs {
        assert!(
            !ASSERTS || self.0.iter().all(|&limb| limb < 1 << 54),
            "a limb is out of bounds"
        );
        self.0
    }
}

impl Field<1> for Portable {
    type Wide = Self;

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn from_limbs(limbs: &[Limbs; 1]) -> Self {
        Self(limbs[0])
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn to_limbs(self) -> [Limbs; 1] {
        [self.0]
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn times(self, other: Self) -> Self {
        let ([a0, a1, a2, a3, a4], [b0, b1, b2, b3, b4]) = (self.check(), other.check());
        // 2^255 = 19 modulo p folds what lies above limb 4.
        let (c1, c2, c3, c4) = (19 * b1, 19 * b2, 19 * b3, 19 * b4);
        Self(carry([
            wide(a0, b0) + wide(a4, c1) + wide(a3, c2) + wide(a2, c3) + wide(a1, c4),
            wide(a1, b0) + wide(a0, b1) + wide(a4, c2) + wide(a3, c3) + wide(a2, c4),
            wide(a2, b0) + wide(a1, b1) + wide(a0, b2) + wide(a4, c3) + wide(a3, c4),
            wide(a3, b0) + wide(a2, b1) + wide(a1, b2) + wide(a0, b3) + wide(a4, c4),
            wide(a4, b0) + wide(a3, b1) + wide(a2, b2) + wide(a1, b3) + wide(a0, b4),
        ]))
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn squared(self) -> Self {
        let [a0, a1, a2, a3, a4] = self.check();
        let (d0, d1, d2) = (2 * a0, 2 * a1, 2 * a2);
        let (c3, c4) = (19 * a3, 19 * a4);
        Self(carry([
            wide(a0, a0) + wide(d1, c4) + wide(d2, c3),
            wide(a3, c3) + wide(d0, a1) + wide(d2, c4),
            wide(a1, a1) + wide(d0, a2) + wide(2 * a3, c4),
            wide(a4, c4) + wide(d0, a3) + wide(d1, a2),
            wide(a2, a2) + wide(d0, a4) + wide(d1, a3),
        ]))
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn widen(self) -> Self {
        self
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn plus(a: Self, b: Self) -> Self {
        let mut sum = a.0;
        for (sum, b) in sum.iter_mut().zip(b.0) {
            *sum += b;
        }
        Self(sum)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn minus(a: Self, b: Self) -> Self {
        let mut difference = a.0;
        for i in 0..5 {
            difference[i] = difference[i] + FOUR_P[i] - b.0[i];
        }
        Self(difference)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn reduce(wide: Self) -> Self {
        wide
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn add(self, other: Self) -> Self {
        Self::plus(self, other)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn sub(self, other: Self) -> Self {
        Self::minus(self, other)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn negate(self) -> Self {
        Self::minus(Self(ZERO), self)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn select(mask: u32, a: Self, b: Self) -> Self {
        if mask & 1 == 1 { a } else { b }
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn load3(blocks: &[&[u64; 16]; 1]) -> [Self; 3] {
        let [
            a0,
            a1,
            a2,
            a3,
            a4,
            b0,
            b1,
            b2,
            b3,
            b4,
            c0,
            c1,
            c2,
            c3,
            c4,
            _,
        ] = *blocks[0];
        [
            Self([a0, a1, a2, a3, a4]),
            Self([b0, b1, b2, b3, b4]),
            Self([c0, c1, c2, c3, c4]),
        ]
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn load1(blocks: &[&[u64; 8]; 1]) -> Self {
        let [a0, a1, a2, a3, a4, ..] = *blocks[0];
        Self([a0, a1, a2, a3, a4])
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn sha512(heads: &[[u8; 64]; 1], tails: &[&[u8]; 1]) -> [[u8; 64]; 1] {
        use sha2::Digest;
        [sha2::Sha512::new()
            .chain_update(heads[0])
            .chain_update(tails[0])
            .finalize()
            .into()]
    }

    #[inline(never)]
    fn outlined<T>(f: impl FnOnce() -> T) -> T {
        f()
    }
}
