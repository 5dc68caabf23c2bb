//! Eight words in AVX-512 F, DQ and IFMA.

use core::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_add_epi64, _mm512_and_si512, _mm512_loadu_epi64,
    _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64, _mm512_mullo_epi64,
    _mm512_or_si512, _mm512_rorv_epi32, _mm512_rorv_epi64, _mm512_set1_epi32, _mm512_set1_epi64,
    _mm512_shuffle_i64x2, _mm512_sllv_epi64, _mm512_srlv_epi64, _mm512_storeu_epi64,
    _mm512_sub_epi64, _mm512_ternarylogic_epi64, _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
    _mm512_xor_si512,
};

use super::{Words, Words32, wrap};

/// Eight words.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512i);

/// Truth tables of three bits for `vpternlogq`.
const XOR3: i32 = 0x96;
const CHOOSE: i32 = 0xca;
const MAJORITY: i32 = 0xe8;

impl Avx512 {
    wrap! {
        fn shift_left_by(self, counts) = _mm512_sllv_epi64;
        fn shift_right_by(self, counts) = _mm512_srlv_epi64;
        fn rotate_right_by(self, counts) = _mm512_rorv_epi64;
        fn rotate_right_by32(self, counts) = _mm512_rorv_epi32;
        /// `self + low half of (a * b)`: the factors' low 52 bits, the product's low 52 bits.
        pub(crate) fn multiply_add_low(self, a, b) = _mm512_madd52lo_epu64;
        /// `self + high half of (a * b)`: the factors' low 52 bits, the product's bits 52 to 103.
        pub(crate) fn multiply_add_high(self, a, b) = _mm512_madd52hi_epu64;
        /// The low 64 bits of the product.
        pub(crate) fn multiply(self, other) = _mm512_mullo_epi64;
        fn unpack_low(self, other) = _mm512_unpacklo_epi64;
        fn unpack_high(self, other) = _mm512_unpackhi_epi64;
        /// Pairs 0 and 2 of `self`, then of `other`.
        fn even_pairs(self, other) = _mm512_shuffle_i64x2::<0b10_00_10_00>;
        /// Pairs 1 and 3 of `self`, then of `other`.
        fn odd_pairs(self, other) = _mm512_shuffle_i64x2::<0b11_01_11_01>;
    }
}

impl Words<8> for Avx512 {
    wrap! {
        fn add(self, other) = _mm512_add_epi64;
        fn sub(self, other) = _mm512_sub_epi64;
        fn and(self, other) = _mm512_and_si512;
        fn or(self, other) = _mm512_or_si512;
        fn xor(self, other) = _mm512_xor_si512;
        fn xor3(a, b, c) = _mm512_ternarylogic_epi64::<XOR3>;
        fn choose(a, b, c) = _mm512_ternarylogic_epi64::<CHOOSE>;
        fn majority(a, b, c) = _mm512_ternarylogic_epi64::<MAJORITY>;
    }

    #[inline(always)]
    fn outlined<T>(f: impl FnOnce() -> T) -> T {
        #[inline(never)]
        #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
        fn outlined<T>(f: impl FnOnce() -> T) -> T {
            f()
        }
        // SAFETY: features: see the module.
        unsafe { outlined(f) }
    }

    #[inline(always)]
    fn splat(word: u64) -> Self {
        // SAFETY: features: see the module. Registers only.
        Self(unsafe { _mm512_set1_epi64(word.cast_signed()) })
    }

    #[inline(always)]
    fn from_array(words: [u64; 8]) -> Self {
        // SAFETY:
        // - features: see the module.
        // - size, alignment: the array is 64 bytes; the load needs no alignment.
        Self(unsafe { _mm512_loadu_epi64(words.as_ptr().cast()) })
    }

    #[inline(always)]
    fn to_array(self) -> [u64; 8] {
        let mut words = [0; 8];
        // SAFETY:
        // - features: see the module.
        // - size, alignment: the array is 64 bytes; the store needs no alignment.
        // - aliasing: the array is ours alone.
        unsafe { _mm512_storeu_epi64(words.as_mut_ptr().cast(), self.0) };
        words
    }

    /// Three rounds of eight shuffles: words, pairs, quads.
    #[inline(always)]
    fn transpose(rows: &[&[u64; 8]; 8]) -> [Self; 8] {
        // No closures on this level: one that is not inlined would lack the target features.
        let (a, b) = (Self::from_array(*rows[0]), Self::from_array(*rows[1]));
        let (c, d) = (Self::from_array(*rows[2]), Self::from_array(*rows[3]));
        let (e, f) = (Self::from_array(*rows[4]), Self::from_array(*rows[5]));
        let (g, h) = (Self::from_array(*rows[6]), Self::from_array(*rows[7]));
        // Pair j of `ab_low` is word 2j of a and b; of `ab_high`, word 2j + 1.
        let (ab_low, ab_high) = (a.unpack_low(b), a.unpack_high(b));
        let (cd_low, cd_high) = (c.unpack_low(d), c.unpack_high(d));
        let (ef_low, ef_high) = (e.unpack_low(f), e.unpack_high(f));
        let (gh_low, gh_high) = (g.unpack_low(h), g.unpack_high(h));
        // Words 0 and 4, in that order, of four rows; and so on.
        let (low_04, low_26) = (ab_low.even_pairs(cd_low), ab_low.odd_pairs(cd_low));
        let (low_15, low_37) = (ab_high.even_pairs(cd_high), ab_high.odd_pairs(cd_high));
        let (high_04, high_26) = (ef_low.even_pairs(gh_low), ef_low.odd_pairs(gh_low));
        let (high_15, high_37) = (ef_high.even_pairs(gh_high), ef_high.odd_pairs(gh_high));
        [
            low_04.even_pairs(high_04),
            low_15.even_pairs(high_15),
            low_26.even_pairs(high_26),
            low_37.even_pairs(high_37),
            low_04.odd_pairs(high_04),
            low_15.odd_pairs(high_15),
            low_26.odd_pairs(high_26),
            low_37.odd_pairs(high_37),
        ]
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
    fn rotate_right(self, count: u64) -> Self {
        self.rotate_right_by(Self::splat(count))
    }

    #[inline(always)]
    fn select(mask: u32, a: Self, b: Self) -> Self {
        // SAFETY: features: see the module. Registers only.
        Self(unsafe { _mm512_mask_blend_epi64(mask as u8, b.0, a.0) })
    }
}

impl Words32<8> for Avx512 {
    wrap! {
        fn add32(self, other) = _mm512_add_epi32;
    }

    #[inline(always)]
    fn rotate_right32(self, count: u32) -> Self {
        // SAFETY: features: see the module. Registers only.
        self.rotate_right_by32(Self(unsafe { _mm512_set1_epi32(count.cast_signed()) }))
    }
}
