//! Signatures in the form that the rules compare and check, and the memo of checks already made.

use std::ops::Range;
use std::sync::Arc;

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::indexer::Indexed;
use kelpipe_cesr::primitive::Primitive;
use kelpipe_crypto::digest::Digest;
use kelpipe_crypto::{Algorithm, Check, Verifier};

use crate::prefix::{VerificationKey, signature_algorithm};
use crate::store::Map;

/// Bytes of every signature that can be verified here.
const SIGNATURE_BYTES: usize = 64;
/// Bytes of the longest key, a compressed point of ECDSA.
const KEY_BYTES_MAX: usize = 33;

/// What checks signatures: [`Verifier`], or in a bench what costs nothing.
pub trait Verify {
    /// Checks every signature; `valid[i]` becomes the verdict on `checks[i]`.
    fn verify(&self, checks: &[Check<'_>], valid: &mut [bool]);
}

impl Verify for Verifier {
    fn verify(&self, checks: &[Check<'_>], valid: &mut [bool]) {
        Verifier::verify(self, checks, valid);
    }
}

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

/// What identifies a check: what it is over, by its digest, and what is checked. The same bytes may be read anew from
/// the log each time that a batch is folded, so where they stand tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Id {
    message: [u8; 32],
    signature: [u8; SIGNATURE_BYTES],
    key: [u8; KEY_BYTES_MAX],
    algorithm: Algorithm,
}

/// A check that a fold makes, or assumes to be good.
pub struct Pending {
    signed: Signed,
    signature: [u8; SIGNATURE_BYTES],
    key: [u8; KEY_BYTES_MAX],
    algorithm: Algorithm,
}

impl Pending {
    /// The check of `signature` by `key` over `signed`.
    pub fn new(signed: &Signed, key: &VerificationKey, signature: &Plain64) -> Pending {
        let mut raw = [0; KEY_BYTES_MAX];
        raw[..key.raw().len()].copy_from_slice(key.raw());
        Pending {
            signed: signed.clone(),
            signature: signature.raw,
            key: raw,
            algorithm: key.algorithm,
        }
    }

    /// In the form that the verifier takes.
    pub fn check<'a>(&'a self, source: &'a [u8]) -> Check<'a> {
        let size = match self.algorithm {
            Algorithm::Ed25519 => 32,
            Algorithm::Secp256k1 | Algorithm::Secp256r1 => KEY_BYTES_MAX,
        };
        Check {
            algorithm: self.algorithm,
            key: &self.key[..size],
            message: self.signed.bytes(source),
            signature: &self.signature,
        }
    }

    /// Whether it is made with `key`.
    fn is_by(&self, key: &VerificationKey) -> bool {
        self.algorithm == key.algorithm && self.key[..key.raw().len()] == *key.raw()
    }

    fn id(&self, source: &[u8]) -> Id {
        let mut message = [0; 32];
        Digest::Blake3_256.hash(&[self.signed.bytes(source)], &mut message);
        Id {
            message,
            signature: self.signature,
            key: self.key,
            algorithm: self.algorithm,
        }
    }
}

/// A check that was made before a fold asked for it.
struct Early {
    pending: Pending,
    valid: bool,
    used: bool,
}

/// Where the verdicts stand that were made ahead on a message's signatures of one kind: of the first ones, in their order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Foreseen {
    start: u32,
    count: u32,
}

/// Signatures of one kind on a message.
#[derive(Clone, Copy)]
pub struct Listed<'x> {
    /// In their order.
    pub list: &'x [Indexed<'x>],
    /// What is known of them.
    pub foreseen: Foreseen,
}

impl<'x> Listed<'x> {
    /// Of which nothing was checked ahead.
    pub fn unforeseen(list: &'x [Indexed<'x>]) -> Listed<'x> {
        Listed {
            list,
            foreseen: Foreseen::default(),
        }
    }
}

/// Checks to be made ahead of a batch's settle.
#[derive(Default)]
pub struct Foreknown(Vec<Option<Early>>);

impl Foreknown {
    /// For so many signatures, roughly.
    pub fn with_capacity(signatures: usize) -> Foreknown {
        Foreknown(Vec::with_capacity(signatures))
    }

    /// Adds a check for each signature, or nothing for one of which the key is not known.
    pub fn add(&mut self, checks: impl Iterator<Item = Option<Pending>>) -> Foreseen {
        let start = self.0.len() as u32;
        self.0.extend(checks.map(|check| {
            check.map(|pending| Early {
                pending,
                valid: false,
                used: false,
            })
        }));
        Foreseen {
            start,
            count: self.0.len() as u32 - start,
        }
    }

    /// The checks to be made.
    pub fn pending(&self) -> impl Iterator<Item = &Pending> {
        self.0.iter().flatten().map(|early| &early.pending)
    }

    /// Notes the verdicts on [`Foreknown::pending`].
    pub fn judged(&mut self, valid: &[bool]) {
        for (early, valid) in self.0.iter_mut().flatten().zip(valid) {
            early.valid = *valid;
        }
    }
}

/// Checks of one batch whose verdicts a fold need not assume: those made ahead, and those made since a signature was
/// found to be bad.
#[derive(Default)]
pub struct Memo {
    /// Those made ahead.
    pub foreseen: Foreknown,
    known: Map<Id, bool>,
    /// Checks made ahead that a fold asked for.
    pub used: u64,
    /// Of these, how many failed.
    pub failed: u64,
}

impl Memo {
    /// The verdict made ahead on signature number `at` of `foreseen` ones, if it was checked with `key`.
    pub fn early(&mut self, foreseen: Foreseen, at: usize, key: &VerificationKey) -> Option<bool> {
        if at >= foreseen.count as usize {
            return None;
        }
        let early = self.foreseen.0.get_mut(foreseen.start as usize + at)?;
        let early = early.as_mut().filter(|early| early.pending.is_by(key))?;
        if !std::mem::replace(&mut early.used, true) {
            self.used += 1;
            self.failed += u64::from(!early.valid);
        }
        Some(early.valid)
    }

    /// The verdict, if it is known.
    pub fn verdict(&mut self, pending: &Pending, source: &[u8]) -> Option<bool> {
        if self.known.is_empty() {
            return None;
        }
        self.known.get(&pending.id(source)).copied()
    }

    /// Notes a verdict.
    pub fn note(&mut self, pending: &Pending, source: &[u8], valid: bool) {
        self.known.insert(pending.id(source), valid);
    }
}
