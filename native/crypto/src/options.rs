//! How a verifier works, and what it says of itself.

use crate::ed25519::available;

/// An implementation of the Ed25519 arithmetic, and of what else goes in lanes.
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

impl Path {
    /// All paths, the preferred first.
    pub const ALL: [Self; 4] = [Self::Ifma, Self::Avx2, Self::Neon, Self::Portable];

    /// The name, as `KELPIPE_CRYPTO_PATH` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Ifma => "ifma",
            Self::Neon => "neon",
        }
    }

    /// The path that was asked for, if this machine has it, else the portable one; unasked, the fastest.
    pub(crate) fn choose(asked: Option<Self>) -> Self {
        let named = || {
            let name = std::env::var("KELPIPE_CRYPTO_PATH").ok()?;
            let found = Self::ALL.into_iter().find(|path| path.name() == name);
            Some(found.unwrap_or(Self::Portable))
        };
        let available = available();
        match asked.or_else(named) {
            Some(path) if available.contains(&path) => path,
            Some(_) => Self::Portable,
            None => available[0],
        }
    }
}

/// How a [`Verifier`](crate::Verifier) works; no option changes a verdict.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads that check one batch; 0 means all cores.
    pub threads: usize,
    /// Most bytes that the tables of frequent keys may take; 0 means none are made.
    pub table_cache_bytes: usize,
    /// The path to use. `None`: the one that the environment's `KELPIPE_CRYPTO_PATH` names, else the fastest. A path
    /// that this machine lacks gives the portable one; [`Features`] tells.
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

/// Counts since the verifier was made, except `table_bytes`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Metrics {
    /// Signatures checked.
    pub checks: u64,
    /// Of these, valid ones.
    pub valid: u64,
    /// Ed25519 signatures checked against a table of their key.
    pub table_hits: u64,
    /// Tables made.
    pub tables_built: u64,
    /// Tables given up for others.
    pub tables_evicted: u64,
    /// Bytes that tables take now.
    pub table_bytes: u64,
    /// Wall-clock time in `verify` and `verify_one`, summed over calls.
    pub nanoseconds: u64,
}

/// What a verifier runs on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Features {
    /// The path in use.
    pub path: Path,
    /// All the paths that this machine has, the preferred first.
    pub available: Vec<Path>,
    /// Threads that check one batch.
    pub threads: usize,
}
