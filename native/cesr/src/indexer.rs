//! Indexed signatures (Indexer): a code, one or two indices, a value. Source: cesr.md section 1.1.

use crate::base64;
use crate::codes::{self, IndexerRow, Lists};
use crate::error::{Error, ErrorKind};
use crate::limits::Alphabet;
use crate::primitive;

/// An indexed signature in text form inside some buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indexed<'a> {
    /// Code, indices and value, whole and alone.
    pub text: &'a str,
    /// What the code means.
    pub row: &'static IndexerRow,
    /// Index into the current list.
    pub index: u32,
    /// Index into the prior next list; `None` for a current-only code.
    pub ondex: Option<u32>,
}

impl<'a> Indexed<'a> {
    /// Reads the indexed signature at the start of `text`; what follows is not looked at. Test codes are read, too.
    ///
    /// # Errors
    /// `Truncated`, `CountCode`, `OpCode`, `UnknownCode`, `SoftPart`, `Ondex`, `Alphabet`, `MidPad`, `LeadBytes`.
    pub fn parse(text: &'a [u8], alphabet: Alphabet) -> Result<Self, Error> {
        let (row, size) = check(text, alphabet)?;
        std::str::from_utf8(text.get(..size).unwrap_or_default())
            .map_err(|_| ErrorKind::Alphabet)
            .and_then(|text| of_row(text, row))
            .map_err(|kind| Error::new(kind, 0))
    }

    /// Decodes the signature into `out`.
    pub fn raw<'b>(&self, out: &'b mut [u8; 114]) -> &'b [u8] {
        let value = self
            .text
            .as_bytes()
            .get(usize::from(self.row.cs())..)
            .unwrap_or_default();
        let size = match self.row.raw {
            Some(64) => primitive::value_array::<64>(value, self.row.ps(), self.row.ls)
                .map(|raw| copy(out, &raw)),
            Some(114) => primitive::value_array::<114>(value, self.row.ps(), self.row.ls)
                .map(|raw| copy(out, &raw)),
            _ => {
                let mut raw = Vec::new();
                primitive::decode_value(value, self.row.ps(), self.row.ls, &mut raw);
                Some(copy(out, &raw))
            }
        };
        &out[..size.unwrap_or_default()]
    }

    /// The signature, if it has 64 bytes, as all have that can be verified.
    pub fn raw64(&self) -> Option<[u8; 64]> {
        if let Ok(mut chars) = <[u8; USUAL_CHARS]>::try_from(self.text.as_bytes())
            && self.row.cs() == 2
        {
            chars[..2].fill(b'A');
            let mut bytes = [0; USUAL_CHARS / 4 * 3];
            base64::decode(&chars, &mut bytes)?;
            return bytes[2..].try_into().ok();
        }
        let value = self.text.as_bytes().get(usize::from(self.row.cs())..)?;
        primitive::value_array(value, self.row.ps(), self.row.ls)
    }
}

/// Characters of a signature of 64 bytes with an index of one character.
const USUAL_CHARS: usize = 88;

fn copy(out: &mut [u8; 114], raw: &[u8]) -> usize {
    let size = raw.len().min(out.len());
    out[..size].copy_from_slice(&raw[..size]);
    size
}

/// Checks the indexed signature at the start of `bytes` in the binary domain and returns its size in bytes.
///
/// # Errors
/// As [`Indexed::parse`]; every refused first sextet is `UnknownCode`.
pub fn binary_size(bytes: &[u8]) -> Result<usize, Error> {
    check_binary(bytes).map(|(_, size)| size)
}

/// The indexed signature that is the whole of `text`, which was checked before.
pub(crate) fn of_row<'a>(
    text: &'a str,
    row: &'static IndexerRow,
) -> Result<Indexed<'a>, ErrorKind> {
    let (index, ondex) = indices(row, text.as_bytes())?;
    Ok(Indexed {
        text,
        row,
        index,
        ondex,
    })
}

/// Index and other index from the soft part of `text`.
fn indices(row: &IndexerRow, text: &[u8]) -> Result<(u32, Option<u32>), ErrorKind> {
    let (hs, middle) = (usize::from(row.hs), usize::from(row.hs + row.ms()));
    let number = |range: std::ops::Range<usize>| {
        text.get(range)
            .and_then(base64::integer)
            .ok_or(ErrorKind::SoftPart)
    };
    let index = number(hs..middle)?;
    let ondex = number(middle..usize::from(row.cs()))?;
    match (row.lists, row.os) {
        (Lists::Current, _) if ondex != 0 => Err(ErrorKind::Ondex),
        (Lists::Current, _) => Ok((index, None)),
        (_, 0) => Ok((index, Some(index))),
        _ => Ok((index, Some(ondex))),
    }
}

/// Checks the indexed signature at the start of `text` and returns its row and its size in characters.
pub(crate) fn check(
    text: &[u8],
    alphabet: Alphabet,
) -> Result<(&'static IndexerRow, usize), Error> {
    let row = codes::indexer_at(text).map_err(|kind| Error::new(kind, 0))?;
    let cs = usize::from(row.cs());
    if text.len() < cs {
        return Err(Error::new(ErrorKind::Truncated, text.len()));
    }
    let (index, _) = indices(row, text).map_err(|kind| Error::new(kind, usize::from(row.hs)))?;
    let size = row
        .fs
        .map_or_else(|| cs + 4 * index as usize, |fs| fs as usize);
    let Some(value) = text.get(cs..size) else {
        return Err(Error::new(ErrorKind::Truncated, text.len()));
    };
    if let Some(at) = base64::first_foreign(value, alphabet) {
        return Err(Error::new(ErrorKind::Alphabet, cs + at));
    }
    primitive::check_zeros(value, row.ps(), row.ls).map_err(|kind| Error::new(kind, cs))?;
    Ok((row, size))
}

/// As [`check`], in the binary domain; the size is in bytes.
pub(crate) fn check_binary(bytes: &[u8]) -> Result<(&'static IndexerRow, usize), Error> {
    let mut chars = [0; 16];
    let code = primitive::head_chars(bytes, &mut chars);
    let row =
        codes::indexer_at(code).map_err(|kind| Error::new(primitive::binary_kind(kind), 0))?;
    let cs = usize::from(row.cs());
    if code.len() < cs {
        return Err(Error::new(ErrorKind::Truncated, bytes.len()));
    }
    let (index, _) = indices(row, code).map_err(|kind| Error::new(kind, 0))?;
    let size = row
        .fs
        .map_or_else(|| cs + 4 * index as usize, |fs| fs as usize)
        / 4
        * 3;
    if bytes.len() < size {
        return Err(Error::new(ErrorKind::Truncated, bytes.len()));
    }
    primitive::check_zeros_binary(bytes, row.cs(), row.ls)?;
    Ok((row, size))
}

/// Appends an indexed signature. A code of both lists with room for an other index gets `ondex`, or `index` when there
/// is none; a current-only code gets zero.
///
/// # Errors
/// `UnknownCode`; `ValueForm` when an index is above the code's limit or `raw` is not of its size. Nothing is appended.
pub fn encode(
    code: &str,
    index: u32,
    ondex: Option<u32>,
    raw: &[u8],
    out: &mut String,
) -> Result<(), ErrorKind> {
    let row = codes::indexer_by_code(code).ok_or(ErrorKind::UnknownCode)?;
    let (ms, os) = (row.ms(), row.os);
    let other = match row.lists {
        Lists::Current => 0,
        _ => ondex.unwrap_or(index),
    };
    let fits = |value: u32, digits: u8| value >> (6 * digits).min(31) == 0;
    if !fits(index, ms)
        || os > 0 && !fits(other, os)
        || row.raw.is_some_and(|size| size as usize != raw.len())
    {
        return Err(ErrorKind::ValueForm);
    }
    out.push_str(row.code);
    base64::push_integer(index, ms, out);
    base64::push_integer(other, os, out);
    primitive::push_value(raw, row.ps(), row.ls, out);
    Ok(())
}
