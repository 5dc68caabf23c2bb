//! The engine over a store in memory, and what it holds in the end.

use std::collections::BTreeMap;

use kelpipe_cesr::frame::Framer;
use kelpipe_crypto::Verifier;
use kelpipe_keri::batch::{Batch, codec_options};
use kelpipe_keri::engine::{Engine, Step};
use kelpipe_keri::options::{Mode, Options};
use kelpipe_keri::store::Table;
use kelpipe_keri::views;
use serde_json::Value;

use crate::memory::Memory;
use crate::support::Held;

/// 2024-06-01T00:00:00Z in microseconds.
const NOW: i64 = 1_717_200_000_000_000;
/// Messages judged together.
const BATCH: usize = 500;

/// Number of a refused verdict, and where the columns of reasons and verdicts begin: see `LAYOUT`.
fn refusals(rows: &kelpipe_keri::columns::Columns, held: &mut Held) {
    use kelpipe_keri::columns::LAYOUT;
    let start = |wanted: &str| {
        let before = LAYOUT.iter().take_while(|(name, ..)| *name != wanted);
        before
            .map(|(_, width, _)| width.bytes() * rows.rows)
            .sum::<usize>()
    };
    let (reason, verdict) = (start("reason"), start("verdict"));
    for row in 0..rows.rows {
        if rows.bytes[verdict + row] != kelpipe_keri::decision::Verdict::Rejected as u8 {
            continue;
        }
        let number = u16::from_le_bytes([
            rows.bytes[reason + 2 * row],
            rows.bytes[reason + 2 * row + 1],
        ]);
        let code = kelpipe_keri::decision::codes().find(|(other, ..)| *other == number);
        *held
            .refused
            .entry(code.expect("a known code").1.to_owned())
            .or_default() += 1;
    }
}

/// What the engine makes of a stream.
pub fn by_engine(stream: &[u8]) -> Held {
    let options = Options::new(Mode::Hardened);
    let engine = Engine::new(
        options.clone(),
        Verifier::new(kelpipe_crypto::Options::default()),
    );
    let mut store = Memory::default();
    let mut held = Held::default();
    let (mut frames, mut faults) = (Vec::new(), Vec::new());
    Framer::new(&codec_options(&options)).frame(stream, true, &mut frames, &mut faults);
    held.faults = faults.len();
    for some in frames.chunks(BATCH) {
        let mut batch = Batch::prepare(&options, stream, some, 1);
        let mut fetched: Option<Vec<u8>> = None;
        loop {
            match engine
                .settle(&mut batch, fetched.take().as_deref(), NOW)
                .expect("a sound store")
            {
                Step::Missing(requests) => fetched = Some(store.fetch(&requests)),
                Step::Part(part) => {
                    store.apply(&part.writes);
                    engine.committed(part.part);
                    refusals(&part.rows, &mut held);
                    if !part.more {
                        break;
                    }
                }
            }
        }
    }
    collect(&store, &mut held);
    held
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn collect(store: &Memory, held: &mut Held) {
    let mut ends: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in store.table(Table::Aids) {
        let aid = std::str::from_utf8(key).expect("text");
        let Some(state) = views::key_state(aid, value, true) else {
            continue;
        };
        let state = json(&state);
        let text = |name: &str| state[name].as_str().unwrap_or("").to_owned();
        let est = ["kt", "k", "nt", "n", "bt", "b", "di"].map(|name| state[name].to_string());
        let line = format!(
            "{aid} {} {} {} {}",
            text("s"),
            text("d"),
            text("et"),
            est.join(" ")
        );
        held.states.insert(line);
        ends.insert(aid.to_owned(), text("s"));
    }
    for (key, value) in store.table(Table::Kel) {
        let kel = json(&views::record(Table::Kel, key, value).expect("sound"));
        let events = kel["events"].as_array().expect("a list");
        let part = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let number = |text: &str| u64::from_str_radix(text, 16).expect("hexadecimal");
        // Above the last event nothing counts.
        let above = number(&part(&kel["sn"])) > number(&ends[&part(&kel["aid"])]);
        for event in &events[..events.len() - usize::from(!above)] {
            held.superseded.insert(format!(
                "{} {} {}",
                part(&kel["aid"]),
                part(&kel["sn"]),
                part(&event["said"])
            ));
        }
    }
    for (key, value) in store.table(Table::Waiting) {
        let waiting = json(&views::record(Table::Waiting, key, value).expect("sound"));
        let part = |name: &str| waiting[name].as_str().unwrap_or("").to_owned();
        for kind in waiting["kinds"].as_array().into_iter().flatten() {
            let kind = kind["kind"]
                .as_str()
                .or(kind["name"].as_str())
                .unwrap_or("?");
            held.waiting.insert(format!(
                "{} {} {} {kind}",
                part("aid"),
                part("sn"),
                part("said")
            ));
        }
    }
}
