//! Signatures of messages without a state machine here.
//!
//! Source: cesr.md 5; keri-events.md 18 and 19.

use kelpipe_cesr::indexer::Indexed;

use crate::decision::{Decision, Reject};
use crate::fold::Fold;
use crate::options::Mode;
use crate::prefix::VerificationKey;
use crate::routed::{Needs, Routed};
use crate::rules::query::Asking;
use crate::rules::receipts::{Couple64, Group64, Signatures};
use crate::signature::{Plain64, Signed};
use crate::text::Text;

/// Signatures under a signer's latest establishment event.
#[derive(Clone, Debug)]
pub struct Last64<'a> {
    /// Signer.
    pub pre: &'a str,
    /// Signatures.
    pub signatures: Signatures<'a>,
}

/// Whether signatures hold.
enum Held {
    Yes,
    No,
    UnknownSigner,
}

impl Fold<'_> {
    /// Checks the signatures of a message whose signers are known, and whether a query can be answered.
    pub fn process_routed(
        &mut self,
        routed: &Routed<'_>,
        signed: &Signed,
        couples: &[Couple64<'_>],
        groups: &[Group64<'_>],
        last: &[Last64<'_>],
        source: u32,
    ) -> Decision {
        let unsigned = couples.is_empty() && groups.is_empty() && last.is_empty();
        if routed.needs == Needs::Signatures && unsigned {
            return Reject::NoSignatures.into();
        }
        let Some(query) = routed.query else {
            return self.signatures_held(signed, couples, groups, last);
        };
        let Some((signer, signatures, indexed)) = asker(couples, groups, last) else {
            return Reject::NoSignatures.into();
        };
        // The reference neither takes couples nor checks what signs a query.
        let answerable = match self.options.mode {
            Mode::Keripy if last.is_empty() => return Reject::NoSignatures.into(),
            Mode::Keripy => Decision::Checked(true),
            Mode::Hardened => self.signatures_held(signed, couples, groups, last),
        };
        if matches!(answerable, Decision::Rejected(_)) {
            return answerable;
        }
        let asking = Asking {
            query,
            said: routed.said,
            signed,
            signer,
            signatures,
            indexed,
            source,
        };
        self.process_query(asking, answerable)
    }

    /// Whether all signatures hold, as far as their signers are known.
    pub(crate) fn signatures_held(
        &mut self,
        signed: &Signed,
        couples: &[Couple64<'_>],
        groups: &[Group64<'_>],
        last: &[Last64<'_>],
    ) -> Decision {
        let mut all = true;
        for couple in couples {
            let key = VerificationKey::parse(couple.key);
            match (key, couple.plain) {
                (Some(key), Some(plain)) if self.verify(signed, &key, &plain) => {}
                _ => return Reject::RoutedSignature.into(),
            }
        }
        for group in groups {
            match self.group_held(group, signed) {
                Held::Yes => {}
                Held::No => return Reject::RoutedSignature.into(),
                Held::UnknownSigner => all = false,
            }
        }
        for group in last {
            let state = self.view.aid(group.pre).state.clone();
            match state.map(|state| self.all_hold(signed, &group.signatures, &state.est.keys)) {
                Some(true) => {}
                Some(false) => return Reject::RoutedSignature.into(),
                None => all = false,
            }
        }
        Decision::Checked(all)
    }

    fn group_held(&mut self, group: &Group64<'_>, signed: &Signed) -> Held {
        let Some(entry) = self.view.last(group.pre, group.sn) else {
            return Held::UnknownSigner;
        };
        if &*entry.said != group.said {
            return Held::No;
        }
        let keys = self
            .governing(entry.ordinal)
            .map(|governing| governing.keys);
        match keys.map(|keys| self.all_hold(signed, &group.signatures, &keys)) {
            Some(true) => Held::Yes,
            Some(false) => Held::No,
            None => Held::UnknownSigner,
        }
    }

    fn all_hold(
        &mut self,
        signed: &Signed,
        signatures: &[Indexed<'_>],
        keys: &[VerificationKey],
    ) -> bool {
        !signatures.is_empty()
            && signatures.iter().all(|signature| {
                keys.get(signature.index as usize)
                    .is_some_and(|key| self.verify(signed, key, &Plain64::of_indexed(signature)))
            })
    }
}

/// Who asks, with the signatures and whether they are indexed: the last group, or else the last couple.
fn asker(
    couples: &[Couple64<'_>],
    groups: &[Group64<'_>],
    last: &[Last64<'_>],
) -> Option<(Text, Vec<Text>, bool)> {
    let indexed = |pre: &str, signatures: &[Indexed<'_>]| {
        let texts = signatures.iter().map(|signature| signature.text.into());
        (pre.into(), texts.collect(), true)
    };
    let group = last
        .last()
        .map(|group| indexed(group.pre, &group.signatures))
        .or_else(|| {
            let group = groups.last()?;
            Some(indexed(group.pre, &group.signatures))
        });
    group.or_else(|| {
        let couple = couples.last()?;
        Some((couple.key.into(), vec![couple.signature.into()], false))
    })
}
