//! The other stored records: log entries, key event log index, late attachments, waiting entries, anchors.

mod attached;
mod kel;
mod log;
mod waiting;

pub use attached::{Attached, SETS, Set};
pub use kel::{KelEntry, decode_kel, encode_kel};
pub use log::{LogRecord, NewLogRecord, Texts};
pub use waiting::{Membership, Waiting, WaitingEvent, WaitingQuery, WaitingReceipt};

use crate::codec::{Decoder, Encoder};
use crate::text::Text;

/// An anchor couple: the delegating event's sequence number and SAID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Couple {
    /// Sequence number.
    pub sn: u128,
    /// SAID.
    pub said: Text,
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
