//! What a part stores: puts and deletes, sorted by table and key, with their bytes in one arena.

use ahash::AHashSet;

use crate::base::Spare;
use crate::logs::Logs;
use crate::options::Limits;
use crate::record::{Anchor, encode_kel};
use crate::rules::signer_place;
use crate::state::AidRecord;
use crate::store::{
    Key, META_ORDINAL, OP_WORDS, Removed, Slot, Table, Units, deadline, encode_late, place,
};
use crate::text::Text;
use crate::usage::Held;
use crate::view::View;
use crate::wakes::{Wake, Wakes};

/// Changes that a fold made.
pub(crate) struct Changes {
    own: Units,
    logs: Logs,
    anchors: Vec<(Key, Anchor)>,
}

/// Puts and deletes as they cross the boundary: 5 words each (table, kind, key start, key end, value end).
#[derive(Debug, Default)]
pub struct Writes {
    /// Words.
    pub ops: Vec<u32>,
    /// Keys, each followed by its value.
    pub arena: Vec<u8>,
}

/// Writes being put together.
#[derive(Default)]
pub(crate) struct Out {
    ops: Vec<[u32; OP_WORDS]>,
    /// Those of the log, which are in order.
    logs: Vec<[u32; OP_WORDS]>,
    /// Bytes so far.
    pub arena: Vec<u8>,
    /// What the rows written and taken away count for: now, and before.
    pub held: Vec<Held>,
    pub released: Vec<Held>,
}

/// Usual sizes of keys and values, to make room at once.
const AID_BYTES: usize = 480;
const KEL_BYTES: usize = 128;
const PUT: u32 = 0;
const DELETE: u32 = 1;

fn key<'a>(arena: &'a [u8], op: &[u32; OP_WORDS]) -> &'a [u8] {
    arena.get(op[2] as usize..op[3] as usize).unwrap_or(&[])
}

/// Table and first bytes of the key: they decide most comparisons.
fn head(arena: &[u8], op: &[u32; OP_WORDS]) -> u128 {
    let key = key(arena, op);
    let mut first = [0; 16];
    first[0] = op[0] as u8;
    let size = key.len().min(first.len() - 1);
    first[1..=size].copy_from_slice(&key[..size]);
    u128::from_be_bytes(first)
}

impl Out {
    fn put(&mut self, table: Table, key: &[&[u8]], value: impl FnOnce(&mut Vec<u8>)) {
        let start = self.arena.len() as u32;
        for part in key {
            self.arena.extend_from_slice(part);
        }
        let key_end = self.arena.len() as u32;
        value(&mut self.arena);
        self.ops
            .push([table as u32, PUT, start, key_end, self.arena.len() as u32]);
    }

    fn delete(&mut self, table: Table, key: &[&[u8]]) {
        let at = self.ops.len();
        self.put(table, key, |_| {});
        self.ops[at][1] = DELETE;
    }

    /// The wake-ups that were cut off before and are `used` up now, those `added`, and all that are `left`.
    pub fn wakes(&mut self, used: &[Wake], added: &[Wake], left: &Wakes) {
        for wake in used.iter().filter(|wake| !left.contains(wake)) {
            self.delete(Table::Wake, &[&place(&wake.aid, wake.sn)]);
        }
        let stored: AHashSet<&Wake> = used.iter().collect();
        for wake in added.iter().filter(|wake| !stored.contains(wake)) {
            self.put(Table::Wake, &[&place(&wake.aid, wake.sn)], |_| {});
        }
    }

    /// Sorts and closes.
    pub fn finish(self) -> Writes {
        let arena = self.arena;
        let heads = self.ops.iter().map(|op| head(&arena, op));
        let mut others: Vec<(u128, u32)> = heads.zip(0..).collect();
        let op = |number: u32| &self.ops[number as usize];
        others.sort_by(|(head_a, a), (head_b, b)| {
            let by_head = head_a.cmp(head_b);
            by_head.then_with(|| key(&arena, op(*a)).cmp(key(&arena, op(*b))))
        });
        let before = others.partition_point(|(_, number)| op(*number)[0] < Table::Log as u32);
        let (before, after) = others.split_at(before);
        let mut ops = Vec::with_capacity((others.len() + self.logs.len()) * OP_WORDS);
        let before = before.iter().map(|(_, number)| op(*number));
        let after = after.iter().map(|(_, number)| op(*number));
        for op in before.chain(&self.logs).chain(after) {
            ops.extend_from_slice(op);
        }
        Writes { ops, arena }
    }
}

impl Changes {
    /// Takes the changes out of a view.
    pub fn of(view: View<'_>) -> Changes {
        Changes {
            own: view.own,
            logs: view.logs,
            anchors: view.anchors_added,
        }
    }

    /// Gives up the changes; what held them can be used again.
    pub fn into_spare(self) -> Spare {
        Spare::of(self.own, self.logs)
    }

    /// Roughly how many bytes they will take.
    fn bytes(&self) -> usize {
        self.logs.bytes().len() + self.own.aids.len() * AID_BYTES + self.own.kels.len() * KEL_BYTES
    }

    /// Encodes them. Returned with them: the changed units, clean; the events logged; the AID records only read.
    pub fn encode(mut self, limits: &Limits) -> (Out, Units, Logs, Vec<(Text, AidRecord)>) {
        let mut out = Out::default();
        out.arena.reserve(self.bytes());
        let mut kept = Units::default();
        out.arena.extend_from_slice(self.logs.bytes());
        out.logs.extend(
            self.logs
                .spans()
                .map(|[start, key_end, end]| [Table::Log as u32, PUT, start, key_end, end]),
        );
        let read = self
            .own
            .aids
            .extract_if(.., |_, record| !record.changed)
            .collect();
        for (aid, record) in &mut self.own.aids {
            encode_aid(aid, record, &mut out);
        }
        kept.aids = self.own.aids;
        self.own.kels.retain(|_, kel| kel.changed);
        for (key, kel) in &mut self.own.kels {
            out.put(Table::Kel, &[key], |arena| encode_kel(&kel.entries, arena));
            kel.changed = false;
        }
        kept.kels = self.own.kels;
        for (ordinal, mut late) in self.own.lates {
            if late.items.len() > late.stored {
                for (at, (set, text)) in late.items.iter().enumerate().skip(late.stored) {
                    let key = [&ordinal.to_be_bytes()[..], &(at as u32).to_be_bytes()];
                    out.put(Table::Late, &key, |arena| encode_late(*set, text, arena));
                }
                late.stored = late.items.len();
                kept.lates.insert(ordinal, late);
            }
        }
        for (key, anchor) in self.anchors {
            out.put(
                Table::Seals,
                &[&key, &place(&anchor.pre, anchor.sn)],
                |arena| {
                    arena.extend_from_slice(&anchor.ordinal.to_be_bytes());
                },
            );
            kept.anchors.entry(key).or_default().push(anchor);
        }
        for (key, slot) in self.own.slots {
            if let Some(slot) = encode_slot(&key, slot, limits, &mut out) {
                kept.slots.insert(key, slot);
            }
        }
        kept.awaits = self.own.awaits;
        if self.logs.count() > 0 {
            let ordinal = self.logs.next();
            out.put(Table::Meta, &[META_ORDINAL], |arena| {
                arena.extend_from_slice(&ordinal.to_be_bytes());
            });
        }
        (out, kept, self.logs, read)
    }
}

fn encode_aid(aid: &Text, record: &mut AidRecord, out: &mut Out) {
    if record.is_empty() {
        out.delete(Table::Aids, &[aid.as_bytes()]);
    } else {
        out.put(Table::Aids, &[aid.as_bytes()], |arena| record.encode(arena));
    }
    record.changed = false;
}

/// Writes under which SAIDs a slot is found from now on, and under which it no longer is.
fn encode_saids(key: &Key, slot: &Slot, out: &mut Out) {
    let mut done: AHashSet<&Text> = AHashSet::default();
    for row in slot.rows.iter().filter(|row| row.held.is_none()) {
        let said = row.waiting.said();
        if done.insert(said) {
            out.put(Table::Saids, &[said.as_bytes(), key], |_| {});
        }
    }
    for Removed { said, held, .. } in &slot.removed {
        let is_left = || slot.rows.iter().any(|row| row.waiting.said() == said);
        if held.is_some() && done.insert(said) && !is_left() {
            out.delete(Table::Saids, &[said.as_bytes(), key]);
        }
    }
}

/// Writes a slot's changes; the slot as stored then, if it changed.
fn encode_slot(key: &Key, mut slot: Slot, limits: &Limits, out: &mut Out) -> Option<Slot> {
    let mut changed = !slot.removed.is_empty();
    encode_saids(key, &slot, out);
    for Removed {
        id,
        said: _,
        deadline,
        awaits,
        held,
    } in slot.removed.drain(..)
    {
        out.released.extend(held);
        let back = slot.rows.iter().any(|row| row.waiting.id() == id);
        if !back {
            out.delete(Table::Waiting, &[key, &id]);
            if let Some(awaits) = awaits {
                out.delete(Table::Awaits, &[&awaits, key, &id]);
            }
        }
        if let Some(micros) = deadline {
            let same = slot.rows.iter().any(|row| {
                row.waiting.id() == id
                    && crate::store::deadline(&row.waiting, limits) == Some(micros)
            });
            if !same {
                out.delete(Table::Expiry, &[&micros.to_be_bytes(), key, &id]);
            }
        }
    }
    for row in slot.rows.iter_mut().filter(|row| row.dirty) {
        changed = true;
        let id = row.waiting.id();
        out.put(Table::Waiting, &[key, &id], |arena| {
            row.waiting.encode(arena);
        });
        let new = deadline(&row.waiting, limits);
        if new != row.deadline {
            if let Some(micros) = row.deadline {
                out.delete(Table::Expiry, &[&micros.to_be_bytes(), key, &id]);
            }
            if let Some(micros) = new {
                out.put(Table::Expiry, &[&micros.to_be_bytes(), key, &id], |_| {});
            }
        }
        if let Some((signer, sn)) = signer_place(&row.waiting) {
            out.put(Table::Awaits, &[&place(&signer, sn), key, &id], |_| {});
        }
        let held = Held::of(&row.waiting);
        out.released.extend(row.held.replace(held));
        out.held.push(held);
        row.deadline = new;
        row.dirty = false;
    }
    changed.then_some(slot)
}
