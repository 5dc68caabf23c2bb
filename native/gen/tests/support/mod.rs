//! What is held in the end, in the words of the truth.

use std::collections::{BTreeMap, BTreeSet};

use kelpipe_gen::{Output, Plan, World};
use serde_json::Value;

/// A whole run.
pub fn made(plan: &Plan) -> Output {
    let mut out = Output::default();
    let mut world = World::new(plan.clone()).expect("a sound plan");
    while world.fill(usize::MAX, &mut out) {}
    out
}

/// What is held in the end, a line each: key states, entries that wait, evidence, superseded events, and the number of
/// messages that were refused, by code, and of faults.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub states: BTreeSet<String>,
    pub waiting: BTreeSet<String>,
    pub superseded: BTreeSet<String>,
    pub refused: BTreeMap<String, usize>,
    pub faults: usize,
}

impl Held {
    /// What the truth says.
    pub fn by_truth(truth: &str) -> Held {
        let mut held = Held::default();
        for line in truth.lines() {
            let row: Value = serde_json::from_str(line).expect("JSON");
            let text = |name: &str| row[name].as_str().unwrap_or("").to_owned();
            let place = format!("{} {} {}", text("aid"), text("sn"), text("said"));
            match row["type"].as_str() {
                Some("aid") => {
                    let est =
                        ["kt", "k", "nt", "n", "bt", "b", "di"].map(|name| row[name].to_string());
                    held.states
                        .insert(format!("{place} {} {}", text("ilk"), est.join(" ")));
                }
                Some("waiting" | "evidence") => {
                    held.waiting.insert(format!("{place} {}", text("kind")));
                }
                Some("superseded") => _ = held.superseded.insert(place),
                Some("refused") => *held.refused.entry(text("code")).or_default() += 1,
                Some("fault") => held.faults += 1,
                _ => {}
            }
        }
        held
    }
}
