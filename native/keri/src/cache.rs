//! Key states that are stored, of a fixed size in bytes: what was not written lately gives way.

use indexmap::map::Entry;

use crate::state::AidRecord;
use crate::text::Text;

struct Slot {
    record: AidRecord,
    /// Written again since the hand passed.
    recent: bool,
}

/// Records by AID. They lie in a row, and a hand goes round over them: what was not written again since it passed gives
/// way (second chance). To keep them in the order of their use would cost several cache misses for each one used.
pub(crate) struct Cache {
    slots: indexmap::IndexMap<Text, Slot, ahash::RandomState>,
    hand: usize,
    bytes: usize,
    bytes_max: usize,
}

impl Cache {
    /// An empty cache of at most `bytes_max` bytes, as [`AidRecord::weight`] counts them.
    pub fn new(bytes_max: usize) -> Cache {
        Cache {
            slots: indexmap::IndexMap::default(),
            hand: 0,
            bytes: 0,
            bytes_max,
        }
    }

    /// The record of an AID.
    pub fn get(&self, aid: &str) -> Option<&AidRecord> {
        self.slots.get(aid).map(|slot| &slot.record)
    }

    /// Takes a record, in place of an earlier one of the AID. It may give way at once.
    pub fn put(&mut self, aid: Text, record: AidRecord) {
        self.bytes += record.weight();
        match self.slots.entry(aid) {
            Entry::Occupied(mut known) => {
                let slot = known.get_mut();
                self.bytes -= slot.record.weight();
                slot.record = record;
                slot.recent = true;
            }
            Entry::Vacant(new) => {
                new.insert(Slot {
                    record,
                    recent: false,
                });
            }
        }
    }

    /// Lets records go until the others are within the limit.
    pub fn shrink(&mut self) {
        while self.bytes > self.bytes_max {
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            let Some((_, slot)) = self.slots.get_index_mut(self.hand) else {
                break;
            };
            if !std::mem::take(&mut slot.recent) {
                self.bytes -= slot.record.weight();
                self.slots.swap_remove_index(self.hand);
            }
            self.hand += 1;
        }
    }

    /// Records, and their bytes.
    pub fn size(&self) -> (usize, usize) {
        (self.slots.len(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(rows: u32) -> AidRecord {
        AidRecord {
            rows,
            ..AidRecord::default()
        }
    }

    fn aid(number: u32) -> Text {
        Text::from(format!("aid-{number}"))
    }

    #[test]
    fn the_latest_record_is_found_and_the_limit_holds() {
        let each = record(0).weight();
        let mut cache = Cache::new(10 * each);
        for number in 0..1000u32 {
            cache.put(aid(number % 37), record(number));
            let found = cache.get(&aid(number % 37)).map(|record| record.rows);
            assert_eq!(found, Some(number));
            cache.shrink();
            let (count, bytes) = cache.size();
            assert!(
                count <= 10 && bytes == count * each,
                "{count} of {bytes} bytes"
            );
            for known in number.saturating_sub(36)..=number {
                let found = cache.get(&aid(known % 37)).map(|record| record.rows);
                assert!(found.is_none_or(|rows| rows == known), "{known}: {found:?}");
            }
        }
    }

    #[test]
    fn what_is_written_again_stays_while_others_pass_by() {
        let mut cache = Cache::new(10 * record(0).weight());
        for number in 0..500 {
            cache.put(aid(number), record(number));
            cache.put(aid(1_000), record(number));
            cache.shrink();
        }
        assert_eq!(cache.get(&aid(1_000)).map(|record| record.rows), Some(499));
    }

    #[test]
    fn a_cache_without_room_keeps_nothing() {
        let mut cache = Cache::new(0);
        cache.put(aid(1), record(1));
        cache.put(aid(1), record(2));
        cache.shrink();
        assert!(cache.get(&aid(1)).is_none());
        assert_eq!(cache.size(), (0, 0));
    }
}
