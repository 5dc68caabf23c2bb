//! Looks for the next message among bytes that are none. Source: cesr.md section 8, rule 4.

use super::start::{self, Look, Tables};
use crate::group::Genus;
use crate::limits::Options;

/// What may count as a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// Bodies, counters that begin messages, genus codes.
    Anything,
    /// JSON, CBOR and MessagePack bodies.
    Bodies,
}

/// The result of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A message begins at this byte.
    At(usize),
    /// Nothing before this byte, and more bytes are needed to judge it.
    Undecided(usize),
    /// Nothing.
    None,
}

/// The next start from `from` on. `last`: no more bytes will follow.
pub(super) fn next_start(
    bytes: &[u8],
    from: usize,
    what: For,
    tables: Tables,
    options: &Options,
    last: bool,
) -> Found {
    find(bytes, from, bytes.len(), what, tables, options, last)
}

/// The next start from `from` on and before `to`; bytes after that are only looked at to judge one before it.
pub(super) fn next_start_before(
    bytes: &[u8],
    from: usize,
    to: usize,
    what: For,
    tables: Tables,
    options: &Options,
) -> Found {
    find(bytes, from, to, what, tables, options, false)
}

/// Whether a body begins within some bytes.
pub(crate) enum Within {
    /// Here.
    Body(usize),
    /// Nowhere.
    Nothing,
    /// Not before this byte, where more bytes are needed to tell.
    Undecided(usize),
}

/// Looks for a JSON, CBOR or MessagePack body that begins from `from` on and before `to`.
pub(crate) fn body_within(bytes: &[u8], from: usize, to: usize, options: &Options) -> Within {
    // Bodies are known without any tables.
    let tables = Tables {
        explicit: None,
        recent: Genus::V2,
    };
    match find(
        bytes,
        from,
        to.min(bytes.len()),
        For::Bodies,
        tables,
        options,
        false,
    ) {
        Found::At(at) => Within::Body(at),
        Found::Undecided(at) => Within::Undecided(at),
        Found::None => Within::Nothing,
    }
}

fn find(
    bytes: &[u8],
    from: usize,
    to: usize,
    what: For,
    tables: Tables,
    options: &Options,
    last: bool,
) -> Found {
    let mut at = from;
    while at < to {
        let rest = &bytes[at..];
        let Some(step) = rest[..to - at]
            .iter()
            .position(|&byte| may_begin(byte, what))
        else {
            break;
        };
        at += step;
        let sure = match start::look(&bytes[at..], tables, options) {
            Look::Yes(start) => start::is_sure(&bytes[at..], &start, options),
            Look::More => None,
            Look::No(_) | Look::Spoiled(..) => Some(false),
        };
        match sure {
            Some(true) => return Found::At(at),
            None if !last => return Found::Undecided(at),
            _ => at += 1,
        }
    }
    Found::None
}

fn may_begin(byte: u8, what: For) -> bool {
    match byte {
        b'{' | 0x80..=0xbf | 0xde | 0xdf => true,
        b'-' | 0xf8..=0xfb => what == For::Anything,
        _ => false,
    }
}
