//! What a query asks for, as far as it decides whether it can be answered.
//!
//! Source: keri-events.md 18 (routes of qry); http.md 4.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::body::Token;
use kelpipe_cesr::primitive::Primitive;

use crate::decision::{Refusal, Reject};
use crate::event::{Fields, Seal};
use crate::prefix;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// A log.
    Log,
    /// A log that reaches this sequence number.
    LogUpTo(u128),
    /// A log with an event that carries this seal.
    LogSealing(Seal<'a>),
    /// A key state notice.
    State,
    /// Messages that wait for somebody.
    Mailbox,
}

/// A query about the log of an AID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// AID that is asked about.
    pub pre: &'a str,
    /// What is asked for.
    pub wanted: Wanted<'a>,
}

/// Fields of `q` that matter here.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    pre: Option<&'a str>,
    sn: Option<u128>,
    seal: Option<Seal<'a>>,
    source: bool,
}

impl<'a> Query<'a> {
    /// The query for the resource that `route` names; `None`: one of transaction event logs, of which nothing is kept.
    ///
    /// # Errors
    /// The route is not known, or a field that it needs is missing.
    pub(crate) fn of(route: &[u8], asked: &Asked<'a>) -> Result<Option<Query<'a>>, Refusal> {
        let wanted = match (route, asked.seal, asked.sn) {
            (b"logs", Some(seal), _) => Wanted::LogSealing(seal),
            (b"logs", None, Some(sn)) => Wanted::LogUpTo(sn),
            (b"logs", None, None) => Wanted::Log,
            (b"ksn", ..) => Wanted::State,
            (b"mbx", ..) => Wanted::Mailbox,
            (b"tels" | b"tsn", ..) => return Ok(None),
            _ => return Err(Reject::Query.into()),
        };
        let sealed = asked.seal.map(|seal| seal.pre);
        match asked.pre {
            Some(pre) if asked.source && [Some(pre), sealed].into_iter().flatten().all(is_aid) => {
                Ok(Some(Query { pre, wanted }))
            }
            _ => Err(Reject::Query.into()),
        }
    }
}

fn is_aid(text: &str) -> bool {
    prefix::code_of(text).is_some_and(|code| prefix::is_prefix(code, true))
}

/// Reads the map `q`, which has begun, to its end.
pub(crate) fn read<'a>(fields: &mut Fields<'a>) -> Result<Asked<'a>, Refusal> {
    let mut asked = Asked::default();
    loop {
        let label = match fields.reader.next()? {
            Token::Key(key) => key.raw,
            Token::MapEnd => return Ok(asked),
            _ => return Err(Reject::Fields.into()),
        };
        match label {
            b"i" => asked.pre = Some(fields.string()?),
            b"src" => {
                fields.string()?;
                asked.source = true;
            }
            b"s" => asked.sn = Some(fields.hex(true)?),
            b"a" => asked.seal = Some(seal(fields)?),
            _ => fields.skip()?,
        }
    }
}

/// An event seal, and nothing else.
fn seal<'a>(fields: &mut Fields<'a>) -> Result<Seal<'a>, Refusal> {
    let (mut seals, mut depth) = (Vec::new(), 1);
    if !matches!(fields.reader.next()?, Token::MapStart) {
        return Err(Reject::Query.into());
    }
    fields.seal(&mut seals, &mut depth)?;
    match seals.pop() {
        Some(seal) if depth == 0 => Ok(seal),
        _ => Err(Reject::Query.into()),
    }
}

/// A route; natively it stands in a tag or as Base64 text.
pub(crate) fn route(raw: &[u8], native: bool) -> Vec<u8> {
    if !native {
        return raw.to_vec();
    }
    let primitive = Primitive::parse_exact(raw, Alphabet::Strict).ok();
    let text = primitive.and_then(|primitive| {
        let tag = primitive.tag().map(str::to_owned);
        tag.or_else(|| primitive.bext())
    });
    text.map_or_else(Vec::new, String::into_bytes)
}

impl Query<'_> {
    /// The sequence number that it is about, as far as it names one.
    pub fn sn(&self) -> u128 {
        match self.wanted {
            Wanted::LogUpTo(sn) => sn,
            _ => 0,
        }
    }
}
