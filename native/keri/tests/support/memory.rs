//! A store in memory.

use std::collections::BTreeMap;

use kelpipe_keri::needs::Requests;
use kelpipe_keri::store::{OP_WORDS, Table};
use kelpipe_keri::writes::Writes;

/// Tables as sorted maps.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    tables: [BTreeMap<Vec<u8>, Vec<u8>>; 11],
}

impl Memory {
    pub fn table(&self, table: Table) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        &self.tables[table as usize]
    }

    pub fn fetch(&self, requests: &Requests) -> Vec<u8> {
        let mut out = Vec::new();
        for op in requests.ops.chunks_exact(OP_WORDS) {
            let key = &requests.arena[op[2] as usize..op[3] as usize];
            let table = &self.tables[op[0] as usize];
            let found: Vec<_> = match op[1] {
                0 => table.get_key_value(key).into_iter().collect(),
                1 => table
                    .range(key.to_vec()..)
                    .take_while(|(found, _)| found.starts_with(key))
                    .collect(),
                _ => range(table, key, op[4] as usize),
            };
            out.extend_from_slice(&(found.len() as u32).to_le_bytes());
            for (key, value) in found {
                out.extend_from_slice(&(key.len() as u32).to_le_bytes());
                out.extend_from_slice(&(value.len() as u32).to_le_bytes());
                out.extend_from_slice(key);
                out.extend_from_slice(value);
            }
        }
        out
    }

    pub fn apply(&mut self, writes: &Writes) {
        for op in writes.ops.chunks_exact(OP_WORDS) {
            let key = writes.arena[op[2] as usize..op[3] as usize].to_vec();
            if op[1] == 0 {
                let value = writes.arena[op[3] as usize..op[4] as usize].to_vec();
                self.tables[op[0] as usize].insert(key, value);
            } else {
                self.tables[op[0] as usize].remove(&key);
            }
        }
    }
}

/// Records between two keys, until they have so many bytes.
fn range<'t>(
    table: &'t BTreeMap<Vec<u8>, Vec<u8>>,
    ends: &[u8],
    mut bytes: usize,
) -> Vec<(&'t Vec<u8>, &'t Vec<u8>)> {
    let (from, to) = ends.split_at(ends.len() / 2);
    let within = |(key, value): &(&Vec<u8>, &Vec<u8>)| {
        let left = bytes > 0;
        bytes = bytes.saturating_sub(key.len() + value.len());
        left
    };
    table
        .range(from.to_vec()..to.to_vec())
        .take_while(within)
        .collect()
}
