//! Waiting entries: events, receipts and queries, and the escrows that they are in.

use std::sync::Arc;

use super::attached::Attached;
use super::{Couple, decode_couple, encode_couple};
use crate::codec::{Decoder, Encoder};
use crate::decision::{Awaits, Kind};
use crate::text::Text;

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
