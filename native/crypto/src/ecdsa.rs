//! ECDSA over SHA-256 as the reference checks it: raw `r || s`, high `s` accepted.

use sha2::{Digest, Sha256};

/// Whether `key` is a compressed SEC1 point by its form (33 bytes, tag 2 or 3).
///
/// The curve libraries also take the 33-byte "compact" form (tag 5), which KERI does not have.
fn is_compressed(key: &[u8]) -> bool {
    key.len() == 33 && matches!(key[0], 2 | 3)
}

/// Verifies a secp256k1 signature. `r` or `s` outside `1..n`, or a key off the curve: `false`.
pub(crate) fn verify_k1(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use k256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
    if !is_compressed(key) {
        return false;
    }
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_sec1_bytes(key),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    // The library refuses high `s`, the reference accepts it; `(r, s)` and `(r, n - s)` are equally valid.
    let signature = signature.normalize_s().unwrap_or(signature);
    key.verify_prehash(&Sha256::digest(message), &signature)
        .is_ok()
}

/// Verifies a secp256r1 (P-256) signature. `r` or `s` outside `1..n`, or a key off the curve: `false`.
pub(crate) fn verify_r1(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
    if !is_compressed(key) {
        return false;
    }
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_sec1_bytes(key),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    key.verify_prehash(&Sha256::digest(message), &signature)
        .is_ok()
}
