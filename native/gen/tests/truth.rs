//! What the generator says must come of a stream is what the engine makes of it.

#[path = "support/engine.rs"]
mod engine;
#[path = "../../keri/tests/support/memory.rs"]
mod memory;
mod support;

use std::collections::BTreeSet;

use engine::by_engine;
use kelpipe_cesr::version::Kind;
use kelpipe_gen::{Plan, Shape, Wire};
use support::{Held, made};

/// Differences that are shown of each set.
const SHOWN: usize = 4;

/// Where truth and engine differ, in words.
fn differences(plan: &Plan) -> Vec<String> {
    let out = made(plan);
    let (truth, engine) = (Held::by_truth(&out.truth), by_engine(&out.stream));
    let mut found = Vec::new();
    let mut sets = |what: &str, truth: &BTreeSet<String>, engine: &BTreeSet<String>| {
        let lines = |sign, a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> {
            let only = a.difference(b).take(SHOWN);
            only.map(|line| format!("{what} {sign} {line}")).collect()
        };
        found.extend(lines("only in the truth:", truth, engine));
        found.extend(lines("only in the engine:", engine, truth));
    };
    sets("state", &truth.states, &engine.states);
    sets("waiting", &truth.waiting, &engine.waiting);
    sets("superseded", &truth.superseded, &engine.superseded);
    if truth.faults != engine.faults {
        found.push(format!("faults: {} and {}", truth.faults, engine.faults));
    }
    if truth.refused != engine.refused {
        found.push(format!(
            "refused: {:?} and {:?}",
            truth.refused, engine.refused
        ));
    }
    found
}

fn compare(plans: impl IntoIterator<Item = Plan>) {
    for plan in plans {
        let found = differences(&plan);
        assert!(
            found.is_empty(),
            "{plan:?}
{}",
            found.join(
                "
"
            )
        );
    }
}

fn wires(major: u8) -> Vec<Wire> {
    let mut kinds = vec![Kind::Json, Kind::Cbor, Kind::Mgpk];
    if major > 1 {
        kinds.push(Kind::Cesr);
    }
    let both = |kind: &Kind| {
        [false, true].map(|binary| Wire {
            major,
            kind: *kind,
            binary,
        })
    };
    kinds.iter().flat_map(both).collect()
}

#[test]
fn every_shape_in_every_serialization() {
    for wire in [wires(1), wires(2)].concat() {
        compare(Shape::ALL.map(|shape| Plan {
            aids: 12,
            events: 12,
            shapes: vec![shape],
            wires: vec![wire],
            ..Plan::default()
        }));
    }
}

#[test]
fn interleaved_shuffled_lost_repeated_and_damaged() {
    compare((0..300).map(|seed: u64| Plan {
        seed,
        aids: 30,
        events: 12,
        shapes: Shape::ALL.to_vec(),
        wires: [wires(1), wires(2)].concat(),
        interleave: 1 + seed as usize % 7,
        shuffle: 1 + seed as usize % 5 * 6,
        drop: if seed % 3 == 1 { 30_000 } else { 0 },
        duplicate: if seed % 4 > 1 { 80_000 } else { 0 },
        corrupt: if seed % 5 > 2 { 50_000 } else { 0 },
        ..Plan::default()
    }));
}
