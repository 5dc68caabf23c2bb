//! What can begin where a message must begin. Everything here looks at a bounded number of bytes.
//! Source: cesr.md sections 2, 3, 4.3, 4.4.

use super::Domain;
use super::head::{Head, head};
use super::place;
use crate::convert;
use crate::error::ErrorKind;
use crate::group::Genus;
use crate::group::spec::{self, Role};
use crate::group::walk::counter_size;
use crate::limits::Options;
use crate::version::{self, Kind, Version};

/// Characters that any head fits in: sixteen generic groups with genus codes, a wrapped body's version string.
const HEAD_CHARS_MAX: usize = 320;

/// What stands at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// An attachment group, which belongs to no message here.
    Attachment(Genus),
    /// A body; `size` bytes with its counter, if it has one.
    Body {
        size: u64,
        kind: Kind,
        genus: Genus,
        domain: Domain,
        wrapped: bool,
    },
    /// A body with attachments: its counter, and `size` bytes with it.
    Framed {
        counter: usize,
        size: u64,
        genus: Genus,
        binary: bool,
    },
    /// Messages one after another: the counter, and `size` bytes with it.
    Generic {
        counter: usize,
        size: u64,
        genus: Genus,
        binary: bool,
    },
    /// Sets the code tables.
    Genus { genus: Genus, size: usize },
}

/// The answer to what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// More bytes are needed to tell.
    More,
    /// Nothing that may stand there.
    No(ErrorKind),
    /// Something of known extent that is wrong.
    Spoiled(ErrorKind, Start),
    /// A start.
    Yes(Start),
}

/// The code tables that a stream is read by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables {
    /// Set by a genus code or by the caller.
    pub(super) explicit: Option<Genus>,
    /// Those of the last message.
    pub(super) recent: Genus,
}

/// Whether a body with a valid version string begins `bytes`; `None`: more bytes are needed to tell.
pub(crate) fn body_begins(bytes: &[u8], options: &Options) -> Option<bool> {
    match body(bytes, options) {
        Look::More => None,
        Look::Yes(_) => Some(true),
        _ => Some(false),
    }
}

/// Whether a v2 message begins `bytes`, which begin with a counter: its groups lead to the version of a body. `None`:
/// more bytes are needed to tell.
pub(crate) fn v2_message_begins(bytes: &[u8], binary: bool, options: &Options) -> Option<bool> {
    let letter = if binary {
        quick_letter(bytes)
    } else {
        text_letter(bytes)
    }?;
    if !matches!(letter, b'A' | b'B' | b'F' | b'G' | b'H') {
        return Some(false);
    }
    let start = Start::Generic {
        counter: 0,
        size: 0,
        genus: Genus::V2,
        binary,
    };
    is_sure(bytes, &start, options)
}

/// The letter of the counter in the text domain, whose code may be long; `None`: too few bytes.
fn text_letter(bytes: &[u8]) -> Option<u8> {
    let letter = *bytes.get(1)?;
    if letter == b'-' {
        bytes.get(2).copied()
    } else {
        Some(letter)
    }
}

/// Bytes of the JSON, CBOR or MessagePack body at the start of `bytes`.
pub(super) fn body_size(bytes: &[u8], options: &Options) -> Result<usize, ErrorKind> {
    match body(bytes, options) {
        Look::Yes(Start::Body { size, .. }) => Ok(size as usize),
        Look::Yes(_) => Err(ErrorKind::ColdStart),
        Look::No(kind) | Look::Spoiled(kind, _) => Err(kind),
        Look::More => Err(ErrorKind::Truncated),
    }
}

/// What stands at the start of `bytes`, which are not empty.
pub(super) fn look(bytes: &[u8], tables: Tables, options: &Options) -> Look {
    match bytes.first() {
        None => Look::More,
        Some(b'{' | 0x80..=0xdf) => body(bytes, options),
        Some(b'-') => counted(bytes, false, tables, options),
        Some(0xf8..=0xfb) => counted(bytes, true, tables, options),
        Some(b'_' | 0xfc..) => Look::No(ErrorKind::OpCode),
        Some(_) => Look::No(ErrorKind::ColdStart),
    }
}

/// JSON, CBOR or MessagePack.
pub(super) fn body(bytes: &[u8], options: &Options) -> Look {
    if bytes.is_empty() {
        return Look::More;
    }
    if let Some(start) = place::usual(bytes) {
        return Look::Yes(start);
    }
    let found = if options.version_exact {
        place::exact(bytes)
    } else {
        place::search(bytes)
    };
    let (at, length) = match found {
        Ok(place) => place,
        Err(look) => return look,
    };
    let Some(text) = bytes.get(at..at + length) else {
        return Look::More;
    };
    let size = version::size_of(text);
    // JSON still needs a quote and a brace.
    let tail = if bytes.first() == Some(&b'{') { 2 } else { 0 };
    if (size as usize) < at + length + tail {
        return Look::No(ErrorKind::Trailing);
    }
    let (kind, genus, error) = match Version::parse_shaped(text) {
        Ok(version) => {
            let first = bytes.first().copied().unwrap_or_default();
            let fits = match version.kind {
                Kind::Json => first == b'{',
                Kind::Cbor => matches!(first, 0xa0..=0xbf),
                Kind::Mgpk => matches!(first, 0x80..=0x8f | 0xde | 0xdf),
                Kind::Cesr => false,
            };
            let genus = Genus {
                major: version.genus_major,
                minor: 0,
            };
            (version.kind, genus, (!fits).then_some(ErrorKind::Kind))
        }
        Err(kind) => (Kind::Json, Genus::V1, Some(kind)),
    };
    let start = Start::Body {
        size: u64::from(size),
        kind,
        genus,
        domain: Domain::Text,
        wrapped: false,
    };
    error.map_or(Look::Yes(start), |kind| Look::Spoiled(kind, start))
}

/// A counter where a message must begin. Without a genus code, a v2 message is known by its head; another counter is
/// read by the tables of the last message.
fn counted(bytes: &[u8], binary: bool, tables: Tables, options: &Options) -> Look {
    let mut buffer = Vec::new();
    let text = if binary {
        match quick_letter(bytes) {
            None => return Look::More,
            Some(b'A' | b'B' | b'F' | b'G' | b'H' | b'T' | b'U' | b'W') => {}
            Some(_) => {
                return by_role(
                    bytes,
                    &[],
                    binary,
                    tables.explicit.unwrap_or(tables.recent),
                    options,
                );
            }
        }
        let bytes = &bytes[..bytes.len().min(HEAD_CHARS_MAX / 4 * 3) / 3 * 3];
        let _ = convert::to_text(bytes, &mut buffer);
        &buffer[..]
    } else {
        &bytes[..bytes.len().min(HEAD_CHARS_MAX)]
    };
    match tables.explicit {
        Some(genus) => by_role(bytes, text, binary, genus, options),
        None => match head(text, Genus::V2, options, 0) {
            Head::Good | Head::Wrapped(_, None) => by_role(bytes, text, binary, Genus::V2, options),
            Head::More if bytes.len() < HEAD_CHARS_MAX => Look::More,
            _ => match head(text, Genus::V1, options, 0) {
                Head::Good | Head::Wrapped(_, None) => {
                    by_role(bytes, text, binary, Genus::V1, options)
                }
                Head::More if bytes.len() < HEAD_CHARS_MAX => Look::More,
                _ => by_role(bytes, text, binary, tables.recent, options),
            },
        },
    }
}

/// Whether what stands at the start of `bytes` can be believed among garbage: the counters of a group lead to the
/// version of a body. `None`: more bytes are needed to tell.
pub(super) fn is_sure(bytes: &[u8], start: &Start, options: &Options) -> Option<bool> {
    let (genus, binary) = match *start {
        Start::Attachment(_) => return Some(false),
        Start::Body { size, .. } => return entries_fit(bytes, size),
        Start::Genus { .. } => return Some(true),
        Start::Framed { genus, binary, .. } | Start::Generic { genus, binary, .. } => {
            (genus, binary)
        }
    };
    let mut buffer = Vec::new();
    let text = if binary {
        let _ = convert::to_text(
            &bytes[..bytes.len().min(HEAD_CHARS_MAX / 4 * 3) / 3 * 3],
            &mut buffer,
        );
        &buffer[..]
    } else {
        &bytes[..bytes.len().min(HEAD_CHARS_MAX)]
    };
    match head(text, genus, options, 0) {
        Head::Good | Head::Wrapped(_, None) => Some(true),
        Head::More if bytes.len() < HEAD_CHARS_MAX => None,
        _ => Some(false),
    }
}

/// Whether a map of `size` bytes can hold as many entries as its head of more than one byte says, and no fewer: such a
/// head is easily made by a byte of garbage before a body. `None`: more bytes are needed to tell.
fn entries_fit(bytes: &[u8], size: u64) -> Option<bool> {
    let (width, least) = match bytes.first()? {
        0xb8 => (1, 24),
        0xb9 => (2, 1 << 8),
        0xba | 0xdf => (4, 1 << 16),
        0xde => (2, 16),
        _ => return Some(true),
    };
    let count = bytes.get(1..=width)?;
    let count = count
        .iter()
        .fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    // An entry is a key and a value, two bytes at least.
    Some(count >= least && count <= size / 2)
}

/// The letter of the counter in the binary domain, whose code may be long; `None`: too few bytes.
fn quick_letter(bytes: &[u8]) -> Option<u8> {
    let mut chars = [0; 16];
    let text = crate::primitive::head_chars(bytes, &mut chars);
    let letter = *text.get(1)?;
    if letter == b'-' {
        text.get(2).copied()
    } else {
        Some(letter)
    }
}

fn by_role(bytes: &[u8], text: &[u8], binary: bool, genus: Genus, options: &Options) -> Look {
    let counter = match spec::counter(bytes, genus, binary) {
        Ok(counter) => counter,
        Err(error) if error.kind == ErrorKind::Truncated => return Look::More,
        Err(error) => return Look::No(error.kind),
    };
    let own = counter_size(&counter, binary);
    let content = counter.content_size().unwrap_or_default();
    let size = own as u64 + if binary { content / 4 * 3 } else { content };
    let letter = counter
        .row
        .code
        .as_bytes()
        .last()
        .copied()
        .unwrap_or_default();
    let v2 = genus.major >= 2;
    match spec::role(&counter, genus) {
        Err(kind) => Look::No(kind),
        Ok(Role::Genus(genus)) => Look::Yes(Start::Genus { genus, size: own }),
        Ok(Role::Attachment(_) | Role::Enclosing(_) | Role::Unhandled) => {
            Look::Yes(Start::Attachment(genus))
        }
        Ok(Role::Message) if letter == if v2 { b'A' } else { b'T' } => Look::Yes(Start::Generic {
            counter: own,
            size,
            genus,
            binary,
        }),
        // Datagram segments and ESSR wrappers of v2: known, never a message here.
        Ok(Role::Message) => Look::No(ErrorKind::CountCode),
        Ok(Role::Body) if matches!((v2, letter), (true, b'B') | (false, b'U')) => {
            let start = Start::Framed {
                counter: own,
                size,
                genus,
                binary,
            };
            with_head(start, text, genus, options)
        }
        Ok(Role::Body) => native(text, size, binary, genus, options),
    }
}

/// A group of messages, whose head is in `text`: only a count that leads to the version of a body can be believed.
fn with_head(start: Start, text: &[u8], genus: Genus, options: &Options) -> Look {
    match head(text, genus, options, 0) {
        Head::More => Look::More,
        Head::Good | Head::Wrapped(..) => Look::Yes(start),
        Head::Bad(kind) if is_about_version(kind) => Look::Yes(start),
        Head::Bad(kind) => Look::No(kind),
    }
}

/// Whether the head is that of a body, if of one that is not supported.
fn is_about_version(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Kind | ErrorKind::Protocol | ErrorKind::Version
    )
}

/// A native or wrapped body, whose head is in `text`.
fn native(text: &[u8], size: u64, binary: bool, genus: Genus, options: &Options) -> Look {
    let domain = if binary { Domain::Binary } else { Domain::Text };
    let mut kind = Kind::Cesr;
    let mut wrapped = false;
    let found = match head(text, genus, options, 0) {
        Head::More => return Look::More,
        Head::Bad(kind) if is_about_version(kind) => Some(kind),
        Head::Bad(kind) => return Look::No(kind),
        Head::Good => None,
        Head::Wrapped(inner, problem) => {
            kind = inner;
            wrapped = true;
            problem
        }
    };
    let start = Start::Body {
        size,
        kind,
        genus,
        domain,
        wrapped,
    };
    found.map_or(Look::Yes(start), |kind| Look::Spoiled(kind, start))
}
