//! SAIDs: the digest of a message with its own SAID fields dummied by `#`.
//!
//! Source: keri-events.md 3.

use kelpipe_cesr::body::Span;
use kelpipe_cesr::primitive::Primitive;
use kelpipe_crypto::digest::Digest;

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

/// Checks every digest-coded SAID field of `body`. `fields` are the saidive fields in order of position, each
/// with the span of its text. Fields of other codes are left in place.
pub fn verify(body: &[u8], fields: &[(Span, Primitive<'_>)]) -> bool {
    let mut parts: [&[u8]; 5] = [&[]; 5];
    let (mut count, mut at) = (0, 0usize);
    let digests = || {
        fields
            .iter()
            .filter(|(_, primitive)| digest_of(primitive.row.code).is_some())
    };
    for (span, primitive) in digests() {
        let (Some(before), Some(dummy)) = (
            body.get(at..span.start as usize),
            DUMMY.get(..primitive.text.len()),
        ) else {
            return false;
        };
        if count + 3 > parts.len() {
            return false;
        }
        parts[count] = before;
        parts[count + 1] = dummy;
        count += 2;
        at = span.end as usize;
    }
    let Some(rest) = body.get(at..) else {
        return false;
    };
    parts[count] = rest;
    let parts = &parts[..=count];
    let mut first: Option<&Primitive<'_>> = None;
    for (_, primitive) in digests() {
        match first {
            Some(same) if same.row.code == primitive.row.code => {
                if same.text != primitive.text {
                    return false;
                }
            }
            _ => {
                if !is_digest_of(primitive, parts) {
                    return false;
                }
                first = Some(primitive);
            }
        }
    }
    true
}
