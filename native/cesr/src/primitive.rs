//! Primitives (Matter): a code and a value, in whole quadlets. Source: cesr.md section 1.

mod encode;
mod typed;

pub use encode::{
    encode, encode_bext, encode_bytes, encode_date, encode_decimal, encode_label, encode_number,
    encode_number_huge, encode_tag, encode_text,
};

pub(crate) use encode::push_value;
pub(crate) use typed::is_label;
pub use typed::{SHORT_NUMBER_CHARS, short_number};

pub use crate::base64::USUAL_CHARS;

use crate::base64;
use crate::codes::{self, MatterRow};
use crate::error::{Error, ErrorKind};
use crate::limits::Alphabet;

/// A primitive in text form inside some buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Primitive<'a> {
    /// Code and value, whole and alone.
    pub text: &'a str,
    /// What the code means.
    pub row: &'static MatterRow,
}

impl<'a> Primitive<'a> {
    /// Reads the primitive at the start of `text`; what follows is not looked at.
    ///
    /// # Errors
    /// cesr.md section 1, "Decode T": `Truncated`, `CountCode`, `OpCode`, `UnknownCode`, `SoftPart`, `Prepad`,
    /// `Alphabet`, `MidPad`, `LeadBytes`, `RawSize`.
    #[inline]
    pub fn parse(text: &'a [u8], alphabet: Alphabet) -> Result<Self, Error> {
        let (row, size) = check(text, alphabet)?;
        let text = text
            .get(..size)
            .and_then(|text| std::str::from_utf8(text).ok());
        text.map(|text| Self { text, row })
            .ok_or_else(|| Error::new(ErrorKind::Alphabet, 0))
    }

    /// Reads a primitive that is the whole of `text`.
    ///
    /// # Errors
    /// As [`Primitive::parse`], and `Trailing` when characters are left over.
    pub fn parse_exact(text: &'a [u8], alphabet: Alphabet) -> Result<Self, Error> {
        let primitive = Self::parse(text, alphabet)?;
        if primitive.text.len() < text.len() {
            return Err(Error::new(ErrorKind::Trailing, primitive.text.len()));
        }
        Ok(primitive)
    }

    /// As [`Primitive::parse`], of text that is known to be UTF-8.
    ///
    /// # Errors
    /// As [`Primitive::parse`].
    pub fn first_of(text: &'a str, alphabet: Alphabet) -> Result<Self, Error> {
        let (row, size) = check(text.as_bytes(), alphabet)?;
        text.get(..size)
            .map(|text| Self { text, row })
            .ok_or_else(|| Error::new(ErrorKind::Alphabet, 0))
    }

    /// As [`Primitive::parse_exact`], of text that is known to be UTF-8.
    ///
    /// # Errors
    /// As [`Primitive::parse_exact`].
    pub fn of(text: &'a str, alphabet: Alphabet) -> Result<Self, Error> {
        let (row, size) = check(text.as_bytes(), alphabet)?;
        if size < text.len() {
            return Err(Error::new(ErrorKind::Trailing, size));
        }
        Ok(Self { text, row })
    }

    /// The soft part without its pad characters: a tag, or the size of a variable primitive.
    pub fn soft(&self) -> &'a str {
        let (start, end) = (self.row.hs + self.row.xs, self.row.cs());
        self.text
            .get(usize::from(start)..usize::from(end))
            .unwrap_or_default()
    }

    /// Decodes the value into `out`, which is cleared first.
    pub fn raw<'b>(&self, out: &'b mut Vec<u8>) -> &'b [u8] {
        out.clear();
        let value = self
            .text
            .as_bytes()
            .get(usize::from(self.row.cs())..)
            .unwrap_or_default();
        decode_value(value, self.row.ps(), self.row.ls, out);
        out
    }

    /// The value, if it has exactly `N` bytes.
    pub fn raw_array<const N: usize>(&self) -> Option<[u8; N]> {
        if let Ok(mut chars) = <[u8; USUAL_CHARS]>::try_from(self.text.as_bytes())
            && self.row.cs() == 1
        {
            chars[0] = b'A';
            let mut bytes = [0; USUAL_CHARS / 4 * 3];
            base64::decode(&chars, &mut bytes)?;
            return bytes[1..].try_into().ok();
        }
        let value = self.text.as_bytes().get(usize::from(self.row.cs())..)?;
        value_array(value, self.row.ps(), self.row.ls)
    }

    /// Bytes of the value.
    pub fn raw_size(&self) -> usize {
        let chars = self.text.len().saturating_sub(usize::from(self.row.cs()));
        (chars * 3 / 4).saturating_sub(usize::from(self.row.ls))
    }

    /// Whether the spelling is the one KERIpy would write: no `+`, no `/`.
    pub fn is_canonical(&self) -> bool {
        base64::first_foreign(self.text.as_bytes(), Alphabet::Strict).is_none()
    }

    /// A digest.
    pub fn is_digest(&self) -> bool {
        self.row.is_digest()
    }

    /// An AID prefix of the v2 codex.
    pub fn is_prefix(&self) -> bool {
        self.row.is_prefix()
    }

    /// A verification key.
    pub fn is_verkey(&self) -> bool {
        self.row.is_verkey()
    }
}

/// Checks the primitive at the start of `bytes` in the binary domain and returns its size in bytes, which
/// [`crate::convert::to_text`] turns into text.
///
/// # Errors
/// As [`Primitive::parse`]; every refused first sextet is `UnknownCode`.
pub fn binary_size(bytes: &[u8]) -> Result<usize, Error> {
    check_binary(bytes).map(|(_, size)| size)
}

/// [`check`] of a key or digest of 32 bytes, if one stands there and nothing is wrong with it.
#[inline]
fn check_usual(text: &[u8]) -> Option<&'static MatterRow> {
    let usual = text.first_chunk::<USUAL_CHARS>()?;
    let row = codes::short_matter(usual[0])?;
    // The two bits of the pad are zero.
    let is_padded = usual[1].wrapping_sub(b'A') < 16;
    (row.fs == Some(USUAL_CHARS as u32) && is_padded && base64::is_inside_usual(usual))
        .then_some(row)
}

/// Checks the primitive at the start of `text` and returns its row and its size in characters.
#[inline]
pub(crate) fn check(text: &[u8], alphabet: Alphabet) -> Result<(&'static MatterRow, usize), Error> {
    match check_usual(text) {
        Some(row) => Ok((row, USUAL_CHARS)),
        None => check_any(text, alphabet),
    }
}

fn check_any(text: &[u8], alphabet: Alphabet) -> Result<(&'static MatterRow, usize), Error> {
    let row = codes::matter_at(text).map_err(|kind| Error::new(kind, 0))?;
    let (hs, cs) = (usize::from(row.hs), usize::from(row.cs()));
    let Some(soft) = text.get(hs..cs) else {
        return Err(Error::new(ErrorKind::Truncated, text.len()));
    };
    if soft.iter().take(usize::from(row.xs)).any(|&c| c != b'_') {
        return Err(Error::new(ErrorKind::Prepad, hs));
    }
    let size = if let Some(fs) = row.fs {
        fs as usize
    } else {
        let quadlets = base64::integer(soft).ok_or_else(|| Error::new(ErrorKind::SoftPart, hs))?;
        if quadlets == 0 && row.ls > 0 {
            return Err(Error::new(ErrorKind::RawSize, hs));
        }
        cs + 4 * quadlets as usize
    };
    let Some(value) = text.get(cs..size) else {
        return Err(Error::new(ErrorKind::Truncated, text.len()));
    };
    if row.ss > 0 && base64::first_foreign(soft, Alphabet::Strict).is_some() {
        return Err(Error::new(ErrorKind::SoftPart, hs));
    }
    if let Some(at) = base64::first_foreign(value, alphabet) {
        return Err(Error::new(ErrorKind::Alphabet, cs + at));
    }
    check_zeros(value, row.ps(), row.ls).map_err(|kind| Error::new(kind, cs))?;
    Ok((row, size))
}

/// As [`check`], in the binary domain; the size is in bytes.
pub(crate) fn check_binary(bytes: &[u8]) -> Result<(&'static MatterRow, usize), Error> {
    let mut chars = [0; 16];
    let code = head_chars(bytes, &mut chars);
    let row = codes::matter_at(code).map_err(|kind| Error::new(binary_kind(kind), 0))?;
    let (hs, cs) = (usize::from(row.hs), usize::from(row.cs()));
    let Some(soft) = code.get(hs..cs) else {
        return Err(Error::new(ErrorKind::Truncated, bytes.len()));
    };
    if soft.iter().take(usize::from(row.xs)).any(|&c| c != b'_') {
        return Err(Error::new(ErrorKind::Prepad, hs));
    }
    let size = if let Some(fs) = row.fs {
        fs as usize
    } else {
        let quadlets = base64::integer(soft).unwrap_or_default();
        if quadlets == 0 && row.ls > 0 {
            return Err(Error::new(ErrorKind::RawSize, 0));
        }
        cs + 4 * quadlets as usize
    } / 4
        * 3;
    if bytes.len() < size {
        return Err(Error::new(ErrorKind::Truncated, bytes.len()));
    }
    check_zeros_binary(bytes, row.cs(), row.ls)?;
    Ok((row, size))
}

/// In the binary domain every refused first sextet is an unknown code.
pub(crate) fn binary_kind(kind: ErrorKind) -> ErrorKind {
    match kind {
        ErrorKind::CountCode | ErrorKind::OpCode => ErrorKind::UnknownCode,
        kind => kind,
    }
}

/// The first characters that `bytes` stand for, at most 16: enough for every code.
pub(crate) fn head_chars<'b>(bytes: &[u8], chars: &'b mut [u8; 16]) -> &'b [u8] {
    let mut filled = 0;
    let mut bits = 0u32;
    let mut width = 0;
    for &byte in bytes.iter().take(12) {
        bits = bits << 8 | u32::from(byte);
        width += 8;
        while width >= 6 {
            width -= 6;
            chars[filled] = base64::CHARS[(bits >> width & 63) as usize];
            filled += 1;
        }
    }
    &chars[..filled]
}

/// The `2 * ps` pad bits and the `ls` lead bytes at the start of `value` must be zero.
pub(crate) fn check_zeros(value: &[u8], ps: u8, ls: u8) -> Result<(), ErrorKind> {
    let (pad_bits, zero_bits) = (u32::from(ps) * 2, u32::from(ps) * 2 + u32::from(ls) * 8);
    if zero_bits == 0 {
        return Ok(());
    }
    let head = value.get(..4.min(value.len())).unwrap_or_default();
    let have = 6 * head.len() as u32;
    let bits = base64::integer_lenient(head);
    if have < zero_bits {
        return Err(ErrorKind::RawSize);
    }
    if bits >> (have - pad_bits) != 0 {
        return Err(ErrorKind::MidPad);
    }
    if bits >> (have - zero_bits) != 0 {
        return Err(ErrorKind::LeadBytes);
    }
    Ok(())
}

/// As [`check_zeros`], for a whole primitive in the binary domain with `cs` code characters.
pub(crate) fn check_zeros_binary(bytes: &[u8], cs: u8, ls: u8) -> Result<(), Error> {
    let code_bytes = (usize::from(cs) * 3).div_ceil(4);
    let pad = (1u16 << (2 * (cs % 4))) - 1;
    if let Some(&last) = code_bytes.checked_sub(1).and_then(|last| bytes.get(last))
        && u16::from(last) & pad != 0
    {
        return Err(Error::new(ErrorKind::MidPad, code_bytes - 1));
    }
    let lead = bytes
        .get(code_bytes..code_bytes + usize::from(ls))
        .unwrap_or_default();
    if lead.iter().any(|&byte| byte != 0) {
        return Err(Error::new(ErrorKind::LeadBytes, code_bytes));
    }
    Ok(())
}

/// Appends the bytes that `value` spells behind `ps` pad and `ls` lead bytes.
pub(crate) fn decode_value(value: &[u8], ps: u8, ls: u8, out: &mut Vec<u8>) {
    let mut first = *b"AAAA";
    let head = value.len().min(4 - usize::from(ps % 4));
    first[4 - head..].copy_from_slice(&value[..head]);
    let mut triplet = [0; 3];
    if head == 0 || base64::decode(&first, &mut triplet).is_none() {
        return;
    }
    let start = out.len();
    out.extend_from_slice(&triplet);
    let rest = &value[head..];
    let from = out.len();
    out.resize(from + rest.len() / 4 * 3, 0);
    let _ = base64::decode(rest, &mut out[from..]);
    let cut = usize::from(ps + ls).min(out.len() - start);
    out.drain(start..start + cut);
}

/// Pad characters and the characters of the largest values: 114 bytes with two lead bytes.
const VALUE_CHARS_MAX: usize = 160;

/// [`decode_value`] without allocation, for values of exactly `N` bytes.
pub(crate) fn value_array<const N: usize>(value: &[u8], ps: u8, ls: u8) -> Option<[u8; N]> {
    let (pad, skip) = (usize::from(ps), usize::from(ps + ls));
    let size = value.len() + pad;
    if value.is_empty() || size / 4 * 3 != N + skip || size > VALUE_CHARS_MAX {
        return None;
    }
    let mut chars = [b'A'; VALUE_CHARS_MAX];
    chars[pad..size].copy_from_slice(value);
    let mut bytes = [0; VALUE_CHARS_MAX / 4 * 3];
    base64::decode(&chars[..size], &mut bytes)?;
    bytes.get(skip..skip + N)?.try_into().ok()
}
