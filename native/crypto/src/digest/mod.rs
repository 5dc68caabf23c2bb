//! The digests that KERI names, over messages given in parts.

mod batch;
mod blake3_lanes;

use blake2::digest::consts::U32;

pub use batch::Batch;

/// A digest algorithm of the CESR code tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Digest {
    /// BLAKE3, 32 bytes (code `E`).
    Blake3_256,
    /// BLAKE2b with 32 bytes of output, no key (code `F`).
    Blake2b256,
    /// BLAKE2s, 32 bytes (code `G`).
    Blake2s256,
    /// SHA3-256 (code `H`).
    Sha3_256,
    /// SHA-256 (code `I`).
    Sha2_256,
    /// BLAKE3's extended output, 64 bytes (code `0D`).
    Blake3_512,
    /// BLAKE2b, 64 bytes (code `0E`).
    Blake2b512,
    /// SHA3-512 (code `0F`).
    Sha3_512,
    /// SHA-512 (code `0G`).
    Sha2_512,
}

impl Digest {
    /// Bytes of output: 32 or 64.
    pub fn size(self) -> usize {
        match self {
            Self::Blake3_256
            | Self::Blake2b256
            | Self::Blake2s256
            | Self::Sha3_256
            | Self::Sha2_256 => 32,
            Self::Blake3_512 | Self::Blake2b512 | Self::Sha3_512 | Self::Sha2_512 => 64,
        }
    }

    /// Writes the digest of the concatenation of `parts` to `out[..self.size()]`.
    ///
    /// # Panics
    /// If `out` holds fewer than `self.size()` bytes.
    pub fn hash(self, parts: &[&[u8]], out: &mut [u8]) {
        let out = &mut out[..self.size()];
        match self {
            Self::Blake3_256 | Self::Blake3_512 => {
                let mut hasher = blake3::Hasher::new();
                for part in parts {
                    hasher.update(part);
                }
                hasher.finalize_xof().fill(out);
            }
            Self::Blake2b256 => hash_with::<blake2::Blake2b<U32>>(parts, out),
            Self::Blake2b512 => hash_with::<blake2::Blake2b512>(parts, out),
            Self::Blake2s256 => hash_with::<blake2::Blake2s256>(parts, out),
            Self::Sha2_256 => hash_with::<sha2::Sha256>(parts, out),
            Self::Sha2_512 => hash_with::<sha2::Sha512>(parts, out),
            Self::Sha3_256 => hash_with::<sha3::Sha3_256>(parts, out),
            Self::Sha3_512 => hash_with::<sha3::Sha3_512>(parts, out),
        }
    }
}

fn hash_with<H: sha2::Digest>(parts: &[&[u8]], out: &mut [u8]) {
    let mut hasher = H::new();
    for part in parts {
        hasher.update(part);
    }
    out.copy_from_slice(&hasher.finalize());
}
