//! Which byte strings libsodium 1.0.18 refuses before it computes anything.

use super::scalar;

/// The encodings of points of small order, canonical or not, with the sign bit clear
/// (libsodium, `ge25519_has_small_order`): y = 0, 1, two of order 8, p - 1, p, p + 1.
const SMALL_ORDER: [[u8; 32]; 7] = [
    edge(0x00, 0x00, 0x00),
    edge(0x01, 0x00, 0x00),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    edge(0xec, 0xff, 0x7f),
    edge(0xed, 0xff, 0x7f),
    edge(0xee, 0xff, 0x7f),
];

const fn edge(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

fn has_small_order(point: &[u8; 32]) -> bool {
    let mut masked = *point;
    masked[31] &= 0x7f;
    SMALL_ORDER.contains(&masked)
}

/// Whether `y < p = 2^255 - 19`, the sign bit left out.
fn is_canonical(point: &[u8; 32]) -> bool {
    !(point[31] & 0x7f == 0x7f && point[1..31].iter().all(|&byte| byte == 0xff) && point[0] >= 0xed)
}

/// Whether libsodium goes on to the equation: `S < L`, `R` and `A` not of small order, `A` canonical.
///
/// Source: libsodium 1.0.18, `crypto_sign/ed25519/ref10/open.c`.
pub(super) fn admits(key: &[u8; 32], signature: &[u8; 64]) -> bool {
    let (r, s) = halves(signature);
    scalar::is_canonical(&scalar::from_bytes(s))
        && !has_small_order(r)
        && is_canonical(key)
        && !has_small_order(key)
}

/// `R` and `S`.
pub(super) fn halves(signature: &[u8; 64]) -> (&[u8; 32], &[u8; 32]) {
    let (chunks, _) = signature.as_chunks();
    (&chunks[0], &chunks[1])
}
