//! Messages without a state machine here: read strictly, SAID-checked, signatures checked by the engine.
//!
//! Source: keri-events.md 2, 3 and 18; which attachments each needs: cesr.md 5.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::body::{Span, Text, Token};
use kelpipe_cesr::primitive::Primitive;
use kelpipe_cesr::version::Version;

use crate::decision::{Refusal, Reject};
use crate::event::{Fields, ILK_ACDC, ILKS, Identity};
use crate::query::{self, Asked, Query};
use crate::{number, said};

/// What attachments a message must carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Couples or signature groups.
    Signatures,
    /// Nothing: signatures may be absent.
    Nothing,
}

/// A message that is read and checked only.
#[derive(Clone, Copy, Debug)]
pub struct Routed<'a> {
    /// Number of its type.
    pub ilk: u8,
    /// SAID.
    pub said: &'a str,
    /// The AID in `i`, or empty.
    pub pre: &'a str,
    /// What must be attached.
    pub needs: Needs,
    /// Of a query about a log: what it asks for.
    pub query: Option<Query<'a>>,
}

type Lists = &'static [&'static [&'static str]];

/// The field lists that a type may have, after `v` and `t`.
fn lists(ilk: &str, major: u8) -> Option<Lists> {
    Some(match (ilk, major) {
        ("qry" | "pro", 1) => &[&["d", "dt", "r", "rr", "q"]],
        ("qry" | "pro", _) => &[&["d", "i", "dt", "r", "rr", "q"]],
        ("rpy" | "bar", 1) => &[&["d", "dt", "r", "a"]],
        ("rpy" | "bar", _) => &[&["d", "i", "dt", "r", "a"]],
        ("exn", 1) => &[
            &["d", "i", "p", "dt", "r", "q", "a", "e"],
            &["d", "i", "rp", "p", "dt", "r", "q", "a", "e"],
        ],
        ("exn", _) => &[&["d", "i", "ri", "x", "p", "dt", "r", "q", "a"]],
        ("xip", 2) => &[&["d", "u", "i", "ri", "dt", "r", "q", "a"]],
        ("vcp", 1) => &[&["d", "i", "ii", "s", "c", "bt", "b", "n"]],
        ("vrt", 1) => &[&["d", "i", "p", "s", "bt", "br", "ba"]],
        ("iss", 1) => &[&["d", "i", "s", "ri", "dt"]],
        ("rev", 1) => &[&["d", "i", "s", "ri", "p", "dt"]],
        ("bis", 1) => &[&["d", "i", "ii", "s", "ra", "dt"]],
        ("brv", 1) => &[&["d", "i", "s", "p", "ra", "dt"]],
        _ => return None,
    })
}

struct Field<'a> {
    label: &'a [u8],
    text: Option<Text<'a>>,
}

/// Reads the remaining fields of the top map; nested values are skipped, still strictly, but for what a query asks.
fn collect<'a>(
    fields: &mut Fields<'a>,
    asked: &mut Option<Asked<'a>>,
) -> Result<Vec<Field<'a>>, Refusal> {
    let mut found = Vec::with_capacity(9);
    loop {
        let label = match fields.reader.next()? {
            Token::Key(key) => key.raw,
            Token::MapEnd => return Ok(found),
            _ => return Err(Reject::Fields.into()),
        };
        let text = match fields.reader.next()? {
            Token::Text(text) => Some(text),
            Token::Primitive(primitive) => {
                let end = fields.reader.position();
                let span = Span {
                    start: end - primitive.text.len() as u32,
                    end,
                };
                Some(Text {
                    raw: primitive.text.as_bytes(),
                    escaped: false,
                    span,
                })
            }
            Token::MapStart if label == b"q" && asked.is_some() => {
                *asked = Some(query::read(fields)?);
                None
            }
            Token::ListStart | Token::MapStart => {
                fields.skip_open()?;
                None
            }
            _ => None,
        };
        found.push(Field { label, text });
    }
}

fn field<'a, 'f>(found: &'f [Field<'a>], label: &str) -> Option<&'f Field<'a>> {
    found.iter().find(|field| field.label == label.as_bytes())
}

fn raw<'a>(found: &[Field<'a>], label: &str) -> &'a [u8] {
    let text = field(found, label).and_then(|field| field.text);
    text.map_or(&[], |text| text.raw)
}

fn primitive<'a>(
    found: &[Field<'a>],
    label: &str,
) -> Result<Option<(Span, Primitive<'a>)>, Refusal> {
    let Some(text) = field(found, label).and_then(|field| field.text) else {
        return Ok(None);
    };
    if text.raw.is_empty() {
        return Ok(None);
    }
    Ok(Some((
        text.span,
        Primitive::parse_exact(text.raw, Alphabet::Strict)?,
    )))
}

fn identify<'a>(found: &[Field<'a>], identity: &mut Identity<'a>) {
    let text = |label: &str| {
        field(found, label)
            .and_then(|field| field.text)
            .and_then(|text| std::str::from_utf8(text.raw).ok())
    };
    identity.said = text("d").unwrap_or("");
    identity.pre = text("i").unwrap_or("");
    identity.sn = text("s")
        .and_then(|text| number::hex(text.as_bytes(), true))
        .unwrap_or(0);
}

fn verify_said(bytes: &[u8], found: &[Field<'_>], labels: &[&str]) -> Result<(), Refusal> {
    let mut saids = Vec::with_capacity(2);
    for label in labels {
        saids.push(primitive(found, label)?.ok_or(Reject::FieldValue)?);
    }
    if said::digest_of(saids[0].1.row.code).is_none() {
        return Err(Reject::SaidCode.into());
    }
    if said::verify(bytes, &saids) {
        Ok(())
    } else {
        Err(Reject::Said.into())
    }
}

/// Reads a routed, query, exchange or TEL message after its `t`.
pub(crate) fn read_routed<'a>(
    mut fields: Fields<'a>,
    version: &Version,
    identity: &mut Identity<'a>,
) -> Result<Routed<'a>, Refusal> {
    let ilk = ILKS[usize::from(identity.ilk)];
    let lists = lists(ilk, version.major).ok_or(Reject::UnknownType)?;
    let mut asked = (ilk == "qry").then(Asked::default);
    let native = fields.native;
    let found = collect(&mut fields, &mut asked)?;
    identify(&found, identity);
    let same = |list: &&[&str]| {
        list.len() == found.len()
            && list
                .iter()
                .zip(&found)
                .all(|(label, field)| label.as_bytes() == field.label)
    };
    if !lists.iter().any(same) {
        return Err(Reject::Fields.into());
    }
    let bytes = fields.bytes;
    fields.reader.finish()?;
    verify_said(
        bytes,
        &found,
        if ilk == "vcp" { &["d", "i"] } else { &["d"] },
    )?;
    let query = match asked {
        Some(asked) => Query::of(&query::route(raw(&found, "r"), native), &asked)?,
        None => None,
    };
    if let Some(query) = query {
        (identity.pre, identity.sn) = (query.pre, query.sn());
    }
    let needs = if matches!(ilk, "rpy" | "qry" | "exn") {
        Needs::Signatures
    } else {
        Needs::Nothing
    };
    Ok(Routed {
        ilk: identity.ilk,
        said: identity.said,
        pre: identity.pre,
        needs,
        query,
    })
}

/// Reads an ACDC after its `v`. Stable's rule for v1: v d i s in this order, others anywhere between.
pub(crate) fn read_acdc<'a>(
    mut fields: Fields<'a>,
    version: &Version,
    identity: &mut Identity<'a>,
) -> Result<Routed<'a>, Refusal> {
    identity.ilk = ILK_ACDC;
    let found = collect(&mut fields, &mut None)?;
    identify(&found, identity);
    if version.major >= 2 {
        if let Some(name) = field(&found, "t").and_then(|field| field.text) {
            let known = ILKS
                .iter()
                .position(|ilk| ilk.as_bytes() == name.raw)
                .ok_or(Reject::UnknownType)?;
            identity.ilk = known as u8;
        }
    } else {
        let mut needed = ["d", "i", "s"].into_iter().peekable();
        for field in &found {
            if needed
                .peek()
                .is_some_and(|label| label.as_bytes() == field.label)
            {
                needed.next();
            }
        }
        if needed.peek().is_some() {
            return Err(Reject::Fields.into());
        }
    }
    let bytes = fields.bytes;
    fields.reader.finish()?;
    if version.major < 2 {
        verify_said(bytes, &found, &["d"])?;
    }
    Ok(Routed {
        ilk: identity.ilk,
        said: identity.said,
        pre: identity.pre,
        needs: Needs::Nothing,
        query: None,
    })
}
