//! What the engine keeps between batches: uncommitted changes, and a key-state cache of fixed size in bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use lru::LruCache;

use crate::record::{Anchor, KelEntry, LogRecord};
use crate::state::AidRecord;
use crate::store::{Key, Late, Map, Slot, Units};
use crate::text::Text;

type Cache = LruCache<Text, AidRecord, ahash::RandomState>;

/// A changed unit and the part that changed it last.
type Dirty<V> = (u64, V);

/// A unit's key in one of the maps of uncommitted changes.
enum Change {
    Aid(Text),
    Kel(Key),
    Log(u64),
    Late(u64),
    Anchors(Key),
    Slot(Key),
    Awaits(Key),
}

/// Units that outlive a batch.
pub struct Base {
    aids: Map<Text, Dirty<AidRecord>>,
    kels: Map<Key, Dirty<Vec<KelEntry>>>,
    logs: Map<u64, Dirty<Arc<LogRecord>>>,
    lates: Map<u64, Dirty<Late>>,
    anchors: Map<Key, Dirty<Vec<Anchor>>>,
    slots: Map<Key, Dirty<Slot>>,
    awaits: Map<Key, Dirty<Vec<Key>>>,
    changes: VecDeque<(u64, Vec<Change>)>,
    cache: Cache,
    cache_bytes: usize,
    cache_bytes_max: usize,
    ordinal: u64,
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
            aids: Map::default(),
            kels: Map::default(),
            logs: Map::default(),
            lates: Map::default(),
            anchors: Map::default(),
            slots: Map::default(),
            awaits: Map::default(),
            changes: VecDeque::new(),
            cache: LruCache::unbounded_with_hasher(ahash::RandomState::new()),
            cache_bytes: 0,
            cache_bytes_max,
            ordinal: 0,
        }
    }

    /// Next ordinal to give.
    pub fn ordinal(&self) -> u64 {
        self.ordinal
    }

    /// Starts at the ordinal that the database holds.
    pub fn set_ordinal(&mut self, ordinal: u64) {
        self.ordinal = ordinal;
    }

    /// The record of an AID, if it is here.
    pub fn aid(&self, aid: &str) -> Option<&AidRecord> {
        self.aids
            .get(aid)
            .map(|(_, record)| record)
            .or_else(|| self.cache.peek(aid))
    }

    /// Uncommitted events at a place.
    pub fn kel(&self, key: &Key) -> Option<&Vec<KelEntry>> {
        self.kels.get(key).map(|(_, entries)| entries)
    }

    /// An uncommitted logged event.
    pub fn log(&self, ordinal: u64) -> Option<Arc<LogRecord>> {
        self.logs.get(&ordinal).map(|(_, record)| record.clone())
    }

    /// Uncommitted late attachments.
    pub fn late(&self, ordinal: u64) -> Option<&Late> {
        self.lates.get(&ordinal).map(|(_, late)| late)
    }

    /// Uncommitted anchors; committed ones are not repeated here.
    pub fn anchors(&self, key: &Key) -> &[Anchor] {
        self.anchors.get(key).map_or(&[], |(_, anchors)| anchors)
    }

    /// An uncommitted slot.
    pub fn slot(&self, key: &Key) -> Option<&Slot> {
        self.slots.get(key).map(|(_, slot)| slot)
    }

    /// Uncommitted waiting keys of a signer's event.
    pub fn awaits(&self, key: &Key) -> Option<&Vec<Key>> {
        self.awaits.get(key).map(|(_, keys)| keys)
    }

    /// Marks the AIDs of a batch as recently used.
    pub fn touch<'a>(&mut self, aids: impl Iterator<Item = &'a str>) {
        for aid in aids {
            self.cache.promote(aid);
        }
    }

    /// Takes the changed units of part `part` and, clean, the AID records that were only read.
    pub fn absorb(
        &mut self,
        part: u64,
        changed: Units,
        read: Vec<(Text, AidRecord)>,
        ordinal: u64,
    ) {
        let mut changes = Vec::new();
        macro_rules! take {
            ($field:ident, $change:ident) => {
                for (key, unit) in changed.$field {
                    changes.push(Change::$change(key.clone()));
                    self.$field.insert(key, (part, unit));
                }
            };
        }
        for aid in changed.aids.keys() {
            if let Some(old) = self.cache.pop(aid) {
                self.cache_bytes -= old.weight();
            }
        }
        take!(aids, Aid);
        take!(kels, Kel);
        take!(logs, Log);
        take!(lates, Late);
        take!(slots, Slot);
        take!(awaits, Awaits);
        for (key, added) in changed.anchors {
            changes.push(Change::Anchors(key.clone()));
            let entry = self.anchors.entry(key).or_default();
            entry.0 = part;
            entry.1.extend(added);
        }
        for (aid, record) in read {
            if !self.aids.contains_key(&aid) {
                self.cache_put(aid, record);
            }
        }
        self.changes.push_back((part, changes));
        self.ordinal = ordinal;
        self.shrink();
    }

    /// Parts up to `part` are durable: their units may go.
    pub fn committed(&mut self, part: u64) {
        while self.changes.front().is_some_and(|(of, _)| *of <= part) {
            let Some((_, changes)) = self.changes.pop_front() else {
                break;
            };
            for change in changes {
                self.release(change, part);
            }
        }
        self.shrink();
    }

    fn release(&mut self, change: Change, part: u64) {
        fn done<K: std::hash::Hash + Eq, V>(
            map: &mut Map<K, Dirty<V>>,
            key: &K,
            part: u64,
        ) -> Option<V> {
            if map.get(key).is_some_and(|(of, _)| *of <= part) {
                map.remove(key).map(|(_, unit)| unit)
            } else {
                None
            }
        }
        match change {
            Change::Aid(aid) => {
                if let Some(record) = done(&mut self.aids, &aid, part) {
                    self.cache_put(aid, record);
                }
            }
            Change::Kel(key) => drop(done(&mut self.kels, &key, part)),
            Change::Log(ordinal) => drop(done(&mut self.logs, &ordinal, part)),
            Change::Late(ordinal) => drop(done(&mut self.lates, &ordinal, part)),
            Change::Anchors(key) => drop(done(&mut self.anchors, &key, part)),
            Change::Slot(key) => drop(done(&mut self.slots, &key, part)),
            Change::Awaits(key) => drop(done(&mut self.awaits, &key, part)),
        }
    }

    fn cache_put(&mut self, aid: Text, record: AidRecord) {
        self.cache_bytes += record.weight();
        if let Some(old) = self.cache.put(aid, record) {
            self.cache_bytes -= old.weight();
        }
    }

    fn shrink(&mut self) {
        while self.cache_bytes > self.cache_bytes_max {
            let Some((_, record)) = self.cache.pop_lru() else {
                break;
            };
            self.cache_bytes -= record.weight();
        }
    }

    /// Size and use of the cache.
    pub fn cache_use(&self) -> CacheUse {
        let uncommitted = self.changes.iter().map(|(_, changes)| changes.len()).sum();
        CacheUse {
            entries: self.cache.len(),
            bytes: self.cache_bytes,
            uncommitted,
        }
    }
}
