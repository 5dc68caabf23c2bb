//! What the tests of verdicts share: libsodium as the oracle, and cases to hand to it and to every path.

#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

mod random;

pub use random::Random;

use kelpipe_crypto::{Algorithm, Check, Options, Path, Verifier};

/// An Ed25519 signature with its message and key.
#[derive(Clone)]
pub struct Case {
    pub key: [u8; 32],
    pub message: Vec<u8>,
    pub signature: [u8; 64],
}

impl Case {
    pub fn check(&self) -> Check<'_> {
        Check {
            algorithm: Algorithm::Ed25519,
            key: &self.key,
            message: &self.message,
            signature: &self.signature,
        }
    }

    /// libsodium's verdict.
    pub fn sodium(&self) -> bool {
        let length = self.message.len() as u64;
        // SAFETY: the pointers are to 64 bytes, `length` bytes and 32 bytes, which the function only reads.
        let status = unsafe {
            libsodium_sys::crypto_sign_verify_detached(
                self.signature.as_ptr(),
                self.message.as_ptr(),
                length,
                self.key.as_ptr(),
            )
        };
        status == 0
    }
}

/// A verifier on one thread.
pub fn verifier(path: Path, table_cache_bytes: usize) -> Verifier {
    Verifier::new(Options {
        threads: 1,
        table_cache_bytes,
        path: Some(path),
    })
}

/// The paths that this machine has.
pub fn paths() -> Vec<Path> {
    verifier(Path::Portable, 0).features().available
}

/// The verdicts on a batch.
pub fn verdicts(verifier: &Verifier, cases: &[Case]) -> Vec<bool> {
    let checks: Vec<Check<'_>> = cases.iter().map(Case::check).collect();
    let mut valid = vec![false; cases.len()];
    verifier.verify(&checks, &mut valid);
    valid
}

/// Uses of a key until it has a table on every path, and one more.
const USES: usize = 7;

/// Compares every path with libsodium: without tables, and until every key has met its table. Gives libsodium's
/// verdicts.
pub fn agree(cases: &[Case]) -> Vec<bool> {
    let expected: Vec<bool> = cases.iter().map(Case::sodium).collect();
    for path in paths() {
        let (fresh, tabled) = (verifier(path, 0), verifier(path, 1 << 26));
        let rounds = (0..USES).map(|_| ("with tables", &tabled));
        for (name, verifier) in std::iter::once(("without tables", &fresh)).chain(rounds) {
            let got = verdicts(verifier, cases);
            for (i, case) in cases.iter().enumerate() {
                assert_eq!(
                    got[i], expected[i],
                    "{path:?}, {name}, case {i}: key {:02x?}, signature {:02x?}, message {:02x?}",
                    case.key, case.signature, case.message
                );
            }
        }
        // The last two rounds at least, but for keys that collide where uses are counted.
        let hits = tabled.metrics().table_hits;
        assert!(hits >= cases.len() as u64, "few cases met a table");
    }
    expected
}

/// Bytes of a text in hexadecimal.
pub fn hex<const N: usize>(text: &str) -> [u8; N] {
    bytes(text).try_into().expect("a text of the right length")
}

/// Bytes of a text in hexadecimal.
pub fn bytes(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(digit).collect()
}
