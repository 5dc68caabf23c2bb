//! Numbers that look random and are the same in every run.

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which may be 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// Up to `count` places below `bound`, in order.
    pub fn cuts(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut cuts: Vec<_> = (0..count).map(|_| self.below(bound)).collect();
        cuts.sort_unstable();
        cuts
    }

    /// `code` and Base64 characters behind it, `size` together.
    pub fn fill(&mut self, code: &str, size: usize) -> String {
        let mut text = code.to_owned();
        while text.len() < size {
            text.push(char::from(super::CHARS[self.below(64)]));
        }
        text
    }
}
