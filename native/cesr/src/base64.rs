//! Base64 URL-safe, without padding: sextets, quadlets, and checks over many characters at once.

use crate::limits::Alphabet;

/// The 64 characters in order of value.
pub(crate) const CHARS: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const BAD: u8 = 0x80;

const fn values(lenient: bool) -> [u8; 256] {
    let mut table = [BAD; 256];
    let mut i = 0;
    while i < 64 {
        table[CHARS[i] as usize] = i as u8;
        i += 1;
    }
    if lenient {
        table[b'+' as usize] = 62;
        table[b'/' as usize] = 63;
    }
    table
}

static LENIENT: [u8; 256] = values(true);
static STRICT: [u8; 256] = values(false);

/// The sextet that `char` stands for. `None` outside the alphabet.
pub(crate) fn value(char: u8) -> Option<u8> {
    let value = STRICT[usize::from(char)];
    (value != BAD).then_some(value)
}

/// Big-endian integer spelled by at most five characters. `None` outside the alphabet.
pub(crate) fn integer(chars: &[u8]) -> Option<u32> {
    let mut sum = 0u32;
    for &char in chars {
        sum = (sum << 6) | u32::from(value(char)?);
    }
    Some(sum)
}

/// As [`integer`] for characters that were checked before; `+` and `/` count as `-` and `_`.
pub(crate) fn integer_lenient(chars: &[u8]) -> u32 {
    chars.iter().fold(0, |sum, &char| {
        sum << 6 | u32::from(LENIENT[usize::from(char)] & 63)
    })
}

/// Appends `value` as `digits` characters, cut to that many from the left.
pub(crate) fn push_integer(value: u32, digits: u8, out: &mut String) {
    for digit in (0..digits).rev() {
        out.push(char(value >> (6 * u32::from(digit)).min(31)));
    }
}

/// The character of the low six bits.
pub(crate) fn char(sextet: u32) -> char {
    char::from(CHARS[(sextet & 63) as usize])
}

/// Characters that one step of [`first_foreign`] looks at.
const BLOCK: usize = 16;

/// Characters of keys and digests of 32 bytes.
pub const USUAL_CHARS: usize = 44;

#[inline]
fn is_inside(c: u8) -> bool {
    (c & 0xdf).wrapping_sub(b'A') < 26 || c.wrapping_sub(b'0') < 10 || c == b'-' || c == b'_'
}

/// Without a branch inside, so that the compiler can use vector registers.
#[inline(never)]
fn block_is_inside(block: &[u8; BLOCK]) -> bool {
    block.iter().fold(true, |all, &c| all & is_inside(c))
}

/// Whether the characters of a key or digest are all in the strict alphabet: two blocks, and one that overlaps. On its
/// own, as what is around it can keep the compiler from vector registers.
#[inline(never)]
pub(crate) fn is_inside_usual(chars: &[u8; USUAL_CHARS]) -> bool {
    let at = |start: usize| chars[start..start + BLOCK].iter();
    at(0)
        .zip(at(BLOCK))
        .zip(at(USUAL_CHARS - BLOCK))
        .fold(true, |all, ((&a, &b), &c)| {
            all & is_inside(a) & is_inside(b) & is_inside(c)
        })
}

/// Offset of the first character that `alphabet` does not have.
pub(crate) fn first_foreign(chars: &[u8], alphabet: Alphabet) -> Option<usize> {
    let (blocks, tail) = chars.as_chunks::<BLOCK>();
    let inside = blocks
        .iter()
        .fold(true, |all, block| all & block_is_inside(block));
    // The tail is covered by a block that overlaps the one before.
    let inside = inside
        & match chars.last_chunk::<BLOCK>() {
            Some(last) => block_is_inside(last),
            None => tail.iter().all(|&c| is_inside(c)),
        };
    if inside {
        return None;
    }
    let lenient = alphabet == Alphabet::Lenient;
    chars
        .iter()
        .position(|&c| !(is_inside(c) || lenient && (c == b'+' || c == b'/')))
}

/// Decodes quadlets into `out`, which has room for `3/4` of them. `+` and `/` count as `-` and `_`; any other foreign
/// character gives `None`. A tail of less than a quadlet is left out.
pub(crate) fn decode(chars: &[u8], out: &mut [u8]) -> Option<usize> {
    let (blocks, tail) = chars.as_chunks::<BLOCK>();
    let (outs, out) = out.split_at_mut((blocks.len() * BLOCK_BYTES).min(out.len()));
    let mut all_inside = true;
    let mut written = 0;
    for (block, out) in blocks.iter().zip(outs.as_chunks_mut().0) {
        all_inside &= decode_block(block, out);
        written += BLOCK_BYTES;
    }
    let mut foreign = 0u32;
    for (quadlet, triplet) in tail
        .as_chunks::<4>()
        .0
        .iter()
        .zip(out.as_chunks_mut::<3>().0)
    {
        let [a, b, c, d] = quadlet.map(|c| u32::from(LENIENT[usize::from(c)]));
        foreign |= a | b | c | d;
        let bits = a << 18 | b << 12 | c << 6 | d;
        let [_, first, second, third] = bits.to_be_bytes();
        *triplet = [first, second, third];
        written += 3;
    }
    (all_inside && foreign & u32::from(BAD) == 0).then_some(written)
}

/// Bytes that a block spells.
const BLOCK_BYTES: usize = BLOCK / 4 * 3;

/// Decodes a block; whether all of it is in the lenient alphabet. Without a table or a branch, and on its own, so that the
/// compiler can use vector registers.
#[inline(never)]
fn decode_block(block: &[u8; BLOCK], out: &mut [u8; BLOCK_BYTES]) -> bool {
    let when = |is: bool, value: u8| u8::from(is).wrapping_neg() & value;
    let mut sextets = [0; BLOCK];
    let mut foreign = 0;
    for (sextet, &c) in sextets.iter_mut().zip(block) {
        let upper = c.wrapping_sub(b'A') < 26;
        let lower = c.wrapping_sub(b'a') < 26;
        let digit = c.wrapping_sub(b'0') < 10;
        let last = is_either(c, b'-', b'+');
        let score = is_either(c, b'_', b'/');
        *sextet = when(upper, c.wrapping_sub(b'A'))
            | when(lower, c.wrapping_sub(b'a' - 26))
            | when(digit, c.wrapping_add(52 - b'0'))
            | when(last, 62)
            | when(score, 63);
        foreign |= u8::from(!(upper | lower | digit | last | score));
    }
    let mut triplets = [0u32; BLOCK / 4];
    for (triplet, quadlet) in triplets.iter_mut().zip(sextets.as_chunks::<4>().0) {
        let bits = u32::from_le_bytes(*quadlet);
        *triplet = (bits & 63) << 18 | (bits >> 8 & 63) << 12 | (bits >> 16 & 63) << 6 | bits >> 24;
    }
    let [a, b, c, d] = triplets;
    let high = u64::from(a) << 40 | u64::from(b) << 16 | u64::from(c) >> 8;
    out[..8].copy_from_slice(&high.to_be_bytes());
    out[8..].copy_from_slice(&(c << 24 | d).to_be_bytes());
    foreign == 0
}

fn is_either(c: u8, one: u8, other: u8) -> bool {
    u8::from(c == one) | u8::from(c == other) == 1
}

/// Encodes triplets; a tail of less than three bytes is left out.
pub(crate) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() / 3 * 4);
    for triplet in bytes.chunks_exact(3) {
        let bits = u32::from(triplet[0]) << 16 | u32::from(triplet[1]) << 8 | u32::from(triplet[2]);
        out.extend_from_slice(&[18u32, 12, 6, 0].map(|shift| CHARS[(bits >> shift & 63) as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_inside_or_outside() {
        for byte in 0..=255u8 {
            let inside = CHARS.contains(&byte);
            assert_eq!(
                first_foreign(&[byte], Alphabet::Strict).is_none(),
                inside,
                "{byte:#x}"
            );
            assert_eq!(value(byte).is_some(), inside, "{byte:#x}");
            let lenient = inside || byte == b'+' || byte == b'/';
            assert_eq!(
                first_foreign(&[byte], Alphabet::Lenient).is_none(),
                lenient,
                "{byte:#x}"
            );
        }
    }

    #[test]
    fn a_foreign_character_is_found_wherever_it_stands() {
        for byte in 0..=255u8 {
            let inside = CHARS.contains(&byte) || byte == b'+' || byte == b'/';
            for size in [4, 16, 20, 44, 88] {
                for at in 0..size {
                    let mut chars = vec![b'B'; size];
                    chars[at] = byte;
                    let mut bytes = vec![0; size / 4 * 3];
                    let written = decode(&chars, &mut bytes);
                    assert_eq!(written, inside.then_some(bytes.len()), "{byte:#x} at {at}");
                    if inside {
                        let expected = LENIENT[usize::from(byte)];
                        let triplet = &bytes[at / 4 * 3..at / 4 * 3 + 3];
                        let bits = triplet.iter().fold(0, |all, b| all << 8 | u32::from(*b));
                        let sextet = bits >> (18 - 6 * (at % 4)) & 63;
                        assert_eq!(sextet, u32::from(expected), "{byte:#x} at {at}");
                    }
                }
            }
        }
    }

    #[test]
    fn decoding_undoes_encoding() {
        let bytes: Vec<u8> = (0..=254).collect();
        let mut text = Vec::new();
        encode(&bytes, &mut text);
        let mut back = vec![0; 255];
        assert_eq!(decode(&text, &mut back), Some(255));
        assert_eq!(back, bytes);
    }
}
