//! Values of typed primitives. Each accessor is `None` when the code is not of its type or the value is malformed.
//! Source: cesr.md section 1.2.

use super::{Primitive, encode};
use crate::base64;
use crate::error::ErrorKind;
use crate::version::{Kind, Protocol, Version};

/// Characters of a number of two bytes.
pub const SHORT_NUMBER_CHARS: usize = 4;

/// The number of two bytes (`M`) at the start of `text`, if one stands there.
#[inline]
pub fn short_number(text: &[u8]) -> Option<u16> {
    let [b'M', digits @ ..] = text.first_chunk::<SHORT_NUMBER_CHARS>()? else {
        return None;
    };
    // The two bits of the pad are zero.
    base64::integer(digits)?.try_into().ok()
}

impl<'a> Primitive<'a> {
    /// Number codes: the value. `None`, too, for the few 17-byte numbers above 128 bits.
    pub fn number(&self) -> Option<u128> {
        if !self.row.is_number() {
            return None;
        }
        let value = self.text.as_bytes().get(usize::from(self.row.cs())..)?;
        let mut sum = 0u128;
        for &char in value {
            if sum >> 122 != 0 {
                return None;
            }
            sum = sum << 6 | u128::from(base64::integer_lenient(&[char]));
        }
        Some(sum)
    }

    /// Whether a number is in the smallest code that holds it, as native bodies must have it.
    pub fn is_smallest_number(&self) -> bool {
        let mut text = String::with_capacity(24);
        self.number().is_some_and(|value| {
            super::encode_number(value, &mut text);
            text == self.text
        })
    }

    /// `1AAG`: ISO-8601 with microseconds and offset, 32 characters.
    pub fn date(&self) -> Option<String> {
        if self.row.code != "1AAG" {
            return None;
        }
        let date: String = self.text.get(4..)?.chars().map(undo_date_char).collect();
        is_date(date.as_bytes()).then_some(date)
    }

    /// Tags: the characters.
    pub fn tag(&self) -> Option<&'a str> {
        self.row.is_tag().then(|| self.soft())
    }

    /// Tag7 or Tag10: protocol, version and genus version. `size` and `kind` are the caller's to set.
    ///
    /// # Errors
    /// `WrongCode`, `Protocol`, `Version`.
    pub fn verser(&self) -> Result<Version, ErrorKind> {
        let tag = self
            .tag()
            .filter(|tag| matches!(tag.len(), 7 | 10))
            .ok_or(ErrorKind::WrongCode)?;
        let protocol = match tag.get(..4) {
            Some("KERI") => Protocol::Keri,
            Some("ACDC") => Protocol::Acdc,
            _ => return Err(ErrorKind::Protocol),
        };
        match tag.get(4..) {
            Some("CAACAA" | "CAA") => {}
            _ => return Err(ErrorKind::Version),
        }
        Ok(Version {
            protocol,
            major: 2,
            minor: 0,
            genus_major: 2,
            genus_minor: 0,
            kind: Kind::Cesr,
            size: 0,
        })
    }

    /// StrB64: the text, unescaped.
    pub fn bext(&self) -> Option<String> {
        if !self.row.is_bext() {
            return None;
        }
        let text = self.unpack()?;
        Some(text.strip_prefix('-').map(str::to_owned).unwrap_or(text))
    }

    /// The Base64 text of a StrB64 or decimal primitive, as packed.
    fn unpack(&self) -> Option<String> {
        let value = self.text.get(usize::from(self.row.cs())..)?;
        let cut = match self.row.ls {
            2 => 3,
            1 => 2,
            _ => usize::from(value.starts_with('A')),
        };
        let (pad, text) = value.split_at_checked(cut)?;
        pad.bytes().all(|c| c == b'A').then(|| text.to_owned())
    }

    /// Bytes codes: the bytes.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let mut raw = Vec::new();
        self.row.is_bytes().then(|| {
            self.raw(&mut raw);
            raw
        })
    }

    /// Bytes codes that hold UTF-8.
    pub fn utf8(&self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }

    /// Label codes: the text, whatever form carries it.
    pub fn label_text(&self) -> Option<String> {
        if !self.row.is_label() {
            return None;
        }
        match self.row.code {
            "1AAP" => Some(String::new()),
            "V" | "W" => {
                let mut raw = Vec::new();
                self.raw(&mut raw);
                String::from_utf8(raw).ok()
            }
            _ if self.row.is_tag() => self.tag().map(str::to_owned),
            _ if self.row.is_bext() => self.bext(),
            _ => self.utf8(),
        }
    }

    /// Label codes in the one form that KERIpy writes: the text. `None` when another form would have been chosen.
    pub fn canonical_text(&self) -> Option<String> {
        let text = self.label_text()?;
        let mut again = String::with_capacity(self.text.len());
        encode::encode_text(&text, &mut again).ok()?;
        (again == self.text).then_some(text)
    }

    /// Nonce codes: the text of the field, empty for `1AAP`.
    pub fn nonce(&self) -> Option<&'a str> {
        match self.row.code {
            "1AAP" => Some(""),
            _ if self.row.is_nonce() => Some(self.text),
            _ => None,
        }
    }

    /// Decimal codes: the number as KERIpy's `repr` writes it.
    pub fn decimal(&self) -> Option<String> {
        if !self.row.is_decimal() {
            return None;
        }
        let number = self.unpack()?.replace('p', ".");
        is_number_text(&number).then_some(number)
    }

    /// Thresholds: hex text of a number, or the weights (`1/2,1/2` in its native spelling `1s2c1s2`) of a StrB64.
    pub fn threshold(&self) -> Option<String> {
        self.number()
            .map(|value| format!("{value:x}"))
            .or_else(|| self.bext())
    }

    /// Route: `/` for `-` of a StrB64 path, or the UTF-8 text of a Bytes path. `None` when KERIpy would have written the
    /// route in another way.
    pub fn path(&self) -> Option<String> {
        let path = if self.row.is_bext() {
            let packed = self.unpack()?;
            packed
                .strip_prefix("--")
                .unwrap_or(&packed)
                .replace('-', "/")
        } else {
            self.utf8()?
        };
        let mut again = String::with_capacity(self.text.len());
        encode_path(&path, &mut again).ok()?;
        (again == self.text).then_some(path)
    }
}

/// Appends a route (Pather).
///
/// # Errors
/// `ValueForm` for a route with two `/` together, or too long.
pub(crate) fn encode_path(path: &str, out: &mut String) -> Result<(), ErrorKind> {
    if path.contains("//") {
        return Err(ErrorKind::ValueForm);
    }
    if !path
        .bytes()
        .all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'/')
    {
        return encode::encode_bytes(path.as_bytes(), out);
    }
    let dashed = path.replace('/', "-");
    let relative = dashed.starts_with('A') && matches!(dashed.len() % 4, 0 | 3);
    encode::encode_packed(if relative { "--" } else { "" }, &dashed, out)
}

fn undo_date_char(c: char) -> char {
    match c {
        'c' => ':',
        'd' => '.',
        'p' => '+',
        c => c,
    }
}

/// `2020-08-22T17:50:09.988921+00:00`, every field in its range (second 59 at most).
pub(crate) fn is_date(date: &[u8]) -> bool {
    const SHAPE: &[u8; 32] = b"dddd-dd-ddTdd:dd:dd.dddddd+dd:dd";
    let shaped = date.len() == 32
        && date.iter().zip(SHAPE).all(|(&c, &shape)| match shape {
            b'd' => c.is_ascii_digit(),
            b'+' => c == b'+' || c == b'-',
            shape => c == shape,
        });
    let number = |at: usize, size: usize| {
        date.get(at..at + size)
            .unwrap_or_default()
            .iter()
            .fold(0u32, |sum, c| sum * 10 + u32::from(c.wrapping_sub(b'0')))
    };
    if !shaped {
        return false;
    }
    let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0
        && (1..=days).contains(&day)
        && number(11, 2) < 24
        && number(14, 2) < 60
        && number(17, 2) < 60
        && number(27, 2) < 24
        && number(30, 2) < 60
}

/// `^[A-Za-z_][A-Za-z0-9_]*$`
pub(crate) fn is_label(label: &str) -> bool {
    label
        .bytes()
        .enumerate()
        .all(|(i, c)| c == b'_' || c.is_ascii_alphabetic() || i > 0 && c.is_ascii_digit())
        && !label.is_empty()
}

/// A decimal number as Python writes it: integer, or shortest float.
fn is_number_text(number: &str) -> bool {
    crate::body::number::is_canonical(number.as_bytes())
}
