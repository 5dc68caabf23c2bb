//! BLAKE3 of many short messages side by side.
//!
//! Within a chunk of 1,024 bytes each block needs the one before it, so a short message cannot fill vectors by itself;
//! many messages can. Each has a lane of 32 bits, and its blocks follow one another. Source: the BLAKE3 paper,
//! section 2.

use crate::{Path, simd::Words32};

/// Bytes of the longest message that has a single chunk.
pub(super) const CHUNK_BYTES: usize = 1024;
const BLOCK_BYTES: usize = 64;

/// As in SHA-256: fractional parts of the square roots of the first 8 primes.
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const ROOT: u32 = 8;

/// The low half of a word.
const LOW: u64 = 0xffff_ffff;
/// Times a half: both halves the same.
const BOTH: u64 = 0x1_0000_0001;

/// Hashes at most `lanes` messages of at most `CHUNK_BYTES`.
#[derive(Clone, Copy)]
pub(super) struct Routine {
    pub(super) lanes: usize,
    pub(super) hash: fn(&[&[u8]], &mut [[u8; 32]]),
}

/// Compiles the generic code with the features of an instruction set.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! routine {
    ($words:ty, $count:literal, $features:literal) => {{
        fn hash(messages: &[&[u8]], out: &mut [[u8; 32]]) {
            #[target_feature(enable = $features)]
            fn compiled(messages: &[&[u8]], out: &mut [[u8; 32]]) {
                hash_lanes::<$words, $count>(messages, out);
            }
            // SAFETY: features: the caller of `routine` found them.
            unsafe { compiled(messages, out) }
        }
        Some(Routine {
            lanes: 2 * $count,
            hash,
        })
    }};
}

/// The routine of a path, which this machine must have; the portable one has none.
pub(super) fn routine(path: Path) -> Option<Routine> {
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Ifma => routine!(
            crate::simd::avx512::Avx512,
            8,
            "avx512f,avx512dq,avx512ifma"
        ),
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => routine!(crate::simd::avx2::Avx2, 4, "avx2"),
        #[cfg(target_arch = "aarch64")]
        Path::Neon => routine!(crate::simd::neon::Neon, 2, "neon"),
        _ => None,
    }
}

/// Blocks of a message; an empty one has one.
pub(super) fn block_count(message: &[u8]) -> usize {
    message.len().div_ceil(BLOCK_BYTES).max(1)
}

/// A block of each lane, with what else the compression takes, lanes `i` and `N + i` in the halves of word `i`.
struct Blocks<const N: usize> {
    rows: [[[u64; 8]; N]; 2],
    /// All ones for messages that have such a block.
    active: [u64; N],
    lengths: [u64; N],
    flags: [u64; N],
}

impl<const N: usize> Blocks<N> {
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn new(messages: &[&[u8]], index: usize) -> Self {
        let mut blocks = Self {
            rows: [[[0; 8]; N]; 2],
            active: [0; N],
            lengths: [0; N],
            flags: [0; N],
        };
        for (at, message) in messages.iter().enumerate() {
            let (half, lane, count) = (at / N, at % N, block_count(message));
            if index < count {
                let (words, length) = block(message, index);
                blocks.rows[half][lane] = words;
                blocks.active[lane] |= LOW << (32 * half);
                blocks.lengths[lane] |= (length as u64) << (32 * half);
                blocks.flags[lane] |= u64::from(flags(index, count)) << (32 * half);
            }
        }
        blocks
    }

    /// Word `i` of every lane's block.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn words<W: Words32<N>>(&self) -> [W; 16] {
        let low = W::splat(LOW);
        let fronts = W::transpose(&self.rows[0].each_ref());
        let backs = W::transpose(&self.rows[1].each_ref());
        let mut words = [low; 16];
        for pair in 0..8 {
            let (front, back) = (fronts[pair], backs[pair]);
            words[2 * pair] = W::choose(low, front, back.shift_left(32));
            words[2 * pair + 1] = W::choose(low, front.shift_right(32), back);
        }
        words
    }
}

/// The words of a block, zeros after the end of the message, and its length.
fn block(message: &[u8], index: usize) -> ([u64; 8], usize) {
    let part = &message[index * BLOCK_BYTES..];
    let (mut bytes, length) = ([0; BLOCK_BYTES], part.len().min(BLOCK_BYTES));
    match part.first_chunk() {
        Some(whole) => bytes = *whole,
        None => bytes[..length].copy_from_slice(part),
    }
    let (chunks, _) = bytes.as_chunks();
    (
        core::array::from_fn(|i| u64::from_le_bytes(chunks[i])),
        length,
    )
}

fn flags(index: usize, count: usize) -> u32 {
    let first = if index == 0 { CHUNK_START } else { 0 };
    let last = if index + 1 == count {
        CHUNK_END | ROOT
    } else {
        0
    };
    first | last
}

#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn hash_lanes<W: Words32<N>, const N: usize>(messages: &[&[u8]], out: &mut [[u8; 32]]) {
    let most = messages.iter().map(|message| block_count(message)).max();
    let mut chaining = [W::splat(0); 8];
    for (vector, word) in chaining.iter_mut().zip(START) {
        *vector = W::splat(u64::from(word) * BOTH);
    }
    for index in 0..most.unwrap_or(0) {
        compress(&mut chaining, &Blocks::new(messages, index));
    }
    for (i, words) in chaining.iter().enumerate() {
        let words = words.to_array();
        for (at, digest) in out[..messages.len()].iter_mut().enumerate() {
            let word = (words[at % N] >> (32 * (at / N))) as u32;
            digest[4 * i..4 * i + 4].copy_from_slice(&word.to_le_bytes());
        }
    }
}

/// One block into the chaining values of the lanes that have one.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn compress<W: Words32<N>, const N: usize>(chaining: &mut [W; 8], blocks: &Blocks<N>) {
    let m = blocks.words();
    let mut v = [W::splat(0); 16];
    v[..8].copy_from_slice(chaining);
    for i in 0..4 {
        v[8 + i] = W::splat(u64::from(START[i]) * BOTH);
    }
    // 12 and 13 are the number of the chunk: zero.
    v[14] = W::from_array(blocks.lengths);
    v[15] = W::from_array(blocks.flags);
    // Written out: a loop would not be unrolled, and the words would live in memory.
    let m = round(&mut v, m);
    let m = round(&mut v, m);
    let m = round(&mut v, m);
    let m = round(&mut v, m);
    let m = round(&mut v, m);
    let m = round(&mut v, m);
    round(&mut v, m);
    let active = W::from_array(blocks.active);
    for i in 0..8 {
        chaining[i] = W::choose(active, v[i].xor(v[i + 8]), chaining[i]);
    }
}

/// Mixes columns, then diagonals; gives the words in the order of the next round.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn round<W: Words32<N>, const N: usize>(v: &mut [W; 16], m: [W; 16]) -> [W; 16] {
    mix(v, [0, 4, 8, 12], m[0], m[1]);
    mix(v, [1, 5, 9, 13], m[2], m[3]);
    mix(v, [2, 6, 10, 14], m[4], m[5]);
    mix(v, [3, 7, 11, 15], m[6], m[7]);
    mix(v, [0, 5, 10, 15], m[8], m[9]);
    mix(v, [1, 6, 11, 12], m[10], m[11]);
    mix(v, [2, 7, 8, 13], m[12], m[13]);
    mix(v, [3, 4, 9, 14], m[14], m[15]);
    [
        m[2], m[6], m[3], m[10], m[7], m[0], m[4], m[13], m[1], m[11], m[12], m[5], m[9], m[14],
        m[15], m[8],
    ]
}

#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn mix<W: Words32<N>, const N: usize>(v: &mut [W; 16], [a, b, c, d]: [usize; 4], x: W, y: W) {
    v[a] = v[a].add32(v[b]).add32(x);
    v[d] = v[d].xor(v[a]).rotate_right32(16);
    v[c] = v[c].add32(v[d]);
    v[b] = v[b].xor(v[c]).rotate_right32(12);
    v[a] = v[a].add32(v[b]).add32(y);
    v[d] = v[d].xor(v[a]).rotate_right32(8);
    v[c] = v[c].add32(v[d]);
    v[b] = v[b].xor(v[c]).rotate_right32(7);
}
