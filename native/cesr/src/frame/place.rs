//! Where the version string of a body stands.

use super::Domain;
use super::start::{Look, Start};
use crate::error::ErrorKind;
use crate::group::Genus;
use crate::version::{self, Kind, V1_SIZE, V2_SIZE};

/// What begins a JSON body.
const JSON: &[u8] = b"{\"v\":\"";

/// A v1 JSON body with nothing wrong in its version string, as most are.
#[inline]
pub(super) fn usual(bytes: &[u8]) -> Option<Start> {
    const END: usize = JSON.len() + V1_SIZE;
    let head = bytes.get(..=END)?;
    let version = version::parse_usual(head.strip_prefix(JSON)?.get(..V1_SIZE)?)?;
    let is_whole = head[END] == b'"' && version.size as usize > END + 1;
    (is_whole && version.kind == Kind::Json).then_some(Start::Body {
        size: u64::from(version.size),
        kind: Kind::Json,
        genus: Genus::V1,
        domain: Domain::Text,
        wrapped: false,
    })
}

/// Place and length of a version string that is the whole value of the first field, which is `v`.
pub(super) fn exact(bytes: &[u8]) -> Result<(usize, usize), Look> {
    let no = Err(Look::No(ErrorKind::Version));
    let head = match bytes.first() {
        Some(b'{') if bytes.starts_with(JSON) => return in_json(bytes, JSON.len()),
        Some(b'{') if JSON.starts_with(bytes) => return Err(Look::More),
        Some(0xa0..=0xb7 | 0x80..=0x8f) => 4,
        Some(0xb8) => 5,
        Some(0xb9 | 0xde) => 6,
        Some(0xba | 0xdf) => 8,
        _ => return no,
    };
    let is_cbor = matches!(bytes.first(), Some(0xa0..=0xbf));
    let Some(label) = bytes.get(head - 3..head) else {
        return Err(Look::More);
    };
    let length = match (is_cbor, label) {
        (true, [0x61, b'v', 0x71]) | (false, [0xa1, b'v', 0xb1]) => V1_SIZE,
        (true, [0x61, b'v', 0x73]) | (false, [0xa1, b'v', 0xb3]) => V2_SIZE,
        _ => return no,
    };
    match bytes.get(head..head + length) {
        None => Err(Look::More),
        Some(text) if version::is_v1_shaped(text) || version::is_v2_shaped(text) => {
            Ok((head, length))
        }
        Some(_) => no,
    }
}

/// The same in a JSON body, whose value begins at `head`.
fn in_json(bytes: &[u8], head: usize) -> Result<(usize, usize), Look> {
    let quoted = |length: usize| match bytes.get(head..=head + length) {
        None => Err(Look::More),
        Some(text) if text[length] == b'"' => Ok(text.get(..length)),
        Some(_) => Ok(None),
    };
    if quoted(V1_SIZE)?.is_some_and(version::is_v1_shaped) {
        return Ok((head, V1_SIZE));
    }
    if quoted(V2_SIZE)?.is_some_and(version::is_v2_shaped) {
        return Ok((head, V2_SIZE));
    }
    Err(Look::No(ErrorKind::Version))
}

/// Place and length of the first version string that begins within the first bytes, as the reference searches: at most
/// 12 bytes before a v1 string, 8 before a v2 string.
pub(super) fn search(bytes: &[u8]) -> Result<(usize, usize), Look> {
    for at in 0..=12 {
        if bytes
            .get(at..at + V1_SIZE)
            .is_some_and(version::is_v1_shaped)
        {
            return Ok((at, V1_SIZE));
        }
        if at <= 8
            && bytes
                .get(at..at + V2_SIZE)
                .is_some_and(version::is_v2_shaped)
        {
            return Ok((at, V2_SIZE));
        }
    }
    Err(if bytes.len() < 12 + V1_SIZE {
        Look::More
    } else {
        Look::No(ErrorKind::Version)
    })
}
