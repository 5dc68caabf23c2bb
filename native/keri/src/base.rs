//! What the engine keeps between batches: uncommitted changes, and a key-state cache of fixed size in bytes.

use std::collections::VecDeque;

use crate::cache::Cache;
use crate::logs::Logs;
use crate::record::Anchor;
use crate::state::AidRecord;
use crate::store::{Awaiting, Kel, Key, Late, Slot, Units};
use crate::text::Text;
use crate::usage::Usage;

/// Most sets of uncommitted changes that are searched one by one; above, the last ones are joined.
const GENERATIONS_MAX: usize = 8;

/// What a part changed, or what some joined parts did.
struct Generation {
    part: u64,
    units: Units,
    logs: Vec<Logs>,
}

/// Memory of changes that are no longer needed, for new ones: what is fresh from the system costs more than it holds.
#[derive(Default)]
pub struct Spare {
    /// Empty.
    pub units: Units,
    /// Empty.
    pub logs: Logs,
}

/// Larger logs are not kept as spare, in bytes.
const SPARE_LOGS_BYTES_MAX: usize = 16 << 20;
/// Sets of changes that are kept as spare: as many as are usually on their way.
const SPARES_MAX: usize = 3;

impl Spare {
    /// Empties both.
    pub fn of(mut units: Units, mut logs: Logs) -> Spare {
        units.clear();
        logs.clear();
        Spare { units, logs }
    }
}

/// Units that outlive a batch.
pub struct Base {
    generations: VecDeque<Generation>,
    cache: Cache,
    ordinal: u64,
    usage: Usage,
    spares: Vec<Spare>,
}

/// Size and use of the key-state cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUse {
    /// Entries.
    pub entries: usize,
    /// Approximate bytes.
    pub bytes: usize,
    /// Units not committed yet.
    pub uncommitted: usize,
}

impl Base {
    /// An empty base whose cache holds at most `cache_bytes_max` bytes.
    pub fn new(cache_bytes_max: usize) -> Self {
        Base {
            generations: VecDeque::new(),
            cache: Cache::new(cache_bytes_max),
            ordinal: 0,
            usage: Usage::default(),
            spares: Vec::new(),
        }
    }

    /// What waits.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// What waits, to count it.
    pub fn usage_mut(&mut self) -> &mut Usage {
        &mut self.usage
    }

    /// Next ordinal to give.
    pub fn ordinal(&self) -> u64 {
        self.ordinal
    }

    /// Starts at the ordinal that the database holds.
    pub fn set_ordinal(&mut self, ordinal: u64) {
        self.ordinal = ordinal;
    }

    /// The latest uncommitted form of something.
    fn latest<'s, T>(&'s self, find: impl Fn(&'s Units) -> Option<T>) -> Option<T> {
        self.generations
            .iter()
            .rev()
            .find_map(|generation| find(&generation.units))
    }

    /// The record of an AID, if it is here.
    pub fn aid(&self, aid: &str) -> Option<&AidRecord> {
        self.latest(|units| units.aids.get(aid))
            .or_else(|| self.cache.get(aid))
    }

    /// Uncommitted events at a place.
    pub fn kel(&self, key: &Key) -> Option<&Kel> {
        self.latest(|units| units.kels.get(key))
    }

    /// An uncommitted logged event.
    pub fn log(&self, ordinal: u64) -> Option<&[u8]> {
        let mut logs = self
            .generations
            .iter()
            .flat_map(|generation| &generation.logs);
        logs.find_map(|logs| logs.get(ordinal))
    }

    /// Uncommitted late attachments.
    pub fn late(&self, ordinal: u64) -> Option<&Late> {
        self.latest(|units| units.lates.get(&ordinal))
    }

    /// Uncommitted anchors; committed ones are not repeated here.
    pub fn anchors(&self, key: &Key) -> impl Iterator<Item = &Anchor> {
        self.generations
            .iter()
            .filter_map(|generation| generation.units.anchors.get(key))
            .flatten()
    }

    /// An uncommitted slot.
    pub fn slot(&self, key: &Key) -> Option<&Slot> {
        self.latest(|units| units.slots.get(key))
    }

    /// Uncommitted changes of what awaits a signer's event, in order.
    pub fn awaits(&self, key: &Key) -> impl Iterator<Item = &Awaiting> {
        self.generations
            .iter()
            .filter_map(|generation| generation.units.awaits.get(key))
    }

    /// Takes the changed units of part `part` and, clean, the AID records that were only read.
    pub fn absorb(&mut self, part: u64, changed: Units, logs: Logs, read: Vec<(Text, AidRecord)>) {
        self.ordinal = logs.next();
        for (aid, record) in read {
            if self.latest(|units| units.aids.get(&*aid)).is_none() {
                self.cache.put(aid, record);
            }
        }
        if self.generations.len() < GENERATIONS_MAX {
            self.generations.push_back(Generation {
                part,
                units: changed,
                logs: vec![logs],
            });
        } else if let Some(last) = self.generations.back_mut() {
            last.part = part;
            last.units.join(changed);
            last.logs.push(logs);
        }
        self.cache.shrink();
    }

    /// Parts up to `part` are durable: their units may go, but for key states, which the cache takes.
    pub fn committed(&mut self, part: u64) {
        while self
            .generations
            .front()
            .is_some_and(|generation| generation.part <= part)
        {
            let Some(generation) = self.generations.pop_front() else {
                break;
            };
            let mut units = generation.units;
            for (aid, record) in units.aids.drain(..) {
                self.cache.put(aid, record);
            }
            if let Some(logs) = generation.logs.into_iter().next() {
                self.keep(Spare::of(units, logs));
            }
        }
        self.cache.shrink();
    }

    /// Keeps memory for the next changes.
    pub fn keep(&mut self, spare: Spare) {
        if self.spares.len() < SPARES_MAX && spare.logs.capacity() <= SPARE_LOGS_BYTES_MAX {
            self.spares.push(spare);
        }
    }

    /// Memory for changes.
    pub fn spare(&mut self) -> Spare {
        self.spares.pop().unwrap_or_default()
    }

    /// Size and use of the cache.
    pub fn cache_use(&self) -> CacheUse {
        let uncommitted = self
            .generations
            .iter()
            .map(|generation| {
                let logs: usize = generation.logs.iter().map(Logs::count).sum();
                generation.units.count() + logs
            })
            .sum();
        let (entries, bytes) = self.cache.size();
        CacheUse {
            entries,
            bytes,
            uncommitted,
        }
    }
}
