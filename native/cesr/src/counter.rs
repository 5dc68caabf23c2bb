//! Count codes: how many elements or quadlets follow. Source: cesr.md sections 1 and 4.

use crate::base64;
use crate::codes::{self, CounterRow, CounterTable, Unit};
use crate::error::{Error, ErrorKind};
use crate::primitive;

/// A count code with its count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// What the code means.
    pub row: &'static CounterRow,
    /// Elements or quadlets after the counter; of a genus code, the version's three characters as a number.
    pub count: u32,
}

impl Counter {
    /// Reads the counter at the start of `text`.
    ///
    /// # Errors
    /// `Truncated`, `OpCode`, `UnknownCode`, `SoftPart`.
    pub fn parse(text: &[u8], table: CounterTable) -> Result<Self, Error> {
        let row = codes::counter_in(table, text).map_err(|kind| Error::new(kind, 0))?;
        let (hs, fs) = (usize::from(row.hs), usize::from(row.hs + row.ss));
        let Some(soft) = text.get(hs..fs) else {
            return Err(Error::new(ErrorKind::Truncated, text.len()));
        };
        let count = base64::integer(soft).ok_or_else(|| Error::new(ErrorKind::SoftPart, hs))?;
        Ok(Self { row, count })
    }

    /// Reads the counter at the start of `bytes` in the binary domain.
    ///
    /// # Errors
    /// `Truncated`, `UnknownCode`.
    pub fn parse_binary(bytes: &[u8], table: CounterTable) -> Result<Self, Error> {
        let mut chars = [0; 16];
        let text = primitive::head_chars(bytes, &mut chars);
        Self::parse(text, table).map_err(|error| match error.kind {
            ErrorKind::Truncated => Error::new(ErrorKind::Truncated, bytes.len()),
            kind => Error::new(primitive::binary_kind(kind), 0),
        })
    }

    /// Characters of the counter itself (text domain); bytes in the binary domain are 3/4 of that.
    pub fn size(&self) -> usize {
        usize::from(self.row.hs + self.row.ss)
    }

    /// Characters that follow, of a counter of quadlets; `None` of one of elements.
    pub fn content_size(&self) -> Option<u64> {
        (self.row.unit == Unit::Quadlets).then_some(u64::from(self.count) * 4)
    }
}

/// The count of the short counter of `letter` at the start of `text`, if it stands there.
#[inline]
pub fn short_count(text: &[u8], letter: u8) -> Option<u16> {
    match text.first_chunk::<4>()? {
        [b'-', found, digits @ ..] if *found == letter => {
            base64::integer(digits).map(|count| count as u16)
        }
        _ => None,
    }
}

/// Appends a counter. The short code is taken while `count` fits it, else the big one, if the table has it.
///
/// # Errors
/// `UnknownCode` when `table` has no short code `-letter`; `ValueForm` when the count fits no code.
pub fn encode(
    table: CounterTable,
    letter: char,
    count: u32,
    out: &mut String,
) -> Result<(), ErrorKind> {
    let big_prefix = if table == CounterTable::Stable {
        "-0"
    } else {
        "--"
    };
    for (prefix, digits) in [("-", 2u8), (big_prefix, 5)] {
        let mut code = String::with_capacity(3);
        code.push_str(prefix);
        code.push(letter);
        let known = codes::counter_in(table, code.as_bytes()).is_ok();
        if !known && digits == 2 {
            return Err(ErrorKind::UnknownCode);
        }
        if known && count >> (6 * u32::from(digits)) == 0 {
            out.push_str(&code);
            base64::push_integer(count, digits, out);
            return Ok(());
        }
    }
    Err(ErrorKind::ValueForm)
}
