//! What the generator says must come of a stream is what the engine makes of it.

mod support;

use kelpipe_cesr::version::Kind;
use kelpipe_gen::{Plan, Shape, Wire};
use support::{Held, by_engine, made};

fn compare(plan: &Plan) {
    let out = made(plan);
    let (truth, engine) = (Held::by_truth(&out.truth), by_engine(&out.stream));
    let what = format!("{plan:?}");
    let missing: Vec<_> = truth.states.difference(&engine.states).take(2).collect();
    let others: Vec<_> = engine.states.difference(&truth.states).take(2).collect();
    assert!(
        missing.is_empty() && others.is_empty(),
        "{what}\nmissing {missing:#?}\nothers {others:#?}\nrefused {:?} faults {}",
        engine.refused,
        engine.faults
    );
    let missing: Vec<_> = truth.waiting.difference(&engine.waiting).take(4).collect();
    let others: Vec<_> = engine.waiting.difference(&truth.waiting).take(4).collect();
    assert!(
        missing.is_empty() && others.is_empty(),
        "{what}\nwaiting {missing:#?}\nothers {others:#?}"
    );
    let missing: Vec<_> = truth
        .superseded
        .difference(&engine.superseded)
        .take(4)
        .collect();
    let others: Vec<_> = engine
        .superseded
        .difference(&truth.superseded)
        .take(4)
        .collect();
    assert!(
        missing.is_empty() && others.is_empty(),
        "{what}\nsuperseded {missing:#?}\nothers {others:#?}"
    );
    assert_eq!(truth.faults, engine.faults, "{what}");
    assert_eq!(truth.refused, engine.refused, "{what}");
}

fn wires(major: u8) -> Vec<Wire> {
    let kinds = [Kind::Json, Kind::Cbor, Kind::Mgpk];
    let kinds = &kinds[..3];
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
        for shape in Shape::ALL {
            compare(&Plan {
                aids: 12,
                events: 12,
                shapes: vec![shape],
                wires: vec![wire],
                ..Plan::default()
            });
        }
    }
}

#[test]
fn interleaved_shuffled_lost_repeated_and_damaged() {
    for seed in 0..6 {
        compare(&Plan {
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
        });
    }
}
