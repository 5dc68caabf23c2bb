//! MessagePack in the form that `msgpack` writes: shortest forms, unsigned forms for what is not negative, floats of 8
//! bytes, text.

use super::Integer;
use super::items::{Item, unsigned};
use crate::error::ErrorKind;

/// Reads the head of one item.
pub(super) fn head(bytes: &[u8]) -> Result<(Item, usize), ErrorKind> {
    let first = *bytes.first().ok_or(ErrorKind::Truncated)?;
    let item = match first {
        0x00..=0x7f => signed(i64::from(first)),
        0x80..=0x8f => Item::Map(u32::from(first & 0x0f)),
        0x90..=0x9f => Item::List(u32::from(first & 0x0f)),
        0xa0..=0xbf => Item::Text(u32::from(first & 0x1f)),
        0xe0..=0xff => signed(i64::from(first) - 256),
        0xc0 => Item::Null,
        0xc2 => Item::Bool(false),
        0xc3 => Item::Bool(true),
        0xcb => {
            return Ok((
                Item::Float {
                    finite: f64::from_bits(unsigned(bytes, 8)?).is_finite(),
                },
                9,
            ));
        }
        0xcc..=0xcf => return integer(bytes, 1 << (first - 0xcc), false),
        0xd0..=0xd3 => return integer(bytes, 1 << (first - 0xd0), true),
        0xd9 => return sized(bytes, 1, 32, Item::Text),
        0xda => return sized(bytes, 2, 1 << 8, Item::Text),
        0xdb => return sized(bytes, 4, 1 << 16, Item::Text),
        0xdc => return sized(bytes, 2, 16, Item::List),
        0xdd => return sized(bytes, 4, 1 << 16, Item::List),
        0xde => return sized(bytes, 2, 16, Item::Map),
        0xdf => return sized(bytes, 4, 1 << 16, Item::Map),
        0xc1 => return Err(ErrorKind::MgpkSyntax),
        // Binary, extension and 4-byte floats: never written for an event (HARDEN 6).
        0xc4..=0xca | 0xd4..=0xd8 => return Err(ErrorKind::NotCanonical),
    };
    Ok((item, 1))
}

/// A container or text with a length of `size` bytes, which must be `least` or more to need that many.
fn sized(
    bytes: &[u8],
    size: usize,
    least: u64,
    item: fn(u32) -> Item,
) -> Result<(Item, usize), ErrorKind> {
    let length = unsigned(bytes, size)?;
    if length < least {
        return Err(ErrorKind::NotCanonical);
    }
    Ok((item(length as u32), size + 1))
}

/// An integer of `size` bytes, in the shortest form of its sign.
fn integer(bytes: &[u8], size: usize, is_signed: bool) -> Result<(Item, usize), ErrorKind> {
    let bits = unsigned(bytes, size)?;
    let half = 4 * size as u32;
    let (item, shortest) = if is_signed {
        let shift = 64 - 2 * half;
        let value = (bits << shift).cast_signed() >> shift;
        (
            signed(value),
            value < if size == 1 { -32 } else { -(1 << (half - 1)) },
        )
    } else {
        (
            Item::Integer(Integer::Unsigned(bits)),
            if size == 1 {
                bits >= 128
            } else {
                bits >> half != 0
            },
        )
    };
    if shortest {
        Ok((item, size + 1))
    } else {
        Err(ErrorKind::NotCanonical)
    }
}

fn signed(value: i64) -> Item {
    Item::Integer(match u64::try_from(value) {
        Ok(value) => Integer::Unsigned(value),
        Err(_) => Integer::Negative(value.unsigned_abs() - 1),
    })
}
