//! What the tests of verdicts share: libsodium as the oracle, and cases to hand to it and to every path.

#![allow(dead_code, reason = "each test uses a part of it")]

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

/// Compares every path with libsodium: without tables, and until every key has met its table, which is made at the
/// third use. Gives libsodium's verdicts.
pub fn agree(cases: &[Case]) -> Vec<bool> {
    let expected: Vec<bool> = cases.iter().map(Case::sodium).collect();
    for path in paths() {
        let (fresh, tabled) = (verifier(path, 0), verifier(path, 1 << 26));
        for (name, verifier) in [
            ("without tables", &fresh),
            ("first use", &tabled),
            ("second use", &tabled),
            ("tables made", &tabled),
            ("tables found", &tabled),
        ] {
            let got = verdicts(verifier, cases);
            for (i, case) in cases.iter().enumerate() {
                assert_eq!(
                    got[i], expected[i],
                    "{path:?}, {name}, case {i}: key {:02x?}, signature {:02x?}, message {:02x?}",
                    case.key, case.signature, case.message
                );
            }
        }
        // Two of the four rounds, but for keys that collide where uses are counted.
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

/// A small generator (SplitMix64) with a fixed seed, so that a failure repeats.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.next() as u8;
        }
    }
}
