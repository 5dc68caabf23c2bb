//! What became of each row, as columns in one buffer.
//!
//! [`LAYOUT`] is the only description of it; the TypeScript view is generated from it.

use crate::batch::MessageSpan;
use crate::fold::Row;
use crate::logs::Logs;
use crate::record::LogRecord;
use crate::replay;

use crate::writes::Out;

/// Width of a column's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// `BigUint64Array`.
    U64,
    /// `Uint32Array`.
    U32,
    /// `Uint16Array`.
    U16,
    /// `Uint8Array`.
    U8,
}

impl Width {
    /// Bytes of an element.
    pub const fn bytes(self) -> usize {
        match self {
            Width::U64 => 8,
            Width::U32 => 4,
            Width::U16 => 2,
            Width::U8 => 1,
        }
    }
}

/// The columns in the order in which they stand in the buffer, widest first, so that each is aligned: with `n` rows a
/// column begins where `n` elements of each column before it end.
pub const LAYOUT: &[(&str, Width, &str)] = &[
    ("snHigh", Width::U64, "upper half of the sequence number"),
    ("sn", Width::U64, "lower half of the sequence number"),
    (
        "firstSeen",
        Width::U64,
        "first-seen ordinal under the AID, if accepted",
    ),
    (
        "ordinal",
        Width::U64,
        "ordinal in the log, if accepted; else all ones",
    ),
    (
        "message",
        Width::U32,
        "number of the message in the batch; all ones for a retried entry",
    ),
    (
        "bodyStart",
        Width::U32,
        "first byte of the body, in the source or, for a retried entry, in the write arena",
    ),
    ("bodyEnd", Width::U32, "first byte after the body"),
    (
        "attachmentsEnd",
        Width::U32,
        "first byte after the attachments",
    ),
    ("aidStart", Width::U32, "first byte of the AID in the texts"),
    (
        "saidStart",
        Width::U32,
        "first byte of the SAID in the texts; it ends where the next row's AID begins",
    ),
    (
        "reason",
        Width::U16,
        "reject code, kind of escrow, or number of new signatures, by verdict",
    ),
    ("ilk", Width::U8, "number of the message type"),
    ("verdict", Width::U8, "what became of it"),
    ("awaits", Width::U8, "what it awaits"),
    (
        "flags",
        Width::U8,
        "1: retried entry; 2: checked and every signature verified; 4: waits already, and nothing was new",
    ),
];

/// Flag of a retried entry.
pub const FLAG_RETRIED: u8 = 1;
/// Flag of a checked message whose signatures all verified.
pub const FLAG_VERIFIED: u8 = 2;
/// Flag of a message that waits already and brought nothing new.
pub const FLAG_REPEATED: u8 = 4;

/// Rows as columns.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Number of rows.
    pub rows: usize,
    /// The columns.
    pub bytes: Vec<u8>,
    /// AIDs and SAIDs of the rows.
    pub texts: Vec<u8>,
}

/// Bytes that the columns of `rows` rows take.
pub const fn size(rows: usize) -> usize {
    let (mut at, mut bytes) = (0, 0);
    while at < LAYOUT.len() {
        bytes += LAYOUT[at].1.bytes() * rows;
        at += 1;
    }
    bytes
}

impl Columns {
    /// Lays out rows, whose AIDs and SAIDs stand in `texts`. Accepted entries that were retried have their replayed message appended to `out.arena`.
    pub(crate) fn of(
        rows: &[Row],
        texts: Vec<u8>,
        spans: &[MessageSpan],
        logs: &Logs,
        out: &mut Out,
    ) -> Columns {
        let places: Vec<MessageSpan> = rows
            .iter()
            .map(|row| place(row, spans, logs, out))
            .collect();
        let mut bytes = Vec::with_capacity(size(rows.len()));
        let mut u64s = |values: &mut dyn Iterator<Item = u64>| {
            values.for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        };
        u64s(&mut rows.iter().map(|row| (row.sn >> 64) as u64));
        u64s(&mut rows.iter().map(|row| row.sn as u64));
        u64s(&mut rows.iter().map(|row| row.first_seen));
        u64s(&mut rows.iter().map(|row| row.ordinal.unwrap_or(u64::MAX)));
        let mut u32s = |values: &mut dyn Iterator<Item = u32>| {
            values.for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        };
        u32s(&mut rows.iter().map(|row| row.message.unwrap_or(u32::MAX)));
        u32s(&mut places.iter().map(|place| place.body_start));
        u32s(&mut places.iter().map(|place| place.body_end));
        u32s(&mut places.iter().map(|place| place.attachments_end));
        u32s(&mut rows.iter().map(|row| row.aid));
        u32s(&mut rows.iter().map(|row| row.said));
        for row in rows {
            bytes.extend_from_slice(&row.reason.to_le_bytes());
        }
        bytes.extend(rows.iter().map(|row| row.ilk));
        bytes.extend(rows.iter().map(|row| row.verdict as u8));
        bytes.extend(rows.iter().map(|row| row.awaits as u8));
        bytes.extend(rows.iter().map(flags));
        debug_assert_eq!(
            bytes.len(),
            size(rows.len()),
            "LAYOUT and Columns::of agree"
        );
        Columns {
            rows: rows.len(),
            bytes,
            texts,
        }
    }
}

fn flags(row: &Row) -> u8 {
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    flag(row.message.is_none(), FLAG_RETRIED)
        | flag(row.verified, FLAG_VERIFIED)
        | flag(row.repeated, FLAG_REPEATED)
}

fn place(row: &Row, spans: &[MessageSpan], logs: &Logs, out: &mut Out) -> MessageSpan {
    if let Some(message) = row.message {
        return spans.get(message as usize).copied().unwrap_or_default();
    }
    let Some(record) = row
        .ordinal
        .and_then(|ordinal| logs.get(ordinal))
        .and_then(LogRecord::decode)
    else {
        return MessageSpan::default();
    };
    let body_start = out.arena.len() as u32;
    let body_size = record.body.len() as u32;
    replay::message(&record, &[], &mut out.arena);
    MessageSpan {
        body_start,
        body_end: body_start + body_size,
        attachments_end: out.arena.len() as u32,
    }
}
