//! What a fold sees: its own changes over uncommitted ones over the cache over what was fetched for the batch.
//!
//! A unit that is nowhere is taken as absent and noted in `needs`: such a fold is repeated with more records.

use std::sync::Arc;

use ahash::AHashSet;

use crate::base::{Base, Spare};
use crate::decision::Kind;
use crate::logs::Logs;
use crate::needs::{Chain, Need};
use crate::options::Limits;
use crate::record::{Anchor, KelEntry, LogRecord, Set, Waiting};
use crate::state::AidRecord;
use crate::store::{Awaiting, Kel, Key, Late, Map, Slot, Units, place, seal_key};
use crate::text::Text;
use crate::usage::Fresh;

/// How many places behind a missing one are asked for when a chain of waiting events may follow: within these, twice as
/// many as were looked at so far.
const CHAIN_PLACES_MIN: u32 = 16;
const CHAIN_PLACES_MAX: u32 = 2048;

/// Units that were taken as absent.
#[derive(Default)]
pub struct Needs {
    known: AHashSet<Need>,
    /// In order of first use.
    pub in_order: Vec<Need>,
}

impl Needs {
    fn add(&mut self, need: Need) {
        if self.known.insert(need.clone()) {
            self.in_order.push(need);
        }
    }
}

/// The state as one fold sees and changes it.
pub struct View<'b> {
    base: &'b Base,
    loaded: &'b Units,
    /// Changed or read units; everything in it is the fold's own.
    pub own: Units,
    /// Anchors added, by seal key.
    pub anchors_added: Vec<(Key, Anchor)>,
    /// Events logged by the fold.
    pub logs: Logs,
    /// Index of the AID last asked for: nearly always that of the next question.
    recent: usize,
    /// Records read so far.
    read_logs: Map<u64, Arc<LogRecord>>,
    /// Units that were taken as absent.
    pub needs: Needs,
    chain_asked: Option<Chain>,
    fresh: Fresh,
}

impl<'b> View<'b> {
    /// A view without changes.
    pub fn new(base: &'b Base, loaded: &'b Units, spare: Spare) -> Self {
        View {
            base,
            loaded,
            own: spare.units,
            anchors_added: Vec::new(),
            logs: spare.logs.starting_at(base.ordinal()),
            recent: 0,
            read_logs: Map::default(),
            needs: Needs::default(),
            chain_asked: None,
            fresh: Fresh::default(),
        }
    }

    /// Whether one more entry of `kind` from `source` may wait.
    pub fn admits(&mut self, source: u32, kind: Kind, limits: &Limits) -> bool {
        self.base
            .usage()
            .admits(&mut self.fresh, source, kind, limits)
    }

    fn aid_entry(&mut self, aid: &str) -> &mut AidRecord {
        let is_recent = self
            .own
            .aids
            .get_index(self.recent)
            .is_some_and(|(recent, _)| &**recent == aid);
        if !is_recent {
            self.recent = match self.own.aids.get_index_of(aid) {
                Some(at) => at,
                None => self.fetch_aid(aid),
            };
        }
        &mut self.own.aids[self.recent]
    }

    /// Takes over what is known of an AID; its index.
    fn fetch_aid(&mut self, aid: &str) -> usize {
        let known = self.base.aid(aid).or_else(|| self.loaded.aids.get(aid));
        let record = known.cloned().unwrap_or_else(|| {
            self.needs.add(Need::Aid(aid.into()));
            AidRecord::default()
        });
        self.own.aids.insert_full(aid.into(), record).0
    }

    /// The record of an AID.
    pub fn aid(&mut self, aid: &str) -> &AidRecord {
        self.aid_entry(aid)
    }

    /// The record of an AID, to be changed.
    pub fn aid_mut(&mut self, aid: &str) -> &mut AidRecord {
        let record = self.aid_entry(aid);
        record.changed = true;
        record
    }

    /// Events logged at a place, superseded ones first. Empty above the highest sequence number ever logged.
    pub fn kel(&mut self, aid: &str, sn: u128) -> &[KelEntry] {
        let high = self.aid(aid).state.as_ref().map(|state| state.sn_high);
        let (base, loaded, needs) = (self.base, self.loaded, &mut self.needs);
        let key = place(aid, sn);
        let kel = self.own.kels.entry(key.clone()).or_insert_with(|| {
            let known = base.kel(&key).or_else(|| loaded.kels.get(&key));
            known.cloned().unwrap_or_else(|| {
                if high.is_some_and(|high| sn <= high) {
                    needs.add(Need::Kel(key.clone()));
                }
                Kel::default()
            })
        });
        &kel.entries
    }

    /// The authoritative event at a place.
    pub fn last(&mut self, aid: &str, sn: u128) -> Option<KelEntry> {
        self.kel(aid, sn).last().cloned()
    }

    /// Adds an event at a place. `fresh`: the caller knows that nothing was logged there.
    pub fn kel_add(&mut self, aid: &str, sn: u128, entry: KelEntry, fresh: bool) {
        if !fresh {
            self.kel(aid, sn);
        }
        let kel = self.own.kels.entry(place(aid, sn)).or_default();
        kel.entries.push(entry);
        kel.changed = true;
    }

    /// A logged event.
    pub fn log(&mut self, ordinal: u64) -> Option<Arc<LogRecord>> {
        let read = self.read_logs.get(&ordinal);
        if let Some(record) = read.or_else(|| self.loaded.logs.get(&ordinal)) {
            return Some(record.clone());
        }
        let stored = self.logs.get(ordinal).or_else(|| self.base.log(ordinal));
        let Some(record) = stored.and_then(LogRecord::decode).map(Arc::new) else {
            self.needs.add(Need::Log(ordinal));
            return None;
        };
        self.read_logs.insert(ordinal, record.clone());
        Some(record)
    }

    /// Attachments that came after acceptance.
    pub fn late(&mut self, ordinal: u64) -> &mut Late {
        if !self.own.lates.contains_key(&ordinal) {
            let known = self
                .base
                .late(ordinal)
                .or_else(|| self.loaded.lates.get(&ordinal))
                .cloned();
            let fresh = ordinal >= self.base.ordinal();
            let late = known.unwrap_or_else(|| {
                if !fresh {
                    self.needs.add(Need::Late(ordinal));
                }
                Late::default()
            });
            self.own.lates.insert(ordinal, late);
        }
        self.own.lates.entry(ordinal).or_default()
    }

    /// Everything attached to a logged event of one set, early and late.
    pub fn attached(&mut self, ordinal: u64, set: Set) -> Vec<Text> {
        let mut texts = self
            .log(ordinal)
            .map_or_else(Vec::new, |record| record.attached.clone().set(set).clone());
        let late = self.late(ordinal);
        texts.extend(
            late.items
                .iter()
                .filter(|(of, _)| *of == set)
                .map(|(_, text)| text.clone()),
        );
        texts
    }

    /// Adds an attachment to a logged event; false if it is there already.
    pub fn attach(&mut self, record: &LogRecord, ordinal: u64, set: Set, text: &str) -> bool {
        let early = record
            .attached
            .iter()
            .any(|(of, known)| of == set && &**known == text);
        let late = self.late(ordinal);
        if early
            || late
                .items
                .iter()
                .any(|(of, known)| *of == set && &**known == text)
        {
            return false;
        }
        late.items.push((set, text.into()));
        true
    }

    /// Who anchors {i, s, d}, in order of acceptance.
    pub fn anchors(&mut self, aid: &str, sn: u128, said: &str) -> Vec<Anchor> {
        let key = seal_key(aid, sn, said);
        let mut anchors = if let Some(anchors) = self.loaded.anchors.get(&key) {
            anchors.clone()
        } else {
            self.needs.add(Need::Anchors(key.clone()));
            Vec::new()
        };
        let added = self
            .anchors_added
            .iter()
            .filter(|(of, _)| *of == key)
            .map(|(_, anchor)| anchor);
        for anchor in self.base.anchors(&key).chain(added) {
            if !anchors.contains(anchor) {
                anchors.push(anchor.clone());
            }
        }
        anchors.sort_by_key(|anchor| anchor.ordinal);
        anchors
    }

    /// What waits at a place.
    pub fn slot(&mut self, aid: &str, sn: u128) -> &mut Slot {
        let key = place(aid, sn);
        if !self.own.slots.contains_key(&key) {
            let known = self
                .base
                .slot(&key)
                .or_else(|| self.loaded.slots.get(&key))
                .cloned();
            let slot = match known {
                Some(slot) => slot,
                None if self.stored_rows(aid) == 0 => Slot::default(),
                None => {
                    self.needs.add(Need::Slot(key.clone()));
                    Slot::default()
                }
            };
            self.own.slots.insert(key.clone(), slot);
        }
        self.own.slots.entry(key).or_default()
    }

    /// Rows that wait under an AID in what was committed or is cached: 0 means that no slot need be read.
    fn stored_rows(&mut self, aid: &str) -> u32 {
        match self.base.aid(aid).or_else(|| self.loaded.aids.get(aid)) {
            Some(record) => record.rows,
            None => self.aid(aid).rows,
        }
    }

    /// Whether it is known what waits at a place.
    pub fn has_slot(&mut self, aid: &str, sn: u128) -> bool {
        let key = place(aid, sn);
        self.own.slots.contains_key(&key)
            || self.base.slot(&key).is_some()
            || self.loaded.slots.contains_key(&key)
            || self.stored_rows(aid) == 0
    }

    /// Asks for the places behind `sn` together if that has to be read: a chain of waiting events is about to be looked at.
    /// `in_a_row`: places looked at before it.
    pub fn prefetch_chain(&mut self, aid: &str, sn: u128, in_a_row: u32) {
        let next = sn.saturating_add(1);
        let asks = |chain: &Chain| &*chain.aid == aid && (chain.from..chain.to).contains(&next);
        let is_asked = self.chain_asked.as_ref().is_some_and(asks);
        if is_asked || self.has_slot(aid, sn) || self.has_slot(aid, next) {
            return;
        }
        let places = in_a_row.saturating_mul(2);
        let places = places
            .clamp(CHAIN_PLACES_MIN, CHAIN_PLACES_MAX)
            .min(self.stored_rows(aid));
        let chain = Chain {
            aid: aid.into(),
            from: next,
            to: next.saturating_add(places.into()),
        };
        self.needs.add(Need::Chain(chain.clone()));
        self.chain_asked = Some(chain);
    }

    /// Keys of waiting rows that await an event of `signer` at `sn`, in their own order: it must not depend on which of
    /// them were read from the store.
    pub fn awaiting(&mut self, signer: &str, sn: u128) -> Vec<Key> {
        let key = place(signer, sn);
        let mut keys = self.loaded.awaits.get(&key).cloned().unwrap_or_else(|| {
            self.needs.add(Need::Awaits(key.clone()));
            Awaiting::new()
        });
        for changed in self.base.awaits(&key).chain(self.own.awaits.get(&key)) {
            keys.extend(
                changed
                    .iter()
                    .map(|(row, is_there)| (row.clone(), *is_there)),
            );
        }
        let there = keys.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(row, _)| row).collect()
    }

    /// Notes that a waiting row awaits the event at `key`, or that it is gone. Of what else awaits it nothing is read.
    pub fn awaits(&mut self, key: Key, row: Key, is_there: bool) {
        self.own
            .awaits
            .entry(key)
            .or_default()
            .insert(row, is_there);
    }

    /// The waiting event with this SAID at a place, if any.
    pub fn waiting_event(&mut self, aid: &str, sn: u128, said: &str) -> Option<usize> {
        let is =
            |waiting: &Waiting| matches!(waiting, Waiting::Event(event) if &*event.said == said);
        self.slot(aid, sn)
            .rows
            .iter()
            .position(|row| is(&row.waiting))
    }
}
