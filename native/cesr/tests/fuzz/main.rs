//! Fuzz targets that run with the tests: each gets mutated pieces of sound streams and pure noise, for as many seconds as
//! `KELPIPE_FUZZ_SECONDS` says (a fraction of one without it). The inputs are others with another number
//! in `KELPIPE_FUZZ_SEED`. A failure prints the input in hex.
//!
//! The seeds are small streams of every kind, made by [`common::make`]; `KELPIPE_WRITE_SEEDS=1` writes them anew.

#[path = "../common/mod.rs"]
mod common;

mod framing;
mod primitives;
mod reading;
mod reference;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use common::make::{self, Shape};
use common::random::Random;

fn seed_path(shape: Shape) -> PathBuf {
    let name = format!("{shape:?}.cesr").to_lowercase();
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/seeds")
        .join(name)
}

fn seeds() -> Vec<Vec<u8>> {
    let read = |shape: &Shape| std::fs::read(seed_path(*shape)).expect("seed");
    let mut seeds: Vec<_> = Shape::ALL.iter().map(read).collect();
    seeds.push(b"{\"a\":[1,-0.5,1e+16,true,null,{\"b\":\"\\u001f\\n\"}]}".to_vec());
    seeds
}

#[test]
fn the_seeds_are_what_the_generator_makes() {
    for shape in Shape::ALL {
        let made = make::stream(shape, 3, &mut Random::new(shape as u64));
        if std::env::var_os("KELPIPE_WRITE_SEEDS").is_some() {
            std::fs::write(seed_path(shape), &made).expect("seed");
        }
        assert!(
            std::fs::read(seed_path(shape)).expect("seed") == made,
            "{shape:?}"
        );
    }
}

fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const SPICE: &[u8] = b"-_{}[]\",:AB0OMFGHIJKV\\\x00\x7f\x80\xf8\xff";
    if random.below(64) == 0 {
        return (0..random.below(600))
            .map(|_| random.next() as u8)
            .collect();
    }
    let seed = &seeds[random.below(seeds.len())];
    let start = if random.below(3) == 0 {
        random.below(seed.len())
    } else {
        0
    };
    let mut bytes = seed[start..(start + 1 + random.below(2000)).min(seed.len())].to_vec();
    for _ in 0..random.below(6) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 if !bytes.is_empty() => bytes[at] = random.next() as u8,
            1 => bytes.insert(at, SPICE[random.below(SPICE.len())]),
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                let piece = &other[from..(from + 60).min(other.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}

fn run(name: &str, target: impl Fn(&[u8])) {
    let budget = Duration::from_secs_f64(variable("KELPIPE_FUZZ_SECONDS").unwrap_or(0.3));
    let seed: u64 = variable("KELPIPE_FUZZ_SEED").unwrap_or(0);
    let name_sum = name
        .bytes()
        .fold(0, |sum: u64, byte| sum * 31 % 0xffff_fffb + u64::from(byte));
    let (seeds, mut random, start) = (seeds(), Random::new(name_sum ^ seed), Instant::now());
    let mut rounds = 0u64;
    while start.elapsed() < budget {
        let input = mutate(&seeds, &mut random);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(&input))) {
            println!("{name} fails on {}", hex(&input));
            std::panic::resume_unwind(panic);
        }
        rounds += 1;
    }
    println!("{name}: {rounds} inputs");
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}
