//! SAIDs: the digest of a message with its own SAID fields dummied by `#`.
//!
//! Source: keri-events.md 3.

use kelpipe_cesr::body::Span;
use kelpipe_cesr::primitive::Primitive;
use kelpipe_crypto::digest::{Batch, Digest};

/// Longest SAID text, in characters.
pub const SAID_CHARS_MAX: usize = 88;
const DUMMY: [u8; SAID_CHARS_MAX] = [b'#'; SAID_CHARS_MAX];

/// The digest algorithm of a digest code.
pub fn digest_of(code: &str) -> Option<Digest> {
    Some(match code {
        "E" => Digest::Blake3_256,
        "F" => Digest::Blake2b256,
        "G" => Digest::Blake2s256,
        "H" => Digest::Sha3_256,
        "I" => Digest::Sha2_256,
        "0D" => Digest::Blake3_512,
        "0E" => Digest::Blake2b512,
        "0F" => Digest::Sha3_512,
        "0G" => Digest::Sha2_512,
        _ => return None,
    })
}

/// Whether `primitive` is the digest, by its own algorithm, of `parts` in a row.
pub fn is_digest_of(primitive: &Primitive<'_>, parts: &[&[u8]]) -> bool {
    let Some(digest) = digest_of(primitive.row.code) else {
        return false;
    };
    let mut computed = [0u8; 64];
    digest.hash(parts, &mut computed[..digest.size()]);
    match digest.size() {
        32 => primitive
            .raw_array::<32>()
            .is_some_and(|stated| stated == computed[..32]),
        _ => primitive
            .raw_array::<64>()
            .is_some_and(|stated| stated == computed),
    }
}

/// Most pieces of a body between and around two dummied fields.
const PARTS_MAX: usize = 5;

/// A body with its digest-coded SAID fields dummied, in pieces.
pub struct Dummied<'a> {
    parts: [&'a [u8]; PARTS_MAX],
    count: usize,
}

impl<'a> Dummied<'a> {
    fn of(body: &'a [u8], fields: &[(Span, Primitive<'a>)]) -> Option<Self> {
        let mut dummied = Dummied {
            parts: [&[]; PARTS_MAX],
            count: 0,
        };
        let mut at = 0usize;
        for (span, primitive) in digests(fields) {
            dummied.push(body.get(at..span.start as usize)?)?;
            dummied.push(DUMMY.get(..primitive.text.len())?)?;
            at = span.end as usize;
        }
        dummied.push(body.get(at..)?)?;
        Some(dummied)
    }

    fn push(&mut self, part: &'a [u8]) -> Option<()> {
        *self.parts.get_mut(self.count)? = part;
        self.count += 1;
        Some(())
    }

    /// The pieces in a row.
    pub fn parts(&self) -> &[&'a [u8]] {
        &self.parts[..self.count]
    }
}

fn digests<'f, 'a>(
    fields: &'f [(Span, Primitive<'a>)],
) -> impl Iterator<Item = &'f (Span, Primitive<'a>)> {
    fields
        .iter()
        .filter(|(_, primitive)| digest_of(primitive.row.code).is_some())
}

/// Checks every digest-coded SAID field of `body`. `fields` are the saidive fields in order of position, each
/// with the span of its text. Fields of other codes are left in place.
pub fn verify(body: &[u8], fields: &[(Span, Primitive<'_>)]) -> bool {
    let Some(dummied) = Dummied::of(body, fields) else {
        return false;
    };
    let mut first: Option<&Primitive<'_>> = None;
    for (_, primitive) in digests(fields) {
        match first {
            Some(same) if same.row.code == primitive.row.code => {
                if same.text != primitive.text {
                    return false;
                }
            }
            _ => {
                if !is_digest_of(primitive, dummied.parts()) {
                    return false;
                }
                first = Some(primitive);
            }
        }
    }
    true
}

/// A check that is left to be made together with others.
pub struct Owed<'a> {
    /// What to digest with BLAKE3.
    pub dummied: Dummied<'a>,
    /// What the digest must be.
    pub stated: [u8; 32],
}

impl Owed<'_> {
    /// Makes the check now.
    pub fn holds(&self) -> bool {
        let mut computed = [0; 32];
        Digest::Blake3_256.hash(self.dummied.parts(), &mut computed);
        computed == self.stated
    }
}

/// When the SAID of a key event is checked.
pub enum When<'a> {
    /// At once.
    Now,
    /// Together with others, where that is faster; then it stands here.
    Later(Option<Owed<'a>>),
}

impl<'a> When<'a> {
    /// As [`verify`], or with a check left to be made.
    pub fn verify(&mut self, body: &'a [u8], fields: &[(Span, Primitive<'a>)]) -> bool {
        if let When::Later(owed) = self {
            *owed = owe(body, fields);
            if owed.is_some() {
                return true;
            }
        }
        verify(body, fields)
    }
}

/// The check of fields that all state the same BLAKE3 digest.
fn owe<'a>(body: &'a [u8], fields: &[(Span, Primitive<'a>)]) -> Option<Owed<'a>> {
    let mut stated = digests(fields).map(|(_, primitive)| primitive);
    let first = stated.next()?;
    if digest_of(first.row.code) != Some(Digest::Blake3_256)
        || stated.any(|other| other.text != first.text)
    {
        return None;
    }
    Some(Owed {
        dummied: Dummied::of(body, fields)?,
        stated: first.raw_array()?,
    })
}

/// Checks that are made together.
const CHECKS_AT_ONCE: usize = 256;

/// Checks left to be made, of numbered messages.
pub struct Owing {
    stated: Vec<(usize, [u8; 32])>,
    messages: Batch,
}

impl Default for Owing {
    fn default() -> Self {
        Owing {
            stated: Vec::with_capacity(CHECKS_AT_ONCE),
            messages: Batch::new(None),
        }
    }
}

impl Owing {
    /// Adds the check of message `number`.
    pub fn push(&mut self, number: usize, owed: &Owed<'_>) {
        self.stated.push((number, owed.stated));
        self.messages.push(owed.dummied.parts());
    }

    /// Whether it is time to check.
    pub fn is_full(&self) -> bool {
        self.stated.len() >= CHECKS_AT_ONCE
    }

    /// Makes the checks and tells the numbers of those that fail.
    pub fn check(&mut self, mut failed: impl FnMut(usize)) {
        let digests = self.messages.hash(Digest::Blake3_256);
        for ((number, stated), computed) in self.stated.drain(..).zip(digests.chunks_exact(32)) {
            if computed != stated {
                failed(number);
            }
        }
        self.messages.clear();
    }
}
