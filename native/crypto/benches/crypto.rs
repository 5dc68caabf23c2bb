//! Time per signature against libsodium, dalek and aws-lc-rs, all in one run on the same signatures.
//!
//! `cargo bench -p kelpipe-crypto --bench crypto`; with `-- --json`, one line of JSON. A figure is the best of some
//! rounds, and in each round every contender has its turn, so that a noisy machine troubles all of them alike.

use std::{hint::black_box, time::Instant};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use kelpipe_crypto::{
    Algorithm, Check, Options, Path, Verifier,
    digest::{Batch, Digest},
};

const SIGNATURES: usize = 2048;
/// The size of a typical event.
const MESSAGE_BYTES: usize = 314;
const ROUNDS: usize = 9;
/// The same of both cores, of which each must be left alone at the same time.
const TWO_CORES_ROUNDS: usize = 49;
const PARTS: usize = 32;
/// Uses after which a key has a table: more than a key that is not hot comes to.
const USES_OF_TABLES: usize = 6;

/// Which keys sign.
struct Load {
    name: &'static str,
    /// The key of signature `i`.
    key: fn(usize) -> usize,
    /// Whether the key was seen often before.
    is_hot: fn(usize) -> bool,
    /// The share of libsodium's time that each path may take.
    wanted: fn(Path) -> Option<f64>,
}

const LOADS: [Load; 4] = [
    Load {
        name: "2,048 keys, one signature each",
        key: |i| i,
        is_hot: |_| false,
        wanted: |path| Some(at_most(path, [0.80, 0.65, 0.24])),
    },
    Load {
        name: "21 hot keys",
        key: |i| i % 21,
        is_hot: |_| true,
        wanted: |path| Some(at_most(path, [0.35, 0.24, 0.12])),
    },
    Load {
        name: "3 hot witnesses and a fresh controller",
        key: |i| if i.is_multiple_of(4) { i } else { i % 4 },
        is_hot: |key| key % 4 != 0,
        wanted: |path| (path == Path::Ifma).then_some(0.15),
    },
    Load {
        name: "2,048 hot keys in turn",
        key: |i| i,
        is_hot: |_| true,
        wanted: |_| None,
    },
];

/// The claim for the portable path, for lanes of AVX2 or NEON, for IFMA.
fn at_most(path: Path, [portable, lanes, ifma]: [f64; 3]) -> f64 {
    match path {
        Path::Portable => portable,
        Path::Avx2 | Path::Neon => lanes,
        Path::Ifma => ifma,
    }
}

/// A signature with its message and key.
struct Signed {
    key_index: usize,
    key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
}

impl Signed {
    fn check(&self) -> Check<'_> {
        Check {
            algorithm: Algorithm::Ed25519,
            key: &self.key,
            message: &self.message,
            signature: &self.signature,
        }
    }
}

fn signed(load: &Load) -> Vec<Signed> {
    (0..SIGNATURES)
        .map(|i| {
            let key_index = (load.key)(i);
            let mut seed = [7; 32];
            seed[..8].copy_from_slice(&(key_index as u64).to_le_bytes());
            let key = SigningKey::from_bytes(&seed);
            let mut message = vec![0x5a; MESSAGE_BYTES];
            message[..8].copy_from_slice(&(i as u64).to_le_bytes());
            Signed {
                key_index,
                key: key.verifying_key().to_bytes(),
                signature: key.sign(&message).to_bytes(),
                message,
            }
        })
        .collect()
}

/// Seconds for one batch by a verifier that knows the hot keys and has been at work before.
fn ours(load: &Load, all: &[Signed], path: Path, threads: usize) -> f64 {
    let verifier = Verifier::new(Options {
        threads,
        path: Some(path),
        ..Options::default()
    });
    assert_eq!(verifier.features().path, path);
    let hot: Vec<_> = all
        .iter()
        .filter(|signed| (load.is_hot)(signed.key_index))
        .map(Signed::check)
        .collect();
    let mut valid = vec![false; all.len()];
    for _ in 0..USES_OF_TABLES {
        verifier.verify(&hot, &mut valid[..hot.len()]);
    }
    let checks: Vec<_> = all.iter().map(Signed::check).collect();
    verifier.verify(&checks, &mut valid);
    let start = Instant::now();
    verifier.verify(&checks, &mut valid);
    let seconds = start.elapsed().as_secs_f64();
    assert!(!valid.contains(&false));
    seconds
}

/// Seconds for one signature after the other by a peer: from its fastest part, so that what else the machine does
/// meets the long runs of the peers no more than our short ones.
fn one_by_one(all: &[Signed], verify: fn(&Signed) -> bool) -> f64 {
    let parts = all.chunks_exact(SIGNATURES / PARTS).map(|part| {
        let start = Instant::now();
        assert!(part.iter().all(verify));
        start.elapsed().as_secs_f64()
    });
    parts.fold(f64::MAX, f64::min) * f64::from(PARTS as u32)
}

fn libsodium(signed: &Signed) -> bool {
    // SAFETY: the pointers are to 64 bytes, the stated number of bytes and 32 bytes, which the function only reads.
    let status = unsafe {
        libsodium_sys::crypto_sign_verify_detached(
            signed.signature.as_ptr(),
            signed.message.as_ptr(),
            signed.message.len() as u64,
            signed.key.as_ptr(),
        )
    };
    status == 0
}

fn dalek(signed: &Signed) -> bool {
    let signature = Signature::from_bytes(&signed.signature);
    VerifyingKey::from_bytes(&signed.key)
        .is_ok_and(|key| key.verify_strict(&signed.message, &signature).is_ok())
}

fn aws_lc(signed: &Signed) -> bool {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    UnparsedPublicKey::new(&ED25519, &signed.key)
        .verify(&signed.message, &signed.signature)
        .is_ok()
}

/// A figure with what it is compared with.
struct Row {
    name: String,
    ours: f64,
    peer: f64,
    wanted: Option<f64>,
}

/// Someone who verifies everything once and says how many seconds it took.
type Contender<'a> = Box<dyn Fn() -> f64 + 'a>;

/// Microseconds per signature of each contender.
fn race(rounds: usize, contenders: &[Contender<'_>]) -> Vec<f64> {
    let mut best = vec![f64::MAX; contenders.len()];
    for _ in 0..rounds {
        for (best, contender) in best.iter_mut().zip(contenders) {
            *best = best.min(contender());
        }
    }
    let scale = 1e6 / f64::from(SIGNATURES as u32);
    best.iter().map(|seconds| seconds * scale).collect()
}

/// One core: every path and the peers, against libsodium.
fn against_libsodium(load: &Load, paths: &[Path]) -> Vec<Row> {
    let all = &signed(load);
    let mut names = vec![("libsodium", None), ("dalek", None), ("aws-lc-rs", None)];
    let mut contenders: Vec<Contender<'_>> = vec![
        Box::new(|| one_by_one(all, libsodium)),
        Box::new(|| one_by_one(all, dalek)),
        Box::new(|| one_by_one(all, aws_lc)),
    ];
    for &path in paths {
        names.push((path.name(), (load.wanted)(path)));
        contenders.push(Box::new(move || ours(load, all, path, 1)));
    }
    let figures = race(ROUNDS, &contenders);
    let rows = names.into_iter().zip(&figures).skip(1);
    rows.map(|((name, wanted), &figure)| Row {
        name: format!("{name}: {}", load.name),
        ours: figure,
        peer: figures[0],
        wanted,
    })
    .collect()
}

/// Two cores against one.
fn two_cores(load: &Load, path: Path) -> Row {
    let all = &signed(load);
    let contenders: [Contender<'_>; 2] = [
        Box::new(|| ours(load, all, path, 2)),
        Box::new(|| ours(load, all, path, 1)),
    ];
    let figures = race(TWO_CORES_ROUNDS, &contenders);
    Row {
        name: format!("{}, 2 cores against 1: {}", path.name(), load.name),
        ours: figures[0],
        peer: figures[1],
        wanted: Some(1.0 / 1.9),
    }
}

/// SAIDs: each message in three parts, the second a dummied field. A batch against one message after the other.
fn digests(path: Path) -> Row {
    let all = &signed(&LOADS[0]);
    let parts = |signed: &'_ Signed| {
        let (front, rest) = signed.message.split_at(40);
        (front.to_vec(), [b'#'; 44], rest[44..].to_vec())
    };
    let all: &Vec<_> = &all.iter().map(parts).collect();
    let contenders: [Contender<'_>; 2] = [
        Box::new(|| {
            let mut batch = Batch::new(Some(path));
            let start = Instant::now();
            for (front, dummy, rest) in all {
                batch.push(&[front, dummy, rest]);
            }
            black_box(batch.hash(Digest::Blake3_256));
            start.elapsed().as_secs_f64()
        }),
        Box::new(|| {
            let mut out = [0; 32];
            let start = Instant::now();
            for (front, dummy, rest) in all {
                Digest::Blake3_256.hash(&[front, dummy, rest], &mut out);
                black_box(&out);
            }
            start.elapsed().as_secs_f64()
        }),
    ];
    let figures = race(ROUNDS, &contenders);
    Row {
        name: format!("{}, batch against one by one: BLAKE3", path.name()),
        ours: figures[0],
        peer: figures[1],
        wanted: (path == Path::Ifma).then_some(1.0 / 3.0),
    }
}

fn main() {
    let paths = Verifier::new(Options::default()).features().available;
    let mut rows: Vec<Row> = LOADS
        .iter()
        .flat_map(|load| against_libsodium(load, &paths))
        .collect();
    if std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) {
        rows.extend(LOADS.iter().map(|load| two_cores(load, paths[0])));
    }
    rows.extend(paths.iter().map(|&path| digests(path)));
    if std::env::args().any(|arg| arg == "--json") {
        let rows: Vec<String> = rows.iter().map(json).collect();
        println!("[{}]", rows.join(","));
    } else {
        rows.iter().for_each(print);
    }
}

fn json(row: &Row) -> String {
    let Row {
        name, ours, peer, ..
    } = row;
    let wanted = row
        .wanted
        .map_or(String::new(), |wanted| format!(r#","wanted":{wanted:.3}"#));
    format!(r#"{{"name":"{name}","unit":"µs","ours":{ours:.4},"peer":{peer:.4}{wanted}}}"#)
}

fn print(row: &Row) {
    let Row {
        name, ours, peer, ..
    } = row;
    let wanted = row
        .wanted
        .map_or(String::new(), |wanted| format!(" (wanted {wanted:.3})"));
    println!(
        "{name:<64} {ours:7.2} {peer:7.2} µs × {:.3}{wanted}",
        ours / peer
    );
}
