//! A store in memory and a runner over recorded streams, for tests of the engine without the addon.

#![allow(dead_code, reason = "each test uses its own part")]

pub mod judge;
pub mod random;
pub mod rows;
pub mod scenarios;
pub mod world;

use std::collections::BTreeMap;

use kelpipe_cesr::frame::Framer;
use kelpipe_crypto::Verifier;
use kelpipe_keri::batch::{Batch, WaitingOp, codec_options};
use kelpipe_keri::columns::Columns;
use kelpipe_keri::decision::Kind;
use kelpipe_keri::engine::{Engine, Step};
use kelpipe_keri::options::Options;
use kelpipe_keri::store::{OP_WORDS, Requests, Table};
use kelpipe_keri::writes::Writes;

/// Tables as sorted maps.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    tables: [BTreeMap<Vec<u8>, Vec<u8>>; 10],
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
            let found: Vec<_> = if op[1] == 0 {
                table.get_key_value(key).into_iter().collect()
            } else {
                table
                    .range(key.to_vec()..)
                    .take_while(|(found, _)| found.starts_with(key))
                    .collect()
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

/// An engine with its store.
pub struct Runner {
    pub engine: Engine,
    pub store: Memory,
    pub now: i64,
    pub parts: Vec<Columns>,
}

impl Runner {
    pub fn new(options: Options, now: i64) -> Self {
        let verifier = Verifier::new(kelpipe_crypto::Options::default());
        Runner {
            engine: Engine::new(options, verifier),
            store: Memory::default(),
            now,
            parts: Vec::new(),
        }
    }

    pub fn settle(&mut self, mut batch: Batch<'_>) {
        let mut fetched: Option<Vec<u8>> = None;
        loop {
            match self
                .engine
                .settle(&mut batch, fetched.take().as_deref(), self.now)
                .expect("sound store")
            {
                Step::Missing(requests) => fetched = Some(self.store.fetch(&requests)),
                Step::Part(outcome) => {
                    self.store.apply(&outcome.writes);
                    self.engine.committed(outcome.part);
                    self.parts.push(outcome.rows);
                    if !outcome.more {
                        return;
                    }
                }
            }
        }
    }

    /// Parses a slice as a stream of its own, in batches of at most `batch` messages.
    pub fn parse(&mut self, bytes: &[u8], batch: usize) {
        let options = self.engine.options().clone();
        let mut framer = Framer::new(&codec_options(&options));
        let (mut frames, mut faults) = (Vec::new(), Vec::new());
        framer.frame(bytes, true, &mut frames, &mut faults);
        for some in frames.chunks(batch) {
            self.settle(Batch::prepare(&options, bytes, some, 1));
        }
    }

    /// One pass over every escrow, as the reference makes it; whether anything changed.
    pub fn pass(&mut self) -> bool {
        let before = self.store.table(Table::Waiting).clone();
        let seen = self.store.table(Table::Log).len();
        for kind in Kind::PASS {
            if matches!(kind, Kind::Misfit | Kind::Delegable) {
                continue;
            }
            let keys: Vec<Vec<u8>> = self
                .store
                .table(Table::Waiting)
                .iter()
                .filter(|(_, value)| u16::from_le_bytes([value[0], value[1]]) & kind.bit() != 0)
                .map(|(key, _)| key.clone())
                .collect();
            for key in keys {
                self.settle(Batch::of_waiting(WaitingOp::Retry(Some(kind)), &[&key]));
            }
        }
        before != *self.store.table(Table::Waiting) || seen != self.store.table(Table::Log).len()
    }
}
