//! Reads a message body into its typed form, strictly in field order, and checks its SAID.
//!
//! Source: keri-events.md 2–4.

mod body;
mod fields;
mod ilk;
mod quick;
mod texts;
mod version;

pub(crate) use fields::{Fields, integer_value, value_tokens};
pub use ilk::{ILK_ACDC, ILK_RECEIPT, ILK_UNKNOWN, ILKS, Ilk};
pub use texts::Texts;
pub use version::version_of;

use kelpipe_cesr::body::{Reader, Span, Token};
use kelpipe_cesr::primitive::Primitive;
use kelpipe_cesr::version::{Kind, Protocol, Version};

use crate::batch::codec_options;
use crate::decision::{Refusal, Reject};
use crate::options::Options;
use crate::routed;
use crate::said::When;
use crate::threshold::Threshold;

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
    Routed(Box<routed::Routed<'a>>),
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
        let message = routed::read_acdc(fields, version, identity)?;
        return Ok(Body::Other(Message::Routed(Box::new(message))));
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
        Message::Receipt(body::read_receipt(fields, version.major, identity)?)
    } else {
        let message = routed::read_routed(fields, version, identity)?;
        Message::Routed(Box::new(message))
    };
    Ok(Body::Other(message))
}
