//! Log records that are not committed yet, in their stored form.

/// Bytes before each record: the ordinal, which is its key.
const KEY_BYTES: usize = 8;

/// Records of ordinals in a row, each behind its key.
#[derive(Debug, Default)]
pub struct Logs {
    first: u64,
    bytes: Vec<u8>,
    /// Where each record ends.
    ends: Vec<u32>,
}

impl Logs {
    /// Says, of empty ones, that the first record added is that of `ordinal`.
    pub fn starting_at(self, ordinal: u64) -> Logs {
        Logs {
            first: ordinal,
            ..self
        }
    }

    /// Removes all records; the memory stays.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Bytes that there is memory for.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// Ordinal of the record that is added next.
    pub fn next(&self) -> u64 {
        self.first + self.ends.len() as u64
    }

    /// Adds the record that `write` appends.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let ordinal = self.next();
        self.bytes.extend_from_slice(&ordinal.to_be_bytes());
        write(&mut self.bytes);
        self.ends.push(self.bytes.len() as u32);
    }

    /// The record of an ordinal.
    pub fn get(&self, ordinal: u64) -> Option<&[u8]> {
        let at = usize::try_from(ordinal.checked_sub(self.first)?).ok()?;
        let end = *self.ends.get(at)? as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        self.bytes.get(start + KEY_BYTES..end)
    }

    /// All keys and records in a row.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each key begins, where it ends, and where its record ends, in [`Logs::bytes`].
    pub fn spans(&self) -> impl Iterator<Item = [u32; 3]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| [start, start + KEY_BYTES as u32, *end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_by_their_ordinals() {
        let mut logs = Logs::default().starting_at(7);
        for text in ["a", "", "ccc"] {
            logs.push(|out| out.extend_from_slice(text.as_bytes()));
        }
        let found: Vec<_> = (6..11).map(|ordinal| logs.get(ordinal)).collect();
        let expected: [Option<&[u8]>; 5] = [None, Some(b"a"), Some(b""), Some(b"ccc"), None];
        assert_eq!(found, expected);
        assert_eq!(logs.next(), 10);
        for (ordinal, [start, key_end, end]) in (7u64..).zip(logs.spans()) {
            let key = &logs.bytes()[start as usize..key_end as usize];
            assert_eq!(key, ordinal.to_be_bytes());
            let value = &logs.bytes()[key_end as usize..end as usize];
            assert_eq!(Some(value), logs.get(ordinal));
        }
    }
}
