//! Signatures in the form that the rules compare and check, and the memo of checks already made.

use std::ops::Range;
use std::sync::Arc;

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::indexer::Indexed;
use kelpipe_cesr::primitive::Primitive;
use kelpipe_crypto::digest::Digest;
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

    /// Where what is signed stands in the source; nothing for what does not stand there.
    fn place(&self) -> Option<(u32, u32)> {
        match &self.signed {
            Signed::Source(range) => Some((range.start, range.end)),
            Signed::Held(_) => None,
        }
    }

    /// All that tells it from other checks of the same message.
    fn rest(&self) -> (&[u8; SIGNATURE_BYTES], &[u8; KEY_BYTES_MAX], u8) {
        (&self.signature, &self.key, self.algorithm as u8)
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

/// Checks of one batch whose verdicts a fold need not assume: those made ahead, and those made since a signature was
/// found to be bad.
#[derive(Default)]
pub struct Memo {
    /// Of what stands in the source, in order of place: a message may carry any number of signatures, foreseen or not.
    early: Vec<Early>,
    /// Those of the message last asked about. The next question is about it too, or about the message behind it.
    recent: Range<usize>,
    known: Map<Id, bool>,
    /// Checks made ahead that a fold asked for.
    pub used: u64,
    /// Of these, how many failed.
    pub failed: u64,
}

impl Memo {
    /// Notes checks made ahead.
    pub fn note_early(&mut self, checks: Vec<Pending>, valid: &[bool]) {
        let early = checks.into_iter().zip(valid);
        self.recent = 0..0;
        self.early.extend(early.map(|(pending, valid)| Early {
            pending,
            valid: *valid,
            used: false,
        }));
        self.early
            .sort_by(|Early { pending: one, .. }, Early { pending: other, .. }| {
                let by_place = one.place().cmp(&other.place());
                by_place.then_with(|| one.rest().cmp(&other.rest()))
            });
    }

    /// The verdict of a check made ahead.
    fn early(&mut self, pending: &Pending) -> Option<bool> {
        let of_message = self.of_message(pending.place()?);
        let checks = &mut self.early[of_message];
        let found = checks.binary_search_by(|early| early.pending.rest().cmp(&pending.rest()));
        let early = &mut checks[found.ok()?];
        if !std::mem::replace(&mut early.used, true) {
            self.used += 1;
            self.failed += u64::from(!early.valid);
        }
        Some(early.valid)
    }

    /// Which of the checks made ahead are of the message at `place`.
    fn of_message(&mut self, place: (u32, u32)) -> Range<usize> {
        let place = Some(place);
        let is = |early: &Early| early.pending.place() == place;
        let known = &self.early[self.recent.clone()];
        if !known.first().is_some_and(is) {
            let next = self.recent.end;
            let start = if self.early.get(next).is_some_and(is) {
                next
            } else {
                self.early
                    .partition_point(|early| early.pending.place() < place)
            };
            let count = self.early[start..]
                .iter()
                .take_while(|early| is(early))
                .count();
            self.recent = start..start + count;
        }
        self.recent.clone()
    }

    /// The verdict, if it is known.
    pub fn verdict(&mut self, pending: &Pending, source: &[u8]) -> Option<bool> {
        if let Some(valid) = self.early(pending) {
            return Some(valid);
        }
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
