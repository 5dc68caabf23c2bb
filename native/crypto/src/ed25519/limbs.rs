//! Single elements of the field modulo `p = 2^255 - 19` as five limbs of radix `2^51`: the form in which
//! elements enter and leave the lanes, and in which tables store them.

/// `value = sum(limb[i] * 2^(51 i))`. Each function states how large a limb may be.
pub(super) type Limbs = [u64; 5];

/// The low 51 bits.
pub(super) const MASK: u64 = (1 << 51) - 1;
pub(super) const ZERO: Limbs = [0; 5];
pub(super) const ONE: Limbs = [1, 0, 0, 0, 0];

/// Reads 255 bits, little-endian; the top bit is left out. Limbs below `2^51`; not reduced modulo `p`.
pub(super) fn from_bytes(bytes: &[u8; 32]) -> Limbs {
    let word = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[at..at + 8]);
        u64::from_le_bytes(word)
    };
    // Bit 51 i starts in byte 51 i / 8.
    [
        word(0) & MASK,
        word(6) >> 3 & MASK,
        word(12) >> 6 & MASK,
        word(19) >> 1 & MASK,
        word(24) >> 12 & MASK,
    ]
}

/// The one representative below `p`. Takes limbs below `2^63`.
pub(super) fn canonical(limbs: &Limbs) -> Limbs {
    debug_assert!(limbs.iter().all(|&limb| limb < 1 << 63));
    let mut limbs = *limbs;
    // The first pass leaves limbs below 2^51 and limb 0 below 2^51 + 19 * 2^13, the second a value below 2^255 + 19.
    for _ in 0..2 {
        carry(&mut limbs);
    }
    // value + 19 reaches 2^255 exactly when value >= p; then value - p = value + 19 - 2^255.
    let mut quotient = (limbs[0] + 19) >> 51;
    for &limb in &limbs[1..] {
        quotient = (limb + quotient) >> 51;
    }
    limbs[0] += 19 * quotient;
    for i in 0..4 {
        limbs[i + 1] += limbs[i] >> 51;
        limbs[i] &= MASK;
    }
    limbs[4] &= MASK;
    limbs
}

fn carry(limbs: &mut Limbs) {
    for i in 0..4 {
        limbs[i + 1] += limbs[i] >> 51;
        limbs[i] &= MASK;
    }
    limbs[0] += 19 * (limbs[4] >> 51);
    limbs[4] &= MASK;
}

/// 32 bytes, little-endian, of a canonical element.
pub(super) fn to_bytes(limbs: &Limbs) -> [u8; 32] {
    let [a, b, c, d, e] = *limbs;
    let words = [
        a | b << 51,
        b >> 13 | c << 38,
        c >> 26 | d << 25,
        d >> 39 | e << 12,
    ];
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// Whether the element is zero modulo `p`. Takes limbs below `2^63`.
pub(super) fn is_zero(limbs: &Limbs) -> bool {
    canonical(limbs) == ZERO
}

/// Whether the canonical representative is odd: the "sign" of a coordinate. Takes limbs below `2^63`.
pub(super) fn is_odd(limbs: &Limbs) -> bool {
    canonical(limbs)[0] & 1 == 1
}
