//! Signatures, thresholds, witnesses and delegation of an event, in the order that decides which escrow results.
//!
//! Source: keri-events.md 14.

use kelpipe_cesr::indexer::Indexed;
use smallvec::SmallVec;

use crate::decision::{Awaits, Kind, Reject};
use crate::fold::{Fold, Incoming};
use crate::prefix::{self, VerificationKey};
use crate::record::Couple;
use crate::rules::receipts::Signatures;
use crate::rules::{Outcome, refuse};
use crate::said;
use crate::signature::{Listed, Signed};
use crate::state::{Establishment, KeyState};
use crate::text::Text;

/// What was checked and is to be stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checked<'x> {
    /// Verified controller signatures.
    pub sigs: Signatures<'x>,
    /// Verified witness signatures.
    pub wigs: Signatures<'x>,
    /// Anchor couple to keep.
    pub couple: Option<Couple>,
}

impl Fold<'_> {
    /// All checks of an event under the establishment `est` that it makes or stands under.
    pub(crate) fn check<'x>(
        &mut self,
        incoming: &Incoming<'x>,
        est: &Establishment,
        state: Option<&KeyState>,
    ) -> Outcome<Checked<'x>> {
        let head = incoming.head(self.options);
        let sigs = self.verified(&incoming.signed, incoming.sigs, &est.keys, head)?;
        if sigs.is_empty() {
            return refuse(if incoming.sigs.list.is_empty() {
                Reject::NoSignatures
            } else {
                Reject::NoValidSignature
            });
        }
        let mut checked = Checked {
            sigs,
            wigs: Signatures::new(),
            couple: incoming.couple.clone(),
        };
        if head && !incoming.local && self.concerns_us(incoming, est) {
            return Err(self.escrow(incoming, Kind::Misfit, Awaits::Nothing, &checked));
        }
        let Some(witness_keys) = est.witnesses.keys() else {
            return refuse(Reject::Key);
        };
        checked.wigs = self.verified(&incoming.signed, incoming.wigs, witness_keys, head)?;
        self.check_thresholds(incoming, est, state, &checked)?;
        if head {
            self.check_toad(incoming, est, &checked)?;
            self.check_approval(incoming, est, &checked)?;
            self.check_delegation(incoming, est, state, &mut checked)?;
        } else {
            self.check_delegation(incoming, est, state, &mut checked)?;
            self.check_toad(incoming, est, &checked)?;
        }
        Ok(checked)
    }

    /// The signatures that verify, exact repeats dropped, order kept.
    pub(crate) fn verified<'x>(
        &mut self,
        signed: &Signed,
        signatures: Listed<'x>,
        keys: &[VerificationKey],
        head: bool,
    ) -> Outcome<Signatures<'x>> {
        let skip_index = head || self.harden(2);
        let cap = self
            .options
            .limits
            .signatures_per_key_max
            .saturating_mul(keys.len());
        let cap = if self.harden(1) { cap } else { usize::MAX };
        let mut seen: SmallVec<[&str; 2]> = SmallVec::new();
        let mut verified = Signatures::new();
        for (at, signature) in signatures.list.iter().enumerate() {
            if seen.contains(&signature.text) || seen.len() >= cap {
                continue;
            }
            seen.push(signature.text);
            let Some(key) = keys.get(signature.index as usize) else {
                if skip_index {
                    continue;
                }
                return refuse(Reject::SignatureIndex);
            };
            if self.verify_listed(signed, key, signatures, at) {
                verified.push(*signature);
            }
        }
        Ok(verified)
    }

    fn check_thresholds(
        &mut self,
        incoming: &Incoming<'_>,
        est: &Establishment,
        state: Option<&KeyState>,
        checked: &Checked<'_>,
    ) -> Outcome<()> {
        let indices = self.counted(checked.sigs.iter().map(|signature| signature.index));
        if !est.kt.satisfied(&indices) {
            return Err(self.escrow(
                incoming,
                Kind::PartialSignature,
                Awaits::Signatures,
                checked,
            ));
        }
        let Some(prior) = state.filter(|_| incoming.event.ilk.establishes()) else {
            return Ok(());
        };
        let ondices = self.counted(exposed(&checked.sigs, &est.keys, &prior.est.next).into_iter());
        if !prior.est.nt.satisfied(&ondices) {
            return Err(self.escrow(
                incoming,
                Kind::PartialSignature,
                Awaits::NextSignatures,
                checked,
            ));
        }
        Ok(())
    }

    /// Indices as thresholds count them: distinct under HARDEN 1.
    fn counted(&self, indices: impl Iterator<Item = u32>) -> SmallVec<[u32; 8]> {
        let mut list: SmallVec<[u32; 8]> = indices.collect();
        if self.harden(1) {
            list.sort_unstable();
            list.dedup();
        }
        list
    }

    fn check_toad(
        &mut self,
        incoming: &Incoming<'_>,
        est: &Establishment,
        checked: &Checked<'_>,
    ) -> Outcome<()> {
        let own = self.options.owns(incoming.event.pre);
        let witness = self.witnesses_locally(est);
        let exempt = if incoming.head(self.options) {
            own || witness
        } else {
            own || (!self.options.own.is_empty() && (incoming.local || witness))
        };
        let count = self
            .counted(checked.wigs.iter().map(|signature| signature.index))
            .len() as u64;
        if exempt || count >= est.toad {
            return Ok(());
        }
        Err(self.escrow(
            incoming,
            Kind::PartialWitness,
            Awaits::WitnessReceipts,
            checked,
        ))
    }

    /// An event that needs the local delegator's approval: a sealing event in its log. Head only.
    fn check_approval(
        &mut self,
        incoming: &Incoming<'_>,
        est: &Establishment,
        checked: &Checked<'_>,
    ) -> Outcome<()> {
        let ours = incoming.event.ilk.delegated() && self.options.owns(&est.delegator);
        let asks = ours && !self.options.owns(incoming.event.pre) && incoming.couple.is_none();
        if asks && self.search(incoming, &est.delegator).is_empty() {
            return Err(self.escrow(incoming, Kind::Delegable, Awaits::Approval, checked));
        }
        Ok(())
    }

    pub(crate) fn witnesses_locally(&self, est: &Establishment) -> bool {
        est.witnesses
            .iter()
            .any(|witness| self.options.owns(witness))
    }

    fn concerns_us(&self, incoming: &Incoming<'_>, est: &Establishment) -> bool {
        let delegated = incoming.event.ilk.delegated();
        self.options.owns(incoming.event.pre)
            || self.witnesses_locally(est)
            || (delegated && self.options.owns(&est.delegator))
    }
}

/// Ondices of the prior next-key digests that the signatures expose.
pub(crate) fn exposed(
    signatures: &[Indexed<'_>],
    keys: &[VerificationKey],
    prior_next: &[Text],
) -> Vec<u32> {
    signatures
        .iter()
        .filter_map(|signature| {
            let ondex = signature.ondex?;
            let committed = prior_next.get(ondex as usize)?;
            let key = keys.get(signature.index as usize)?;
            is_digest_of(committed, &key.text).then_some(ondex)
        })
        .collect()
}

fn is_digest_of(digest: &str, key: &str) -> bool {
    use kelpipe_cesr::Alphabet;
    use kelpipe_cesr::primitive::Primitive;
    Primitive::of(digest, Alphabet::Strict)
        .is_ok_and(|primitive| said::is_digest_of(&primitive, &[key.as_bytes()]))
}

/// Whether a witness may be counted: its prefix must be non-transferable.
pub(crate) fn may_witness(text: &str) -> bool {
    prefix::code_of(text).is_some_and(prefix::is_nontransferable)
}
