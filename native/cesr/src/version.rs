//! Version strings: what a message body is and how long. Source: cesr.md section 3.

use std::fmt;

use crate::base64;
use crate::error::{Error, ErrorKind};

/// Protocol of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Credentials.
    Acdc,
    /// Key events and what travels with them.
    Keri,
}

/// Serialization of a message body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// CBOR.
    Cbor,
    /// Native CESR.
    Cesr,
    /// JSON.
    Json,
    /// MessagePack.
    Mgpk,
}

/// A version string, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Protocol of the message.
    pub protocol: Protocol,
    /// Major protocol version; 1 for a v1 string, 2 for a v2 string in every supported message.
    pub major: u8,
    /// Minor protocol version.
    pub minor: u16,
    /// Major version of the CESR code tables.
    pub genus_major: u8,
    /// Minor version of the CESR code tables.
    pub genus_minor: u16,
    /// Serialization.
    pub kind: Kind,
    /// Bytes of the whole body.
    pub size: u32,
}

/// Characters of a v1 version string.
pub const V1_SIZE: usize = 17;
/// Characters of a v2 version string.
pub const V2_SIZE: usize = 19;
/// Largest size that either form can say.
pub const SIZE_MAX: u32 = 16_777_215;

impl Version {
    /// Reads a version string that is the whole of `text`.
    ///
    /// # Errors
    /// `Version` (form, or a version other than 1.0 and 2.0), `Protocol`, `Kind`.
    #[inline]
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        match parse_usual(text) {
            Some(version) => Ok(version),
            None => Self::parse_any(text),
        }
    }

    fn parse_any(text: &[u8]) -> Result<Self, Error> {
        match text.len() {
            V1_SIZE if is_v1_shaped(text) => Self::parse_shaped(text),
            V2_SIZE if is_v2_shaped(text) => Self::parse_shaped(text),
            _ => Err(ErrorKind::Version),
        }
        .map_err(|kind| Error::new(kind, 0))
    }

    /// Reads a version string that is known to have the shape of its size.
    pub(crate) fn parse_shaped(text: &[u8]) -> Result<Self, ErrorKind> {
        if text.len() == V1_SIZE {
            parse_v1(text)
        } else {
            parse_v2(text)
        }
    }

    /// Of version 1.0 or 2.0 (`major`) in protocol and code tables; `size`: bytes of the body.
    pub const fn new(protocol: Protocol, major: u8, kind: Kind, size: u32) -> Self {
        Self {
            protocol,
            major,
            minor: 0,
            genus_major: major,
            genus_minor: 0,
            kind,
            size,
        }
    }

    /// Whether the string has the v2 form.
    pub fn is_v2(&self) -> bool {
        self.major >= 2
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (protocol, kind) = (self.protocol.name(), self.kind.name());
        if !self.is_v2() {
            return write!(
                f,
                "{protocol}{:x}{:x}{kind}{:06x}_",
                self.major, self.minor, self.size
            );
        }
        let mut text = String::with_capacity(V2_SIZE);
        text.push_str(protocol);
        for (major, minor) in [
            (self.major, self.minor),
            (self.genus_major, self.genus_minor),
        ] {
            base64::push_integer(u32::from(major), 1, &mut text);
            base64::push_integer(u32::from(minor), 2, &mut text);
        }
        text.push_str(kind);
        base64::push_integer(self.size, 4, &mut text);
        text.push('.');
        f.write_str(&text)
    }
}

impl Protocol {
    /// The four letters in the version string.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acdc => "ACDC",
            Self::Keri => "KERI",
        }
    }

    #[inline]
    fn parse(text: &[u8]) -> Result<Self, ErrorKind> {
        match text {
            b"ACDC" => Ok(Self::Acdc),
            b"KERI" => Ok(Self::Keri),
            _ => Err(ErrorKind::Protocol),
        }
    }
}

impl Kind {
    /// The four letters in the version string.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cbor => "CBOR",
            Self::Cesr => "CESR",
            Self::Json => "JSON",
            Self::Mgpk => "MGPK",
        }
    }

    #[inline]
    fn parse(text: &[u8]) -> Result<Self, ErrorKind> {
        match text {
            b"CBOR" => Ok(Self::Cbor),
            b"CESR" => Ok(Self::Cesr),
            b"JSON" => Ok(Self::Json),
            b"MGPK" => Ok(Self::Mgpk),
            _ => Err(ErrorKind::Kind),
        }
    }
}

/// Which bytes may stand in a v1 version string: 1 an upper-case letter, 2 a lower-case hexadecimal digit, 4 its end.
static V1_CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'A'..=b'Z' => 1,
            b'0'..=b'9' | b'a'..=b'f' => 2,
            b'_' => 4,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// Whether `text` has the shape of a v1 version string, whatever its values.
pub(crate) fn is_v1_shaped(text: &[u8]) -> bool {
    const SHAPE: [u8; V1_SIZE] = [1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 4];
    <&[u8; V1_SIZE]>::try_from(text).is_ok_and(|text| {
        // Without a branch inside.
        let wrong = |(byte, class): (&u8, u8)| V1_CLASSES[usize::from(*byte)] ^ class;
        text.iter()
            .zip(SHAPE)
            .map(wrong)
            .fold(0, |all, one| all | one)
            == 0
    })
}

/// Whether `text` has the shape of a v2 version string, whatever its values.
pub(crate) fn is_v2_shaped(text: &[u8]) -> bool {
    let base64 = |c: &u8| base64::value(*c).is_some();
    text.len() == V2_SIZE
        && text[..4].iter().all(u8::is_ascii_uppercase)
        && text[4..10].iter().all(base64)
        && text[10..14].iter().all(u8::is_ascii_uppercase)
        && text[14..18].iter().all(base64)
        && text[18] == b'.'
}

/// The size in a string of either shape.
pub(crate) fn size_of(text: &[u8]) -> u32 {
    if text.len() == V2_SIZE {
        return text
            .get(14..18)
            .and_then(base64::integer)
            .unwrap_or_default();
    }
    let digits = text.get(10..16).unwrap_or_default();
    // The low bits of a letter are 1 to 6.
    let value = |digit: u8| u32::from(digit & 15) + 9 * u32::from(digit >> 6);
    digits.iter().fold(0, |sum, &digit| sum << 4 | value(digit))
}

/// What a hexadecimal digit stands for; [`NO_DIGIT`] for other bytes.
static DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    digits
};
const NO_DIGIT: u8 = 0x80;

/// A v1 string with nothing wrong in it, as nearly all are.
#[inline]
pub(crate) fn parse_usual(text: &[u8]) -> Option<Version> {
    let text = <&[u8; V1_SIZE]>::try_from(text).ok()?;
    let [p, q, r, s, major, minor, k, l, m, n, size @ .., end] = text;
    let protocol = Protocol::parse(&[*p, *q, *r, *s]).ok()?;
    let kind = Kind::parse(&[*k, *l, *m, *n]).ok()?;
    let size = size.map(|digit| DIGITS[usize::from(digit)]);
    let is_sound = [*major, *minor, *end] == *b"10_"
        && kind != Kind::Cesr
        && size.iter().fold(0, |all, digit| all | digit) & NO_DIGIT == 0;
    let size = size
        .iter()
        .fold(0, |sum, digit| sum << 4 | u32::from(*digit));
    is_sound.then_some(Version::new(protocol, 1, kind, size))
}

fn parse_v1(text: &[u8]) -> Result<Version, ErrorKind> {
    let protocol = Protocol::parse(&text[..4])?;
    let kind = Kind::parse(&text[6..10])?;
    if kind == Kind::Cesr {
        return Err(ErrorKind::Kind);
    }
    if &text[4..6] != b"10" {
        return Err(ErrorKind::Version);
    }
    Ok(Version::new(protocol, 1, kind, size_of(text)))
}

fn parse_v2(text: &[u8]) -> Result<Version, ErrorKind> {
    let protocol = Protocol::parse(&text[..4])?;
    let kind = Kind::parse(&text[10..14])?;
    if &text[4..7] != b"CAA" || &text[7..10] != b"CAA" {
        return Err(ErrorKind::Version);
    }
    Ok(Version::new(protocol, 2, kind, size_of(text)))
}
