//! Reads a message body into its typed form, strictly in field order, and checks its SAID.
//!
//! Source: keri-events.md 2–4.

mod body;
mod fields;
mod quick;
mod texts;

pub(crate) use fields::{Fields, integer_value, value_tokens};
pub use texts::Texts;

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::body::{Reader, Span, Token};
use kelpipe_cesr::primitive::Primitive;
use kelpipe_cesr::version::{Kind, Protocol, V1_SIZE, V2_SIZE, Version};
use kelpipe_cesr::{Error, ErrorKind};

use crate::batch::codec_options;
use crate::decision::{Refusal, Reject};
use crate::options::Options;
use crate::routed;
use crate::said::When;
use crate::threshold::Threshold;

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
    pub keys: Texts<'a>,
    /// `nt`, likewise.
    pub nt: Option<Threshold>,
    /// `n`.
    pub next: Texts<'a>,
    /// `bt`.
    pub toad: u128,
    /// `b`.
    pub witnesses: Texts<'a>,
    /// `br`.
    pub cuts: Texts<'a>,
    /// `ba`.
    pub adds: Texts<'a>,
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
    #[inline]
    pub(crate) fn new(ilk: Ilk, major: u8, said: &'a str, pre: &'a str, sn: u128) -> KeyEvent<'a> {
        KeyEvent {
            ilk,
            major,
            said,
            pre,
            sn,
            prior: "",
            kt: Some(Threshold::Number(0)),
            keys: Texts::default(),
            nt: Some(Threshold::Number(0)),
            next: Texts::default(),
            toad: 0,
            witnesses: Texts::default(),
            cuts: Texts::default(),
            adds: Texts::default(),
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
    if let Some(version) = usual_version(body) {
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

/// The version of a body that begins with it, as nearly all do: nothing before it looks like a version string.
fn usual_version(body: &[u8]) -> Option<Version> {
    let at = match body {
        [b'{', b'"', b'v', b'"', b':', b'"', ..] => 6,
        [0xa0..=0xb7, 0x61, b'v', 0x60..=0x77, ..] | [0x80..=0x8f, 0xa1, b'v', 0xa0..=0xbf, ..] => {
            4
        }
        _ => return None,
    };
    let parse = |size: usize| Version::parse(body.get(at..at + size)?).ok();
    parse(V1_SIZE).or_else(|| parse(V2_SIZE))
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
    options: &Options,
    identity: &mut Identity<'a>,
) -> Result<Message<'a>, Refusal> {
    read_and_check(bytes, options, identity, &mut When::Now)
}

/// As [`read`], but the SAID of a key event is checked as `when` says.
pub(crate) fn read_and_check<'a>(
    bytes: &'a [u8],
    options: &Options,
    identity: &mut Identity<'a>,
    when: &mut When<'a>,
) -> Result<Message<'a>, Refusal> {
    match read_body(bytes, options, identity)? {
        Body::KeyEvent(found) => {
            body::check_event(&found, bytes, options, when)?;
            Ok(Message::KeyEvent(found.event))
        }
        Body::Other(message) => Ok(message),
    }
}

/// Reads one body, its prefix and SAID unchecked.
///
/// # Errors
/// As [`read`].
pub fn read_body<'a>(
    bytes: &'a [u8],
    options: &Options,
    identity: &mut Identity<'a>,
) -> Result<Body<'a>, Refusal> {
    if let Some(found) = quick::read(bytes, options.limits.depth_max) {
        *identity = found.identity();
        return Ok(Body::KeyEvent(found));
    }
    let version = version_of(bytes)?;
    read_tokens(bytes, &version, options, identity)
}

/// A key event whose prefix and SAID are still to be checked.
#[derive(Debug)]
pub struct Found<'a> {
    /// The event.
    pub event: Box<KeyEvent<'a>>,
    /// `d`.
    pub said: Placed<'a>,
    /// `i`.
    pub pre: Placed<'a>,
}

/// A primitive and where it stands in the body.
pub type Placed<'a> = (Span, Primitive<'a>);

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

/// A body that was read.
#[derive(Debug)]
pub enum Body<'a> {
    /// A key event.
    KeyEvent(Found<'a>),
    /// Another message.
    Other(Message<'a>),
}

pub(crate) fn read_tokens<'a>(
    bytes: &'a [u8],
    version: &Version,
    options: &Options,
    identity: &mut Identity<'a>,
) -> Result<Body<'a>, Refusal> {
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
        return message.map(Body::Other);
    }
    fields.key("t")?;
    let name = fields.tag()?;
    let ilk = ILKS
        .iter()
        .position(|ilk| ilk.as_bytes() == name)
        .ok_or(Reject::UnknownType)?;
    identity.ilk = ilk as u8;
    if let Some(ilk) = Ilk::from_index(ilk as u8) {
        return body::read_event(fields, ilk, version.major, identity).map(Body::KeyEvent);
    }
    let message = if identity.ilk == ILK_RECEIPT {
        body::read_receipt(fields, version.major, identity).map(Message::Receipt)
    } else {
        routed::read_routed(fields, version, identity).map(Message::Routed)
    };
    message.map(Body::Other)
}
