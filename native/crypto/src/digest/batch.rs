//! Digests of many messages at once.

use super::{
    Digest,
    blake3_lanes::{self, CHUNK_BYTES, Routine},
};
use crate::Path;

/// Blocks of the longest message that goes into lanes.
const BLOCKS_MAX: usize = CHUNK_BYTES / 64;

/// Messages to be digested together: BLAKE3 of short ones is several times faster so. A batch can be filled and
/// cleared again and again and keeps its memory.
#[derive(Debug)]
pub struct Batch {
    path: Path,
    bytes: Vec<u8>,
    /// Where each message ends in `bytes`.
    ends: Vec<usize>,
}

impl Batch {
    /// An empty batch. The path is chosen as [`Options::path`](crate::Options::path) says; it changes no digest.
    pub fn new(path: Option<Path>) -> Self {
        Self {
            path: Path::choose(path),
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Adds the message that is the concatenation of `parts`, which are copied.
    pub fn push(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.ends.push(self.bytes.len());
    }

    /// Number of messages.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no messages.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Removes all messages.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The digests, in the order of the messages, `digest.size()` bytes each.
    pub fn hash(&self, digest: Digest) -> Vec<u8> {
        let mut out = vec![0; self.len() * digest.size()];
        let routine = match digest {
            Digest::Blake3_256 => blake3_lanes::routine(self.path),
            _ => None,
        };
        let alone = match routine {
            Some(routine) => self.hash_in_lanes(routine, out.as_chunks_mut().0),
            None => (0..self.len()).collect(),
        };
        for at in alone {
            let out = &mut out[at * digest.size()..(at + 1) * digest.size()];
            digest.hash(&[self.message(at)], out);
        }
        out
    }

    fn message(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[at]]
    }

    /// Hashes what is short, messages of like length together. Gives the indices of the others.
    fn hash_in_lanes(&self, routine: Routine, out: &mut [[u8; 32]]) -> Vec<usize> {
        let mut alone = Vec::new();
        let mut by_blocks = [const { Vec::new() }; BLOCKS_MAX];
        for at in 0..self.len() {
            let message = self.message(at);
            if message.len() > CHUNK_BYTES {
                alone.push(at);
            } else {
                by_blocks[blake3_lanes::block_count(message) - 1].push(at);
            }
        }
        let mut digests = vec![[0; 32]; routine.lanes];
        for indices in by_blocks.concat().chunks(routine.lanes) {
            // So few are faster alone.
            if indices.len() * 4 <= routine.lanes {
                alone.extend(indices);
                continue;
            }
            let messages: Vec<&[u8]> = indices.iter().map(|&at| self.message(at)).collect();
            (routine.hash)(&messages, &mut digests);
            for (&at, digest) in indices.iter().zip(&digests) {
                out[at] = *digest;
            }
        }
        alone
    }
}
