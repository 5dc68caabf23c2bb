//! The field modulo `p = 2^255 - 19`, `N` independent elements side by side.
//!
//! All of the curve arithmetic is written once over this trait and compiled once per instruction set.
//! Everything here is `inline(always)`: a function of the generic code has no target features of its own and
//! gets those of the entry point (`paths.rs`) that it ends up in.

use super::limbs::Limbs;

/// Steps `(from, squarings, by)` that lead from powers 0 (`x`) and 1 (`x^2`) to `x^(2^250 - 1)`: each makes the next
/// power, `powers[from]^(2^squarings) * powers[by]`.
const CHAIN: [(usize, u32, usize); 10] = [
    (1, 2, 0),   // 2: 9
    (2, 0, 1),   // 3: 11
    (3, 1, 2),   // 4: 31, 5 ones
    (4, 5, 4),   // 5: 10 ones
    (5, 10, 5),  // 6: 20 ones
    (6, 20, 6),  // 7: 40 ones
    (7, 10, 5),  // 8: 50 ones
    (8, 50, 8),  // 9: 100 ones
    (9, 100, 9), // 10: 200 ones
    (10, 50, 8), // 11: 250 ones
];

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

    /// The lanes as limbs below `2^55`, of a reduced product below `2^51 + 2^43`; not canonical.
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

    /// `self + other`, each a reduced product, from limbs or from `sub`.
    fn add(self, other: Self) -> Self;

    /// `self - other`, both a reduced product or from limbs.
    fn sub(self, other: Self) -> Self;

    /// `-self` of an element from limbs or from `load3`; the result may only be multiplied.
    fn negate(self) -> Self;

    /// Lane `i` of `a` where bit `i` of `mask` is set, else of `b`.
    fn select(mask: u32, a: Self, b: Self) -> Self;

    /// Loads three elements per lane: words 0–4, 5–9 and 10–14 of the lane's block, which are canonical limbs or what
    /// `to_limbs` gave.
    fn load3(blocks: &[&[u64; 16]; N]) -> [Self; 3];

    /// Loads one element per lane: words 0–4 of the lane's block, as `load3` takes them.
    fn load1(blocks: &[&[u64; 8]; N]) -> Self;

    /// SHA-512 of `head || tail` of each lane: not of the field, but of the same lanes.
    fn sha512(heads: &[[u8; 64]; N], tails: &[&[u8]; N]) -> [[u8; 64]; N];

    /// All lanes the same.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn splat(limbs: Limbs) -> Self {
        Self::from_limbs(&[limbs; N])
    }

    /// Calls `f` as a function of its own, compiled for this path. What is not in an inner loop goes through this: a
    /// product inlined is a hundred instructions, and there would be hundreds of them.
    fn outlined<T>(f: impl FnOnce() -> T) -> T;

    /// `reduce(self.times(other))`, inlined.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn product(self, other: Self) -> Self {
        Self::reduce(self.times(other))
    }

    /// The same by a call.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn mul(self, other: Self) -> Self {
        Self::outlined(
            #[cfg_attr(not(any(test, unoptimized)), inline(always))]
            || self.product(other),
        )
    }

    /// `self^2`, by a call.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn square(self) -> Self {
        self.square_times(1)
    }

    /// `self^(2^count)`, by a call.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn square_times(self, count: u32) -> Self {
        Self::outlined(
            #[cfg_attr(not(any(test, unoptimized)), inline(always))]
            || {
                let mut power = self;
                for _ in 0..count {
                    power = Self::reduce(power.squared());
                }
                power
            },
        )
    }

    /// `self^(2^250 - 1)` and `self^11`, the common part of the two exponentiations below.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn power_of_250_ones(self) -> (Self, Self) {
        let mut powers = [self; CHAIN.len() + 2];
        powers[1] = self.square();
        for (step, &(from, squarings, by)) in CHAIN.iter().enumerate() {
            powers[step + 2] = powers[from].square_times(squarings).mul(powers[by]);
        }
        (powers[CHAIN.len() + 1], powers[3])
    }

    /// `1 / self = self^(p - 2)`, with `p - 2 = 2^5 (2^250 - 1) + 11`; zero for zero.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn invert(self) -> Self {
        let (ones250, eleven) = self.power_of_250_ones();
        ones250.square_times(5).mul(eleven)
    }

    /// `self^((p - 5) / 8)`, with `(p - 5) / 8 = 2^2 (2^250 - 1) + 1`: the core of a square root.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn power_of_root(self) -> Self {
        let (ones250, _) = self.power_of_250_ones();
        ones250.square_times(2).mul(self)
    }
}
