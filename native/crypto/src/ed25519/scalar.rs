//! Integers modulo the group order `L`, and their signed digits.

/// Four words, least significant first.
pub(super) type Scalar = [u64; 4];

/// `L = 2^252 + C`.
const L: Scalar = [
    0x5812_631a_5cf5_d3ed,
    0x14de_f9de_a2f7_9cd6,
    0,
    0x1000_0000_0000_0000,
];
/// `C < 2^125`.
const C: [u64; 2] = [L[0], L[1]];

/// Reads 32 bytes, little-endian.
pub(super) fn from_bytes(bytes: &[u8; 32]) -> Scalar {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// Whether the scalar is below `L`.
pub(super) fn is_canonical(scalar: &Scalar) -> bool {
    scalar.iter().rev().lt(L.iter().rev())
}

/// A 512-bit number, little-endian, modulo `L`.
///
/// Since `2^252 = -C` modulo `L`, a number `low + 2^252 high` is `low - C high`. Three rounds shorten
/// 512 bits to 385, 258 and 131; the signs alternate.
pub(super) fn reduce(bytes: &[u8; 64]) -> Scalar {
    let mut number = [0; 8];
    for (word, bytes) in number.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    let (low0, high) = split(&number);
    let (low1, high) = split(&times_c(&high));
    let (low2, high) = split(&times_c(&high));
    let (low3, high) = split(&times_c(&high));
    debug_assert_eq!(high, [0; 5]);
    // low0 - low1 + low2 - low3; the sum of the positive parts is below 2^253 < 2 L, and so is the other.
    let (positive, negative) = (subtract_l(add(&low0, &low2)), subtract_l(add(&low1, &low3)));
    let (difference, borrow) = subtract(&positive, &negative);
    if borrow {
        add(&difference, &L)
    } else {
        difference
    }
}

/// `number` modulo and divided by `2^252`.
fn split(number: &[u64; 8]) -> (Scalar, [u64; 5]) {
    let low = [number[0], number[1], number[2], number[3] & (u64::MAX >> 4)];
    let mut high = [0; 5];
    for i in 0..5 {
        high[i] = number[i + 3] >> 60 | number.get(i + 4).map_or(0, |next| next << 4);
    }
    (low, high)
}

/// `C number`; `number < 2^260`.
fn times_c(number: &[u64; 5]) -> [u64; 8] {
    let mut product = [0; 8];
    for (i, &c) in C.iter().enumerate() {
        let mut carry = 0;
        for (j, &word) in number.iter().enumerate() {
            let sum = u128::from(c) * u128::from(word) + u128::from(product[i + j]) + carry;
            product[i + j] = sum as u64;
            carry = sum >> 64;
        }
        product[i + 5] = carry as u64;
    }
    product
}

/// `a + b` modulo `2^256`.
fn add(a: &Scalar, b: &Scalar) -> Scalar {
    let (mut sum, mut carry) = ([0; 4], false);
    for i in 0..4 {
        let (partial, over) = a[i].overflowing_add(b[i]);
        let (partial, over_again) = partial.overflowing_add(u64::from(carry));
        (sum[i], carry) = (partial, over | over_again);
    }
    sum
}

/// `a - b` modulo `2^256`, and whether `a < b`.
fn subtract(a: &Scalar, b: &Scalar) -> (Scalar, bool) {
    let (mut difference, mut borrow) = ([0; 4], false);
    for i in 0..4 {
        let (partial, under) = a[i].overflowing_sub(b[i]);
        let (partial, under_again) = partial.overflowing_sub(u64::from(borrow));
        (difference[i], borrow) = (partial, under | under_again);
    }
    (difference, borrow)
}

/// The number modulo `L`, for a number below `2 L`.
fn subtract_l(number: Scalar) -> Scalar {
    let (difference, borrow) = subtract(&number, &L);
    if borrow { number } else { difference }
}

/// Most digits of any width in use.
pub(super) const DIGITS_MAX: usize = 64;

/// The scalar, below `2^253`, as signed digits: `sum(digit[i] * 2^(WIDTH i))`, each in `-2^(WIDTH - 1) + 1 ..=
/// 2^(WIDTH - 1)`. The unused digits are zero.
pub(super) fn digits<const WIDTH: usize>(scalar: &Scalar) -> [i16; DIGITS_MAX] {
    let mut digits = [0; DIGITS_MAX];
    let mut carry = 0;
    for (i, digit) in digits.iter_mut().enumerate().take(digit_count(WIDTH)) {
        let (word, shift) = (i * WIDTH / 64, i * WIDTH % 64);
        let mut bits = scalar[word] >> shift;
        if shift + WIDTH > 64 && word < 3 {
            bits |= scalar[word + 1] << (64 - shift);
        }
        let value = (bits & ((1 << WIDTH) - 1)) as i16 + carry;
        carry = i16::from(value > 1 << (WIDTH - 1));
        *digit = value - (carry << WIDTH);
    }
    debug_assert_eq!(carry, 0);
    digits
}

/// Digits of a scalar below `2^253`, one bit kept for the last carry.
pub(super) const fn digit_count(width: usize) -> usize {
    254usize.div_ceil(width)
}
