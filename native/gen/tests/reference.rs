//! What the generator makes is what the reference takes: its key states, logs and escrows are those of the truth.
//!
//! `KELPIPE_REFERENCE_PYTHON` names a Python in which `keri<1.2` is installed; without it nothing runs, and the output
//! says so.

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use kelpipe_cesr::version::Kind;
use kelpipe_gen::{Output, Plan, Shape, Wire};
use serde_json::{Value, json};
use support::{Held, made};

/// Events that the reference is given.
const EVENTS_MIN: usize = 2_000;
/// Messages after which the reference looks at its escrows; it does so at the end in any case.
const BETWEEN_SWEEPS: usize = 100;

/// What is compared of a run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Compared {
    states: BTreeSet<String>,
    superseded: BTreeSet<String>,
    waiting: BTreeSet<String>,
    evidence: BTreeSet<String>,
}

/// The reference's table of a kind of escrow, of those that are compared: its receipts are lost in some orders.
fn table(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "out-of-order" => "ooes",
        "partial-signature" | "partial-delegation" => "pses",
        "partial-witness" => "pwes",
        "likely-duplicitous" => "ldes",
        _ => return None,
    })
}

fn by_truth(truth: &str) -> Compared {
    let held = Held::by_truth(truth);
    let mut compared = Compared {
        states: held.states,
        superseded: held.superseded,
        ..Compared::default()
    };
    for line in held.waiting {
        let (place, kind) = line.rsplit_once(' ').expect("a kind stands last");
        match table(kind) {
            Some("ldes") => _ = compared.evidence.insert(place.to_owned()),
            Some(table) => _ = compared.waiting.insert(format!("{place} {table}")),
            None => {}
        }
    }
    compared
}

fn by_reference(verdicts: &Value) -> Compared {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let mut compared = Compared::default();
    for (aid, state) in verdicts["keyStates"].as_object().expect("key states") {
        let est = ["kt", "k", "nt", "n", "bt", "b", "di"].map(|name| state[name].to_string());
        let (sn, said, ilk) = (text(&state["s"]), text(&state["d"]), text(&state["et"]));
        compared
            .states
            .insert(format!("{aid} {sn} {said} {ilk} {}", est.join(" ")));
        let number = |sn: &str| u64::from_str_radix(sn, 16).expect("hexadecimal");
        for (at, saids) in verdicts["kels"][aid].as_object().expect("a log") {
            let saids = saids.as_array().expect("a list");
            // Above the last event nothing counts.
            let counting = usize::from(number(at) <= number(&sn));
            for said in &saids[..saids.len() - counting] {
                compared
                    .superseded
                    .insert(format!("{aid} {at} {}", text(said)));
            }
        }
    }
    for name in ["ooes", "pses", "pwes", "ldes"] {
        for row in verdicts["escrows"][name].as_array().into_iter().flatten() {
            let place = [&row["aid"], &row["sn"], &row["said"]].map(text).join(" ");
            if name == "ldes" {
                compared.evidence.insert(place);
            } else {
                compared.waiting.insert(format!("{place} {name}"));
            }
        }
    }
    compared
}

/// Each message is parsed as a buffer of its own, so that a bad one costs no other.
fn steps(out: &Output) -> Value {
    let mut steps = Vec::new();
    let mut start = 0;
    for (number, end) in out.ends.iter().enumerate() {
        steps.push(json!(["parse", start, end]));
        start = *end;
        if number % BETWEEN_SWEEPS == BETWEEN_SWEEPS - 1 {
            steps.push(json!(["escrows"]));
        }
    }
    steps.push(json!(["escrows"]));
    json!({ "steps": steps })
}

fn judged(python: &str, out: &Output) -> Value {
    let folder = std::env::temp_dir().join(format!("kelpipe-gen-reference-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("made.cesr"), &out.stream).expect("a file");
    std::fs::write(folder.join("made.json"), steps(out).to_string()).expect("a file");
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/oracle.py");
    let ended = Command::new(python)
        .arg(oracle)
        .args([&folder, &folder.join("verdicts")])
        .output()
        .expect("the reference's Python starts");
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let verdicts = std::fs::read(folder.join("verdicts/made.json")).expect("verdicts");
    std::fs::remove_dir_all(&folder).expect("the folder goes");
    serde_json::from_slice(&verdicts).expect("JSON")
}

#[test]
fn the_reference_takes_every_version_1_shape() {
    let Ok(python) = std::env::var("KELPIPE_REFERENCE_PYTHON") else {
        eprintln!(
            "NOT RUN: KELPIPE_REFERENCE_PYTHON names no Python with keri<1.2, so nothing was compared"
        );
        return;
    };
    let kinds = [Kind::Json, Kind::Cbor, Kind::Mgpk];
    let wires = kinds.map(|kind| Wire {
        major: 1,
        kind,
        binary: false,
    });
    let out = made(&Plan {
        aids: 190,
        events: 12,
        seed: 11,
        shapes: Shape::ALL.to_vec(),
        wires: wires.to_vec(),
        interleave: 5,
        ..Plan::default()
    });
    assert!(out.ends.len() >= EVENTS_MIN, "{} messages", out.ends.len());
    for shape in Shape::ALL {
        let named = format!(r#""shape":"{}""#, shape.name());
        assert!(out.truth.contains(&named), "no {}", shape.name());
    }
    let (truth, reference) = (by_truth(&out.truth), by_reference(&judged(&python, &out)));
    let only =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    for (what, a, b) in [
        ("key states", &truth.states, &reference.states),
        ("superseded", &truth.superseded, &reference.superseded),
        ("waiting", &truth.waiting, &reference.waiting),
        ("evidence", &truth.evidence, &reference.evidence),
    ] {
        assert!(
            a == b,
            "{what}: only in the truth {:#?}, only in the reference {:#?}",
            only(a, b),
            only(b, a)
        );
    }
    eprintln!(
        "{} messages: the reference and the truth agree",
        out.ends.len()
    );
}
