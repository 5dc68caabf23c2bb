//! A verdict depends on nothing but its own signature.

mod support;

use std::process::Command;

use ed25519_dalek::{Signer, SigningKey};
use kelpipe_crypto::{Algorithm, Check, Options, Path, Verifier};
use support::{Case, Random, paths, verdicts, verifier};

/// Signatures of a few frequent and many rare keys, some of them broken; libsodium's verdicts beside them.
fn mixed_cases(count: usize) -> (Vec<Case>, Vec<bool>) {
    let mut random = Random(2);
    let cases: Vec<Case> = (0..count)
        .map(|i| {
            let mut seed = [0; 32];
            seed[0] = if random.below(2) == 0 {
                random.below(4) as u8
            } else {
                4 + i as u8
            };
            let key = SigningKey::from_bytes(&seed);
            let mut message = vec![0; random.below(500)];
            random.fill(&mut message);
            let mut signature = key.sign(&message).to_bytes();
            if random.below(3) == 0 {
                signature[random.below(64)] ^= 1 << random.below(8);
            }
            Case {
                key: key.verifying_key().to_bytes(),
                message,
                signature,
            }
        })
        .collect();
    let expected: Vec<bool> = cases.iter().map(Case::sodium).collect();
    assert!(expected.contains(&true) && expected.contains(&false));
    (cases, expected)
}

// Goal: no size of a batch is special. Method: every size from 1 to 64, without tables, with some, with all.
#[test]
fn batch_size_changes_no_verdict() {
    let (cases, expected) = mixed_cases(64);
    for path in paths() {
        let (fresh, tabled) = (verifier(path, 0), verifier(path, 1 << 26));
        for size in 1..=cases.len() {
            let start = (size * 7) % (cases.len() - size + 1);
            let range = start..start + size;
            for verifier in [&fresh, &tabled] {
                assert_eq!(
                    verdicts(verifier, &cases[range.clone()]),
                    expected[range.clone()],
                    "{path:?}, {size} from {start}"
                );
            }
        }
        assert_eq!(fresh.metrics().tables_built, 0);
        assert!(tabled.metrics().tables_built > 0);
    }
}

// Goal: the single check and the batch agree.
#[test]
fn one_by_one_is_the_same() {
    let (cases, expected) = mixed_cases(40);
    for path in paths() {
        let verifier = verifier(path, 1 << 26);
        let got: Vec<bool> = cases
            .iter()
            .map(|case| verifier.verify_one(&case.check()))
            .collect();
        assert_eq!(got, expected, "{path:?}");
        let metrics = verifier.metrics();
        assert_eq!(
            (metrics.checks, metrics.valid),
            (40, expected.iter().filter(|&&valid| valid).count() as u64)
        );
    }
}

// Goal: threads change nothing, also with several callers at once. Method: 1, 2, 3 and 16 threads.
#[test]
fn threads_change_no_verdict() {
    let (cases, expected) = mixed_cases(700);
    for threads in [1, 2, 3, 16] {
        let verifier = Verifier::new(Options {
            threads,
            ..Options::default()
        });
        assert_eq!(verifier.features().threads, threads);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    assert_eq!(verdicts(&verifier, &cases), expected, "{threads} threads");
                });
            }
        });
    }
}

// Goal: a cache too small for the keys gives the same verdicts and keeps its limit.
#[test]
fn a_small_cache_changes_no_verdict() {
    let (cases, expected) = mixed_cases(400);
    let verifier = Verifier::new(Options {
        threads: 1,
        table_cache_bytes: 60_000,
        path: None,
    });
    for _ in 0..8 {
        assert_eq!(verdicts(&verifier, &cases), expected);
        assert!(verifier.metrics().table_bytes <= 60_000);
    }
    assert!(verifier.metrics().table_bytes > 0);
}

// Goal: malformed input is a verdict, not a panic. Method: every length of key and signature for every algorithm.
#[test]
fn wrong_lengths_are_false() {
    let zeros = [0; 80];
    let mut checks = Vec::new();
    for algorithm in [
        Algorithm::Ed25519,
        Algorithm::Secp256k1,
        Algorithm::Secp256r1,
    ] {
        for key in 0..=40 {
            for signature in 0..=70 {
                checks.push(Check {
                    algorithm,
                    key: &zeros[..key],
                    message: &[],
                    signature: &zeros[..signature],
                });
            }
        }
    }
    for path in paths() {
        let mut valid = vec![true; checks.len()];
        verifier(path, 1 << 20).verify(&checks, &mut valid);
        assert!(!valid.contains(&true), "{path:?}");
    }
}

// Goal: an empty batch is fine.
#[test]
fn nothing_to_check_is_fine() {
    for path in paths() {
        assert_eq!(verdicts(&verifier(path, 0), &[]), []);
    }
}

// Goal: the environment forces a path, the argument comes before it, and an unknown name is the portable path.
#[test]
fn the_environment_forces_a_path() {
    for (name, expected) in paths()
        .iter()
        .map(|path| (path.name(), *path))
        .chain([("abacus", Path::Portable)])
    {
        let status = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "forced_path", "--ignored"])
            .env("KELPIPE_CRYPTO_PATH", name)
            .env("EXPECTED", expected.name())
            .status();
        assert!(status.expect("the child runs").success(), "{name}");
    }
}

#[test]
#[ignore = "run by the_environment_forces_a_path"]
fn forced_path() {
    let path = Verifier::new(Options::default()).features().path;
    assert_eq!(Some(path.name()), std::env::var("EXPECTED").ok().as_deref());
    assert_eq!(verifier(Path::Portable, 0).features().path, Path::Portable);
}
