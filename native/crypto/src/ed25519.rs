//! Ed25519 verification with libsodium 1.0.18's accept set.

use curve25519_dalek::{EdwardsPoint, Scalar, edwards::CompressedEdwardsY};
use sha2::{Digest, Sha512};

/// The encodings of points of small order, sign bit clear, that libsodium refuses (`ge25519_has_small_order`).
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

fn is_canonical(point: &[u8; 32]) -> bool {
    !(point[31] & 0x7f == 0x7f && point[1..31].iter().all(|&byte| byte == 0xff) && point[0] >= 0xed)
}

/// Verifies one signature; wrong lengths are `false`.
pub(crate) fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (<[u8; 32]>::try_from(key), <[u8; 64]>::try_from(signature))
    else {
        return false;
    };
    let (r, s) = signature.split_at(32);
    let (Ok(r), Ok(s)) = (<[u8; 32]>::try_from(r), <[u8; 32]>::try_from(s)) else {
        return false;
    };
    let Some(s) = Scalar::from_canonical_bytes(s).into_option() else {
        return false;
    };
    if has_small_order(&r) || !is_canonical(&key) || has_small_order(&key) {
        return false;
    }
    let Some(a) = CompressedEdwardsY(key).decompress() else {
        return false;
    };
    let h = Sha512::new()
        .chain_update(r)
        .chain_update(key)
        .chain_update(message)
        .finalize();
    let h = Scalar::from_bytes_mod_order_wide(&h.into());
    EdwardsPoint::vartime_double_scalar_mul_basepoint(&h, &-a, &s)
        .compress()
        .0
        == r
}
