//! The rows of a settled part, read back from their columns.

use kelpipe_keri::columns::{Columns, FLAG_RETRIED, FLAG_VERIFIED, LAYOUT};
use kelpipe_keri::decision::{self, Awaits, Kind, Verdict};
use kelpipe_keri::engine::Outcome;
use kelpipe_keri::event::ILKS;

/// What became of a message or of a retried entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Number in the stream; none for a retried entry.
    pub message: Option<usize>,
    pub ilk: &'static str,
    /// As `accepted`, `escrowed out-of-order prior-event`, `rejected keri/said`, `duplicate 1`.
    pub what: String,
    pub aid: String,
    pub said: String,
    pub sn: u128,
    pub first_seen: u64,
    pub ordinal: u64,
    /// Body and attachments.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Row {
            message,
            ilk,
            what,
            aid,
            sn,
            ..
        } = self;
        write!(f, "{message:?} {ilk} {aid} {sn}: {what}")
    }
}

fn what(verdict: u8, reason: u16, awaits: u8, flags: u8) -> String {
    let kind = |reason: u16| Kind::from_index(reason as u8).map_or("", Kind::name);
    let name = |number: u8| {
        let all = [
            Awaits::Nothing,
            Awaits::Inception,
            Awaits::PriorEvent,
            Awaits::Signatures,
            Awaits::NextSignatures,
            Awaits::WitnessReceipts,
            Awaits::Delegator,
            Awaits::Anchor,
            Awaits::Approval,
            Awaits::Event,
            Awaits::SignerEvent,
        ];
        all[usize::from(number)].name()
    };
    match verdict {
        v if v == Verdict::Accepted as u8 => "accepted".into(),
        v if v == Verdict::Duplicate as u8 => format!("duplicate {reason}"),
        v if v == Verdict::Escrowed as u8 => format!("escrowed {} {}", kind(reason), name(awaits)),
        v if v == Verdict::Rejected as u8 => {
            let code = decision::codes().find(|(number, ..)| *number == reason);
            format!("rejected {}", code.expect("listed").1)
        }
        v if v == Verdict::Checked as u8 => {
            let verified = flags & FLAG_VERIFIED != 0;
            format!(
                "checked {}",
                if verified { "valid" } else { "unknown-signer" }
            )
        }
        v if v == Verdict::Expired as u8 => format!("expired {}", kind(reason)),
        _ => format!("removed {}", kind(reason)),
    }
}

/// Reads the columns back, by their layout. `before`: messages judged before this batch.
pub fn rows_of(outcome: &Outcome, source: &[u8], before: usize) -> Vec<Row> {
    let Columns { rows, bytes, texts } = &outcome.rows;
    let value = |name: &str, row: usize| -> u64 {
        let mut start = 0;
        for (column, width, _) in LAYOUT {
            let width = width.bytes();
            if *column == name {
                let at = start + row * width;
                let little = bytes[at..at + width].iter().rev();
                return little.fold(0, |value, byte| value << 8 | u64::from(*byte));
            }
            start += width * rows;
        }
        unreachable!("no column {name}")
    };
    let text = |start: u64, end: u64| {
        String::from_utf8(texts[start as usize..end as usize].to_vec()).expect("text")
    };
    (0..*rows)
        .map(|row| {
            let of = |name: &str| value(name, row);
            let retried = of("flags") as u8 & FLAG_RETRIED != 0;
            let next = if row + 1 < *rows {
                value("aidStart", row + 1)
            } else {
                texts.len() as u64
            };
            let from: &[u8] = if retried {
                &outcome.writes.arena
            } else {
                source
            };
            Row {
                message: (!retried).then(|| before + of("message") as usize),
                ilk: ILKS[of("ilk") as usize],
                what: what(
                    of("verdict") as u8,
                    of("reason") as u16,
                    of("awaits") as u8,
                    of("flags") as u8,
                ),
                aid: text(of("aidStart"), of("saidStart")),
                said: text(of("saidStart"), next),
                sn: u128::from(of("snHigh")) << 64 | u128::from(of("sn")),
                first_seen: of("firstSeen"),
                ordinal: of("ordinal"),
                bytes: from[of("bodyStart") as usize..of("attachmentsEnd") as usize].to_vec(),
            }
        })
        .collect()
}
