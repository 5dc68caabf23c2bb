//! An accepted event as the log keeps it.

use std::sync::Arc;

use smallvec::SmallVec;

use super::attached::{Attached, SETS};
use super::{Couple, decode_couple, encode_couple};
use crate::codec::{Decoder, Encoder};
use crate::event::Ilk;
use crate::text::Text;

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
