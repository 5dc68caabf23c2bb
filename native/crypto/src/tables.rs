//! The tables of frequent keys: which keys get one, and which are kept.
//!
//! A key gets a table once it was used as often as a table takes to pay, so that a key never costs more than twice
//! what would have been best for it. Uses of keys without a table are counted in a fixed array, where a collision
//! forgets the older key. Once the cache is full, a
//! key gets the place of the least recently used one only if it was used more often; each failed attempt halves the
//! count of that one. So a rotation over more keys than fit does not make every key pay for a table in vain.

use std::{collections::HashMap, sync::Arc};

use ahash::RandomState;

use crate::ed25519::{TABLE_BYTES, Table};

/// A public key as it came.
pub(crate) type Key = [u8; 32];

/// Keys whose uses are counted.
const SIGHTINGS: usize = 1 << 15;
/// No slot.
const NONE: usize = usize::MAX;

/// What is known of a key when a signature of it comes.
pub(crate) enum Found {
    /// It has a table: that of this number in the batch.
    Table(u32),
    /// It has none, and is to get one: make it and `insert` it.
    Wanted,
    /// It has none.
    Rare,
}

/// A key with its table, in a list from the most to the least recently used.
struct Slot {
    key: Key,
    table: Arc<Table>,
    uses: u32,
    /// The last batch that used it, and its number in that batch.
    batch: u64,
    number: u32,
    newer: usize,
    older: usize,
}

/// A least-recently-used cache of fixed size.
pub(crate) struct Tables {
    capacity: usize,
    /// Uses without a table, after which a key gets one.
    uses_min: u32,
    slots: Vec<Slot>,
    by_key: HashMap<Key, usize, RandomState>,
    newest: usize,
    oldest: usize,
    /// A fingerprint of a key and its uses.
    sightings: Vec<(u32, u32)>,
    hasher: RandomState,
    batch: u64,
    /// Tables given up so far.
    pub(crate) evicted: u64,
}

impl Tables {
    /// A cache of at most `bytes` in tables, for keys that were used `uses_min` times.
    pub(crate) fn new(bytes: usize, uses_min: u32) -> Self {
        Self {
            capacity: bytes / TABLE_BYTES,
            uses_min,
            slots: Vec::new(),
            by_key: HashMap::default(),
            newest: NONE,
            oldest: NONE,
            sightings: vec![(0, 0); SIGHTINGS],
            hasher: RandomState::new(),
            batch: 0,
            evicted: 0,
        }
    }

    /// Begins a batch.
    pub(crate) fn begin(&mut self) {
        self.batch += 1;
    }

    /// Notes a use of the key; `used` are the tables of the batch, by number.
    pub(crate) fn find(&mut self, key: &Key, used: &mut Vec<Arc<Table>>) -> Found {
        if let Some(&at) = self.by_key.get(key) {
            let slot = &mut self.slots[at];
            slot.uses = slot.uses.saturating_add(1);
            if slot.batch == self.batch {
                return Found::Table(slot.number);
            }
            slot.batch = self.batch;
            slot.number = used.len() as u32;
            used.push(Arc::clone(&slot.table));
            let number = slot.number;
            self.unlink(at);
            self.link_newest(at);
            return Found::Table(number);
        }
        let uses = self.sight(key);
        if uses > self.uses_min && self.has_room_for(uses) {
            Found::Wanted
        } else {
            Found::Rare
        }
    }

    /// Keeps a table, in the place of the least recently used one if there is no room.
    pub(crate) fn insert(&mut self, key: Key, table: Arc<Table>) {
        if self.by_key.contains_key(&key) {
            // Another thread was faster.
            return;
        }
        let slot = Slot {
            key,
            table,
            uses: self.uses_min,
            batch: 0,
            number: 0,
            newer: NONE,
            older: NONE,
        };
        let at = if self.slots.len() < self.capacity {
            self.slots.push(slot);
            self.slots.len() - 1
        } else {
            let at = self.oldest;
            self.unlink(at);
            self.by_key.remove(&self.slots[at].key);
            self.slots[at] = slot;
            self.evicted += 1;
            at
        };
        self.by_key.insert(key, at);
        self.link_newest(at);
    }

    /// Bytes that the tables take now.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.len() * TABLE_BYTES
    }

    /// Counts a use of a key that has no table.
    fn sight(&mut self, key: &Key) -> u32 {
        let hash = self.hasher.hash_one(key);
        let (fingerprint, uses) = &mut self.sightings[hash as usize % SIGHTINGS];
        let fresh = (hash >> 32) as u32;
        if *fingerprint != fresh {
            (*fingerprint, *uses) = (fresh, 0);
        }
        *uses = uses.saturating_add(1);
        *uses
    }

    /// Whether there is a free place, or the oldest table was used less.
    fn has_room_for(&mut self, uses: u32) -> bool {
        if self.slots.len() < self.capacity {
            return true;
        }
        let Some(oldest) = self.slots.get_mut(self.oldest) else {
            return false;
        };
        oldest.uses /= 2;
        uses > oldest.uses
    }

    fn unlink(&mut self, at: usize) {
        let Slot { newer, older, .. } = self.slots[at];
        match self.slots.get_mut(newer) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_newest(&mut self, at: usize) {
        (self.slots[at].newer, self.slots[at].older) = (NONE, self.newest);
        match self.slots.get_mut(self.newest) {
            Some(slot) => slot.newer = at,
            None => self.oldest = at,
        }
        self.newest = at;
    }
}
