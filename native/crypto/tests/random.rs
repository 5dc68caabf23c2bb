//! Random signatures, side by side with libsodium.
//!
//! `KELPIPE_CRYPTO_CASES` sets how many (default 3,000; the long run is 10,000,000).

mod support;

use ed25519_dalek::{Signer, SigningKey};
use kelpipe_crypto::{Options, Verifier};
use support::{Case, Random, paths, verdicts};

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

// Goal: no input is judged otherwise than by libsodium. Every path sees every case; frequent keys have tables.
#[test]
fn random_cases_agree_with_libsodium() {
    let total: usize =
        std::env::var("KELPIPE_CRYPTO_CASES").map_or(3000, |text| text.parse().expect("a number"));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || {
                let mut random = Random(0x6b65_6c70 + worker as u64);
                let frequent: Vec<SigningKey> =
                    (0..FREQUENT).map(|_| random_key(&mut random)).collect();
                let verifiers: Vec<Verifier> = paths()
                    .into_iter()
                    .map(|path| {
                        Verifier::new(Options {
                            threads: 1,
                            path: Some(path),
                            ..Options::default()
                        })
                    })
                    .collect();
                for _ in 0..total.div_ceil(workers).div_ceil(ROUND) {
                    let cases = cases(&mut random, &frequent);
                    let expected: Vec<bool> = cases.iter().map(Case::sodium).collect();
                    for verifier in &verifiers {
                        let got = verdicts(verifier, &cases);
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
                }
            });
        }
    });
}
