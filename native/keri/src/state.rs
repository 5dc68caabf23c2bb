//! Key state of an AID, and the record that the `aids` table holds.

use std::sync::{Arc, OnceLock};

use crate::codec::{Decoder, Encoder};
use crate::decision::KINDS;
use crate::event::Ilk;
use crate::prefix::VerificationKey;
use crate::text::Text;
use crate::threshold::Threshold;

/// What an establishment event fixed; shared by the states that follow it.
#[derive(Clone, Debug)]
pub struct Establishment {
    /// Sequence number of the establishment event.
    pub sn: u128,
    /// SAID of the establishment event.
    pub said: Text,
    /// Ordinal of the establishment event in the log.
    pub ordinal: u64,
    /// Signing keys.
    pub keys: Vec<VerificationKey>,
    /// Signing threshold.
    pub kt: Threshold,
    /// Digests of the next keys.
    pub next: Vec<Text>,
    /// Next threshold.
    pub nt: Threshold,
    /// Witnesses.
    pub witnesses: Witnesses,
    /// Witnesses cut by the event.
    pub cuts: Vec<Text>,
    /// Witnesses added by the event.
    pub adds: Vec<Text>,
    /// Witness threshold.
    pub toad: u64,
    /// The inception's `EO`.
    pub establishment_only: bool,
    /// The inception's `DND`.
    pub do_not_delegate: bool,
    /// Delegator, or empty.
    pub delegator: Text,
    /// Whether the AID's code is transferable.
    pub transferable: bool,
}

/// A list of witnesses, and their keys once somebody asked for them.
#[derive(Clone, Debug, Default)]
pub struct Witnesses {
    list: Box<[Text]>,
    keys: OnceLock<Option<Box<[VerificationKey]>>>,
}

impl Witnesses {
    /// Their keys, in their order; `None` if one of them is no key that verifies here.
    pub fn keys(&self) -> Option<&[VerificationKey]> {
        let read = |text: &Text| VerificationKey::parse(text);
        self.keys
            .get_or_init(|| self.list.iter().map(read).collect())
            .as_deref()
    }
}

impl From<Vec<Text>> for Witnesses {
    fn from(list: Vec<Text>) -> Self {
        Witnesses {
            list: list.into(),
            keys: OnceLock::new(),
        }
    }
}

impl std::ops::Deref for Witnesses {
    type Target = [Text];

    fn deref(&self) -> &[Text] {
        &self.list
    }
}

/// Key state. Source: database.md 3.
#[derive(Clone, Debug)]
pub struct KeyState {
    /// The governing establishment event.
    pub est: Arc<Establishment>,
    /// Major version of the last event.
    pub major: u8,
    /// Sequence number of the last event.
    pub sn: u128,
    /// SAID of the last event.
    pub said: Text,
    /// SAID of the event before it; empty for an inception.
    pub prior: Text,
    /// First-seen ordinal of the last event.
    pub first_seen: u64,
    /// First-seen date of the last event, microseconds since 1970.
    pub date: i64,
    /// Type of the last event.
    pub ilk: Ilk,
    /// Highest sequence number ever logged; above `sn` after a recovery.
    pub sn_high: u128,
}

impl KeyState {
    /// Whether further events can be accepted. Source: keri-events.md 4.
    pub fn transferable(&self) -> bool {
        self.est.transferable && !self.est.next.is_empty()
    }
}

/// What the `aids` table holds: key state, if any, and what waits under the AID.
#[derive(Clone, Debug, Default)]
pub struct AidRecord {
    /// Key state, once an inception was accepted.
    pub state: Option<KeyState>,
    /// Entries waiting, by kind.
    pub waiting: [u32; KINDS],
    /// Rows of the `waiting` table under this AID.
    pub rows: u32,
    /// Receipts elsewhere that await an event of this AID.
    pub awaited: u32,
    /// Whether it differs from what is stored. Not stored itself.
    pub changed: bool,
}

const FLAG_ESTABLISHMENT_ONLY: u8 = 1;
const FLAG_DO_NOT_DELEGATE: u8 = 2;
const FLAG_TRANSFERABLE: u8 = 4;

impl AidRecord {
    /// Appends the stored form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut out = Encoder(out);
        if self.waiting == [0; KINDS] {
            out.0.extend_from_slice(&[0; KINDS]);
        } else {
            for count in self.waiting {
                out.varint(u128::from(count));
            }
        }
        out.varint(u128::from(self.rows));
        out.varint(u128::from(self.awaited));
        let Some(state) = &self.state else {
            return out.u8(0);
        };
        out.u8(1);
        out.u8(state.major);
        out.varint(state.sn);
        out.bytes(state.said.as_bytes());
        out.bytes(state.prior.as_bytes());
        out.varint(u128::from(state.first_seen));
        out.i64(state.date);
        out.u8(state.ilk as u8);
        out.varint(state.sn_high);
        encode_establishment(&state.est, &mut out);
    }

    /// Reads the stored form. `None`: damaged.
    pub fn decode(bytes: &[u8]) -> Option<AidRecord> {
        let mut from = Decoder(bytes);
        let mut record = AidRecord::default();
        for count in &mut record.waiting {
            *count = from.u32()?;
        }
        record.rows = from.u32()?;
        record.awaited = from.u32()?;
        if from.u8()? == 1 {
            record.state = Some(KeyState {
                major: from.u8()?,
                sn: from.varint()?,
                said: from.text()?.into(),
                prior: from.text()?.into(),
                first_seen: from.u64()?,
                date: from.i64()?,
                ilk: Ilk::from_index(from.u8()?)?,
                sn_high: from.varint()?,
                est: Arc::new(decode_establishment(&mut from)?),
            });
        }
        Some(record)
    }

    /// Whether nothing need be stored.
    pub fn is_empty(&self) -> bool {
        self.state.is_none() && self.rows == 0 && self.awaited == 0
    }

    /// Approximate memory, in bytes; the keys of witnesses count before they are read, too.
    pub fn weight(&self) -> usize {
        let est = |est: &Establishment| {
            let keys = est.keys.len() + est.witnesses.len();
            200 + 110 * keys + 80 * (est.next.len() + est.witnesses.len())
        };
        150 + self.state.as_ref().map_or(0, |state| 350 + est(&state.est))
    }
}

fn encode_establishment(est: &Establishment, out: &mut Encoder<'_>) {
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    out.u8(flag(est.establishment_only, FLAG_ESTABLISHMENT_ONLY)
        | flag(est.do_not_delegate, FLAG_DO_NOT_DELEGATE)
        | flag(est.transferable, FLAG_TRANSFERABLE));
    out.varint(est.sn);
    out.bytes(est.said.as_bytes());
    out.varint(u128::from(est.ordinal));
    out.varint(est.keys.len() as u128);
    for key in &est.keys {
        out.bytes(key.text.as_bytes());
    }
    encode_threshold(&est.kt, out);
    out.texts(&est.next);
    encode_threshold(&est.nt, out);
    out.texts(&est.witnesses);
    out.texts(&est.cuts);
    out.texts(&est.adds);
    out.varint(u128::from(est.toad));
    out.bytes(est.delegator.as_bytes());
}

fn encode_threshold(threshold: &Threshold, out: &mut Encoder<'_>) {
    match threshold {
        Threshold::Number(number) => {
            out.u8(0);
            out.varint(*number);
        }
        Threshold::Weighted(_) => {
            out.u8(1);
            out.bytes(threshold.json().as_bytes());
        }
    }
}

fn decode_threshold(from: &mut Decoder<'_>) -> Option<Threshold> {
    if from.u8()? == 0 {
        return from.varint().map(Threshold::Number);
    }
    Threshold::of_json(from.bytes()?, true)
}

fn decode_establishment(from: &mut Decoder<'_>) -> Option<Establishment> {
    let flags = from.u8()?;
    Some(Establishment {
        establishment_only: flags & FLAG_ESTABLISHMENT_ONLY != 0,
        do_not_delegate: flags & FLAG_DO_NOT_DELEGATE != 0,
        transferable: flags & FLAG_TRANSFERABLE != 0,
        sn: from.varint()?,
        said: from.text()?.into(),
        ordinal: from.u64()?,
        keys: (0..from.u32()?)
            .map(|_| from.text().and_then(VerificationKey::parse))
            .collect::<Option<_>>()?,
        kt: decode_threshold(from)?,
        next: from.texts()?,
        nt: decode_threshold(from)?,
        witnesses: from.texts()?.into(),
        cuts: from.texts()?,
        adds: from.texts()?,
        toad: from.u64()?,
        delegator: from.text()?.into(),
    })
}
