//! CBOR in the form that `cbor2` writes: definite lengths, shortest forms, floats of 8 bytes, text strings.

use super::Integer;
use super::items::{Item, unsigned};
use crate::error::ErrorKind;

/// Reads the head of one item.
pub(super) fn head(bytes: &[u8]) -> Result<(Item, usize), ErrorKind> {
    let first = *bytes.first().ok_or(ErrorKind::Truncated)?;
    let (major, info) = (first >> 5, first & 0x1f);
    if major == 7 {
        return simple(bytes, info);
    }
    let (value, size) = argument(bytes, info)?;
    let length = u32::try_from(value).map_err(|_| ErrorKind::Truncated);
    let item = match major {
        0 => Item::Integer(Integer::Unsigned(value)),
        1 => Item::Integer(Integer::Negative(value)),
        3 => Item::Text(length?),
        4 => Item::List(length?),
        5 => Item::Map(length?),
        // Byte strings and tags: the reference round-trips them, no event has them (HARDEN 6).
        _ => return Err(ErrorKind::NotCanonical),
    };
    Ok((item, size))
}

/// The number that goes with the first byte, in its shortest form, and the bytes of the head.
fn argument(bytes: &[u8], info: u8) -> Result<(u64, usize), ErrorKind> {
    let (size, least) = match info {
        0..24 => return Ok((u64::from(info), 1)),
        24 => (1, 24),
        25 => (2, 1 << 8),
        26 => (4, 1 << 16),
        27 => (8, 1 << 32),
        31 => return Err(ErrorKind::NotCanonical),
        _ => return Err(ErrorKind::CborSyntax),
    };
    let value = unsigned(bytes, size)?;
    if value < least {
        Err(ErrorKind::NotCanonical)
    } else {
        Ok((value, size + 1))
    }
}

fn simple(bytes: &[u8], info: u8) -> Result<(Item, usize), ErrorKind> {
    match info {
        20 => Ok((Item::Bool(false), 1)),
        21 => Ok((Item::Bool(true), 1)),
        22 => Ok((Item::Null, 1)),
        // Only what is not finite is written as a half float.
        25 => match unsigned(bytes, 2)? {
            0x7e00 | 0x7c00 | 0xfc00 => Ok((Item::Float { finite: false }, 3)),
            _ => Err(ErrorKind::NotCanonical),
        },
        27 if f64::from_bits(unsigned(bytes, 8)?).is_finite() => {
            Ok((Item::Float { finite: true }, 9))
        }
        0..20 | 23 | 26 | 27 => Err(ErrorKind::NotCanonical),
        _ => Err(ErrorKind::CborSyntax),
    }
}
