//! State digests: two databases agree exactly if their digests do.
//!
//! The state digest covers, AID by AID in byte order, the key state record without its date, and every logged event in
//! first-seen order with its place and its attachment sets. The full digest adds what waits. Dates, ordinals, sources
//! and the order in which AIDs were first seen are left out: they differ between equal histories.

use crate::codec::Encoder;
use crate::record::{LogRecord, Set, Waiting, decode_kel};
use crate::store::{decode_late, split_place};
use crate::text::Text;
use crate::views;

/// Digests records as they are fed, in the order of the `aids`, `kel` + `log` + `late`, and `waiting` tables.
pub struct StateDigest {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl Default for StateDigest {
    fn default() -> Self {
        StateDigest {
            hasher: blake3::Hasher::new_derive_key("kelpipe state digest 1"),
            buffer: Vec::new(),
        }
    }
}

impl StateDigest {
    fn section(
        &mut self,
        tag: u8,
        write: impl FnOnce(&mut Encoder<'_>) -> Option<()>,
    ) -> Option<()> {
        self.buffer.clear();
        write(&mut Encoder(&mut self.buffer))?;
        self.hasher.update(&[tag]);
        self.hasher
            .update(&(self.buffer.len() as u64).to_le_bytes());
        self.hasher.update(&self.buffer);
        Some(())
    }

    /// A record of `aids`. Records without key state count for nothing. `None`: damaged.
    pub fn aid(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let aid = std::str::from_utf8(key).ok()?;
        match views::key_state(aid, value, false) {
            Some(json) => self.section(b's', |out| {
                out.bytes(json.as_bytes());
                Some(())
            }),
            None => crate::state::AidRecord::decode(value).map(|_| ()),
        }
    }

    /// A record of `kel`. `None`: damaged.
    pub fn kel(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let (aid, sn, _) = split_place(key)?;
        let entries = decode_kel(value)?;
        self.section(b'k', |out| {
            out.bytes(aid.as_bytes());
            out.varint(sn);
            for entry in &entries {
                out.varint(u128::from(entry.first_seen));
                out.bytes(entry.said.as_bytes());
            }
            Some(())
        })
    }

    /// A logged event with its late attachments, in the order of `kel`. `None`: damaged.
    pub fn event(&mut self, log: &[u8], late: &[&[u8]]) -> Option<()> {
        let record = LogRecord::decode(log)?;
        let mut attached = record.attached.clone();
        for value in late {
            let (set, text) = decode_late(value)?;
            attached.add(set, &text);
        }
        self.section(b'e', |out| {
            out.bytes(&record.body);
            if let Some(couple) = &record.couple {
                out.varint(couple.sn);
                out.bytes(couple.said.as_bytes());
            }
            for set in [Set::Sigs, Set::Wigs, Set::Rcts, Set::Vrcs] {
                let mut texts: Vec<Text> = attached.set(set).clone();
                texts.sort_unstable();
                out.texts(&texts);
            }
            Some(())
        })
    }

    /// A record of `waiting`, for the full digest. `None`: damaged.
    pub fn waiting(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let waiting = Waiting::decode(value)?;
        self.section(b'w', |out| {
            out.bytes(key);
            out.u16(waiting.kinds());
            if let Waiting::Event(event) = &waiting {
                out.bytes(&event.body);
                let mut attached = event.attached.clone();
                for set in [Set::Sigs, Set::Wigs, Set::Rcts, Set::Vrcs] {
                    attached.set(set).sort_unstable();
                    out.texts(attached.set(set));
                }
            }
            Some(())
        })
    }

    /// The digest so far, 32 bytes.
    pub fn finish(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }
}
