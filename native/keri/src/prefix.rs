//! AIDs and keys: which codes may stand where.
//!
//! Source: keri-events.md 4 and 6; codex lists of the reference.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::primitive::Primitive;
use kelpipe_crypto::Algorithm;

use crate::text::Text;

/// A key that signatures are checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationKey {
    /// Text form.
    pub text: Text,
    /// How it verifies.
    pub algorithm: Algorithm,
    raw: [u8; 33],
}

impl VerificationKey {
    /// Reads a verification key; `None` for a code that cannot verify here (Ed448, digests, anything else).
    pub fn parse(text: &str) -> Option<VerificationKey> {
        let primitive = Primitive::of(text, Alphabet::Strict).ok()?;
        let algorithm = key_algorithm(primitive.row.code)?;
        let mut raw = [0; 33];
        match algorithm {
            Algorithm::Ed25519 => raw[..32].copy_from_slice(&primitive.raw_array::<32>()?),
            Algorithm::Secp256k1 | Algorithm::Secp256r1 => raw = primitive.raw_array()?,
        }
        Some(VerificationKey {
            text: text.into(),
            algorithm,
            raw,
        })
    }

    /// Raw key bytes: 32 (Ed25519) or 33 (compressed point).
    pub fn raw(&self) -> &[u8] {
        match self.algorithm {
            Algorithm::Ed25519 => &self.raw[..32],
            Algorithm::Secp256k1 | Algorithm::Secp256r1 => &self.raw,
        }
    }
}

fn key_algorithm(code: &str) -> Option<Algorithm> {
    Some(match code {
        "B" | "D" => Algorithm::Ed25519,
        "1AAA" | "1AAB" => Algorithm::Secp256k1,
        "1AAI" | "1AAJ" => Algorithm::Secp256r1,
        _ => return None,
    })
}

/// The algorithm of a signature code, indexed or not. `None`: Ed448 or not a signature.
pub fn signature_algorithm(indexed: bool, code: &str) -> Option<Algorithm> {
    Some(match (indexed, code) {
        (true, "A" | "B" | "2A" | "2B") | (false, "0B") => Algorithm::Ed25519,
        (true, "C" | "D" | "2C" | "2D") | (false, "0C") => Algorithm::Secp256k1,
        (true, "E" | "F" | "2E" | "2F") | (false, "0I") => Algorithm::Secp256r1,
        _ => return None,
    })
}

/// Indexed signature code, with ondex equal to index, of an algorithm.
pub fn indexed_code(algorithm: Algorithm, index: u32) -> &'static str {
    match (algorithm, index < 64) {
        (Algorithm::Ed25519, true) => "A",
        (Algorithm::Secp256k1, true) => "C",
        (Algorithm::Secp256r1, true) => "E",
        (Algorithm::Ed25519, false) => "2A",
        (Algorithm::Secp256k1, false) => "2C",
        (Algorithm::Secp256r1, false) => "2E",
    }
}

/// Whether a code is a digest's.
pub fn is_digest(code: &str) -> bool {
    crate::said::digest_of(code).is_some()
}

/// Whether a code may stand for a next key. 1.1.17 takes no digest of 512 bits there.
pub fn is_next(code: &str, head: bool) -> bool {
    is_digest(code) && (head || code.len() == 1)
}

/// Whether a code is that of a non-transferable prefix.
pub fn is_nontransferable(code: &str) -> bool {
    matches!(code, "B" | "1AAA" | "1AAC" | "1AAI")
}

/// Whether a code may stand as a prefix in a message at all. `head` adds the Ed448 keys.
pub fn is_prefix(code: &str, head: bool) -> bool {
    is_digest(code)
        || matches!(code, "B" | "D" | "1AAA" | "1AAB" | "1AAI" | "1AAJ")
        || (head && matches!(code, "1AAC" | "1AAD"))
}

/// Whether an AID with this code can have a key state. 1.1.17 takes fewer digests than head.
pub fn is_usable(code: &str, head: bool) -> bool {
    is_prefix(code, head) && (head || !is_digest(code) || code == "E")
}

/// The code of an AID's text.
pub fn code_of(text: &str) -> Option<&'static str> {
    Primitive::of(text, Alphabet::Strict)
        .ok()
        .map(|primitive| primitive.row.code)
}
