//! Random signatures, side by side with libsodium.
//!
//! The long run of 10,000,000 cases takes some twenty minutes on two cores:
//! `cargo test --release -p kelpipe-crypto --test random -- --ignored`.

mod support;

use ed25519_dalek::{Signer, SigningKey};
use kelpipe_crypto::Verifier;
use support::{Case, Random, paths, verdicts, verifier};

const CASES: usize = 200_000;
const CASES_OF_THE_LONG_RUN: usize = 10_000_000;
/// Cases that are made, judged and dropped together.
const ROUND: usize = 1000;
/// Keys that come again and again; the others come once.
const FREQUENT: usize = 40;

fn random_key(random: &mut Random) -> SigningKey {
    let mut seed = [0; 32];
    random.fill(&mut seed);
    SigningKey::from_bytes(&seed)
}

/// A quarter each: valid, a bit flipped anywhere, key or signature of another case, random bytes in S or R.
fn cases(random: &mut Random, frequent: &[SigningKey]) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::with_capacity(ROUND);
    while cases.len() < ROUND {
        let fresh = random_key(random);
        let key = if random.below(4) == 0 {
            &fresh
        } else {
            &frequent[random.below(frequent.len())]
        };
        let mut message = vec![0; random.below(600)];
        random.fill(&mut message);
        let signature = key.sign(&message).to_bytes();
        let valid = Case {
            key: key.verifying_key().to_bytes(),
            message,
            signature,
        };
        let mut flipped = valid.clone();
        match random.below(3) {
            0 => flipped.key[random.below(32)] ^= 1 << random.below(8),
            1 if !flipped.message.is_empty() => {
                let at = random.below(flipped.message.len());
                flipped.message[at] ^= 1 << random.below(8);
            }
            _ => flipped.signature[random.below(64)] ^= 1 << random.below(8),
        }
        let mut swapped = valid.clone();
        if let Some(other) = cases.get(random.below(cases.len() + 1)) {
            match random.below(3) {
                0 => swapped.key = other.key,
                1 => swapped.signature = other.signature,
                _ => swapped.signature[32..].copy_from_slice(&other.signature[32..]),
            }
        }
        let mut noise = valid.clone();
        let start = 32 * random.below(2);
        random.fill(&mut noise.signature[start..start + 32]);
        // Most random S are above L, where all agree too easily.
        noise.signature[63] &= 0x1f;
        cases.extend([valid, flipped, swapped, noise]);
    }
    cases
}

// Goal: no input is judged otherwise than by libsodium. Every path sees every case; frequent keys have tables, and
// batches have all sizes.
#[test]
fn random_cases_agree_with_libsodium() {
    compare(0, CASES);
}

#[test]
#[ignore = "takes long"]
fn ten_million_random_cases_agree_with_libsodium() {
    compare(1 << 32, CASES_OF_THE_LONG_RUN);
}

/// Runs on all cores, each with a seed of its own.
fn compare(seed: u64, total: usize) {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let verdicts = std::thread::scope(|scope| {
        let run =
            |worker| move || compare_on_one_core(seed + worker as u64, total.div_ceil(workers));
        let workers: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(run(worker)))
            .collect();
        let joined = workers
            .into_iter()
            .map(|worker| worker.join().expect("verdicts that agree"));
        joined.fold((0, 0), |sum, (valid, all)| (sum.0 + valid, sum.1 + all))
    });
    println!("{} valid of {}", verdicts.0, verdicts.1);
    assert!(verdicts.1 >= total && verdicts.0 > total / 5);
}

/// Valid ones and all.
fn compare_on_one_core(seed: u64, total: usize) -> (usize, usize) {
    let mut random = Random(seed);
    let frequent: Vec<SigningKey> = (0..FREQUENT).map(|_| random_key(&mut random)).collect();
    let verifiers: Vec<Verifier> = paths()
        .into_iter()
        .map(|path| verifier(path, 1 << 26))
        .collect();
    let (mut valid, mut all) = (0, 0);
    while all < total {
        let cases = cases(&mut random, &frequent);
        let expected: Vec<bool> = cases.iter().map(Case::sodium).collect();
        let size = 1 + random.below(ROUND);
        for verifier in &verifiers {
            for (cases, expected) in cases.chunks(size).zip(expected.chunks(size)) {
                assert_agreement(verifier, cases, expected);
            }
        }
        valid += expected.iter().filter(|&&valid| valid).count();
        all += cases.len();
    }
    (valid, all)
}

fn assert_agreement(verifier: &Verifier, cases: &[Case], expected: &[bool]) {
    let got = verdicts(verifier, cases);
    for (i, case) in cases.iter().enumerate() {
        assert_eq!(
            got[i],
            expected[i],
            "{:?}: key {:02x?}, signature {:02x?}, message {:02x?}",
            verifier.features().path,
            case.key,
            case.signature,
            case.message
        );
    }
}
