//! How many keys an AID has.

use crate::threshold::Threshold;

/// How many keys an AID has, and how many of them are enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlan {
    /// As many keys as the threshold is over, all of them new at each rotation.
    All(usize, Threshold),
    /// More next keys than are used: so many are shown at a rotation, the others stay in reserve.
    Reserve {
        /// Keys that are shown and enough.
        shown: usize,
        /// Next keys that are held.
        held: usize,
    },
}

impl KeyPlan {
    /// Number of keys at the inception, and the signing threshold from then on.
    pub fn current(&self) -> (usize, Threshold) {
        match self {
            KeyPlan::All(keys, threshold) => (*keys, threshold.clone()),
            KeyPlan::Reserve { shown, .. } => (*shown, Threshold::Number(*shown)),
        }
    }

    /// Number of next keys, and their threshold.
    pub fn next(&self) -> (usize, Threshold) {
        match self {
            KeyPlan::All(keys, threshold) => (*keys, threshold.clone()),
            KeyPlan::Reserve { shown, held } => (*held, Threshold::Number(*shown)),
        }
    }
}
