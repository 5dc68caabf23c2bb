//! Vectors of 64-bit words: the only place where intrinsics are called.
//!
//! A vector type of this module must be used only by code that runs on a machine with its features and that was
//! compiled with them; that is, below the entry points of `ed25519/paths.rs` and `digest/blake3_lanes.rs`.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;

/// `N` words of 64 bits. All operations are lane by lane and wrap.
pub(crate) trait Words<const N: usize>: Copy {
    /// Calls `f` as a function of its own that has the features.
    fn outlined<T>(f: impl FnOnce() -> T) -> T;
    fn splat(word: u64) -> Self;
    fn from_array(words: [u64; N]) -> Self;
    fn to_array(self) -> [u64; N];
    /// `rows[lane][i]` becomes lane `lane` of vector `i`.
    fn transpose(rows: &[&[u64; 8]; N]) -> [Self; 8];
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    /// The count is below 64; a constant one compiles to an immediate.
    fn shift_left(self, count: u64) -> Self;
    fn shift_right(self, count: u64) -> Self;
    fn rotate_right(self, count: u64) -> Self;
    /// Lane `i` of `a` where bit `i` of `mask` is set, else of `b`.
    fn select(mask: u32, a: Self, b: Self) -> Self;

    /// `a ^ b ^ c`.
    #[inline(always)]
    fn xor3(a: Self, b: Self, c: Self) -> Self {
        a.xor(b).xor(c)
    }

    /// Bits of `b` where `a` has ones, else of `c`.
    #[inline(always)]
    fn choose(a: Self, b: Self, c: Self) -> Self {
        b.xor(c).and(a).xor(c)
    }

    /// Bits that at least two have.
    #[inline(always)]
    fn majority(a: Self, b: Self, c: Self) -> Self {
        a.xor(b).and(b.xor(c)).xor(b)
    }
}

/// Words of which each half counts as a lane: `2 N` words of 32 bits.
pub(crate) trait Words32<const N: usize>: Words<N> {
    fn add32(self, other: Self) -> Self;
    /// The count is 1 to 31; a constant one compiles to an immediate.
    fn rotate_right32(self, count: u32) -> Self;
}

/// Whether the bounds of limbs are asserted: in debug builds, and in this crate's unit tests however they are built.
pub(crate) const ASSERTS: bool = cfg!(any(debug_assertions, test));

/// Where [`ASSERTS`] says so, asserts that limb `k` of every lane is at most `bound(k)`, which is below `2^63`.
#[inline(always)]
pub(crate) fn assert_at_most<const N: usize, W: Words<N>>(
    limbs: &[W],
    bound: impl Fn(usize) -> u64,
) {
    if ASSERTS {
        // A difference below zero, or a limb of 2^63 or more, sets the top bit.
        let mut signs = W::splat(0);
        for (k, limb) in limbs.iter().enumerate() {
            signs = signs.or(W::splat(bound(k)).sub(*limb)).or(*limb);
        }
        assert_positive(&signs.to_array());
    }
}

/// Not inlined, since the arithmetic has it hundreds of times.
#[inline(never)]
fn assert_positive(words: &[u64]) {
    assert!(
        words.iter().all(|&word| word >> 63 == 0),
        "a limb is out of bounds"
    );
}

/// Words that can be multiplied by halves.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) trait Multiply32<const N: usize>: Words<N> {
    /// The product of the low 32 bits of each.
    fn multiply32(self, other: Self) -> Self;

    /// The same words, of which the compiler knows nothing any more.
    ///
    /// Multiplications are plain arithmetic to the compiler. Where it sees a common factor (`19 b` in several products
    /// of a sum), it takes it out, which leaves a 64-bit multiplication that the hardware does not have.
    fn opaque(self) -> Self;
}

/// Wraps intrinsics that take and give vectors.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! wrap {
    ($($(#[$doc:meta])* $visibility:vis fn $name:ident($first:ident $(, $other:ident)*) = $intrinsic:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        $visibility fn $name($first: Self $(, $other: Self)*) -> Self {
            // SAFETY:
            // - features: a value of this type exists only where they were detected (see the module).
            // - validity: the intrinsic reads and writes registers only.
            Self(unsafe { $intrinsic($first.0 $(, $other.0)*) })
        }
    )*};
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use wrap;
