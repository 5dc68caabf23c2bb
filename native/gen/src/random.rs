//! Random choices that are the same for the same seed, on every machine and in every version.

/// SplitMix64: eight bytes of state, so that as many stories as one likes can each have their own.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of `number` under `seed`.
    pub fn new(seed: u64, number: u64) -> Random {
        let mut input = [0; 16];
        input[..8].copy_from_slice(&seed.to_le_bytes());
        input[8..].copy_from_slice(&number.to_le_bytes());
        let hash = blake3::derive_key("kelpipe gen 1 choices", &input);
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        Random(u64::from_le_bytes(first))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// True in `part` of `whole` cases.
    pub fn chance(&mut self, part: usize, whole: usize) -> bool {
        self.below(whole) < part
    }

    /// True with this probability in millionths.
    pub fn millionths(&mut self, rate: u32) -> bool {
        rate > 0 && self.below(1_000_000) < rate as usize
    }

    /// Puts a list in any order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }

    /// `count` different numbers of `0..of`, ascending.
    pub fn pick(&mut self, count: usize, of: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..of).collect();
        self.shuffle(&mut all);
        all.truncate(count);
        all.sort_unstable();
        all
    }
}
