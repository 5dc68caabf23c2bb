//! The reference's recorded results, stream by stream.
//!
//! Vectors are found through `KELPIPE_VECTORS`; without it nothing runs and the output says so.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kelpipe_keri::options::{Mode, Options};
use kelpipe_keri::store::Table;
use kelpipe_keri::views;
use serde_json::{Map, Value, json};
use support::Runner;

/// 2024-06-01T00:00:00Z in microseconds: where the vectors' clock stands.
const CLOCK_START: i64 = 1_717_200_000_000_000;

fn vectors() -> Option<PathBuf> {
    std::env::var_os("KELPIPE_VECTORS")
        .map(PathBuf::from)
        .filter(|path| path.is_dir())
}

fn options(cfg: &Value, mode: Mode) -> Options {
    let flag =
        |name: &str, default: bool| cfg.get(name).and_then(Value::as_bool).unwrap_or(default);
    let mut options = Options::new(mode);
    options.lax = flag("lax", true);
    options.local = flag("local", false);
    options.cloned = flag("cloned", false);
    options.hold_wakes = true;
    options.own = cfg
        .get("own")
        .and_then(Value::as_array)
        .map_or_else(Vec::new, |own| {
            own.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        });
    options
}

fn run(vector: &Value, stream: &[u8], mode: Mode) -> Value {
    let cfg = vector.get("cfg").cloned().unwrap_or_default();
    let mut runner = Runner::new(options(&cfg, mode), CLOCK_START);
    for step in vector["steps"].as_array().into_iter().flatten() {
        match step[0].as_str() {
            Some("parse") => {
                let range =
                    step[1].as_u64().unwrap_or(0) as usize..step[2].as_u64().unwrap_or(0) as usize;
                if let Some(flags) = step.get(3) {
                    let mut next = Runner::new(options(flags, mode), runner.now);
                    std::mem::swap(&mut next.store, &mut runner.store);
                    if let Some(ordinal) = next
                        .store
                        .table(Table::Meta)
                        .get(kelpipe_keri::store::META_ORDINAL)
                    {
                        next.engine.open(ordinal).expect("eight bytes");
                    }
                    runner = next;
                }
                runner.parse(&stream[range], usize::MAX);
            }
            Some("escrows") => {
                for _ in 0..12 {
                    if !runner.pass() {
                        break;
                    }
                }
            }
            Some("advance") => runner.now += (step[1].as_f64().unwrap_or(0.0) * 1e6) as i64,
            _ => {}
        }
    }
    observed(&runner)
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("our own JSON")
}

fn observed(runner: &Runner) -> Value {
    let store = &runner.store;
    let mut states = Map::new();
    for (key, value) in store.table(Table::Aids) {
        let aid = std::str::from_utf8(key).expect("text");
        if let Some(json) = views::key_state(aid, value, true) {
            states.insert(aid.into(), parsed(&json));
        }
    }
    let (mut kels, mut fels) = (Map::new(), BTreeMap::<String, BTreeMap<u64, Value>>::new());
    for (key, value) in store.table(Table::Kel) {
        let kel = parsed(&views::record(Table::Kel, key, value).expect("sound"));
        let aid = kel["aid"].as_str().expect("text").to_owned();
        let events = kel["events"].as_array().expect("list");
        let saids: Vec<Value> = events.iter().map(|event| event["said"].clone()).collect();
        for event in events {
            fels.entry(aid.clone())
                .or_default()
                .insert(event["fn"].as_u64().expect("number"), event["said"].clone());
        }
        let of = kels.entry(aid).or_insert_with(|| json!({}));
        of[kel["sn"].as_str().expect("text")] = Value::Array(saids);
    }
    let fels: Map<String, Value> = fels
        .into_iter()
        .map(|(aid, saids)| (aid, Value::Array(saids.into_values().collect())))
        .collect();
    json!({ "keyStates": states, "kels": kels, "fels": fels, "escrows": escrows(runner) })
}

fn escrows(runner: &Runner) -> Value {
    let mut tables: BTreeMap<String, Vec<(String, u64, Value)>> = BTreeMap::new();
    for (key, value) in runner.store.table(Table::Waiting) {
        let waiting = parsed(&views::record(Table::Waiting, key, value).expect("sound"));
        let place = String::from_utf8_lossy(&key[..key.len().min(44)]).into_owned();
        let (aid, sn, said) = (&waiting["aid"], &waiting["sn"], &waiting["said"]);
        for kind in waiting["kinds"].as_array().into_iter().flatten() {
            let mut row = json!({ "aid": aid, "sn": sn, "said": said });
            if waiting["type"] == "receipt" {
                row["val"] = format!(
                    "{}{}",
                    said.as_str().unwrap_or(""),
                    waiting["value"].as_str().unwrap_or("")
                )
                .into();
            }
            let table = kind["table"].as_str().expect("text").to_owned();
            tables.entry(table).or_default().push((
                place.clone(),
                kind["order"].as_u64().unwrap_or(0),
                row,
            ));
        }
        if !waiting["couple"].is_null() && runner.engine.options().mode == Mode::Keripy {
            let row = json!({ "aid": aid, "said": said, "val": waiting["couple"] });
            tables
                .entry("pdes".into())
                .or_default()
                .push((place, 0, row));
        }
    }
    let tables: Map<String, Value> = tables
        .into_iter()
        .map(|(table, rows)| {
            (
                table,
                Value::Array(rows.into_iter().map(|(_, _, row)| row).collect()),
            )
        })
        .collect();
    Value::Object(tables)
}

/// Escrow tables of key events and receipts, rows as sets.
fn comparable(escrows: &Value) -> BTreeMap<String, Vec<String>> {
    const TABLES: [&str; 9] = [
        "ooes", "pses", "pwes", "pdes", "udes", "uwes", "ures", "vres", "ldes",
    ];
    let mut out = BTreeMap::new();
    for table in TABLES {
        let rows = escrows.get(table).and_then(Value::as_array);
        let mut rows: Vec<String> = rows.into_iter().flatten().map(Value::to_string).collect();
        rows.sort();
        if !rows.is_empty() {
            out.insert(table.to_owned(), rows);
        }
    }
    out
}

/// Whether the reference threw bytes away, waited for ever or hung.
fn flushed(expected: &Value) -> bool {
    expected["parse"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|step| {
            let flag = |name: &str| step.get(name).and_then(Value::as_bool).unwrap_or(false);
            let flush = step["errors"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|error| error["flush"] == true);
            flush || flag("stalled") || flag("livelock") || flag("hang")
        })
}

/// Whether every event that the reference accepted is accepted in `ours` at the same place.
fn holds_more(ours: &Value, expected: &Value) -> bool {
    expected["kels"]
        .as_object()
        .into_iter()
        .flatten()
        .all(|(aid, kel)| {
            kel.as_object().into_iter().flatten().all(|(sn, saids)| {
                let ours = ours["kels"][aid][sn].as_array();
                saids
                    .as_array()
                    .into_iter()
                    .flatten()
                    .all(|said| ours.is_some_and(|ours| ours.contains(said)))
            })
        })
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn streams_end_in_the_recorded_state() {
    let Some(vectors) = vectors() else {
        println!("skipped: KELPIPE_VECTORS names no folder");
        return;
    };
    let only = std::env::var("KELPIPE_VECTOR").ok();
    let (mut counts, mut differing) = (BTreeMap::<String, u32>::new(), Vec::new());
    for path in names(&vectors.join("keripy"))
        .into_iter()
        .chain(names(&vectors.join("keripy-tests")))
    {
        let name = path
            .file_stem()
            .expect("file")
            .to_string_lossy()
            .into_owned();
        if only.as_ref().is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let vector = parsed(&std::fs::read_to_string(&path).expect("readable"));
        if vector["oracle"]
            .as_str()
            .is_some_and(|oracle| oracle.starts_with('2'))
        {
            continue;
        }
        let Ok(stream) = std::fs::read(path.with_extension("cesr")) else {
            continue;
        };
        let mode = if std::env::var_os("KELPIPE_HARDENED").is_some() {
            Mode::Hardened
        } else {
            Mode::Keripy
        };
        let ours = run(&vector, &stream, mode);
        let expected = &vector["expected"];
        let mut parts = Vec::new();
        for part in ["keyStates", "kels", "fels"] {
            if ours[part] != expected[part] {
                parts.push(part);
            }
        }
        if comparable(&ours["escrows"]) != comparable(&expected["escrows"]) {
            parts.push("escrows");
        }
        if flushed(expected) && !parts.is_empty() && holds_more(&ours, expected) {
            *counts
                .entry("more than the reference, which flushed".into())
                .or_default() += 1;
            continue;
        }
        let all = vector["others"]
            .as_object()
            .map_or(1, |others| others.len() + 1);
        let agreed = vector["agreeKeyState"]
            .as_array()
            .is_some_and(|agree| agree.len() == all);
        let group = format!(
            "{}{}",
            if agreed { "agreed" } else { "not agreed" },
            if parts.is_empty() { "" } else { ", differs" }
        );
        *counts.entry(group).or_default() += 1;
        if only.is_some() {
            println!(
                "{name}\nours {ours:#}\nexpected {:#}",
                json!({"keyStates": expected["keyStates"], "kels": expected["kels"], "fels": expected["fels"], "escrows": expected["escrows"], "events": expected["events"], "parse": expected["parse"]})
            );
        }
        if !parts.is_empty() {
            differing.push(format!(
                "{name}: {} ({})",
                parts.join(" "),
                vector["description"].as_str().unwrap_or("")
            ));
        }
    }
    for line in &differing {
        println!("{line}");
    }
    println!("{counts:?}");
}
