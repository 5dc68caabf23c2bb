//! Events as the reference replays them: body, then one enclosing group with everything attached.
//!
//! Source: database.md 4.

use kelpipe_cesr::codes::CounterTable;
use kelpipe_cesr::counter;
use kelpipe_cesr::primitive;

use crate::date;
use crate::decision::Kind;
use crate::record::{Attached, Couple, LogRecord, Set, WaitingQuery};
use crate::rules::split_transferable;
use crate::text::Text;

/// What the enclosing group of 1.1.17 can count; a larger area is written as bare groups.
const ENCLOSED_QUADLETS_MAX: u32 = 4095;

/// Appends a logged event in the layout of 1.1.17, with `late` attachments merged in.
pub fn message(record: &LogRecord, late: &[(Set, Text)], out: &mut Vec<u8>) {
    out.extend_from_slice(&record.body);
    let mut attached = record.attached.clone();
    for (set, text) in late {
        attached.add(*set, text);
    }
    let seen = (record.first_seen, record.date);
    attachments(attached, record.couple.as_ref(), Some(seen), out);
}

/// Appends the attachments of an event in that layout. `seen`: its first-seen number and date, if it is logged.
pub(crate) fn attachments(
    mut attached: Attached,
    couple: Option<&Couple>,
    seen: Option<(u64, i64)>,
    out: &mut Vec<u8>,
) {
    let mut text = String::with_capacity(512);
    groups(&mut attached, couple, seen, &mut text);
    let quadlets = (text.len() / 4) as u32;
    let mut enclosing = String::with_capacity(4);
    if quadlets <= ENCLOSED_QUADLETS_MAX {
        count('V', quadlets, &mut enclosing);
    }
    out.extend_from_slice(enclosing.as_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Appends a receipt message with one signature, as the escrow `kind` keeps it.
pub(crate) fn receipt(aid: &str, sn: u128, said: &str, kind: Kind, value: &str, out: &mut Vec<u8>) {
    let body = |size: usize| {
        format!(
            "{{\"v\":\"KERI10JSON{size:06x}_\",\"t\":\"rct\",\"d\":\"{said}\",\"i\":\"{aid}\",\"s\":\"{sn:x}\"}}"
        )
    };
    let size = body(0).len();
    let mut text = body(size);
    match kind {
        Kind::UnverifiedWitness => count('B', 1, &mut text),
        Kind::UnverifiedTransferable => {
            count('F', 1, &mut text);
            let signature = split_transferable(value).map_or(0, |parts| parts.signature.len());
            let (signer, signature) = value.split_at(value.len() - signature);
            text.push_str(signer);
            count('A', 1, &mut text);
            text.push_str(signature);
            return out.extend_from_slice(text.as_bytes());
        }
        _ => count('C', 1, &mut text),
    }
    text.push_str(value);
    out.extend_from_slice(text.as_bytes());
}

/// Appends a query with its signatures.
pub(crate) fn query(query: &WaitingQuery, out: &mut Vec<u8>) {
    out.extend_from_slice(&query.body);
    let mut text = String::new();
    if query.indexed {
        count('H', 1, &mut text);
        text.push_str(&query.signer);
        group('A', &query.signatures, &mut text);
    } else {
        count('C', query.signatures.len() as u32, &mut text);
        for signature in &query.signatures {
            text.push_str(&query.signer);
            text.push_str(signature);
        }
    }
    out.extend_from_slice(text.as_bytes());
}

fn groups(
    attached: &mut Attached,
    couple: Option<&Couple>,
    seen: Option<(u64, i64)>,
    out: &mut String,
) {
    for texts in [
        &mut attached.sigs,
        &mut attached.wigs,
        &mut attached.rcts,
        &mut attached.vrcs,
    ] {
        texts.sort_unstable();
    }
    group('A', &attached.sigs, out);
    if !attached.wigs.is_empty() {
        group('B', &attached.wigs, out);
    }
    if let Some(couple) = couple {
        count('G', 1, out);
        primitive::encode_number_huge(couple.sn, out);
        out.push_str(&couple.said);
    }
    if !attached.vrcs.is_empty() {
        group('D', &attached.vrcs, out);
    }
    if !attached.rcts.is_empty() {
        group('C', &attached.rcts, out);
    }
    let Some((first_seen, micros)) = seen else {
        return;
    };
    count('E', 1, out);
    primitive::encode_number_huge(u128::from(first_seen), out);
    let written = primitive::encode_date(&date::format(micros), out);
    debug_assert!(
        written.is_ok(),
        "our own dates have the form that dates have"
    );
}

fn group(letter: char, texts: &[Text], out: &mut String) {
    count(letter, texts.len() as u32, out);
    for text in texts {
        out.push_str(text);
    }
}

fn count(letter: char, number: u32, out: &mut String) {
    let written = counter::encode(CounterTable::Stable, letter, number, out);
    debug_assert!(written.is_ok(), "-{letter} can count {number}");
}
