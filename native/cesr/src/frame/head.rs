//! The head of a group: from its counter through the groups inside it to the version of the first body. It tells a
//! message from bytes that only look like a counter.

use super::start::{Look, Start, body};
use crate::base64;
use crate::codes::{self, Unit};
use crate::error::ErrorKind;
use crate::group::Genus;
use crate::group::spec::{self, Role};
use crate::limits::{Alphabet, Options};
use crate::primitive::Primitive;
use crate::version::Kind;

/// Groups inside groups that a head is followed through.
const HEAD_DEPTH_MAX: u32 = 16;

/// What a group begins with.
pub(super) enum Head {
    More,
    Bad(ErrorKind),
    Good,
    /// A wrapped body of this kind, and what is wrong with its sizes.
    Wrapped(Kind, Option<ErrorKind>),
}

/// Follows the counters at the start of `text` to the version of the first body.
pub(super) fn head(text: &[u8], genus: Genus, options: &Options, depth: u32) -> Head {
    let counter = match spec::counter(text, genus, false) {
        Ok(counter) if counter.row.unit == Unit::Quadlets => counter,
        Ok(_) => return Head::Bad(ErrorKind::CountCode),
        Err(error) if error.kind == ErrorKind::Truncated => return Head::More,
        Err(error) => return Head::Bad(error.kind),
    };
    let letter = counter
        .row
        .code
        .as_bytes()
        .last()
        .copied()
        .unwrap_or_default();
    let size = counter.content_size().unwrap_or_default();
    let rest = text.get(counter.size()..).unwrap_or_default();
    let rest = &rest[..rest.len().min(usize::try_from(size).unwrap_or(usize::MAX))];
    let cut = (rest.len() as u64) == size;
    let more = |head: Head| {
        if cut && matches!(head, Head::More) {
            Head::Bad(ErrorKind::GroupSize)
        } else {
            head
        }
    };
    match (genus.major, letter) {
        (2.., b'F') => more(verser(rest)),
        (2.., b'G') => match rest.get(..4) {
            Some(b"0J_v") => more(verser(&rest[4..])),
            Some(_) => Head::Bad(ErrorKind::FieldOrder),
            None => more(Head::More),
        },
        (2.., b'H') | (0..2, b'W') => more(wrapped(rest, size, options)),
        (2.., b'A' | b'B') | (0..2, b'T' | b'U') => {
            if depth >= HEAD_DEPTH_MAX || cut && rest.is_empty() {
                return Head::Bad(if cut {
                    ErrorKind::EmptyGroup
                } else {
                    ErrorKind::GroupDepth
                });
            }
            let (skip, genus) = leading_genus(rest, genus);
            let inner = more(head(
                rest.get(skip..).unwrap_or_default(),
                genus,
                options,
                depth + 1,
            ));
            if let Head::Wrapped(_, problem) = inner {
                problem.map_or(Head::Good, Head::Bad)
            } else {
                inner
            }
        }
        _ => Head::Bad(ErrorKind::CountCode),
    }
}

/// Size and meaning of a genus code at the start of `text`, if there is one.
fn leading_genus(text: &[u8], genus: Genus) -> (usize, Genus) {
    match spec::counter(text, genus, false) {
        Ok(counter) => match spec::role(&counter, genus) {
            Ok(Role::Genus(genus)) => (counter.size(), genus),
            _ => (0, genus),
        },
        Err(_) => (0, genus),
    }
}

/// The version of a native body.
fn verser(text: &[u8]) -> Head {
    match Primitive::parse(text, Alphabet::Strict) {
        Err(error) if error.kind == ErrorKind::Truncated => Head::More,
        Err(error) => Head::Bad(error.kind),
        Ok(primitive) => match primitive.verser() {
            Ok(_) if primitive.row.code == "0O" => Head::Good,
            Ok(_) => Head::Bad(ErrorKind::Version),
            Err(kind) => Head::Bad(kind),
        },
    }
}

/// The primitive of a wrapped body, of which the group's `size` characters must be filled.
fn wrapped(text: &[u8], size: u64, options: &Options) -> Head {
    let row = match codes::matter_at(text) {
        Ok(row) if row.is_bytes() => row,
        Ok(_) => return Head::Bad(ErrorKind::WrongCode),
        Err(ErrorKind::Truncated) => return Head::More,
        Err(kind) => return Head::Bad(kind),
    };
    let (hs, cs) = (usize::from(row.hs), usize::from(row.cs()));
    let Some(soft) = text.get(hs..cs) else {
        return Head::More;
    };
    let Some(quadlets) = base64::integer(soft) else {
        return Head::Bad(ErrorKind::SoftPart);
    };
    let filled = text.len() - cs;
    let value = &text[cs..cs + filled.min(64.min(quadlets as usize * 4)) / 4 * 4];
    // Only what stands before a foreign character counts: a head that was known stays known when more bytes come.
    let foreign = base64::first_foreign(value, Alphabet::Strict);
    let value = &value[..foreign.unwrap_or(value.len()) / 4 * 4];
    let mut raw = [0; 48];
    let raw_size = base64::decode(value, &mut raw).unwrap_or_default();
    let inner = raw.get(usize::from(row.ls)..raw_size).unwrap_or_default();
    match body(inner, options) {
        Look::More if foreign.is_some() => Head::Bad(ErrorKind::Alphabet),
        Look::More if value.len() < 64 && value.len() < quadlets as usize * 4 => Head::More,
        Look::More => Head::Bad(ErrorKind::Version),
        Look::No(kind) | Look::Spoiled(kind, _) => Head::Bad(kind),
        Look::Yes(Start::Body {
            size: inner_size,
            kind,
            ..
        }) => {
            let fits = u64::from(quadlets) * 4 + cs as u64 == size
                && inner_size + u64::from(row.ls) == u64::from(quadlets) * 3;
            Head::Wrapped(kind, (!fits).then_some(ErrorKind::GroupSize))
        }
        Look::Yes(_) => Head::Bad(ErrorKind::ColdStart),
    }
}
