//! Code tables. Sizes are in characters of the text domain; in the binary domain all are 3/4 of that.
//!
//! The rows are plain constants; a test compares each with `tests/data/codes.tsv`.

mod counter;
mod indexer;
mod lookup;
mod matter;
mod matter_stable;

pub use counter::{COUNTERS_HEAD_V1, COUNTERS_STABLE, COUNTERS_V2};
pub use indexer::INDEXER;
pub(crate) use lookup::{counter_in, indexer_at, matter_at, short_matter};
pub use lookup::{indexer_row as indexer_by_code, matter_row as matter_by_code};
pub use matter::MATTER;
pub use matter_stable::MATTER_STABLE_ONLY;

const VARIABLE: u32 = u32::MAX;

pub(crate) const DIGEST: u16 = 1;
pub(crate) const PREFIX: u16 = 1 << 1;
pub(crate) const NONTRANSFERABLE: u16 = 1 << 2;
pub(crate) const NUMBER: u16 = 1 << 3;
pub(crate) const BEXT: u16 = 1 << 4;
pub(crate) const BYTES: u16 = 1 << 5;
pub(crate) const DECIMAL: u16 = 1 << 6;
pub(crate) const NONCE: u16 = 1 << 7;
pub(crate) const TAG: u16 = 1 << 8;
pub(crate) const LABEL: u16 = 1 << 9;
pub(crate) const ESCAPE: u16 = 1 << 10;
pub(crate) const PREFIX_STABLE: u16 = 1 << 11;
pub(crate) const VERKEY: u16 = 1 << 12;
pub(crate) const SIGNATURE: u16 = 1 << 13;

/// One Matter code.
#[derive(Debug, PartialEq, Eq)]
pub struct MatterRow {
    /// Hard part of the code.
    pub code: &'static str,
    /// Name in KERIpy's codex.
    pub name: &'static str,
    /// Characters of the hard part.
    pub hs: u8,
    /// Characters of the soft part.
    pub ss: u8,
    /// Pad characters `_` at the start of the soft part.
    pub xs: u8,
    /// Characters in all; `None`: the soft part says how many quadlets follow.
    pub fs: Option<u32>,
    /// Zero bytes before the value.
    pub ls: u8,
    /// Bytes of the value; `None`: variable.
    pub raw: Option<u32>,
    /// Bits of the codexes that hold the code.
    pub(crate) classes: u16,
    /// Whether KERIpy 1.1.17 has the code.
    pub in_stable: bool,
}

/// Algorithm of a key or signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519.
    Ed25519,
    /// Ed448; KERIpy verifies none.
    Ed448,
    /// ECDSA over secp256k1.
    Secp256k1,
    /// ECDSA over secp256r1 (P-256).
    Secp256r1,
}

/// Algorithm of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum DigestAlgorithm {
    Blake2b256,
    Blake2b512,
    Blake2s256,
    Blake3_256,
    Blake3_512,
    Sha2_256,
    Sha2_512,
    Sha3_256,
    Sha3_512,
}

impl MatterRow {
    /// Characters before the value: hard and soft part.
    pub fn cs(&self) -> u8 {
        self.hs + self.ss
    }

    /// Zero bytes that are prepended before encoding and cut off as characters after it.
    pub fn ps(&self) -> u8 {
        self.cs() % 4
    }

    pub(crate) fn has(&self, class: u16) -> bool {
        self.classes & class != 0
    }

    /// Digest (`DigDex`).
    pub fn is_digest(&self) -> bool {
        self.has(DIGEST)
    }

    /// AID prefix of the v2 codex, less `1AAE`, which is in KERIpy's codex by mistake.
    pub fn is_prefix(&self) -> bool {
        self.has(PREFIX)
    }

    /// AID prefix of the codex of KERIpy 1.1.17 (any digest, no Ed448).
    pub fn is_prefix_stable(&self) -> bool {
        self.has(PREFIX_STABLE)
    }

    /// Prefix that KERIpy 1.1.17 can also use: `B D E 1AAA 1AAB 1AAI 1AAJ`.
    pub fn is_prefix_usable_stable(&self) -> bool {
        self.has(PREFIX_STABLE) && (!self.is_digest() || self.code == "E")
    }

    /// Basic prefix that can never rotate (`NonTransDex`).
    pub fn is_nontransferable_prefix(&self) -> bool {
        self.has(NONTRANSFERABLE)
    }

    /// Public verification key, transferable or not.
    pub fn is_verkey(&self) -> bool {
        self.has(VERKEY)
    }

    /// Signature without index.
    pub fn is_signature(&self) -> bool {
        self.has(SIGNATURE)
    }

    /// Number of any size (`NumDex`).
    pub fn is_number(&self) -> bool {
        self.has(NUMBER)
    }

    /// Base64 text (`BexDex`).
    pub fn is_bext(&self) -> bool {
        self.has(BEXT)
    }

    /// Bytes (`TexDex`).
    pub fn is_bytes(&self) -> bool {
        self.has(BYTES)
    }

    /// Decimal number text (`DecDex`).
    pub fn is_decimal(&self) -> bool {
        self.has(DECIMAL)
    }

    /// Nonce, salt, digest or empty (`NonceDex`).
    pub fn is_nonce(&self) -> bool {
        self.has(NONCE)
    }

    /// Tag of 1 to 11 characters (`TagDex`).
    pub fn is_tag(&self) -> bool {
        self.has(TAG)
    }

    /// Map label or text (`LabelDex`).
    pub fn is_label(&self) -> bool {
        self.has(LABEL)
    }

    /// Code that a generic value must escape (`EscapeDex`).
    pub fn is_escaped(&self) -> bool {
        self.has(ESCAPE)
    }

    /// Algorithm of a verification key or unindexed signature.
    pub fn algorithm(&self) -> Option<Algorithm> {
        Some(match self.code {
            "B" | "D" | "0B" => Algorithm::Ed25519,
            "1AAA" | "1AAB" | "0C" => Algorithm::Secp256k1,
            "1AAI" | "1AAJ" | "0I" => Algorithm::Secp256r1,
            "1AAC" | "1AAD" | "1AAE" => Algorithm::Ed448,
            _ => return None,
        })
    }

    /// Algorithm of a digest code.
    pub fn digest(&self) -> Option<DigestAlgorithm> {
        Some(match self.code {
            "E" => DigestAlgorithm::Blake3_256,
            "F" => DigestAlgorithm::Blake2b256,
            "G" => DigestAlgorithm::Blake2s256,
            "H" => DigestAlgorithm::Sha3_256,
            "I" => DigestAlgorithm::Sha2_256,
            "0D" => DigestAlgorithm::Blake3_512,
            "0E" => DigestAlgorithm::Blake2b512,
            "0F" => DigestAlgorithm::Sha3_512,
            "0G" => DigestAlgorithm::Sha2_512,
            _ => return None,
        })
    }
}

/// Which key lists an indexed signature's indices point into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// Index into the current list, other index into the prior next list.
    Both,
    /// Index into the current list only.
    Current,
    /// Test code; not a signature.
    None,
}

/// One Indexer code.
#[derive(Debug, PartialEq, Eq)]
pub struct IndexerRow {
    /// Hard part of the code.
    pub code: &'static str,
    /// Name in KERIpy's codex.
    pub name: &'static str,
    /// Characters of the hard part.
    pub hs: u8,
    /// Characters of the soft part: index, then other index.
    pub ss: u8,
    /// Characters of the other index.
    pub os: u8,
    /// Characters in all; `None`: the index says how many quadlets follow (test code).
    pub fs: Option<u32>,
    /// Zero bytes before the value.
    pub ls: u8,
    /// Bytes of the value.
    pub raw: Option<u32>,
    /// What the indices point into.
    pub lists: Lists,
    /// Algorithm of the signature; `None` for test codes.
    pub algorithm: Option<Algorithm>,
}

impl IndexerRow {
    /// Characters before the value.
    pub fn cs(&self) -> u8 {
        self.hs + self.ss
    }

    /// Zero bytes that are prepended before encoding.
    pub fn ps(&self) -> u8 {
        self.cs() % 4
    }

    /// Characters of the index.
    pub fn ms(&self) -> u8 {
        self.ss - self.os
    }
}

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Elements of the group.
    Elements,
    /// Quadlets (text) or triplets (binary) after the counter.
    Quadlets,
    /// Nothing: the soft part is a version.
    Version,
}

/// One count code.
#[derive(Debug, PartialEq, Eq)]
pub struct CounterRow {
    /// Hard part of the code.
    pub code: &'static str,
    /// Name in KERIpy's codex.
    pub name: &'static str,
    /// Characters of the hard part.
    pub hs: u8,
    /// Characters of the count.
    pub ss: u8,
    /// What it counts.
    pub unit: Unit,
}

/// A counter table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterTable {
    /// KERIpy HEAD under genus 1.0.
    HeadV1,
    /// KERIpy 1.1.17.
    Stable,
    /// CESR 2.0.
    V2,
}

#[allow(clippy::too_many_arguments)]
const fn matter_row(
    code: &'static str,
    name: &'static str,
    hs: u8,
    ss: u8,
    xs: u8,
    fs: u32,
    ls: u8,
    raw: u32,
    classes: u16,
    in_stable: bool,
) -> MatterRow {
    MatterRow {
        code,
        name,
        hs,
        ss,
        xs,
        fs: fixed(fs),
        ls,
        raw: fixed(raw),
        classes,
        in_stable,
    }
}

#[allow(clippy::too_many_arguments)]
const fn indexer_row(
    code: &'static str,
    name: &'static str,
    hs: u8,
    ss: u8,
    os: u8,
    fs: u32,
    ls: u8,
    raw: u32,
    lists: Lists,
    algorithm: Option<Algorithm>,
) -> IndexerRow {
    IndexerRow {
        code,
        name,
        hs,
        ss,
        os,
        fs: fixed(fs),
        ls,
        raw: fixed(raw),
        lists,
        algorithm,
    }
}

const fn counter_row(
    code: &'static str,
    name: &'static str,
    hs: u8,
    ss: u8,
    unit: Unit,
) -> CounterRow {
    CounterRow {
        code,
        name,
        hs,
        ss,
        unit,
    }
}

const fn fixed(size: u32) -> Option<u32> {
    if size == VARIABLE { None } else { Some(size) }
}
