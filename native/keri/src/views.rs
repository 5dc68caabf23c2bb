//! Stored records as people and tools read them: key state records, waiting entries, logged events.

use std::fmt::Write;

use crate::date;
use crate::record::{LogRecord, Set, Waiting, decode_kel};
use crate::replay;
use crate::state::{AidRecord, KeyState};
use crate::store::{Table, decode_late, split_place};
use crate::text::Text;
use crate::usage::{Amount, Excess, Held};

/// JSON text of a string.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if u32::from(letter) < 0x20 || letter == '\u{7f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// JSON list of strings.
pub(crate) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quote(text.as_ref())).collect();
    format!("[{}]", quoted.join(","))
}

/// The key state record of an AID as JSON (database.md 3); `None` if the value is damaged or holds no state.
/// `dated`: with the first-seen date.
pub fn key_state(aid: &str, value: &[u8], dated: bool) -> Option<String> {
    AidRecord::decode(value)?
        .state
        .map(|state| key_state_json(aid, &state, dated))
}

pub(crate) fn key_state_json(aid: &str, state: &KeyState, dated: bool) -> String {
    let est = &state.est;
    let keys: Vec<&str> = est.keys.iter().map(|key| &*key.text).collect();
    let mut traits = Vec::new();
    if est.establishment_only {
        traits.push("EO");
    }
    if est.do_not_delegate {
        traits.push("DND");
    }
    let date = if dated {
        format!("\"dt\":{},", quote(&date::format(state.date)))
    } else {
        String::new()
    };
    format!(
        "{{\"vn\":[{},0],\"i\":{},\"s\":\"{:x}\",\"p\":{},\"d\":{},\"f\":\"{:x}\",{date}\"et\":\"{}\",\"kt\":{},\"k\":{},\
         \"nt\":{},\"n\":{},\"bt\":\"{:x}\",\"b\":{},\"c\":{},\"ee\":{{\"s\":\"{:x}\",\"d\":{},\"br\":{},\"ba\":{}}},\"di\":{}}}",
        state.major,
        quote(aid),
        state.sn,
        quote(&state.prior),
        quote(&state.said),
        state.first_seen,
        state.ilk.name(),
        est.kt.json(),
        list(&keys),
        est.nt.json(),
        list(&est.next),
        est.toad,
        list(&est.witnesses),
        list(&traits),
        est.sn,
        quote(&est.said),
        list(&est.cuts),
        list(&est.adds),
        quote(&est.delegator),
    )
}

fn attached_json(attached: &crate::record::Attached) -> String {
    format!(
        "{{\"sigs\":{},\"wigs\":{},\"rcts\":{},\"vrcs\":{}}}",
        list(&attached.sigs),
        list(&attached.wigs),
        list(&attached.rcts),
        list(&attached.vrcs)
    )
}

/// Any record as JSON, for management, tests and `observe`; `None` if it is damaged.
pub fn record(table: Table, key: &[u8], value: &[u8]) -> Option<String> {
    Some(match table {
        Table::Aids => aid_json(std::str::from_utf8(key).ok()?, value)?,
        Table::Kel => kel_json(key, value)?,
        Table::Log => log_json(&LogRecord::decode(value)?),
        Table::Late => {
            let (set, text) = decode_late(value)?;
            let ordinal = u64::from_be_bytes(key.get(..8)?.try_into().ok()?);
            format!(
                "{{\"ordinal\":{ordinal},\"set\":\"{}\",\"text\":{}}}",
                set_name(set),
                quote(&text)
            )
        }
        Table::Waiting => waiting_json(key, value)?,
        Table::Seals | Table::Awaits | Table::Expiry | Table::Wake | Table::Meta | Table::Saids => {
            return None;
        }
    })
}

fn aid_json(aid: &str, value: &[u8]) -> Option<String> {
    let record = AidRecord::decode(value)?;
    let state = record
        .state
        .as_ref()
        .map_or("null".into(), |state| key_state_json(aid, state, true));
    Some(format!(
        "{{\"aid\":{},\"rows\":{},\"awaited\":{},\"state\":{state}}}",
        quote(aid),
        record.rows,
        record.awaited
    ))
}

fn kel_json(key: &[u8], value: &[u8]) -> Option<String> {
    let (aid, sn, _) = split_place(key)?;
    let entries: Vec<String> = decode_kel(value)?
        .iter()
        .map(|entry| {
            format!(
                "{{\"ordinal\":{},\"fn\":{},\"said\":{}}}",
                entry.ordinal,
                entry.first_seen,
                quote(&entry.said)
            )
        })
        .collect();
    Some(format!(
        "{{\"aid\":{},\"sn\":\"{sn:x}\",\"events\":[{}]}}",
        quote(aid),
        entries.join(",")
    ))
}

fn log_json(record: &LogRecord) -> String {
    let couple = record.couple.as_ref().map_or("null".into(), |couple| {
        format!(
            "{{\"sn\":\"{:x}\",\"said\":{}}}",
            couple.sn,
            quote(&couple.said)
        )
    });
    format!(
        "{{\"aid\":{},\"sn\":\"{:x}\",\"said\":{},\"ilk\":\"{}\",\"fn\":{},\"dt\":{},\"est\":{},\"local\":{},\"source\":{},\"witnesses\":{},\"couple\":{couple},\"attached\":{}}}",
        quote(&record.pre),
        record.sn,
        quote(&record.said),
        record.ilk.name(),
        record.first_seen,
        quote(&date::format(record.date)),
        record.est,
        record.local,
        record.source,
        list(&record.witnesses),
        attached_json(&record.attached),
    )
}

fn set_name(set: Set) -> &'static str {
    match set {
        Set::Sigs => "sigs",
        Set::Wigs => "wigs",
        Set::Rcts => "rcts",
        Set::Vrcs => "vrcs",
    }
}

fn waiting_json(key: &[u8], value: &[u8]) -> Option<String> {
    let (aid, sn, _) = split_place(key)?;
    let member = |kind: crate::decision::Kind, awaits: crate::decision::Awaits, order: u32| {
        format!(
            "{{\"kind\":\"{}\",\"table\":\"{}\",\"awaits\":\"{}\",\"order\":{order}}}",
            kind.name(),
            kind.table(),
            awaits.name()
        )
    };
    let waiting = Waiting::decode(value)?;
    let held = Held::of(&waiting).bytes();
    Some(match waiting {
        Waiting::Event(event) => {
            let kinds: Vec<String> = event
                .memberships
                .iter()
                .map(|m| member(m.kind, m.awaits, m.order))
                .collect();
            let couple = event.couple.as_ref().map_or("null".into(), |couple| {
                let mut text = String::new();
                kelpipe_cesr::primitive::encode_number_huge(couple.sn, &mut text);
                text.push_str(&couple.said);
                quote(&text)
            });
            format!(
                "{{\"type\":\"event\",\"aid\":{},\"sn\":\"{sn:x}\",\"said\":{},\"since\":{},\"source\":{},\"held\":{held},\"kinds\":[{}],\"couple\":{couple},\"attached\":{}}}",
                quote(aid),
                quote(&event.said),
                quote(&date::format(event.date)),
                event.source,
                kinds.join(","),
                attached_json(&event.attached)
            )
        }
        Waiting::Receipt(receipt) => {
            let m = receipt.membership;
            format!(
                "{{\"type\":\"receipt\",\"aid\":{},\"sn\":\"{sn:x}\",\"said\":{},\"since\":{},\"source\":{},\"held\":{held},\"kinds\":[{}],\"value\":{}}}",
                quote(aid),
                quote(&receipt.said),
                quote(&date::format(receipt.date)),
                receipt.source,
                member(m.kind, m.awaits, m.order),
                quote(&receipt.value)
            )
        }
        Waiting::Query(query) => {
            let m = query.membership;
            format!(
                "{{\"type\":\"query\",\"aid\":{},\"sn\":\"{sn:x}\",\"said\":{},\"since\":{},\"source\":{},\"held\":{held},\"kinds\":[{}],\"signer\":{},\"signatures\":{}}}",
                quote(aid),
                quote(&query.said),
                quote(&date::format(query.date)),
                query.source,
                member(m.kind, m.awaits, m.order),
                quote(&query.signer),
                list(&query.signatures)
            )
        }
    })
}

/// A logged event with its late attachments as the reference replays it; `None` if a record is damaged.
pub fn replayed(log: &[u8], late: &[&[u8]]) -> Option<Vec<u8>> {
    let record = LogRecord::decode(log)?;
    let late: Option<Vec<(Set, Text)>> = late.iter().map(|value| decode_late(value)).collect();
    let mut out = Vec::with_capacity(record.body.len() + 512);
    replay::message(&record, &late?, &mut out);
    Some(out)
}

/// Ordinals of the events at a place, superseded ones first; `None` if the value is damaged.
pub fn ordinals(kel: &[u8]) -> Option<Vec<u64>> {
    Some(decode_kel(kel)?.iter().map(|entry| entry.ordinal).collect())
}

/// What waits and what of it has to go, as JSON.
pub fn usage(all: Amount, excess: &[Excess]) -> String {
    let excess: Vec<String> = excess
        .iter()
        .map(|over| {
            format!(
                "{{\"source\":{},\"kind\":\"{}\",\"entries\":{},\"bytes\":{}}}",
                over.source,
                over.kind.name(),
                over.amount.entries,
                over.amount.bytes
            )
        })
        .collect();
    format!(
        "{{\"entries\":{},\"bytes\":{},\"excess\":[{}]}}",
        all.entries,
        all.bytes,
        excess.join(",")
    )
}
