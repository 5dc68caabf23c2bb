//! The same plan makes the same bytes, and memory does not grow with their number.

use kelpipe_cesr::version::Kind;
use kelpipe_gen::{Output, Plan, Shape, Wire, World};

/// Bytes of a piece, as the command line asks for them.
const PIECE: usize = 256 << 10;

/// What allocators and other tests of this process may add.
const GROWTH_MAX: usize = 8 << 20;

fn troubled(seed: u64, aids: u64) -> Plan {
    Plan {
        seed,
        aids,
        shapes: Shape::ALL.to_vec(),
        wires: [Kind::Json, Kind::Cbor, Kind::Mgpk]
            .map(|kind| Wire {
                major: 1,
                kind,
                binary: false,
            })
            .to_vec(),
        interleave: 20,
        shuffle: 30,
        drop: 5_000,
        duplicate: 20_000,
        corrupt: 10_000,
        ..Plan::default()
    }
}

/// A digest of everything that is made, in pieces of `bytes`.
fn digest(plan: &Plan, bytes: usize) -> [u8; 32] {
    let mut world = World::new(plan.clone()).expect("a sound plan");
    let (mut stream, mut truth) = (blake3::Hasher::new(), blake3::Hasher::new());
    loop {
        let mut out = Output::default();
        let more = world.fill(bytes, &mut out);
        stream.update(&out.stream);
        truth.update(out.truth.as_bytes());
        if !more {
            stream.update(truth.finalize().as_bytes());
            return *stream.finalize().as_bytes();
        }
    }
}

/// Anonymous memory of this process in bytes, where the system tells.
fn memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    let kibibytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes << 10)
}

#[test]
fn bytes_follow_from_the_plan() {
    let plan = troubled(3, 200);
    assert_eq!(digest(&plan, PIECE), digest(&plan, 1));
    assert_ne!(digest(&plan, PIECE), digest(&troubled(4, 200), PIECE));
}

#[test]
fn memory_does_not_grow_with_what_is_made() {
    let Some(_) = memory() else {
        eprintln!("NOT RUN: this system does not tell how much memory a process has");
        return;
    };
    let long = Plan {
        aids: 1,
        events: 50_000,
        ..Plan::default()
    };
    for (few, many) in [
        (troubled(3, 300), troubled(3, 5_000)),
        (
            Plan {
                events: 500,
                ..long.clone()
            },
            long,
        ),
    ] {
        digest(&few, PIECE);
        let before = memory().expect("as before");
        digest(&many, PIECE);
        let grown = memory().expect("as before").saturating_sub(before);
        assert!(
            grown < GROWTH_MAX,
            "{grown} bytes more for {} AIDs of {} events",
            many.aids,
            many.events
        );
    }
}
