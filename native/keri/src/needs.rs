//! Records that the engine lacks: how they are asked for, and what the store answers.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::options::Limits;
use crate::record::{Anchor, LogRecord, Waiting, decode_kel};
use crate::state::AidRecord;
use crate::store::{
    Kel, Key, Late, Slot, SlotRow, Table, Units, deadline, decode_late, place, split_place,
};
use crate::text::Text;
use crate::usage::Held;

/// Places of an AID behind one that wakes, as far as something waits at each of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chain {
    /// AID.
    pub aid: Text,
    /// First sequence number.
    pub from: u128,
    /// The one behind the last.
    pub to: u128,
}

impl Chain {
    /// Keys of its places.
    pub fn places(&self) -> impl Iterator<Item = Key> {
        (self.from..self.to).map(|sn| place(&self.aid, sn))
    }
}

/// A unit that the engine does not have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Key state and counts of an AID.
    Aid(Text),
    /// Events at a place.
    Kel(Key),
    /// A logged event.
    Log(u64),
    /// Late attachments of a logged event.
    Late(u64),
    /// Who anchors an event.
    Anchors(Key),
    /// What waits at a place.
    Slot(Key),
    /// What waits at places in a row.
    Chain(Chain),
    /// What awaits an event of a signer.
    Awaits(Key),
}

/// Read requests as they cross the boundary: 5 words each (table, mode, key start, key end, limit). The key of a range is
/// its first key and the one behind its last, of the same length; its limit is bytes of keys and values, of which the last
/// record may have more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Words.
    pub ops: Vec<u32>,
    /// Keys.
    pub arena: Vec<u8>,
}

const MODE_GET: u32 = 0;
const MODE_PREFIX: u32 = 1;
const MODE_RANGE: u32 = 2;
/// What is read of a chain at a time.
const CHAIN_BYTES_MAX: u32 = 4 << 20;

impl Requests {
    /// Encodes needs, in their order.
    pub fn of<'n>(needs: impl Iterator<Item = &'n Need>) -> Requests {
        let mut requests = Requests::default();
        for need in needs {
            match need {
                Need::Aid(aid) => requests.push(Table::Aids, MODE_GET, aid.as_bytes()),
                Need::Kel(key) => requests.push(Table::Kel, MODE_GET, key),
                Need::Log(ordinal) => requests.push(Table::Log, MODE_GET, &ordinal.to_be_bytes()),
                Need::Late(ordinal) => {
                    requests.push(Table::Late, MODE_PREFIX, &ordinal.to_be_bytes());
                }
                Need::Anchors(key) => requests.push(Table::Seals, MODE_PREFIX, key),
                Need::Slot(key) => requests.push(Table::Waiting, MODE_PREFIX, key),
                Need::Chain(Chain { aid, from, to }) => {
                    let ends = [place(aid, *from), place(aid, *to)].concat();
                    requests.push_limited(Table::Waiting, MODE_RANGE, &ends, CHAIN_BYTES_MAX);
                }
                Need::Awaits(key) => requests.push(Table::Awaits, MODE_PREFIX, key),
            }
        }
        requests
    }

    fn push(&mut self, table: Table, mode: u32, key: &[u8]) {
        self.push_limited(table, mode, key, 0);
    }

    fn push_limited(&mut self, table: Table, mode: u32, key: &[u8], limit: u32) {
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(key);
        self.ops
            .extend([table as u32, mode, start, self.arena.len() as u32, limit]);
    }
}

/// A reader over what the store answered.
struct Answer<'a>(&'a [u8]);

impl<'a> Answer<'a> {
    fn word(&mut self) -> Option<usize> {
        let (head, tail) = self.0.split_at_checked(4)?;
        self.0 = tail;
        head.try_into()
            .ok()
            .map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    fn record(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (key, value) = (self.word()?, self.word()?);
        let (key, tail) = self.0.split_at_checked(key)?;
        let (value, tail) = tail.split_at_checked(value)?;
        self.0 = tail;
        Some((key, value))
    }
}

impl Units {
    /// Takes what the store answered to `needs`. `None`: the answer or a record in it is damaged.
    pub fn load(&mut self, needs: &[Need], answer: &[u8], limits: &Limits) -> Option<()> {
        let mut answer = Answer(answer);
        for need in needs {
            let count = answer.word()?;
            let mut records = Vec::with_capacity(count.min(64));
            for _ in 0..count {
                records.push(answer.record()?);
            }
            self.take(need, &records, limits)?;
        }
        Some(())
    }

    fn take(&mut self, need: &Need, records: &[(&[u8], &[u8])], limits: &Limits) -> Option<()> {
        let first = records.first().map(|(_, value)| *value);
        match need {
            Need::Aid(aid) => {
                let record = first.map_or(Some(AidRecord::default()), AidRecord::decode)?;
                self.aids.insert(aid.clone(), record);
            }
            Need::Kel(key) => {
                let entries = first.map_or(Some(SmallVec::new()), decode_kel)?;
                self.kels.insert(
                    key.clone(),
                    Kel {
                        entries,
                        changed: false,
                    },
                );
            }
            Need::Log(ordinal) => {
                let record = LogRecord::decode(first?)?;
                self.logs.insert(*ordinal, Arc::new(record));
            }
            Need::Late(ordinal) => {
                let items: Option<Vec<_>> = records
                    .iter()
                    .map(|(_, value)| decode_late(value))
                    .collect();
                let items = items?;
                let stored = items.len();
                self.lates.insert(*ordinal, Late { items, stored });
            }
            Need::Anchors(key) => {
                let anchors = self.anchors.entry(key.clone()).or_default();
                for (full, value) in records {
                    let anchor = decode_anchor(key.len(), full, value)?;
                    if !anchors.contains(&anchor) {
                        anchors.push(anchor);
                    }
                }
            }
            Need::Slot(key) => {
                self.slots
                    .insert(key.clone(), loaded_slot(records, limits)?);
            }
            Need::Chain(chain) => self.take_chain(chain, records, limits)?,
            Need::Awaits(key) => {
                let awaiting = self.awaits.entry(key.clone()).or_default();
                for row in records.iter().filter_map(|(full, _)| full.get(key.len()..)) {
                    awaiting.entry(Key::from_slice(row)).or_insert(true);
                }
            }
        }
        Some(())
    }

    /// Takes the places of a chain up to the first at which nothing waits. One that is here already is a later form.
    fn take_chain(
        &mut self,
        chain: &Chain,
        mut records: &[(&[u8], &[u8])],
        limits: &Limits,
    ) -> Option<()> {
        let bytes: usize = records
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        let is_cut = bytes >= CHAIN_BYTES_MAX as usize;
        for key in chain.places() {
            let at_place = |(full, _): &&(&[u8], &[u8])| full.starts_with(&key);
            let (rows, rest) = records.split_at(records.iter().take_while(at_place).count());
            if is_cut && rest.is_empty() {
                break;
            }
            records = rest;
            let slot = match self.slots.entry(key) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(vacant) => vacant.insert(loaded_slot(rows, limits)?),
            };
            if slot.rows.is_empty() {
                break;
            }
        }
        Some(())
    }
}

/// The rows in an answer to one request; `None`: damaged.
pub fn waiting_rows(answer: &[u8]) -> Option<Vec<Waiting>> {
    let mut answer = Answer(answer);
    (0..answer.word()?)
        .map(|_| Waiting::decode(answer.record()?.1))
        .collect()
}

fn loaded_slot(records: &[(&[u8], &[u8])], limits: &Limits) -> Option<Slot> {
    let rows: Option<Vec<_>> = records
        .iter()
        .map(|(_, value)| loaded_row(value, limits))
        .collect();
    Some(Slot {
        rows: rows?,
        removed: Vec::new(),
    })
}

fn loaded_row(value: &[u8], limits: &Limits) -> Option<SlotRow> {
    let waiting = Waiting::decode(value)?;
    let deadline = deadline(&waiting, limits);
    let held = Some(Held::of(&waiting));
    Some(SlotRow {
        held,
        waiting,
        dirty: false,
        deadline,
    })
}

fn decode_anchor(prefix: usize, key: &[u8], value: &[u8]) -> Option<Anchor> {
    let (pre, sn, _) = split_place(key.get(prefix..)?)?;
    Some(Anchor {
        pre: pre.into(),
        sn,
        ordinal: u64::from_be_bytes(value.try_into().ok()?),
    })
}
