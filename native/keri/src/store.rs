//! Tables, keys, and the units in which the rules read and write them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::primitive::Primitive;
use smallvec::SmallVec;

use crate::decision::Kind;
use crate::options::Limits;
use crate::record::{Anchor, KelEntry, LogRecord, Set, Waiting};
use crate::state::AidRecord;
use crate::text::Text;
use crate::usage::Held;

/// Tables, by the number that crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// aid → [`AidRecord`].
    Aids = 0,
    /// aid ‖ sn16 → [`KelEntry`] list.
    Kel = 1,
    /// ordinal8 → [`LogRecord`].
    Log = 2,
    /// ordinal8 ‖ seq4 → set number and text.
    Late = 3,
    /// i ‖ sn16 ‖ SAID ‖ anchoring aid ‖ its sn16 → ordinal8.
    Seals = 4,
    /// aid ‖ sn16 ‖ id → [`Waiting`].
    Waiting = 5,
    /// signer ‖ sn16 ‖ key of the waiting row → empty.
    Awaits = 6,
    /// micros8 ‖ key of the waiting row → empty.
    Expiry = 7,
    /// aid ‖ sn16 → empty.
    Wake = 8,
    /// name → bytes.
    Meta = 9,
    /// SAID ‖ aid ‖ sn16 of waiting rows → empty.
    Saids = 10,
}

/// Number of words of a request or write.
pub const OP_WORDS: usize = 5;

/// Name of the `meta` entry that holds the next ordinal.
pub const META_ORDINAL: &[u8] = b"ordinal";

/// A key of one place: aid ‖ sn16, or more behind it.
pub type Key = SmallVec<[u8; 64]>;

/// aid ‖ sn16.
pub fn place(aid: &str, sn: u128) -> Key {
    let mut key = Key::from_slice(aid.as_bytes());
    key.extend_from_slice(&sn.to_be_bytes());
    key
}

/// i ‖ sn16 ‖ SAID.
pub fn seal_key(aid: &str, sn: u128, said: &str) -> Key {
    let mut key = place(aid, sn);
    key.extend_from_slice(said.as_bytes());
    key
}

/// Splits aid ‖ sn16 ‖ rest. `None`: not of that form.
pub fn split_place(key: &[u8]) -> Option<(&str, u128, &[u8])> {
    let aid = Primitive::parse(key, Alphabet::Lenient).ok()?.text;
    let (sn, rest) = key.get(aid.len()..)?.split_at_checked(16)?;
    Some((aid, u128::from_be_bytes(sn.try_into().ok()?), rest))
}

/// Hash map with a keyed hash: keys come from strangers.
pub type Map<K, V> = std::collections::HashMap<K, V, ahash::RandomState>;

/// Records by AID, in order of first use.
pub type Aids = indexmap::IndexMap<Text, AidRecord, ahash::RandomState>;

/// Events by place, in order of first use.
pub type Kels = indexmap::IndexMap<Key, Kel, ahash::RandomState>;

/// A row of a [`Slot`].
#[derive(Clone, Debug)]
pub struct SlotRow {
    /// What waits.
    pub waiting: Waiting,
    /// Whether it differs from what is stored.
    pub dirty: bool,
    /// Its entry in the `expiry` table, as stored.
    pub deadline: Option<i64>,
    /// What it counts for, as stored.
    pub held: Option<Held>,
}

/// A row taken away from a [`Slot`].
#[derive(Clone, Debug)]
pub struct Removed {
    /// Its id.
    pub id: Vec<u8>,
    /// The SAID that it is found by.
    pub said: Text,
    /// Its entry in the `expiry` table, as stored.
    pub deadline: Option<i64>,
    /// Of a transferable receipt, the place that it awaits.
    pub awaits: Option<Key>,
    /// What it counted for, as stored.
    pub held: Option<Held>,
}

/// Everything that waits at one place.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    /// Rows, in key order as loaded, new ones behind.
    pub rows: Vec<SlotRow>,
    /// Rows taken away.
    pub removed: Vec<Removed>,
}

/// Attachments that came after acceptance.
#[derive(Clone, Debug, Default)]
pub struct Late {
    /// In order of arrival.
    pub items: Vec<(Set, Text)>,
    /// How many of them are stored.
    pub stored: usize,
}

/// Events logged at one place.
#[derive(Clone, Debug, Default)]
pub struct Kel {
    /// Superseded ones first.
    pub entries: SmallVec<[KelEntry; 1]>,
    /// Whether it differs from what is stored.
    pub changed: bool,
}

/// Keys of rows that await an event of their signer, in their own order: whether each is there, or was taken away. What a
/// part changed holds only what it changed.
pub type Awaiting = BTreeMap<Key, bool>;

/// Units by their keys.
#[derive(Debug, Default)]
pub struct Units {
    /// By AID.
    pub aids: Aids,
    /// By place.
    pub kels: Kels,
    /// By ordinal; those that the store told.
    pub logs: Map<u64, Arc<LogRecord>>,
    /// By ordinal.
    pub lates: Map<u64, Late>,
    /// By seal key.
    pub anchors: Map<Key, Vec<Anchor>>,
    /// By place.
    pub slots: Map<Key, Slot>,
    /// By the place of the signer's event.
    pub awaits: Map<Key, Awaiting>,
}

impl Units {
    /// Drops what `changed` has a later form of. Once that form is durable and no longer held in memory, the store must
    /// be asked for it, and not the form that was loaded before.
    pub fn forget(&mut self, changed: &Units) {
        self.aids.retain(|key, _| !changed.aids.contains_key(key));
        self.kels.retain(|key, _| !changed.kels.contains_key(key));
        self.lates.retain(|key, _| !changed.lates.contains_key(key));
        self.anchors
            .retain(|key, _| !changed.anchors.contains_key(key));
        self.slots.retain(|key, _| !changed.slots.contains_key(key));
        self.awaits
            .retain(|key, _| !changed.awaits.contains_key(key));
    }

    /// Removes all; the memory stays.
    pub fn clear(&mut self) {
        self.aids.clear();
        self.kels.clear();
        self.logs.clear();
        self.lates.clear();
        self.anchors.clear();
        self.slots.clear();
        self.awaits.clear();
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.aids.len()
            + self.kels.len()
            + self.lates.len()
            + self.anchors.len()
            + self.slots.len()
            + self.awaits.len()
    }

    /// Takes later forms of units; of anchors and of what awaits a signer, further changes.
    pub fn join(&mut self, later: Units) {
        self.aids.extend(later.aids);
        self.kels.extend(later.kels);
        self.lates.extend(later.lates);
        for (key, added) in later.anchors {
            self.anchors.entry(key).or_default().extend(added);
        }
        self.slots.extend(later.slots);
        for (key, changed) in later.awaits {
            self.awaits.entry(key).or_default().extend(changed);
        }
    }
}

/// Stored form of a late attachment.
pub fn encode_late(set: Set, text: &str, out: &mut Vec<u8>) {
    out.push(set as u8);
    out.extend_from_slice(text.as_bytes());
}

/// Reads a late attachment. `None`: damaged.
pub fn decode_late(value: &[u8]) -> Option<(Set, Text)> {
    let (set, text) = value.split_first()?;
    let set = [Set::Sigs, Set::Wigs, Set::Rcts, Set::Vrcs]
        .into_iter()
        .find(|known| *known as u8 == *set)?;
    Some((set, std::str::from_utf8(text).ok()?.into()))
}

/// Microseconds after which an entry of `kind` leaves by timeout; `None`: never. Source: escrows.md 1 to 3.
pub fn timeout(kind: Kind, limits: &Limits) -> Option<i64> {
    let of_kind = limits.seconds_per_kind[kind as usize];
    let seconds = match kind {
        Kind::LikelyDuplicitous if limits.evidence_kept => return None,
        Kind::Misfit => return None,
        Kind::OutOfOrder | Kind::Delegable => of_kind.unwrap_or(limits.out_of_order_seconds),
        Kind::QueryNotFound => of_kind.unwrap_or(limits.query_seconds),
        _ => of_kind.unwrap_or(limits.partial_seconds),
    };
    Some(seconds.saturating_mul(1_000_000))
}

/// When the first of a row's memberships times out.
pub fn deadline(waiting: &Waiting, limits: &Limits) -> Option<i64> {
    let of = |kind, date: i64| timeout(kind, limits).map(|timeout| date.saturating_add(timeout));
    match waiting {
        Waiting::Event(event) => event
            .memberships
            .iter()
            .filter_map(|membership| of(membership.kind, event.date))
            .min(),
        Waiting::Receipt(receipt) => of(receipt.membership.kind, receipt.date),
        Waiting::Query(query) => of(query.membership.kind, query.date),
    }
}
