//! The field in AVX-512 IFMA: eight elements, five limbs of radix `2^51`, one vector per limb.
//!
//! The multiply-add instructions take the low 52 bits of two factors and add the low or the high 52 bits of the
//! product to a 64-bit sum. So limbs of a factor must be below `2^52`. `reduce` gives limbs below `2^51 + 2^17`; the
//! sum of two such may reach `2^52`, so `add` and `sub` carry too.
//!
//! Since limbs have 51 bits and the high half starts at bit 52, the high half counts double:
//! `a[i] b[j] 2^(51 (i + j)) = low 2^(51 (i + j)) + 2 high 2^(51 (i + j + 1))`.

use super::{
    field::Field,
    limbs::{Limbs, MASK},
    sha512::sha512,
};
use crate::simd::{Words, assert_at_most, avx512::Avx512};

#[derive(Clone, Copy)]
pub(super) struct Ifma([Avx512; 5]);

/// Limbs below `2^63`.
#[derive(Clone, Copy)]
pub(super) struct Wide([Avx512; 5]);

/// `2 p`, limb by limb: `2^52 - 38` and `2^52 - 2`.
const TWICE_P: Limbs = [2 * (MASK - 18), 2 * MASK, 2 * MASK, 2 * MASK, 2 * MASK];

/// Folds the ten sums, limbs `k` and `k + 5` with weights 1 and 19, since `2^255 = 19` modulo `p`.
///
/// Bound: limb `k` is a sum of at most 5 low halves and twice at most 5 high ones, in all less than
/// `15 * 2^52 < 2^56`; with 19 times another, less than `2^60.4`.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn fold(z: [Avx512; 10]) -> Wide {
    let nineteen = Avx512::splat(19);
    let mut out = [z[0]; 5];
    for k in 0..5 {
        out[k] = z[k].add(z[k + 5].multiply(nineteen));
    }
    Wide(out)
}

/// One round of carries, all limbs at once.
///
/// Bound: limbs below `2^63` have carries below `2^12`, so limbs come out below `2^51 + 19 * 2^12 < 2^51 + 2^17`.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn carry(x: [Avx512; 5]) -> Ifma {
    let (mask, nineteen) = (Avx512::splat(MASK), Avx512::splat(19));
    let mut out = x;
    for k in 0..4 {
        out[k + 1] = x[k + 1].and(mask).add(x[k].shift_right(51));
    }
    out[0] = x[0]
        .and(mask)
        .multiply_add_low(x[4].shift_right(51), nineteen);
    Ifma(out)
}

impl Ifma {
    /// Asserts the bound of factors.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn check(self) -> [Avx512; 5] {
        assert_at_most(&self.0, |_| (1 << 52) - 1);
        self.0
    }
}

impl Field<8> for Ifma {
    type Wide = Wide;

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn from_limbs(limbs: &[Limbs; 8]) -> Self {
        let mut out = [Avx512::splat(0); 5];
        for (k, out) in out.iter_mut().enumerate() {
            let mut words = [0; 8];
            for (word, limbs) in words.iter_mut().zip(limbs) {
                *word = limbs[k];
            }
            *out = Avx512::from_array(words);
        }
        Self(out)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn to_limbs(self) -> [Limbs; 8] {
        let mut out = [[0; 5]; 8];
        for k in 0..5 {
            for (out, word) in out.iter_mut().zip(self.0[k].to_array()) {
                out[k] = word;
            }
        }
        out
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn splat(limbs: Limbs) -> Self {
        Self(limbs.map(Avx512::splat))
    }

    /// 25 low and 25 high halves.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn times(self, other: Self) -> Wide {
        let (a, b) = (self.check(), other.check());
        let zero = Avx512::splat(0);
        let (mut low, mut high) = ([zero; 10], [zero; 10]);
        for i in 0..5 {
            for j in 0..5 {
                low[i + j] = low[i + j].multiply_add_low(a[i], b[j]);
                high[i + j + 1] = high[i + j + 1].multiply_add_high(a[i], b[j]);
            }
        }
        for k in 0..10 {
            low[k] = low[k].add(high[k].add(high[k]));
        }
        fold(low)
    }

    /// 15 low and 15 high halves. A product of two different limbs counts double, a high half too, so the sums have
    /// weights 1 (`one`: low of squares), 2 (`two`: high of squares, low of the others) and 4 (`four`).
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn squared(self) -> Wide {
        let a = self.check();
        let zero = Avx512::splat(0);
        let (mut one, mut two, mut four) = ([zero; 10], [zero; 10], [zero; 10]);
        for i in 0..5 {
            one[2 * i] = one[2 * i].multiply_add_low(a[i], a[i]);
            two[2 * i + 1] = two[2 * i + 1].multiply_add_high(a[i], a[i]);
            for j in i + 1..5 {
                two[i + j] = two[i + j].multiply_add_low(a[i], a[j]);
                four[i + j + 1] = four[i + j + 1].multiply_add_high(a[i], a[j]);
            }
        }
        for k in 0..10 {
            let twos = two[k].add(four[k].add(four[k]));
            one[k] = one[k].add(twos.add(twos));
        }
        fold(one)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn widen(self) -> Wide {
        Wide(self.0)
    }

    /// Of at most three products: below `2^62`.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn plus(a: Wide, b: Wide) -> Wide {
        let mut sum = a.0;
        for (sum, b) in sum.iter_mut().zip(b.0) {
            *sum = sum.add(b);
        }
        Wide(sum)
    }

    /// Adds `2^11 p`, whose limbs are above `2^61.99`: more than two products, and with three products below `2^63`.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn minus(a: Wide, b: Wide) -> Wide {
        let mut difference = a.0;
        for k in 0..5 {
            difference[k] = difference[k]
                .add(Avx512::splat(TWICE_P[k] << 10))
                .sub(b.0[k]);
        }
        Wide(difference)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn reduce(wide: Wide) -> Self {
        assert_at_most(&wide.0, |_| (1 << 63) - 1);
        carry(wide.0)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn add(self, other: Self) -> Self {
        let mut sum = self.0;
        for (sum, other) in sum.iter_mut().zip(other.0) {
            *sum = sum.add(other);
        }
        carry(sum)
    }

    /// Adds `2 p`, whose limbs are above `2^51 + 2^17`.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn sub(self, other: Self) -> Self {
        let mut difference = self.0;
        for k in 0..5 {
            difference[k] = difference[k].add(Avx512::splat(TWICE_P[k])).sub(other.0[k]);
        }
        carry(difference)
    }

    /// `2 p - self`: below `2^52` without a carry.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn negate(self) -> Self {
        let mut negative = self.0;
        for k in 0..5 {
            negative[k] = Avx512::splat(TWICE_P[k]).sub(negative[k]);
        }
        Self(negative)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn select(mask: u32, a: Self, b: Self) -> Self {
        let mut out = a.0;
        for (out, b) in out.iter_mut().zip(b.0) {
            *out = Avx512::select(mask, *out, b);
        }
        Self(out)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn load3(blocks: &[&[u64; 16]; 8]) -> [Self; 3] {
        let (mut fronts, mut backs) = ([&[0; 8]; 8], [&[0; 8]; 8]);
        for lane in 0..8 {
            let (halves, _) = blocks[lane].as_chunks();
            (fronts[lane], backs[lane]) = (&halves[0], &halves[1]);
        }
        let [a0, a1, a2, a3, a4, b0, b1, b2] = Avx512::transpose(&fronts);
        let [b3, b4, c0, c1, c2, c3, c4, _] = Avx512::transpose(&backs);
        [
            Self([a0, a1, a2, a3, a4]),
            Self([b0, b1, b2, b3, b4]),
            Self([c0, c1, c2, c3, c4]),
        ]
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn load1(blocks: &[&[u64; 8]; 8]) -> Self {
        let [a0, a1, a2, a3, a4, ..] = Avx512::transpose(blocks);
        Self([a0, a1, a2, a3, a4])
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn sha512(heads: &[[u8; 64]; 8], tails: &[&[u8]; 8]) -> [[u8; 64]; 8] {
        sha512::<Avx512, 8>(heads, tails)
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn outlined<T>(f: impl FnOnce() -> T) -> T {
        Avx512::outlined(f)
    }
}
