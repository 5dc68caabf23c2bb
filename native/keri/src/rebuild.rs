//! What is derived from waiting entries, to make it anew: their indexes, and the counts of their AIDs.

use crate::decision::KINDS;
use crate::options::Limits;
use crate::record::Waiting;
use crate::rules::signer_place;
use crate::state::AidRecord;
use crate::store::deadline;
use crate::views::quote;

/// What a `waiting` value is indexed under, as JSON: its `said`; its `deadline` in microseconds since 1970, if it has one; the
/// place of its `signer`'s event, if it awaits one; the numbers of its `kinds`. `None`: damaged.
pub fn indexes(value: &[u8], limits: &Limits) -> Option<String> {
    let waiting = Waiting::decode(value)?;
    let deadline = deadline(&waiting, limits).map_or("null".into(), |micros| micros.to_string());
    let signer = signer_place(&waiting).map_or("null".into(), |(aid, sn)| {
        format!("{{\"aid\":{},\"sn\":\"{sn:x}\"}}", quote(&aid))
    });
    let mask = waiting.kinds();
    let kinds: Vec<String> = (0..KINDS)
        .filter(|kind| mask & (1 << kind) != 0)
        .map(|kind| kind.to_string())
        .collect();
    Some(format!(
        "{{\"said\":{},\"deadline\":{deadline},\"signer\":{signer},\"kinds\":[{}]}}",
        quote(waiting.said()),
        kinds.join(",")
    ))
}

/// Counts of what waits under an AID: entries by kind, rows, and receipts elsewhere that await an event of it.
pub const COUNTS: usize = KINDS + 2;

/// The `aids` value with other counts; empty if nothing need be stored. `value`: the one so far, if there is one.
/// `None`: damaged.
pub fn counted(value: Option<&[u8]>, counts: &[u32; COUNTS]) -> Option<Vec<u8>> {
    let mut record = match value {
        Some(value) => AidRecord::decode(value)?,
        None => AidRecord::default(),
    };
    let (waiting, rest) = counts.split_at(KINDS);
    record.waiting.copy_from_slice(waiting);
    record.rows = rest[0];
    record.awaited = rest[1];
    let mut out = Vec::new();
    if !record.is_empty() {
        record.encode(&mut out);
    }
    Some(out)
}
