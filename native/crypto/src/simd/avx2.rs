//! Four words in AVX2.

use core::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_and_si256, _mm256_blendv_epi8,
    _mm256_cmpeq_epi64, _mm256_loadu_si256, _mm256_mul_epu32, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setr_epi64x,
    _mm256_sllv_epi32, _mm256_sllv_epi64, _mm256_srlv_epi32, _mm256_srlv_epi64,
    _mm256_storeu_si256, _mm256_sub_epi64, _mm256_unpackhi_epi64, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};

use super::{Multiply32, Words, Words32, wrap};

/// Four words.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256i);

impl Avx2 {
    wrap! {
        fn shift_left_by(self, counts) = _mm256_sllv_epi64;
        fn shift_right_by(self, counts) = _mm256_srlv_epi64;
        fn shift_left_by32(self, counts) = _mm256_sllv_epi32;
        fn shift_right_by32(self, counts) = _mm256_srlv_epi32;
        fn equal(self, other) = _mm256_cmpeq_epi64;
        fn unpack_low(self, other) = _mm256_unpacklo_epi64;
        fn unpack_high(self, other) = _mm256_unpackhi_epi64;
        /// Pair 0 of `self`, then of `other`.
        fn low_pairs(self, other) = _mm256_permute2x128_si256::<0x20>;
        /// Pair 1 of `self`, then of `other`.
        fn high_pairs(self, other) = _mm256_permute2x128_si256::<0x31>;
        /// Bytes of `self` where `mask` has zeros, else of `other`.
        fn blend(self, other, mask) = _mm256_blendv_epi8;
    }

    #[inline(always)]
    fn splat32(word: u32) -> Self {
        // SAFETY: features: see the module. Registers only.
        Self(unsafe { _mm256_set1_epi32(word.cast_signed()) })
    }

    /// Words 0–3 of each row, by word.
    #[inline(always)]
    fn transpose4(rows: [Self; 4]) -> [Self; 4] {
        let [a, b, c, d] = rows;
        let (ab_even, ab_odd) = (a.unpack_low(b), a.unpack_high(b));
        let (cd_even, cd_odd) = (c.unpack_low(d), c.unpack_high(d));
        [
            ab_even.low_pairs(cd_even),
            ab_odd.low_pairs(cd_odd),
            ab_even.high_pairs(cd_even),
            ab_odd.high_pairs(cd_odd),
        ]
    }
}

impl Words<4> for Avx2 {
    wrap! {
        fn add(self, other) = _mm256_add_epi64;
        fn sub(self, other) = _mm256_sub_epi64;
        fn and(self, other) = _mm256_and_si256;
        fn or(self, other) = _mm256_or_si256;
        fn xor(self, other) = _mm256_xor_si256;
    }

    #[inline(always)]
    fn outlined<T>(f: impl FnOnce() -> T) -> T {
        #[inline(never)]
        #[target_feature(enable = "avx2")]
        fn outlined<T>(f: impl FnOnce() -> T) -> T {
            f()
        }
        // SAFETY: features: see the module.
        unsafe { outlined(f) }
    }

    #[inline(always)]
    fn splat(word: u64) -> Self {
        // SAFETY: features: see the module. Registers only.
        Self(unsafe { _mm256_set1_epi64x(word.cast_signed()) })
    }

    #[inline(always)]
    fn from_array(words: [u64; 4]) -> Self {
        // SAFETY:
        // - features: see the module.
        // - size, alignment: the array is 32 bytes; the load needs no alignment.
        Self(unsafe { _mm256_loadu_si256(words.as_ptr().cast()) })
    }

    #[inline(always)]
    fn to_array(self) -> [u64; 4] {
        let mut words = [0; 4];
        // SAFETY:
        // - features: see the module.
        // - size, alignment: the array is 32 bytes; the store needs no alignment.
        // - aliasing: the array is ours alone.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), self.0) };
        words
    }

    #[inline(always)]
    fn transpose(rows: &[&[u64; 8]; 4]) -> [Self; 8] {
        let (mut fronts, mut backs) = ([Self::splat(0); 4], [Self::splat(0); 4]);
        for lane in 0..4 {
            let [a, b, c, d, e, f, g, h] = *rows[lane];
            fronts[lane] = Self::from_array([a, b, c, d]);
            backs[lane] = Self::from_array([e, f, g, h]);
        }
        let [a, b, c, d] = Self::transpose4(fronts);
        let [e, f, g, h] = Self::transpose4(backs);
        [a, b, c, d, e, f, g, h]
    }

    #[inline(always)]
    fn rotate_right(self, count: u64) -> Self {
        self.shift_right(count).or(self.shift_left(64 - count))
    }

    #[inline(always)]
    fn shift_left(self, count: u64) -> Self {
        self.shift_left_by(Self::splat(count))
    }

    #[inline(always)]
    fn shift_right(self, count: u64) -> Self {
        self.shift_right_by(Self::splat(count))
    }

    #[inline(always)]
    fn select(mask: u32, a: Self, b: Self) -> Self {
        // SAFETY: features: see the module. Registers only.
        let bits = Self(unsafe { _mm256_setr_epi64x(1, 2, 4, 8) });
        b.blend(a, Self::splat(u64::from(mask)).and(bits).equal(bits))
    }
}

impl Words32<4> for Avx2 {
    wrap! {
        fn add32(self, other) = _mm256_add_epi32;
    }

    #[inline(always)]
    fn rotate_right32(self, count: u32) -> Self {
        self.shift_right_by32(Self::splat32(count))
            .or(self.shift_left_by32(Self::splat32(32 - count)))
    }
}

impl Multiply32<4> for Avx2 {
    wrap! {
        fn multiply32(self, other) = _mm256_mul_epu32;
    }

    #[inline(always)]
    fn opaque(self) -> Self {
        #[inline]
        #[target_feature(enable = "avx2")]
        fn opaque(mut words: __m256i) -> __m256i {
            // SAFETY: no instruction at all; the operand keeps its value.
            unsafe {
                core::arch::asm!("/* {0} */", inout(ymm_reg) words, options(pure, nomem, nostack, preserves_flags));
            };
            words
        }
        // SAFETY: features: see the module.
        Self(unsafe { opaque(self.0) })
    }
}
