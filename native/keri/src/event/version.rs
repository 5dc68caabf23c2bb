//! The version of a body: its protocol, serialization and size.
//!
//! Source: cesr.md 3.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::primitive::Primitive;
use kelpipe_cesr::version::{Kind, V1_SIZE, V2_SIZE, Version};
use kelpipe_cesr::{Error, ErrorKind};

/// Where a version string may begin in a body, at most (cesr.md 3).
const VERSION_OFFSET_MAX: usize = 12;

/// The version of a body in text form.
///
/// # Errors
/// That of the reference when there is no version string at its place.
pub fn version_of(body: &[u8]) -> Result<Version, Error> {
    if body.first() == Some(&b'-') {
        return native_version(body);
    }
    if let Some(version) = usual_version(body) {
        return Ok(version);
    }
    let mut first_error = None;
    for at in 0..=VERSION_OFFSET_MAX.min(body.len()) {
        for size in [V1_SIZE, V2_SIZE] {
            let Some(text) = body.get(at..at + size) else {
                continue;
            };
            match Version::parse(text) {
                Ok(version) => return Ok(version),
                Err(error) if error.kind != ErrorKind::Version => {
                    first_error = first_error.or(Some(error));
                }
                Err(_) => {}
            }
        }
    }
    Err(first_error.unwrap_or(Error::new(ErrorKind::Version, 0)))
}

/// The version of a body that begins with it, as nearly all do: nothing before it looks like a version string.
fn usual_version(body: &[u8]) -> Option<Version> {
    let at = match body {
        [b'{', b'"', b'v', b'"', b':', b'"', ..] => 6,
        [0xa0..=0xb7, 0x61, b'v', 0x60..=0x77, ..] | [0x80..=0x8f, 0xa1, b'v', 0xa0..=0xbf, ..] => {
            4
        }
        _ => return None,
    };
    let parse = |size: usize| Version::parse(body.get(at..at + size)?).ok();
    parse(V1_SIZE).or_else(|| parse(V2_SIZE))
}

/// A native body has no version string of its own: protocol and version stand in its first field, the size is its own.
fn native_version(body: &[u8]) -> Result<Version, Error> {
    let counter = if body.get(1) == Some(&b'-') { 8 } else { 4 };
    let mut at = counter;
    if body.get(counter - if counter == 8 { 6 } else { 3 }) == Some(&b'G') {
        at += Primitive::parse(body.get(at..).unwrap_or(&[]), Alphabet::Strict)?
            .text
            .len();
    }
    let verser = Primitive::parse(body.get(at..).unwrap_or(&[]), Alphabet::Strict)?;
    let version = verser.verser().map_err(|kind| Error::new(kind, at))?;
    Ok(Version {
        kind: Kind::Cesr,
        size: body.len() as u32,
        ..version
    })
}
