//! Attachments of an event by their sets.

use crate::codec::{Decoder, Encoder};
use crate::text::Text;

/// Attachment sets of an event, each in order of insertion without repeats, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// Indexed controller signatures.
    pub sigs: Vec<Text>,
    /// Indexed witness signatures.
    pub wigs: Vec<Text>,
    /// Non-transferable receipts: key + signature.
    pub rcts: Vec<Text>,
    /// Transferable receipts: prefix + sn + SAID + indexed signature.
    pub vrcs: Vec<Text>,
}

/// Number of [`Set`]s.
pub const SETS: usize = 4;

/// Which set of [`Attached`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Set {
    /// Controller signatures.
    Sigs = 0,
    /// Witness signatures.
    Wigs = 1,
    /// Non-transferable receipts.
    Rcts = 2,
    /// Transferable receipts.
    Vrcs = 3,
}

impl Attached {
    /// The set.
    pub fn set(&mut self, set: Set) -> &mut Vec<Text> {
        match set {
            Set::Sigs => &mut self.sigs,
            Set::Wigs => &mut self.wigs,
            Set::Rcts => &mut self.rcts,
            Set::Vrcs => &mut self.vrcs,
        }
    }

    /// Every text with its set.
    pub fn iter(&self) -> impl Iterator<Item = (Set, &Text)> {
        fn of(set: Set, texts: &[Text]) -> impl Iterator<Item = (Set, &Text)> {
            texts.iter().map(move |text| (set, text))
        }
        of(Set::Sigs, &self.sigs)
            .chain(of(Set::Wigs, &self.wigs))
            .chain(of(Set::Rcts, &self.rcts))
            .chain(of(Set::Vrcs, &self.vrcs))
    }

    /// Adds a text; false if it is there already.
    pub fn add(&mut self, set: Set, text: &str) -> bool {
        let texts = self.set(set);
        let new = !texts.iter().any(|known| &**known == text);
        if new {
            texts.push(text.into());
        }
        new
    }

    pub(super) fn encode(&self, out: &mut Encoder<'_>) {
        for texts in [&self.sigs, &self.wigs, &self.rcts, &self.vrcs] {
            out.texts(texts);
        }
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Option<Attached> {
        Some(Attached {
            sigs: from.texts()?,
            wigs: from.texts()?,
            rcts: from.texts()?,
            vrcs: from.texts()?,
        })
    }
}
