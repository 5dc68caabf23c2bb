//! The other stored records: log entries, key event log index, late attachments, waiting entries, anchors.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::codec::{Decoder, Encoder};
use crate::decision::{Awaits, Kind};
use crate::event::Ilk;
use crate::text::Text;

/// An anchor couple: the delegating event's sequence number and SAID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Couple {
    /// Sequence number.
    pub sn: u128,
    /// SAID.
    pub said: Text,
}

/// Attachment sets of an event, each in order of insertion without repeats, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// Indexed controller signatures.
    pub sigs: Vec<Text>,
    /// Indexed witness signatures.
    pub wigs: Vec<Text>,
    /// Non-transferable receipts: key + signature.
    pub rcts: Vec<Text>,
    /// Transferable receipts: prefix + sn + SAID + indexed signature.
    pub vrcs: Vec<Text>,
}

/// Number of [`Set`]s.
pub const SETS: usize = 4;

/// Which set of [`Attached`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Set {
    /// Controller signatures.
    Sigs = 0,
    /// Witness signatures.
    Wigs = 1,
    /// Non-transferable receipts.
    Rcts = 2,
    /// Transferable receipts.
    Vrcs = 3,
}

impl Attached {
    /// The set.
    pub fn set(&mut self, set: Set) -> &mut Vec<Text> {
        match set {
            Set::Sigs => &mut self.sigs,
            Set::Wigs => &mut self.wigs,
            Set::Rcts => &mut self.rcts,
            Set::Vrcs => &mut self.vrcs,
        }
    }

    /// Every text with its set.
    pub fn iter(&self) -> impl Iterator<Item = (Set, &Text)> {
        fn of(set: Set, texts: &[Text]) -> impl Iterator<Item = (Set, &Text)> {
            texts.iter().map(move |text| (set, text))
        }
        of(Set::Sigs, &self.sigs)
            .chain(of(Set::Wigs, &self.wigs))
            .chain(of(Set::Rcts, &self.rcts))
            .chain(of(Set::Vrcs, &self.vrcs))
    }

    /// Adds a text; false if it is there already.
    pub fn add(&mut self, set: Set, text: &str) -> bool {
        let texts = self.set(set);
        let new = !texts.iter().any(|known| &**known == text);
        if new {
            texts.push(text.into());
        }
        new
    }

    fn encode(&self, out: &mut Encoder<'_>) {
        for texts in [&self.sigs, &self.wigs, &self.rcts, &self.vrcs] {
            out.texts(texts);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Option<Attached> {
        Some(Attached {
            sigs: from.texts()?,
            wigs: from.texts()?,
            rcts: from.texts()?,
            vrcs: from.texts()?,
        })
    }
}

fn encode_couple(couple: Option<&Couple>, out: &mut Encoder<'_>) {
    match couple {
        None => out.u8(0),
        Some(couple) => {
            out.u8(1);
            out.varint(couple.sn);
            out.bytes(couple.said.as_bytes());
        }
    }
}

fn decode_couple(from: &mut Decoder<'_>) -> Option<Option<Couple>> {
    Some(match from.u8()? {
        0 => None,
        _ => Some(Couple {
            sn: from.varint()?,
            said: from.text()?.into(),
        }),
    })
}

/// An accepted event. Written once.
#[derive(Clone, Debug)]
pub struct LogRecord {
    /// AID.
    pub pre: Text,
    /// Sequence number.
    pub sn: u128,
    /// SAID.
    pub said: Text,
    /// Type.
    pub ilk: Ilk,
    /// Major version.
    pub major: u8,
    /// First-seen ordinal under its AID.
    pub first_seen: u64,
    /// First-seen date, microseconds since 1970.
    pub date: i64,
    /// Ordinal of the governing establishment event (its own, if it is one).
    pub est: u64,
    /// Whether it carries event seals.
    pub seals: bool,
    /// Whether a trusted source delivered it.
    pub local: bool,
    /// Source that delivered it.
    pub source: u32,
    /// Witnesses in force from an establishment event on.
    pub witnesses: Vec<Text>,
    /// Anchor couple.
    pub couple: Option<Couple>,
    /// Attachments at acceptance.
    pub attached: Attached,
    /// Body as received.
    pub body: Arc<[u8]>,
}

const FLAG_SEALS: u8 = 1;
const FLAG_LOCAL: u8 = 2;

/// A [`LogRecord`] about to be written.
pub struct NewLogRecord<'a> {
    /// AID.
    pub pre: &'a str,
    /// Sequence number.
    pub sn: u128,
    /// SAID.
    pub said: &'a str,
    /// Type.
    pub ilk: Ilk,
    /// Major version.
    pub major: u8,
    /// First-seen ordinal under its AID.
    pub first_seen: u64,
    /// First-seen date, microseconds since 1970.
    pub date: i64,
    /// Ordinal of the governing establishment event.
    pub est: u64,
    /// Whether it carries event seals.
    pub seals: bool,
    /// Whether a trusted source delivered it.
    pub local: bool,
    /// Source that delivered it.
    pub source: u32,
    /// Witnesses in force from an establishment event on.
    pub witnesses: &'a [Text],
    /// Anchor couple.
    pub couple: Option<&'a Couple>,
    /// Attachments by their sets, in order of insertion without repeats.
    pub attached: [Texts<'a>; SETS],
    /// Body as received.
    pub body: &'a [u8],
}

/// Attachments of one set.
pub type Texts<'a> = SmallVec<[&'a str; 2]>;

impl NewLogRecord<'_> {
    /// Appends the stored form. The body comes last, without a length, so that it can be found from the end.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut out = Encoder(out);
        out.u8((u8::from(self.seals) * FLAG_SEALS) | (u8::from(self.local) * FLAG_LOCAL));
        out.u8(self.ilk as u8);
        out.u8(self.major);
        out.bytes(self.pre.as_bytes());
        out.varint(self.sn);
        out.bytes(self.said.as_bytes());
        out.varint(u128::from(self.first_seen));
        out.i64(self.date);
        out.varint(u128::from(self.est));
        out.varint(u128::from(self.source));
        out.texts(self.witnesses);
        encode_couple(self.couple, &mut out);
        for texts in &self.attached {
            out.texts(texts);
        }
        out.0.extend_from_slice(self.body);
    }
}

impl LogRecord {
    /// Reads the stored form. `None`: damaged.
    pub fn decode(bytes: &[u8]) -> Option<LogRecord> {
        let mut from = Decoder(bytes);
        let flags = from.u8()?;
        Some(LogRecord {
            seals: flags & FLAG_SEALS != 0,
            local: flags & FLAG_LOCAL != 0,
            ilk: Ilk::from_index(from.u8()?)?,
            major: from.u8()?,
            pre: from.text()?.into(),
            sn: from.varint()?,
            said: from.text()?.into(),
            first_seen: from.u64()?,
            date: from.i64()?,
            est: from.u64()?,
            source: from.u32()?,
            witnesses: from.texts()?,
            couple: decode_couple(&mut from)?,
            attached: Attached::decode(&mut from)?,
            body: from.0.into(),
        })
    }
}

/// One event logged at a place; the last one of a place is authoritative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KelEntry {
    /// Ordinal in the log.
    pub ordinal: u64,
    /// First-seen ordinal under its AID.
    pub first_seen: u64,
    /// SAID.
    pub said: Text,
}

/// Appends the stored form of a `kel` value.
pub fn encode_kel(entries: &[KelEntry], out: &mut Vec<u8>) {
    let mut out = Encoder(out);
    for entry in entries {
        out.varint(u128::from(entry.ordinal));
        out.varint(u128::from(entry.first_seen));
        out.bytes(entry.said.as_bytes());
    }
}

/// Reads a `kel` value. `None`: damaged.
pub fn decode_kel(bytes: &[u8]) -> Option<SmallVec<[KelEntry; 1]>> {
    let (mut from, mut entries) = (Decoder(bytes), SmallVec::new());
    while !from.0.is_empty() {
        entries.push(KelEntry {
            ordinal: from.u64()?,
            first_seen: from.u64()?,
            said: from.text()?.into(),
        });
    }
    Some(entries)
}

/// An event that seals {i, s, d} of another. Stored in the key of the `seals` table; the value is the ordinal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// AID of the sealing event.
    pub pre: Text,
    /// Its sequence number.
    pub sn: u128,
    /// Its ordinal.
    pub ordinal: u64,
}

/// A membership of a waiting row in an escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which escrow.
    pub kind: Kind,
    /// Place in the order of insertion within (kind, AID, sn).
    pub order: u32,
    /// What it awaits.
    pub awaits: Awaits,
}

/// A waiting event: what is known of (AID, sn, SAID) before, or besides, acceptance.
#[derive(Clone, Debug, Default)]
pub struct WaitingEvent {
    /// SAID.
    pub said: Text,
    /// When the SAID was first heard of, microseconds since 1970. Written once.
    pub date: i64,
    /// Whether a trusted source delivered it; once true it stays true.
    pub local: bool,
    /// Source that delivered it first.
    pub source: u32,
    /// Escrows it is in.
    pub memberships: Vec<Membership>,
    /// Anchor couple.
    pub couple: Option<Couple>,
    /// Attachments known so far.
    pub attached: Attached,
    /// Version string's major number.
    pub major: u8,
    /// Body as received; empty when only a date, couple or attachments are known.
    pub body: Arc<[u8]>,
}

/// A waiting receipt signature.
#[derive(Clone, Debug)]
pub struct WaitingReceipt {
    /// Its only escrow.
    pub membership: Membership,
    /// SAID of the receipted event, as the receipt names it.
    pub said: Text,
    /// The reference's value after the SAID: siger | key + cigar | pre + sn + said + siger.
    pub value: Text,
    /// When it came, microseconds since 1970.
    pub date: i64,
    /// Source that delivered it.
    pub source: u32,
}

/// A waiting query.
#[derive(Clone, Debug)]
pub struct WaitingQuery {
    /// Its only escrow.
    pub membership: Membership,
    /// SAID of the query.
    pub said: Text,
    /// AID that asks.
    pub signer: Text,
    /// Signatures, in order of insertion without repeats.
    pub signatures: Vec<Text>,
    /// Whether they are indexed ones, and not plain ones by the key that the AID is.
    pub indexed: bool,
    /// When it came, microseconds since 1970.
    pub date: i64,
    /// Source that delivered it.
    pub source: u32,
    /// Body as received.
    pub body: Arc<[u8]>,
}

/// A row of the `waiting` table. The first two bytes are the mask of its kinds.
#[derive(Clone, Debug)]
pub enum Waiting {
    /// An event.
    Event(WaitingEvent),
    /// A receipt.
    Receipt(WaitingReceipt),
    /// A query.
    Query(WaitingQuery),
}

const TAG_EVENT: u8 = 0;
const TAG_RECEIPT: u8 = 1;
const TAG_QUERY: u8 = 2;

fn encode_membership(membership: Membership, out: &mut Encoder<'_>) {
    out.u8(membership.kind as u8);
    out.varint(u128::from(membership.order));
    out.u8(membership.awaits as u8);
}

fn decode_membership(from: &mut Decoder<'_>) -> Option<Membership> {
    Some(Membership {
        kind: Kind::from_index(from.u8()?)?,
        order: from.u32()?,
        awaits: awaits(from.u8()?)?,
    })
}

fn awaits(index: u8) -> Option<Awaits> {
    use Awaits::{
        Anchor, Approval, Delegator, Event, Inception, NextSignatures, Nothing, PriorEvent,
        Signatures, SignerEvent, WitnessReceipts,
    };
    let all = [
        Nothing,
        Inception,
        PriorEvent,
        Signatures,
        NextSignatures,
        WitnessReceipts,
        Delegator,
        Anchor,
        Approval,
        Event,
        SignerEvent,
    ];
    all.into_iter().find(|awaits| *awaits as u8 == index)
}

impl Waiting {
    /// Mask of the kinds it waits as.
    pub fn kinds(&self) -> u16 {
        match self {
            Waiting::Event(event) => event
                .memberships
                .iter()
                .fold(0, |mask, membership| mask | membership.kind.bit()),
            Waiting::Receipt(receipt) => receipt.membership.kind.bit(),
            Waiting::Query(query) => query.membership.kind.bit(),
        }
    }

    /// Appends the stored form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut out = Encoder(out);
        out.u16(self.kinds());
        match self {
            Waiting::Event(event) => {
                out.u8(TAG_EVENT);
                out.u8(event.memberships.len() as u8);
                for membership in &event.memberships {
                    encode_membership(*membership, &mut out);
                }
                out.bytes(event.said.as_bytes());
                out.i64(event.date);
                out.u8(u8::from(event.local));
                out.varint(u128::from(event.source));
                encode_couple(event.couple.as_ref(), &mut out);
                event.attached.encode(&mut out);
                out.u8(event.major);
                out.0.extend_from_slice(&event.body);
            }
            Waiting::Receipt(receipt) => {
                out.u8(TAG_RECEIPT);
                encode_membership(receipt.membership, &mut out);
                out.bytes(receipt.said.as_bytes());
                out.bytes(receipt.value.as_bytes());
                out.i64(receipt.date);
                out.varint(u128::from(receipt.source));
            }
            Waiting::Query(query) => {
                out.u8(TAG_QUERY);
                encode_membership(query.membership, &mut out);
                out.bytes(query.said.as_bytes());
                out.bytes(query.signer.as_bytes());
                out.texts(&query.signatures);
                out.u8(u8::from(query.indexed));
                out.i64(query.date);
                out.varint(u128::from(query.source));
                out.0.extend_from_slice(&query.body);
            }
        }
    }

    /// Reads the stored form. `None`: damaged.
    pub fn decode(bytes: &[u8]) -> Option<Waiting> {
        let mut from = Decoder(bytes);
        from.u16()?;
        let tag = from.u8()?;
        if tag == TAG_QUERY {
            return Some(Waiting::Query(WaitingQuery {
                membership: decode_membership(&mut from)?,
                said: from.text()?.into(),
                signer: from.text()?.into(),
                signatures: from.texts()?,
                indexed: from.u8()? != 0,
                date: from.i64()?,
                source: from.u32()?,
                body: from.0.into(),
            }));
        }
        if tag == TAG_RECEIPT {
            return Some(Waiting::Receipt(WaitingReceipt {
                membership: decode_membership(&mut from)?,
                said: from.text()?.into(),
                value: from.text()?.into(),
                date: from.i64()?,
                source: from.u32()?,
            }));
        }
        let count = from.u8()?;
        Some(Waiting::Event(WaitingEvent {
            memberships: (0..count)
                .map(|_| decode_membership(&mut from))
                .collect::<Option<_>>()?,
            said: from.text()?.into(),
            date: from.i64()?,
            local: from.u8()? != 0,
            source: from.u32()?,
            couple: decode_couple(&mut from)?,
            attached: Attached::decode(&mut from)?,
            major: from.u8()?,
            body: from.0.into(),
        }))
    }

    /// The SAID that it is found by: its own or, of a receipt, that of the event that it is for.
    pub fn said(&self) -> &Text {
        match self {
            Waiting::Event(event) => &event.said,
            Waiting::Receipt(receipt) => &receipt.said,
            Waiting::Query(query) => &query.said,
        }
    }

    /// The source that brought it.
    pub fn source(&self) -> u32 {
        match self {
            Waiting::Event(event) => event.source,
            Waiting::Receipt(receipt) => receipt.source,
            Waiting::Query(query) => query.source,
        }
    }

    /// The part of its key after AID and sn: unique within the place, in a fixed form.
    pub fn id(&self) -> Vec<u8> {
        match self {
            Waiting::Event(event) => [b"e", event.said.as_bytes()].concat(),
            Waiting::Receipt(receipt) => [
                &[b'r', receipt.membership.kind as u8],
                receipt.said.as_bytes(),
                receipt.value.as_bytes(),
            ]
            .concat(),
            Waiting::Query(query) => {
                [b"q", query.signer.as_bytes(), query.said.as_bytes()].concat()
            }
        }
    }
}
