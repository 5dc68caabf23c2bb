//! What the callers hand in.

/// The signature algorithms that KERI can verify.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Algorithm {
    /// Ed25519 with libsodium 1.0.18's accept set.
    Ed25519,
    /// ECDSA over secp256k1 and SHA-256.
    Secp256k1,
    /// ECDSA over secp256r1 (P-256) and SHA-256.
    Secp256r1,
}

/// One signature to check.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// What `key` and `signature` are.
    pub algorithm: Algorithm,
    /// 32 bytes (Ed25519) or a 33-byte compressed point (ECDSA).
    pub key: &'a [u8],
    /// The signed bytes.
    pub message: &'a [u8],
    /// 64 bytes; ECDSA: `r || s`, big-endian, over SHA-256 of the message.
    pub signature: &'a [u8],
}
