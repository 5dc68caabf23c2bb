//! Which records a settle lacks.

use crate::base::Base;
use crate::batch::Batch;
use crate::needs::{Need, Requests};

/// Rounds of missing records after which a batch is settled in smaller windows.
const ROUNDS_BEFORE_SMALLER: u32 = 4;
/// How much smaller a window gets then.
const WINDOW_DIVISOR: usize = 8;

/// Before the first fold: the AID records of a batch that are neither cached nor loaded.
pub(super) fn first_needs(base: &Base, batch: &mut Batch<'_>) -> Option<Requests> {
    if std::mem::replace(&mut batch.looked_ahead, true) {
        return None;
    }
    let mut needs: Vec<Need> = Vec::new();
    let mut seen = ahash::AHashSet::default();
    for item in &batch.items {
        item.each_aid(|aid| {
            if base.aid(aid).is_none() && seen.insert(aid) {
                needs.push(Need::Aid(aid.into()));
            }
        });
    }
    (!needs.is_empty()).then(|| {
        batch.needs = needs;
        Requests::of(batch.needs.iter())
    })
}

/// Notes what is asked for; after several rounds the rest of the batch is settled in smaller windows. Anchors, what
/// awaits a signer, and places of a chain that are not committed yet are put beside the answer now: they may be committed,
/// and forgotten here, before it comes.
pub(super) fn ask(base: &Base, batch: &mut Batch<'_>, needs: Vec<Need>) -> Requests {
    for need in &needs {
        match need {
            Need::Anchors(key) => {
                let uncommitted = base.anchors(key).cloned().collect();
                batch.loaded.anchors.insert(key.clone(), uncommitted);
            }
            Need::Awaits(key) => {
                let uncommitted = base.awaits(key).flatten();
                let uncommitted = uncommitted.map(|(row, is_there)| (row.clone(), *is_there));
                batch
                    .loaded
                    .awaits
                    .insert(key.clone(), uncommitted.collect());
            }
            Need::Chain(chain) => {
                for key in chain.places() {
                    if let Some(slot) = base.slot(&key) {
                        let known = batch.loaded.slots.entry(key);
                        known.or_insert_with(|| slot.clone());
                    }
                }
            }
            _ => {}
        }
    }
    batch.rounds += 1;
    if batch.rounds.is_multiple_of(ROUNDS_BEFORE_SMALLER) {
        batch.window = (batch.window.min(batch.items.len()) / WINDOW_DIVISOR).max(1);
    }
    batch.needs = needs;
    Requests::of(batch.needs.iter())
}
