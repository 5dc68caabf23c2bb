//! The public face: checks in, verdicts out.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{ecdsa, ed25519};

/// The signature algorithms that KERI can verify.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Algorithm {
    /// Ed25519 with libsodium's accept set.
    Ed25519,
    /// ECDSA over secp256k1 and SHA-256.
    Secp256k1,
    /// ECDSA over secp256r1 (P-256) and SHA-256.
    Secp256r1,
}

/// One signature to check.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// What `key` and `signature` are.
    pub algorithm: Algorithm,
    /// 32 bytes (Ed25519) or a 33-byte compressed point (ECDSA).
    pub key: &'a [u8],
    /// The signed bytes.
    pub message: &'a [u8],
    /// 64 bytes; ECDSA: `r || s`, big-endian, over SHA-256 of the message.
    pub signature: &'a [u8],
}

/// An implementation of the Ed25519 arithmetic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Path {
    /// Plain Rust, any CPU.
    Portable,
    /// Four signatures in AVX2 lanes.
    Avx2,
    /// Eight signatures in AVX-512 IFMA lanes.
    Ifma,
    /// Two signatures in NEON lanes.
    Neon,
}

/// How a [`Verifier`] works; no option changes a verdict.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that check one batch; 0 means all cores.
    pub threads: usize,
    /// Most bytes that tables of frequent keys may take.
    pub table_cache_bytes: usize,
    /// The path to use; `None`: the environment's `KELPIPE_CRYPTO_PATH`, else the fastest of this machine.
    pub path: Option<Path>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 0,
            table_cache_bytes: 64 << 20,
            path: None,
        }
    }
}

/// Counts since the verifier was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Metrics {
    /// Signatures checked.
    pub checks: u64,
    /// Of these, valid ones.
    pub valid: u64,
}

/// What this verifier runs on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Features {
    /// The path in use.
    pub path: Path,
    /// Threads that check one batch.
    pub threads: usize,
}

/// Checks signatures in batches. Verdicts do not depend on order, batch size, path or threads.
pub struct Verifier {
    threads: usize,
    checks: AtomicU64,
    valid: AtomicU64,
}

impl Verifier {
    /// A verifier for any number of batches.
    pub fn new(options: Options) -> Self {
        let threads = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        Self {
            threads,
            checks: AtomicU64::new(0),
            valid: AtomicU64::new(0),
        }
    }

    /// Checks every signature; `valid[i]` becomes the verdict on `checks[i]`. Malformed input is `false`.
    ///
    /// # Panics
    /// If `checks` and `valid` differ in length.
    pub fn verify(&self, checks: &[Check<'_>], valid: &mut [bool]) {
        assert_eq!(checks.len(), valid.len(), "one verdict per check");
        let share = checks.len().div_ceil(self.threads).max(16);
        std::thread::scope(|scope| {
            let mut shares = checks.chunks(share).zip(valid.chunks_mut(share));
            let own = shares.next();
            for (checks, valid) in shares {
                scope.spawn(move || verify_all(checks, valid));
            }
            if let Some((checks, valid)) = own {
                verify_all(checks, valid);
            }
        });
        self.checks.fetch_add(checks.len() as u64, Relaxed);
        self.valid
            .fetch_add(valid.iter().filter(|&&valid| valid).count() as u64, Relaxed);
    }

    /// Checks one signature on the calling thread.
    pub fn verify_one(&self, check: &Check<'_>) -> bool {
        let valid = verify_one(check);
        self.checks.fetch_add(1, Relaxed);
        self.valid.fetch_add(u64::from(valid), Relaxed);
        valid
    }

    /// The counters; lock-free.
    pub fn metrics(&self) -> Metrics {
        Metrics {
            checks: self.checks.load(Relaxed),
            valid: self.valid.load(Relaxed),
        }
    }

    /// The path and the threads in use.
    pub fn features(&self) -> Features {
        Features {
            path: Path::Portable,
            threads: self.threads,
        }
    }
}

fn verify_all(checks: &[Check<'_>], valid: &mut [bool]) {
    for (check, valid) in checks.iter().zip(valid) {
        *valid = verify_one(check);
    }
}

fn verify_one(check: &Check<'_>) -> bool {
    match check.algorithm {
        Algorithm::Ed25519 => ed25519::verify(check.key, check.message, check.signature),
        Algorithm::Secp256k1 => ecdsa::verify_k1(check.key, check.message, check.signature),
        Algorithm::Secp256r1 => ecdsa::verify_r1(check.key, check.message, check.signature),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: the plainest thing works. RFC 8032, section 7.1, test 3, and the same with one bit changed.
    #[test]
    fn accepts_the_rfc_vector_and_refuses_its_mutant() {
        let key = hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
        let mut signature = hex(
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        );
        let verifier = Verifier::new(Options::default());
        let verdict = |signature: &[u8]| {
            verifier.verify_one(&Check {
                algorithm: Algorithm::Ed25519,
                key: &key,
                message: &[0xaf, 0x82],
                signature,
            })
        };
        assert!(verdict(&signature));
        signature[40] ^= 1;
        assert!(!verdict(&signature));
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2)
            .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex"))
            .collect()
    }
}
