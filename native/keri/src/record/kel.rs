//! The events logged at a place of a key event log.

use smallvec::SmallVec;

use crate::codec::{Decoder, Encoder};
use crate::text::Text;

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
