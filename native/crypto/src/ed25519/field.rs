//! The field modulo `p = 2^255 - 19`, `N` independent elements side by side.
//!
//! All of the curve arithmetic is written once over this trait and compiled once per instruction set.
//! Everything here is `inline(always)`: a function of the generic code has no target features of its own and
//! gets those of the entry point (`paths.rs`) that it ends up in.

use super::limbs::Limbs;

/// `N` field elements in lanes.
///
/// Two forms keep carries few. `Self` is small enough to be multiplied. `Wide` is what a multiplication
/// yields; it may be added and subtracted a few times before `reduce` makes it a `Self` again. The bounds that
/// each implementation needs hold for what `point.rs` does: at most
/// `reduce(product + product + product - product)` and `reduce(product - (product + product))`.
pub(super) trait Field<const N: usize>: Copy {
    /// An unreduced product, or a sum of some.
    type Wide: Copy;

    /// Lane `i` becomes `limbs[i]`, whose limbs are at most `2^51 + 2^17`.
    fn from_limbs(limbs: &[Limbs; N]) -> Self;

    /// The lanes as limbs below `2^55`, of a reduced product at most `2^51 + 2^17`; not canonical.
    fn to_limbs(self) -> [Limbs; N];

    /// The product, lane by lane.
    fn times(self, other: Self) -> Self::Wide;

    /// The square, lane by lane.
    fn squared(self) -> Self::Wide;

    /// The element itself as a `Wide`.
    fn widen(self) -> Self::Wide;

    /// `a + b`.
    fn plus(a: Self::Wide, b: Self::Wide) -> Self::Wide;

    /// `a - b + k p` for a `k` that keeps every limb positive.
    fn minus(a: Self::Wide, b: Self::Wide) -> Self::Wide;

    /// Carries, so that the element can be multiplied.
    fn reduce(wide: Self::Wide) -> Self;

    /// `self + other`, both straight from `reduce` or from limbs.
    fn add(self, other: Self) -> Self;

    /// `self - other`, both straight from `reduce` or from limbs.
    fn sub(self, other: Self) -> Self;

    /// `-self` of an element from limbs or from `load3`; the result may only be multiplied.
    fn negate(self) -> Self;

    /// Lane `i` of `a` where bit `i` of `mask` is set, else of `b`.
    fn select(mask: u32, a: Self, b: Self) -> Self;

    /// Loads three elements per lane: words 0–4, 5–9 and 10–14 of the lane's block.
    fn load3(blocks: &[&[u64; 16]; N]) -> [Self; 3];

    /// Loads one element per lane: words 0–4 of the lane's block.
    fn load1(blocks: &[&[u64; 8]; N]) -> Self;

    /// SHA-512 of `head || tail` of each lane: not of the field, but of the same lanes.
    fn sha512(heads: &[[u8; 64]; N], tails: &[&[u8]; N]) -> [[u8; 64]; N];

    /// All lanes the same.
    #[inline(always)]
    fn splat(limbs: Limbs) -> Self {
        Self::from_limbs(&[limbs; N])
    }

    /// `reduce(self.times(other))`.
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::reduce(self.times(other))
    }

    /// `reduce(self.squared())`.
    #[inline(always)]
    fn square(self) -> Self {
        Self::reduce(self.squared())
    }

    /// `self^(2^count)`.
    #[inline(always)]
    fn square_times(self, count: u32) -> Self {
        let mut power = self;
        for _ in 0..count {
            power = power.square();
        }
        power
    }

    /// `self^(2^250 - 1)` and `self^11`, the common part of the two exponentiations below.
    #[inline(always)]
    fn power_of_250_ones(self) -> (Self, Self) {
        let two = self.square();
        let nine = two.square_times(2).mul(self);
        let eleven = nine.mul(two);
        // `onesN` is self^(2^N - 1); appending N ones to M ones is a shift by N and a product.
        let ones5 = eleven.square().mul(nine);
        let ones10 = ones5.square_times(5).mul(ones5);
        let ones20 = ones10.square_times(10).mul(ones10);
        let ones40 = ones20.square_times(20).mul(ones20);
        let ones50 = ones40.square_times(10).mul(ones10);
        let ones100 = ones50.square_times(50).mul(ones50);
        let ones200 = ones100.square_times(100).mul(ones100);
        (ones200.square_times(50).mul(ones50), eleven)
    }

    /// `1 / self = self^(p - 2)`, with `p - 2 = 2^5 (2^250 - 1) + 11`; zero for zero.
    #[inline(always)]
    fn invert(self) -> Self {
        let (ones250, eleven) = self.power_of_250_ones();
        ones250.square_times(5).mul(eleven)
    }

    /// `self^((p - 5) / 8)`, with `(p - 5) / 8 = 2^2 (2^250 - 1) + 1`: the core of a square root.
    #[inline(always)]
    fn power_of_root(self) -> Self {
        let (ones250, _) = self.power_of_250_ones();
        ones250.square_times(2).mul(self)
    }
}
