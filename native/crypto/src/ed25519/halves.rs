//! The field in vectors that multiply 32 by 32 bits (AVX2, NEON): ten limbs of 26 and 25 bits in turn.
//!
//! Limb `k` has weight `2^ceil(25.5 k)`. The product of two odd limbs therefore counts double, and what lies above
//! limb 9 counts 19 times, since `2^255 = 19` modulo `p`.
//!
//! `reduce` gives even limbs below `2^26 + 2^16`, odd ones below `2^25 + 2^16` ("reduced"). Of reduced factors, the
//! even sums of a product are below `124.6 * 2^52`, the odd ones below `77.1 * 2^52`; of sums of two reduced
//! elements, four times that.

use super::{field::Field, limbs::Limbs, sha512::sha512};
use crate::simd::{Multiply32, assert_at_most};

#[derive(Clone, Copy)]
pub(super) struct Halves<W>([W; 10]);

const EVEN_MASK: u64 = (1 << 26) - 1;
const ODD_MASK: u64 = (1 << 25) - 1;

/// Limb `k` of `2 p`.
const fn twice_p(k: usize) -> u64 {
    match k {
        0 => 2 * (EVEN_MASK - 18),
        _ if k.is_multiple_of(2) => 2 * EVEN_MASK,
        _ => 2 * ODD_MASK,
    }
}

/// Splits a vector of limbs of radix `2^51` in two.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn split<const N: usize, W: Multiply32<N>>(limbs: [W; 5]) -> Halves<W> {
    let mut out = [limbs[0]; 10];
    for k in 0..5 {
        out[2 * k] = limbs[k].and(W::splat(EVEN_MASK)).opaque();
        out[2 * k + 1] = limbs[k].shift_right(26).opaque();
    }
    Halves(out)
}

/// Moves what limb `k` has too much to the next.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn carry<const N: usize, W: Multiply32<N>>(limbs: &mut [W; 10], k: usize) {
    let (bits, mask) = if k.is_multiple_of(2) {
        (26, EVEN_MASK)
    } else {
        (25, ODD_MASK)
    };
    let over = limbs[k].shift_right(bits);
    limbs[k] = limbs[k].and(W::splat(mask));
    if k < 9 {
        limbs[k + 1] = limbs[k + 1].add(over);
    } else {
        // 19 = 16 + 2 + 1; the carry may have more than the 32 bits that a multiplication takes.
        limbs[0] = limbs[0]
            .add(over)
            .add(over.shift_left(1))
            .add(over.shift_left(4));
    }
}

/// `19 limb`, opaque so that 19 stays in the factors.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn fold<const N: usize, W: Multiply32<N>>(limb: W) -> W {
    limb.multiply32(W::splat(19)).opaque()
}

/// A sum of products.
macro_rules! sum {
    ($a:ident * $b:ident $(, $c:ident * $d:ident)*) => { $a.multiply32($b)$(.add($c.multiply32($d)))* };
}

impl<W> Halves<W> {
    /// Asserts the bound of factors: twice reduced.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn check<const N: usize>(self) -> [W; 10]
    where
        W: Multiply32<N>,
    {
        assert_at_most(&self.0, |k| {
            if k.is_multiple_of(2) {
                (1 << 27) + (1 << 17)
            } else {
                (1 << 26) + (1 << 17)
            }
        });
        self.0
    }
}

impl<const N: usize, W: Multiply32<N>> Field<N> for Halves<W> {
    type Wide = Self;

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn from_limbs(limbs: &[Limbs; N]) -> Self {
        let mut out = [W::splat(0); 5];
        for (k, out) in out.iter_mut().enumerate() {
            let mut words = [0; N];
            for (word, limbs) in words.iter_mut().zip(limbs) {
                *word = limbs[k];
            }
            *out = W::from_array(words);
        }
        split(out)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn to_limbs(self) -> [Limbs; N] {
        let mut out = [[0; 5]; N];
        for k in 0..5 {
            let words = self.0[2 * k]
                .add(self.0[2 * k + 1].shift_left(26))
                .to_array();
            for (out, word) in out.iter_mut().zip(words) {
                out[k] = word;
            }
        }
        out
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn splat(limbs: Limbs) -> Self {
        let mut out = [W::splat(0); 5];
        for (out, limb) in out.iter_mut().zip(limbs) {
            *out = W::splat(limb);
        }
        split(out)
    }

    /// `d` is `2 a`, for products of odd limbs; `c` is `19 b`, for products above limb 9.
    #[rustfmt::skip]
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn times(self, other: Self) -> Self {
        let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9] = self.check();
        let [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9] = other.check();
        let (d1, d3, d5, d7, d9) = (a1.add(a1), a3.add(a3), a5.add(a5), a7.add(a7), a9.add(a9));
        let [c1, c2, c3] = [fold(b1), fold(b2), fold(b3)];
        let [c4, c5, c6] = [fold(b4), fold(b5), fold(b6)];
        let [c7, c8, c9] = [fold(b7), fold(b8), fold(b9)];
        Self([
            sum!(a0 * b0, d1 * c9, a2 * c8, d3 * c7, a4 * c6, d5 * c5, a6 * c4, d7 * c3, a8 * c2, d9 * c1),
            sum!(a0 * b1, a1 * b0, a2 * c9, a3 * c8, a4 * c7, a5 * c6, a6 * c5, a7 * c4, a8 * c3, a9 * c2),
            sum!(a0 * b2, d1 * b1, a2 * b0, d3 * c9, a4 * c8, d5 * c7, a6 * c6, d7 * c5, a8 * c4, d9 * c3),
            sum!(a0 * b3, a1 * b2, a2 * b1, a3 * b0, a4 * c9, a5 * c8, a6 * c7, a7 * c6, a8 * c5, a9 * c4),
            sum!(a0 * b4, d1 * b3, a2 * b2, d3 * b1, a4 * b0, d5 * c9, a6 * c8, d7 * c7, a8 * c6, d9 * c5),
            sum!(a0 * b5, a1 * b4, a2 * b3, a3 * b2, a4 * b1, a5 * b0, a6 * c9, a7 * c8, a8 * c7, a9 * c6),
            sum!(a0 * b6, d1 * b5, a2 * b4, d3 * b3, a4 * b2, d5 * b1, a6 * b0, d7 * c9, a8 * c8, d9 * c7),
            sum!(a0 * b7, a1 * b6, a2 * b5, a3 * b4, a4 * b3, a5 * b2, a6 * b1, a7 * b0, a8 * c9, a9 * c8),
            sum!(a0 * b8, d1 * b7, a2 * b6, d3 * b5, a4 * b4, d5 * b3, a6 * b2, d7 * b1, a8 * b0, d9 * c9),
            sum!(a0 * b9, a1 * b8, a2 * b7, a3 * b6, a4 * b5, a5 * b4, a6 * b3, a7 * b2, a8 * b1, a9 * b0),
        ])
    }

    /// `d` is `2 a`, `c` is `19 a`, `e` is `38 a`. The larger of two limbs is at least 5 where the product is above 9.
    #[rustfmt::skip]
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn squared(self) -> Self {
        let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9] = self.check();
        let [d0, d1, d2, d3] = [a0.add(a0), a1.add(a1), a2.add(a2), a3.add(a3)];
        let [d4, d5, d6, d7] = [a4.add(a4), a5.add(a5), a6.add(a6), a7.add(a7)];
        let d8 = a8.add(a8);
        let [c5, c6, c7] = [fold(a5), fold(a6), fold(a7)];
        let [c8, c9] = [fold(a8), fold(a9)];
        let [e5, e7, e9] = [c5.add(c5), c7.add(c7), c9.add(c9)];
        Self([
            sum!(a0 * a0, d1 * e9, d2 * c8, d3 * e7, d4 * c6, a5 * e5),
            sum!(d0 * a1, d2 * c9, d3 * c8, d4 * c7, d5 * c6),
            sum!(d0 * a2, a1 * d1, d3 * e9, d4 * c8, d5 * e7, a6 * c6),
            sum!(d0 * a3, d1 * a2, d4 * c9, d5 * c8, d6 * c7),
            sum!(d0 * a4, d1 * d3, a2 * a2, d5 * e9, d6 * c8, a7 * e7),
            sum!(d0 * a5, d1 * a4, d2 * a3, d6 * c9, d7 * c8),
            sum!(d0 * a6, d1 * d5, d2 * a4, a3 * d3, d7 * e9, a8 * c8),
            sum!(d0 * a7, d1 * a6, d2 * a5, d3 * a4, d8 * c9),
            sum!(d0 * a8, d1 * d7, d2 * a6, d3 * d5, a4 * a4, a9 * e9),
            sum!(d0 * a9, d1 * a8, d2 * a7, d3 * a6, d4 * a5),
        ])
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn widen(self) -> Self {
        self
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn plus(a: Self, b: Self) -> Self {
        let mut sum = a.0;
        for (sum, b) in sum.iter_mut().zip(b.0) {
            *sum = sum.add(b);
        }
        Self(sum)
    }

    /// Adds `2^35 p`: even limbs `512 * 2^52`, odd ones `256 * 2^52`, but for the last bits. More than two products of
    /// reduced factors, and with four (or one of sums) below `2^62`.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn minus(a: Self, b: Self) -> Self {
        let mut difference = a.0;
        for k in 0..10 {
            difference[k] = difference[k].add(W::splat(twice_p(k) << 34)).sub(b.0[k]);
        }
        Self(difference)
    }

    /// Two interleaved chains, as in the Ed25519 reference code: 0, 1, 2, 3, 4 and 4, 5, 6, 7, 8, 9, 0.
    ///
    /// Bound: limbs below `2^62` have carries below `2^37`. After its chain, limb 4 is below `2^38`, its second carry
    /// below `2^12`; the carry of limb 9, times 19, is below `2^42`, that of limb 0 below `2^16`.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn reduce(wide: Self) -> Self {
        let mut limbs = wide.0;
        assert_at_most(&limbs, |_| (1 << 62) - 1);
        // Written out: a loop over the list would not be unrolled, and `limbs` would live in memory.
        carry(&mut limbs, 0);
        carry(&mut limbs, 4);
        carry(&mut limbs, 1);
        carry(&mut limbs, 5);
        carry(&mut limbs, 2);
        carry(&mut limbs, 6);
        carry(&mut limbs, 3);
        carry(&mut limbs, 7);
        carry(&mut limbs, 4);
        carry(&mut limbs, 8);
        carry(&mut limbs, 9);
        carry(&mut limbs, 0);
        for limb in &mut limbs {
            *limb = limb.opaque();
        }
        Self(limbs)
    }

    /// Not carried: twice reduced, as factors may be.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn add(self, other: Self) -> Self {
        Self::plus(self, other)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn sub(self, other: Self) -> Self {
        let mut difference = self.0;
        for k in 0..10 {
            difference[k] = difference[k].add(W::splat(twice_p(k))).sub(other.0[k]);
        }
        Self::reduce(Self(difference))
    }

    /// `2 p - self`, not carried.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn negate(self) -> Self {
        let mut negative = self.0;
        for k in 0..10 {
            negative[k] = W::splat(twice_p(k)).sub(negative[k]);
        }
        Self(negative)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn select(mask: u32, a: Self, b: Self) -> Self {
        let mut out = a.0;
        for (out, b) in out.iter_mut().zip(b.0) {
            *out = W::select(mask, *out, b);
        }
        Self(out)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn load3(blocks: &[&[u64; 16]; N]) -> [Self; 3] {
        let (mut fronts, mut backs) = ([&[0; 8]; N], [&[0; 8]; N]);
        for lane in 0..N {
            let (halves, _) = blocks[lane].as_chunks();
            (fronts[lane], backs[lane]) = (&halves[0], &halves[1]);
        }
        let [a0, a1, a2, a3, a4, b0, b1, b2] = W::transpose(&fronts);
        let [b3, b4, c0, c1, c2, c3, c4, _] = W::transpose(&backs);
        [
            split([a0, a1, a2, a3, a4]),
            split([b0, b1, b2, b3, b4]),
            split([c0, c1, c2, c3, c4]),
        ]
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn load1(blocks: &[&[u64; 8]; N]) -> Self {
        let [a0, a1, a2, a3, a4, ..] = W::transpose(blocks);
        split([a0, a1, a2, a3, a4])
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn sha512(heads: &[[u8; 64]; N], tails: &[&[u8]; N]) -> [[u8; 64]; N] {
        sha512::<W, N>(heads, tails)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn outlined<T>(f: impl FnOnce() -> T) -> T {
        W::outlined(f)
    }
}
