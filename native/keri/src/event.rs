//! Reads a message body into its typed form, strictly in field order, and checks its SAID.
//!
//! Source: keri-events.md 2–4.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::body::{Integer, Reader, Span, Text, Token};
use kelpipe_cesr::primitive::Primitive;
use kelpipe_cesr::version::{Kind, Protocol, V1_SIZE, V2_SIZE, Version};
use kelpipe_cesr::{Error, ErrorKind};
use smallvec::SmallVec;

use crate::batch::codec_options;
use crate::decision::{Refusal, Reject};
use crate::options::Options;
use crate::said::When;
use crate::threshold::Threshold;
use crate::{number, prefix, quick, routed};

/// Message types of key event logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ilk {
    /// Inception.
    Icp = 0,
    /// Rotation.
    Rot = 1,
    /// Interaction.
    Ixn = 2,
    /// Delegated inception.
    Dip = 3,
    /// Delegated rotation.
    Drt = 4,
}

impl Ilk {
    /// Text of this type.
    pub const fn name(self) -> &'static str {
        ILKS[self as usize]
    }

    /// The type with this number.
    pub fn from_index(index: u8) -> Option<Ilk> {
        [Ilk::Icp, Ilk::Rot, Ilk::Ixn, Ilk::Dip, Ilk::Drt]
            .into_iter()
            .find(|ilk| *ilk as u8 == index)
    }

    /// Whether it is an inception.
    pub const fn incepts(self) -> bool {
        matches!(self, Ilk::Icp | Ilk::Dip)
    }

    /// Whether it establishes keys.
    pub const fn establishes(self) -> bool {
        !matches!(self, Ilk::Ixn)
    }

    /// Whether it needs the delegator's anchor.
    pub const fn delegated(self) -> bool {
        matches!(self, Ilk::Dip | Ilk::Drt)
    }
}

/// Every message type by its number in the `ilk` column. The last one stands for ACDCs without a type.
pub const ILKS: [&str; 33] = [
    "icp", "rot", "ixn", "dip", "drt", "rct", "qry", "rpy", "pro", "bar", "xip", "exn", "vcp",
    "vrt", "iss", "rev", "bis", "brv", "acm", "act", "acg", "ace", "sch", "att", "agg", "edg",
    "rul", "rip", "bup", "upd", "bad", "rvk", "acdc",
];
/// Number of `rct`.
pub const ILK_RECEIPT: u8 = 5;
/// Number that stands for an unreadable message.
pub const ILK_UNKNOWN: u8 = 30;
/// Number of an ACDC without a type.
pub const ILK_ACDC: u8 = 32;

/// An event seal as it stands in `a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal<'a> {
    /// AID.
    pub pre: &'a str,
    /// Sequence number.
    pub sn: u128,
    /// SAID.
    pub said: &'a str,
}

/// A key event.
#[derive(Clone, Debug)]
pub struct KeyEvent<'a> {
    /// Type.
    pub ilk: Ilk,
    /// Major version.
    pub major: u8,
    /// `d`.
    pub said: &'a str,
    /// `i`.
    pub pre: &'a str,
    /// `s`.
    pub sn: u128,
    /// `p`; empty for an inception.
    pub prior: &'a str,
    /// `kt`; 0 for an interaction, none if malformed.
    pub kt: Option<Threshold>,
    /// `k`.
    pub keys: Vec<&'a str>,
    /// `nt`, likewise.
    pub nt: Option<Threshold>,
    /// `n`.
    pub next: Vec<&'a str>,
    /// `bt`.
    pub toad: u128,
    /// `b`.
    pub witnesses: Vec<&'a str>,
    /// `br`.
    pub cuts: Vec<&'a str>,
    /// `ba`.
    pub adds: Vec<&'a str>,
    /// `EO` in `c`.
    pub establishment_only: bool,
    /// `DND` in `c`.
    pub do_not_delegate: bool,
    /// Event seals in `a`, in order. One whose `s` is not canonical can match no event and is left out.
    pub seals: Vec<Seal<'a>>,
    /// Whether `a` holds nothing at all.
    pub anchors_nothing: bool,
    /// `di`; empty unless a delegated inception.
    pub delegator: &'a str,
}

impl<'a> KeyEvent<'a> {
    /// An event without anything else in it.
    pub(crate) fn new(ilk: Ilk, major: u8, said: &'a str, pre: &'a str, sn: u128) -> KeyEvent<'a> {
        KeyEvent {
            ilk,
            major,
            said,
            pre,
            sn,
            prior: "",
            kt: Some(Threshold::Number(0)),
            keys: Vec::new(),
            nt: Some(Threshold::Number(0)),
            next: Vec::new(),
            toad: 0,
            witnesses: Vec::new(),
            cuts: Vec::new(),
            adds: Vec::new(),
            establishment_only: false,
            do_not_delegate: false,
            seals: Vec::new(),
            anchors_nothing: true,
            delegator: "",
        }
    }

    /// Whether it has a field `c`.
    pub(crate) fn has_traits(&self) -> bool {
        self.ilk.incepts() || (self.ilk.establishes() && self.major >= 2)
    }
}

/// A receipt message.
#[derive(Clone, Copy, Debug)]
pub struct Receipt<'a> {
    /// `d`: SAID of the receipted event.
    pub said: &'a str,
    /// `i`.
    pub pre: &'a str,
    /// `s`.
    pub sn: u128,
    /// Major version.
    pub major: u8,
}

/// A message in its typed form.
#[derive(Clone, Debug)]
pub enum Message<'a> {
    /// icp rot ixn dip drt.
    KeyEvent(Box<KeyEvent<'a>>),
    /// rct.
    Receipt(Receipt<'a>),
    /// Anything without a state machine here.
    Routed(routed::Routed<'a>),
}

/// What can be said of a message even if it is refused.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// Number of its type in [`ILKS`].
    pub ilk: u8,
    /// AID, if it was read.
    pub pre: &'a str,
    /// SAID, if it was read.
    pub said: &'a str,
    /// Sequence number, if it was read.
    pub sn: u128,
}

impl Default for Identity<'_> {
    fn default() -> Self {
        Identity {
            ilk: ILK_UNKNOWN,
            pre: "",
            said: "",
            sn: 0,
        }
    }
}

/// Wraps one JSON value so that a [`Reader`], which reads maps, can read it.
pub(crate) fn wrapped(value: &[u8]) -> Vec<u8> {
    [b"{\"\":", value, b"}"].concat()
}

/// A reader that stands before the value that [`wrapped`] wrapped.
pub(crate) fn value_reader(wrapped: &[u8]) -> Result<Reader<'_>, Refusal> {
    let mut reader = Reader::new(Kind::Json, wrapped, &kelpipe_cesr::Options::default());
    match (reader.next()?, reader.next()?) {
        (Token::MapStart, Token::Key(_)) => Ok(reader),
        _ => Err(Reject::FieldValue.into()),
    }
}

/// Where a version string may begin in a body, at most (cesr.md 3).
const VERSION_OFFSET_MAX: usize = 12;

/// The version of a body in text form.
///
/// # Errors
/// That of the reference when there is no version string at its place.
pub fn version_of(body: &[u8]) -> Result<Version, Error> {
    if body.first() == Some(&b'-') {
        return native_version(body);
    }
    if let Some(version) = json_version(body) {
        return Ok(version);
    }
    let mut first_error = None;
    for at in 0..=VERSION_OFFSET_MAX.min(body.len()) {
        for size in [V1_SIZE, V2_SIZE] {
            let Some(text) = body.get(at..at + size) else {
                continue;
            };
            match Version::parse(text) {
                Ok(version) => return Ok(version),
                Err(error) if error.kind != ErrorKind::Version => {
                    first_error = first_error.or(Some(error));
                }
                Err(_) => {}
            }
        }
    }
    Err(first_error.unwrap_or(Error::new(ErrorKind::Version, 0)))
}

/// The version of a JSON body that begins with it, as nearly all do.
fn json_version(body: &[u8]) -> Option<Version> {
    let text = body.strip_prefix(br#"{"v":""#)?;
    Version::parse(text.get(..V1_SIZE)?).ok()
}

/// A native body has no version string of its own: protocol and version stand in its first field, the size is its own.
fn native_version(body: &[u8]) -> Result<Version, Error> {
    let counter = if body.get(1) == Some(&b'-') { 8 } else { 4 };
    let mut at = counter;
    if body.get(counter - if counter == 8 { 6 } else { 3 }) == Some(&b'G') {
        at += Primitive::parse(body.get(at..).unwrap_or(&[]), Alphabet::Strict)?
            .text
            .len();
    }
    let verser = Primitive::parse(body.get(at..).unwrap_or(&[]), Alphabet::Strict)?;
    let version = verser.verser().map_err(|kind| Error::new(kind, at))?;
    Ok(Version {
        kind: Kind::Cesr,
        size: body.len() as u32,
        ..version
    })
}

/// Reads one body.
///
/// `identity` is filled as far as reading came, also when the message is refused.
///
/// # Errors
/// The first rule that the body breaks.
pub fn read<'a>(
    bytes: &'a [u8],
    version: &Version,
    options: &Options,
    identity: &mut Identity<'a>,
) -> Result<Message<'a>, Refusal> {
    read_and_check(bytes, version, options, identity, &mut When::Now)
}

/// As [`read`], but the SAID of a key event is checked as `when` says.
pub(crate) fn read_and_check<'a>(
    bytes: &'a [u8],
    version: &Version,
    options: &Options,
    identity: &mut Identity<'a>,
    when: &mut When<'a>,
) -> Result<Message<'a>, Refusal> {
    let read = match quick::read(bytes, version, options.limits.depth_max) {
        Some(found) => {
            *identity = found.identity();
            Read::KeyEvent(found)
        }
        None => read_tokens(bytes, version, options, identity)?,
    };
    match read {
        Read::KeyEvent(found) => {
            check_event(&found, bytes, options, when)?;
            Ok(Message::KeyEvent(found.event))
        }
        Read::Other(message) => Ok(message),
    }
}

/// A key event whose prefix and SAID are still to be checked.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    /// The event.
    pub event: Box<KeyEvent<'a>>,
    /// `d`.
    pub said: Placed<'a>,
    /// `i`.
    pub pre: Placed<'a>,
}

/// A primitive and where it stands in the body.
pub(crate) type Placed<'a> = (Span, Primitive<'a>);

impl<'a> Found<'a> {
    fn identity(&self) -> Identity<'a> {
        Identity {
            ilk: self.event.ilk as u8,
            pre: self.event.pre,
            said: self.event.said,
            sn: self.event.sn,
        }
    }
}

/// A body as its tokens say.
#[derive(Debug)]
pub(crate) enum Read<'a> {
    KeyEvent(Found<'a>),
    Other(Message<'a>),
}

pub(crate) fn read_tokens<'a>(
    bytes: &'a [u8],
    version: &Version,
    options: &Options,
    identity: &mut Identity<'a>,
) -> Result<Read<'a>, Refusal> {
    let mut fields = Fields {
        reader: Reader::new(version.kind, bytes, &codec_options(options)),
        bytes,
        strict: options.switches.on(8),
        head: options.head(version.major),
        native: version.kind == Kind::Cesr,
    };
    match fields.reader.next()? {
        Token::MapStart => {}
        _ => return Err(Reject::Fields.into()),
    }
    fields.key("v")?;
    let text = fields.text()?;
    if options.switches.on(7) && !fields.native && Version::parse(text.raw)? != *version {
        return Err(Reject::Fields.into());
    }
    if version.protocol == Protocol::Acdc {
        let message = routed::read_acdc(fields, version, identity).map(Message::Routed);
        return message.map(Read::Other);
    }
    fields.key("t")?;
    let name = fields.tag()?;
    let ilk = ILKS
        .iter()
        .position(|ilk| ilk.as_bytes() == name)
        .ok_or(Reject::UnknownType)?;
    identity.ilk = ilk as u8;
    if let Some(ilk) = Ilk::from_index(ilk as u8) {
        return read_event(fields, ilk, version.major, identity).map(Read::KeyEvent);
    }
    let message = if identity.ilk == ILK_RECEIPT {
        read_receipt(fields, version.major, identity).map(Message::Receipt)
    } else {
        routed::read_routed(fields, version, identity).map(Message::Routed)
    };
    message.map(Read::Other)
}

/// All tokens of one value.
pub(crate) fn value_tokens<'a>(
    reader: &mut Reader<'a>,
) -> Result<SmallVec<[Token<'a>; 1]>, Refusal> {
    let (mut tokens, mut depth) = (SmallVec::new(), 0u32);
    loop {
        let token = reader.next()?;
        match token {
            Token::ListStart | Token::MapStart => depth += 1,
            Token::ListEnd | Token::MapEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens.push(token);
        if depth == 0 {
            return Ok(tokens);
        }
    }
}

/// The value of an integer that is not negative.
pub(crate) fn integer_value(integer: Integer<'_>) -> Option<u128> {
    match integer {
        Integer::Digits(digits) => number::decimal(digits),
        Integer::Negative(_) => None,
        Integer::Unsigned(value) => Some(value.into()),
    }
}

/// A cursor over the fields of a top-level map.
pub(crate) struct Fields<'a> {
    pub reader: Reader<'a>,
    pub bytes: &'a [u8],
    pub strict: bool,
    pub head: bool,
    pub native: bool,
}

type List<'a> = Vec<&'a str>;

impl<'a> Fields<'a> {
    /// The next key must be `label`.
    pub fn key(&mut self, label: &str) -> Result<(), Refusal> {
        match self.reader.next()? {
            Token::Key(text) if text.raw == label.as_bytes() => Ok(()),
            _ => Err(Reject::Fields.into()),
        }
    }

    /// A text or a native primitive.
    pub fn text(&mut self) -> Result<Text<'a>, Refusal> {
        match self.reader.next()? {
            Token::Text(text) => Ok(text),
            Token::Primitive(primitive) => Ok(self.primitive_text(&primitive)),
            _ => Err(Reject::FieldValue.into()),
        }
    }

    /// A text, or what a native tag says.
    fn tag(&mut self) -> Result<&'a [u8], Refusal> {
        match self.reader.next()? {
            Token::Text(text) => Ok(text.raw),
            Token::Primitive(primitive) => {
                let tag = primitive.tag().ok_or(Reject::FieldValue)?;
                Ok(tag.as_bytes())
            }
            _ => Err(Reject::FieldValue.into()),
        }
    }

    fn primitive_text(&self, primitive: &Primitive<'a>) -> Text<'a> {
        let end = self.reader.position();
        Text {
            raw: primitive.text.as_bytes(),
            escaped: false,
            span: Span {
                start: end - primitive.text.len() as u32,
                end,
            },
        }
    }

    /// A text field as a string.
    pub fn string(&mut self) -> Result<&'a str, Refusal> {
        let text = self.text()?;
        std::str::from_utf8(text.raw).map_err(|_| Reject::FieldValue.into())
    }

    /// A primitive, with the span of its text.
    pub fn primitive(&mut self) -> Result<(Span, Primitive<'a>), Refusal> {
        let text = self.text()?;
        Ok((
            text.span,
            Primitive::parse_exact(text.raw, Alphabet::Strict)?,
        ))
    }

    /// A hexadecimal number. `integers`: written as a JSON integer it is taken under HARDEN 8, too.
    pub fn hex(&mut self, integers: bool) -> Result<u128, Refusal> {
        let value = match self.reader.next()? {
            Token::Text(text) => number::hex(text.raw, self.strict),
            Token::Integer(integer) if !self.strict => integer_value(integer),
            Token::Integer(integer) if integers => {
                integer_value(integer).filter(|value| *value <= u128::from(u32::MAX))
            }
            Token::Primitive(primitive) => crate::native::number(&primitive),
            _ => None,
        };
        value.ok_or(Reject::FieldValue.into())
    }

    /// A threshold; a malformed one is a matter of the rules, not of the body. Nested weights are head's alone.
    fn threshold(&mut self) -> Result<Option<Threshold>, Refusal> {
        let tokens = value_tokens(&mut self.reader)?;
        let threshold = Threshold::of_tokens(&tokens, self.strict);
        Ok(threshold.filter(|threshold| self.head || !threshold.has_nested()))
    }

    fn list(&mut self) -> Result<List<'a>, Refusal> {
        let mut list = List::new();
        match self.reader.next()? {
            Token::ListStart => self.rest_of_list(&mut list)?,
            _ => return Err(Reject::FieldValue.into()),
        }
        Ok(list)
    }

    fn rest_of_list(&mut self, list: &mut List<'a>) -> Result<(), Refusal> {
        loop {
            let raw = match self.reader.next()? {
                Token::ListEnd => return Ok(()),
                Token::Text(text) => text.raw,
                Token::Primitive(primitive) => primitive.text.as_bytes(),
                _ => return Err(Reject::FieldValue.into()),
            };
            list.push(std::str::from_utf8(raw).map_err(|_| Refusal::from(Reject::FieldValue))?);
        }
    }

    /// Whether `c` holds `EO` and `DND`. The reference looks for them in whatever stands there, a text too.
    fn traits(&mut self) -> Result<(bool, bool), Refusal> {
        let mut list = List::new();
        match self.reader.next()? {
            Token::ListStart => self.rest_of_list(&mut list)?,
            Token::Text(text) => {
                let has = |name: &[u8]| text.raw.windows(name.len()).any(|part| part == name);
                return Ok((has(b"EO"), has(b"DND")));
            }
            _ => return Err(Reject::FieldValue.into()),
        }
        let has = |name: &str| {
            list.iter()
                .any(|item| *item == name || crate::native::tag(item) == Some(name))
        };
        Ok((has("EO"), has("DND")))
    }

    /// The seals in `a`: a list (or, natively, a map) of anything; event seals are the maps of exactly i, s, d.
    /// Also tells whether there is nothing in it.
    fn seals(&mut self) -> Result<(Vec<Seal<'a>>, bool), Refusal> {
        let (mut seals, mut empty) = (Vec::new(), true);
        let mut depth = match self.reader.next()? {
            Token::ListStart | Token::MapStart => 1u32,
            Token::Text(text) => return Ok((seals, text.raw.is_empty())),
            _ => return Err(Reject::FieldValue.into()),
        };
        loop {
            match self.reader.next()? {
                Token::MapStart if depth == 1 => {
                    depth += 1;
                    self.seal(&mut seals, &mut depth)?;
                }
                Token::ListStart | Token::MapStart => depth += 1,
                Token::ListEnd | Token::MapEnd => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok((seals, empty));
            }
            empty = false;
        }
    }

    /// Reads a map's fields as long as they are those of an event seal; the rest is left to the caller.
    pub fn seal(&mut self, seals: &mut Vec<Seal<'a>>, depth: &mut u32) -> Result<(), Refusal> {
        let (mut pre, mut said, mut sn) = ("", "", None);
        for label in ["i", "s", "d"] {
            match self.reader.next()? {
                Token::Key(key) if key.raw == label.as_bytes() => {}
                Token::MapEnd => {
                    *depth -= 1;
                    return Ok(());
                }
                _ => return Ok(()),
            }
            let text = match self.reader.next()? {
                Token::Text(text) => std::str::from_utf8(text.raw).unwrap_or(""),
                Token::Primitive(primitive) => primitive.text,
                Token::ListStart | Token::MapStart => {
                    *depth += 1;
                    return Ok(());
                }
                _ => return Ok(()),
            };
            match label {
                "i" => pre = text,
                "d" => said = text,
                _ => sn = crate::native::seal_number(text, self.native),
            }
        }
        match self.reader.next()? {
            Token::MapEnd => *depth -= 1,
            _ => return Ok(()),
        }
        seals.extend(sn.map(|sn| Seal { pre, sn, said }));
        Ok(())
    }

    /// Passes over the next value.
    pub fn skip(&mut self) -> Result<(), Refusal> {
        match self.reader.next()? {
            Token::ListStart | Token::MapStart => self.skip_open(),
            _ => Ok(()),
        }
    }

    /// Passes over the rest of a list or map that has begun.
    pub fn skip_open(&mut self) -> Result<(), Refusal> {
        let mut depth = 1u32;
        while depth > 0 {
            match self.reader.next()? {
                Token::ListStart | Token::MapStart => depth += 1,
                Token::ListEnd | Token::MapEnd => depth -= 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// No field may follow.
    pub fn end(mut self) -> Result<(), Refusal> {
        match self.reader.next()? {
            Token::MapEnd => Ok(self.reader.finish()?),
            _ => Err(Reject::Fields.into()),
        }
    }
}

fn check_said<'a>(
    options: &Options,
    body: &'a [u8],
    fields: &[(Span, Primitive<'a>)],
    said: &mut When<'a>,
) -> Result<(), Refusal> {
    if options.switches.on(4)
        && !fields
            .first()
            .is_some_and(|(_, said)| prefix::is_digest(said.row.code))
    {
        return Err(Reject::SaidCode.into());
    }
    if said.verify(body, fields) {
        Ok(())
    } else {
        Err(Reject::Said.into())
    }
}

fn read_event<'a>(
    mut fields: Fields<'a>,
    ilk: Ilk,
    major: u8,
    identity: &mut Identity<'a>,
) -> Result<Found<'a>, Refusal> {
    fields.key("d")?;
    let said = fields.primitive()?;
    identity.said = said.1.text;
    fields.key("i")?;
    let pre = fields.primitive()?;
    identity.pre = pre.1.text;
    fields.key("s")?;
    let sn = fields.hex(false)?;
    identity.sn = sn;
    let event = KeyEvent::new(ilk, major, said.1.text, pre.1.text, sn);
    let mut event = Box::new(event);
    read_rest(&mut fields, &mut event)?;
    fields.end()?;
    Ok(Found { event, said, pre })
}

/// The tests of a body that was read: its prefix, and its SAID.
fn check_event<'a>(
    found: &Found<'a>,
    bytes: &'a [u8],
    options: &Options,
    when: &mut When<'a>,
) -> Result<(), Refusal> {
    let Found { event, said, pre } = found;
    check_prefix(event, pre.1.row.code, options.head(event.major))?;
    let saids = [*said, *pre];
    let count = if event.ilk.incepts() { 2 } else { 1 };
    check_said(options, bytes, &saids[..count], when)
}

fn read_rest<'a>(fields: &mut Fields<'a>, event: &mut KeyEvent<'a>) -> Result<(), Refusal> {
    if !event.ilk.incepts() {
        fields.key("p")?;
        event.prior = fields.string()?;
    }
    if event.ilk.establishes() {
        fields.key("kt")?;
        event.kt = fields.threshold()?;
        fields.key("k")?;
        event.keys = fields.list()?;
        fields.key("nt")?;
        event.nt = fields.threshold()?;
        fields.key("n")?;
        event.next = fields.list()?;
        fields.key("bt")?;
        event.toad = fields.hex(true)?;
        if event.ilk.incepts() {
            fields.key("b")?;
            event.witnesses = fields.list()?;
        } else {
            fields.key("br")?;
            event.cuts = fields.list()?;
            fields.key("ba")?;
            event.adds = fields.list()?;
        }
        if event.has_traits() {
            fields.key("c")?;
            (event.establishment_only, event.do_not_delegate) = fields.traits()?;
        }
    }
    fields.key("a")?;
    (event.seals, event.anchors_nothing) = fields.seals()?;
    if event.ilk == Ilk::Dip {
        fields.key("di")?;
        let (_, delegator) = fields.primitive()?;
        if !prefix::is_prefix(delegator.row.code, fields.head) {
            return Err(Reject::Prefix.into());
        }
        event.delegator = delegator.text;
    }
    Ok(())
}

/// The tests that 1.1.17 makes together with the SAID: nothing of a failing message is stored.
fn check_prefix(event: &KeyEvent<'_>, code: &str, head: bool) -> Result<(), Refusal> {
    if !prefix::is_prefix(code, head) || (event.ilk.delegated() && !prefix::is_digest(code)) {
        return Err(Reject::Prefix.into());
    }
    if prefix::is_nontransferable(code)
        && !(event.next.is_empty() && event.witnesses.is_empty() && event.anchors_nothing)
    {
        return Err(Reject::Nontransferable.into());
    }
    Ok(())
}

fn read_receipt<'a>(
    mut fields: Fields<'a>,
    major: u8,
    identity: &mut Identity<'a>,
) -> Result<Receipt<'a>, Refusal> {
    fields.key("d")?;
    let (_, said) = fields.primitive()?;
    identity.said = said.text;
    fields.key("i")?;
    let (_, pre) = fields.primitive()?;
    identity.pre = pre.text;
    fields.key("s")?;
    let sn = fields.hex(false)?;
    identity.sn = sn;
    let head = fields.head;
    fields.end()?;
    if !prefix::is_prefix(pre.row.code, head) {
        return Err(Reject::Prefix.into());
    }
    Ok(Receipt {
        said: said.text,
        pre: pre.text,
        sn,
        major,
    })
}
