//! Two words in NEON.

use core::arch::aarch64::{
    uint64x2_t, vaddq_u32, vaddq_u64, vandq_u64, vbslq_u64, vdupq_n_s32, vdupq_n_s64, veorq_u64,
    vld1q_u64, vmovn_u64, vmull_u32, vorrq_u32, vorrq_u64, vreinterpretq_u32_u64,
    vreinterpretq_u64_u32, vshlq_u32, vshlq_u64, vst1q_u64, vsubq_u64, vtrn1q_u64, vtrn2q_u64,
};

use super::{Multiply32, Words, Words32, wrap};

/// Two words.
#[derive(Clone, Copy)]
pub(crate) struct Neon(uint64x2_t);

impl Neon {
    wrap! {
        fn unpack_low(self, other) = vtrn1q_u64;
        fn unpack_high(self, other) = vtrn2q_u64;
        /// Bits of `a` where `self` has ones, else of `b`.
        fn pick(self, a, b) = vbslq_u64;
    }
}

impl Words<2> for Neon {
    wrap! {
        fn add(self, other) = vaddq_u64;
        fn sub(self, other) = vsubq_u64;
        fn and(self, other) = vandq_u64;
        fn or(self, other) = vorrq_u64;
        fn xor(self, other) = veorq_u64;
    }

    #[inline(always)]
    fn outlined<T>(f: impl FnOnce() -> T) -> T {
        #[inline(never)]
        #[target_feature(enable = "neon")]
        fn outlined<T>(f: impl FnOnce() -> T) -> T {
            f()
        }
        // SAFETY: features: see the module.
        unsafe { outlined(f) }
    }

    #[inline(always)]
    fn splat(word: u64) -> Self {
        Self::from_array([word; 2])
    }

    #[inline(always)]
    fn from_array(words: [u64; 2]) -> Self {
        // SAFETY:
        // - features: see the module.
        // - size, alignment: the array is 16 bytes; the load needs the alignment of a word, which it has.
        Self(unsafe { vld1q_u64(words.as_ptr()) })
    }

    #[inline(always)]
    fn to_array(self) -> [u64; 2] {
        let mut words = [0; 2];
        // SAFETY:
        // - features: see the module.
        // - size, alignment: the array is 16 bytes; the store needs the alignment of a word, which it has.
        // - aliasing: the array is ours alone.
        unsafe { vst1q_u64(words.as_mut_ptr(), self.0) };
        words
    }

    #[inline(always)]
    fn transpose(rows: &[&[u64; 8]; 2]) -> [Self; 8] {
        let mut out = [Self::splat(0); 8];
        for pair in 0..4 {
            let a = Self::from_array([rows[0][2 * pair], rows[0][2 * pair + 1]]);
            let b = Self::from_array([rows[1][2 * pair], rows[1][2 * pair + 1]]);
            (out[2 * pair], out[2 * pair + 1]) = (a.unpack_low(b), a.unpack_high(b));
        }
        out
    }

    #[inline(always)]
    fn shift_left(self, count: u64) -> Self {
        // SAFETY: features: see the module. Registers only.
        Self(unsafe { vshlq_u64(self.0, vdupq_n_s64(count.cast_signed())) })
    }

    /// The instruction shifts to the right by negative counts.
    #[inline(always)]
    fn shift_right(self, count: u64) -> Self {
        // SAFETY: features: see the module. Registers only.
        Self(unsafe { vshlq_u64(self.0, vdupq_n_s64(-count.cast_signed())) })
    }

    #[inline(always)]
    fn rotate_right(self, count: u64) -> Self {
        self.shift_right(count).or(self.shift_left(64 - count))
    }

    #[inline(always)]
    fn select(mask: u32, a: Self, b: Self) -> Self {
        let ones = |bit: u32| 0u64.wrapping_sub(u64::from(mask >> bit & 1));
        Self::from_array([ones(0), ones(1)]).pick(a, b)
    }
}

impl Words32<2> for Neon {
    #[inline(always)]
    fn add32(self, other: Self) -> Self {
        // SAFETY: features: see the module. Registers only.
        Self(unsafe {
            let (a, b) = (
                vreinterpretq_u32_u64(self.0),
                vreinterpretq_u32_u64(other.0),
            );
            vreinterpretq_u64_u32(vaddq_u32(a, b))
        })
    }

    #[inline(always)]
    fn rotate_right32(self, count: u32) -> Self {
        // SAFETY: features: see the module. Registers only.
        Self(unsafe {
            let word = vreinterpretq_u32_u64(self.0);
            let right = vshlq_u32(word, vdupq_n_s32(-count.cast_signed()));
            let left = vshlq_u32(word, vdupq_n_s32((32 - count).cast_signed()));
            vreinterpretq_u64_u32(vorrq_u32(left, right))
        })
    }
}

impl Multiply32<2> for Neon {
    #[inline(always)]
    fn multiply32(self, other: Self) -> Self {
        // SAFETY: features: see the module. Registers only.
        Self(unsafe { vmull_u32(vmovn_u64(self.0), vmovn_u64(other.0)) })
    }

    #[inline(always)]
    fn opaque(mut self) -> Self {
        // SAFETY: no instruction at all; the operand keeps its value.
        unsafe {
            core::arch::asm!("/* {0:v} */", inout(vreg) self.0, options(pure, nomem, nostack, preserves_flags))
        };
        self
    }
}
