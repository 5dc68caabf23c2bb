//! Events as the reference replays them: body, then one enclosing group with everything attached.
//!
//! Source: database.md 4.

use std::sync::Arc;

use kelpipe_cesr::codes::CounterTable;
use kelpipe_cesr::counter;
use kelpipe_cesr::primitive;

use crate::date;
use crate::record::{Attached, LogRecord, Set};

/// What the enclosing group of 1.1.17 can count; a larger area is written as bare groups.
const ENCLOSED_QUADLETS_MAX: u32 = 4095;

/// Appends a logged event in the layout of 1.1.17, with `late` attachments merged in.
pub fn message(record: &LogRecord, late: &[(Set, Arc<str>)], out: &mut Vec<u8>) {
    out.extend_from_slice(&record.body);
    let mut attached = record.attached.clone();
    for (set, text) in late {
        attached.add(*set, text);
    }
    let mut text = String::with_capacity(512);
    groups(record, &mut attached, &mut text);
    let quadlets = (text.len() / 4) as u32;
    let mut enclosing = String::with_capacity(4);
    if quadlets <= ENCLOSED_QUADLETS_MAX {
        count('V', quadlets, &mut enclosing);
    }
    out.extend_from_slice(enclosing.as_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn groups(record: &LogRecord, attached: &mut Attached, out: &mut String) {
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
    if let Some(couple) = &record.couple {
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
    count('E', 1, out);
    primitive::encode_number_huge(u128::from(record.first_seen), out);
    let written = primitive::encode_date(&date::format(record.date), out);
    debug_assert!(
        written.is_ok(),
        "our own dates have the form that dates have"
    );
}

fn group(letter: char, texts: &[Arc<str>], out: &mut String) {
    count(letter, texts.len() as u32, out);
    for text in texts {
        out.push_str(text);
    }
}

fn count(letter: char, number: u32, out: &mut String) {
    let written = counter::encode(CounterTable::Stable, letter, number, out);
    debug_assert!(written.is_ok(), "-{letter} can count {number}");
}
