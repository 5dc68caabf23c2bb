//! Signatures in the form that the rules compare and check, and the memo of checks already made.

use std::ops::Range;
use std::sync::Arc;

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::indexer::Indexed;
use kelpipe_cesr::primitive::Primitive;
use kelpipe_crypto::{Algorithm, Check};

use crate::prefix::{VerificationKey, signature_algorithm};
use crate::store::Map;

/// Bytes of every signature that can be verified here.
const SIGNATURE_BYTES: usize = 64;
/// Bytes of the longest key, a compressed point of ECDSA.
const KEY_BYTES_MAX: usize = 33;

/// The bytes that a signature is over.
#[derive(Clone, Debug)]
pub enum Signed {
    /// In the batch's source.
    Source(Range<u32>),
    /// From the store.
    Held(Arc<[u8]>),
}

impl Signed {
    /// The bytes.
    pub fn bytes<'a>(&'a self, source: &'a [u8]) -> &'a [u8] {
        match self {
            Signed::Source(range) => source
                .get(range.start as usize..range.end as usize)
                .unwrap_or(&[]),
            Signed::Held(bytes) => bytes,
        }
    }
}

/// An indexed signature from stored text.
pub fn stored(text: &str) -> Option<Indexed<'_>> {
    Indexed::parse(text.as_bytes(), Alphabet::Lenient).ok()
}

/// A signature without index.
#[derive(Clone, Copy, Debug)]
pub struct Plain64 {
    /// Algorithm of the code; `None`: one that cannot be verified.
    pub algorithm: Option<Algorithm>,
    /// r‖s or R‖S.
    pub raw: [u8; SIGNATURE_BYTES],
}

impl Plain64 {
    /// Of an indexed signature.
    pub fn of_indexed(indexed: &Indexed<'_>) -> Plain64 {
        let raw = indexed.raw64();
        Plain64 {
            algorithm: raw.and(signature_algorithm(true, indexed.row.code)),
            raw: raw.unwrap_or([0; SIGNATURE_BYTES]),
        }
    }

    /// From a parsed primitive; `None` if it is not a signature of 64 bytes.
    pub fn new(primitive: &Primitive<'_>) -> Option<Plain64> {
        let algorithm = signature_algorithm(false, primitive.row.code);
        primitive.raw_array().map(|raw| Plain64 { algorithm, raw })
    }
}

/// What identifies a check within a batch. Bytes are identified by their address: they stay where they are
/// while the memo holds on to them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Id {
    address: usize,
    length: usize,
    signature: [u8; SIGNATURE_BYTES],
    key: [u8; KEY_BYTES_MAX],
    algorithm: Algorithm,
}

/// A check that a fold makes, or assumes to be good.
pub struct Pending {
    id: Id,
    signed: Signed,
}

impl Pending {
    /// The check of `signature` by `key` over `signed`.
    pub fn new(
        source: &[u8],
        signed: &Signed,
        key: &VerificationKey,
        signature: &Plain64,
    ) -> Pending {
        let bytes = signed.bytes(source);
        let mut raw = [0; KEY_BYTES_MAX];
        raw[..key.raw().len()].copy_from_slice(key.raw());
        Pending {
            id: Id {
                address: bytes.as_ptr() as usize,
                length: bytes.len(),
                signature: signature.raw,
                key: raw,
                algorithm: key.algorithm,
            },
            signed: signed.clone(),
        }
    }

    /// In the form that the verifier takes.
    pub fn check<'a>(&'a self, source: &'a [u8]) -> Check<'a> {
        let size = match self.id.algorithm {
            Algorithm::Ed25519 => 32,
            Algorithm::Secp256k1 | Algorithm::Secp256r1 => KEY_BYTES_MAX,
        };
        Check {
            algorithm: self.id.algorithm,
            key: &self.id.key[..size],
            message: self.signed.bytes(source),
            signature: &self.id.signature,
        }
    }
}

/// Checks made so far for one batch.
#[derive(Default)]
pub struct Memo {
    known: Map<Id, bool>,
    held: Vec<Signed>,
}

impl Memo {
    /// The verdict, if it is known.
    pub fn verdict(&self, pending: &Pending) -> Option<bool> {
        if self.known.is_empty() {
            return None;
        }
        self.known.get(&pending.id).copied()
    }

    /// Notes a verdict, and keeps the bytes alive so that their address stays theirs.
    pub fn note(&mut self, pending: Pending, valid: bool) {
        self.known.insert(pending.id, valid);
        if let Signed::Held(_) = pending.signed {
            self.held.push(pending.signed);
        }
    }
}
