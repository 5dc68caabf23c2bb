//! Queries: whether they can be answered, and those that wait until they can. Answering them is somebody else's.
//!
//! Source: escrows.md 3; keri-events.md 18.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::primitive::Primitive;

use crate::decision::{Awaits, Decision, Kind, Reject, Verdict};
use crate::event::{self, Identity, Message};
use crate::fold::Fold;
use crate::query::{Query, Wanted};
use crate::record::{Membership, Set, Waiting, WaitingQuery};
use crate::rules::receipts::Couple64;
use crate::rules::routed::Last64;
use crate::signature::{self, Plain64, Signed};
use crate::state::KeyState;
use crate::store::SlotRow;
use crate::text::Text;

/// Where a query that cannot be answered waits, and for what.
struct Unmet {
    aid: Text,
    sn: u128,
    awaits: Awaits,
}

/// A query with who asks.
pub(crate) struct Asking<'x> {
    pub query: Query<'x>,
    pub said: &'x str,
    pub signed: &'x Signed,
    pub signer: Text,
    pub signatures: Vec<Text>,
    pub indexed: bool,
    pub source: u32,
}

impl Fold<'_> {
    /// A query whose signatures hold, or whose signer is not known; `answerable` is what becomes of one that can be
    /// answered.
    pub(crate) fn process_query(&mut self, asking: Asking<'_>, answerable: Decision) -> Decision {
        match self.unmet(&asking.query) {
            None => answerable,
            Some(unmet) => {
                let body = match asking.signed {
                    Signed::Held(body) => body.clone(),
                    source @ Signed::Source(_) => source.bytes(self.source).into(),
                };
                let waiting = WaitingQuery {
                    membership: Membership {
                        kind: Kind::QueryNotFound,
                        order: self.next_order(&unmet.aid, unmet.sn, Kind::QueryNotFound),
                        awaits: unmet.awaits,
                    },
                    said: asking.said.into(),
                    signer: asking.signer,
                    signatures: asking.signatures,
                    indexed: asking.indexed,
                    date: self.now,
                    source: asking.source,
                    body,
                };
                self.escrow_query(&unmet, waiting)
            }
        }
    }

    /// What is missing for an answer.
    fn unmet(&mut self, query: &Query<'_>) -> Option<Unmet> {
        let at = |aid: &str, sn: u128, awaits: Awaits| {
            Some(Unmet {
                aid: aid.into(),
                sn,
                awaits,
            })
        };
        if let Wanted::LogSealing(seal) = query.wanted {
            let sealed = self.sealed_by(query.pre, &seal);
            return at(seal.pre, seal.sn, Awaits::Anchor).filter(|_| !sealed);
        }
        let Some(state) = self.view.aid(query.pre).state.clone() else {
            return match query.sn() {
                0 => at(query.pre, 0, Awaits::Inception),
                sn => at(query.pre, sn, Awaits::Event),
            };
        };
        let needs_receipts = match query.wanted {
            Wanted::LogUpTo(sn) if state.sn < sn => return at(query.pre, sn, Awaits::Event),
            Wanted::LogUpTo(_) | Wanted::State => true,
            _ => false,
        };
        if needs_receipts && !self.is_witnessed(query.pre, &state) {
            return at(query.pre, state.sn, Awaits::WitnessReceipts);
        }
        None
    }

    /// Whether a fully witnessed event of `pre` carries the seal.
    fn sealed_by(&mut self, pre: &str, seal: &event::Seal<'_>) -> bool {
        let Some(state) = self.view.aid(pre).state.clone() else {
            return false;
        };
        let anchors = self.view.anchors(seal.pre, seal.sn, seal.said);
        anchors.iter().any(|anchor| {
            &*anchor.pre == pre
                && (!self.harden(10) || self.on_trunk(anchor))
                && self.receipts_of(anchor.ordinal) >= state.est.toad
        })
    }

    fn is_witnessed(&mut self, pre: &str, state: &KeyState) -> bool {
        state.est.toad == 0
            || self
                .view
                .last(pre, state.sn)
                .is_some_and(|entry| self.receipts_of(entry.ordinal) >= state.est.toad)
    }

    /// Distinct witnesses that receipted a logged event.
    fn receipts_of(&mut self, ordinal: u64) -> u64 {
        let wigs = self.view.attached(ordinal, Set::Wigs);
        let mut indices: Vec<u32> = wigs
            .iter()
            .filter_map(|text| signature::stored(text).map(|signature| signature.index))
            .collect();
        indices.sort_unstable();
        indices.dedup();
        indices.len() as u64
    }

    /// Puts a query into its escrow, or adds its signatures to those of the same one that waits there.
    fn escrow_query(&mut self, unmet: &Unmet, waiting: WaitingQuery) -> Decision {
        let decision = Decision::Escrowed(Kind::QueryNotFound, unmet.awaits);
        let same = |known: &Waiting| {
            matches!(known, Waiting::Query(known)
                if known.said == waiting.said && known.signer == waiting.signer)
        };
        let slot = self.view.slot(&unmet.aid, unmet.sn);
        if let Some(row) = slot.rows.iter_mut().find(|row| same(&row.waiting)) {
            if let Waiting::Query(known) = &mut row.waiting {
                for signature in waiting.signatures {
                    let fits = known.indexed == waiting.indexed;
                    if fits && !known.signatures.contains(&signature) {
                        known.signatures.push(signature);
                        row.dirty = true;
                        self.has_news = true;
                    }
                }
            }
            return decision;
        }
        if !self.admits(
            &unmet.aid,
            unmet.sn,
            waiting.source,
            Some(Kind::QueryNotFound),
        ) {
            return Reject::EscrowFull.into();
        }
        self.view.slot(&unmet.aid, unmet.sn).rows.push(SlotRow {
            waiting: Waiting::Query(waiting),
            dirty: true,
            deadline: None,
            held: None,
        });
        self.has_news = true;
        let record = self.view.aid_mut(&unmet.aid);
        record.rows += 1;
        record.waiting[Kind::QueryNotFound as usize] += 1;
        decision
    }

    /// Looks at a waiting query again.
    pub(crate) fn retry_query(&mut self, aid: &str, sn: u128, waiting: &WaitingQuery) {
        let id = Waiting::Query(waiting.clone()).id();
        if self.is_stale(Kind::QueryNotFound, waiting.date) {
            return self.query_left(aid, sn, waiting, Verdict::Expired);
        }
        let mut identity = Identity::default();
        let read = event::read(&waiting.body, self.options, &mut identity);
        let Ok(Message::Routed(routed)) = read else {
            self.leave_single(aid, sn, &id);
            return self.report(None, &identity, Reject::Incomplete.into());
        };
        if let Some(query) = routed.query
            && let Some(unmet) = self.unmet(&query)
        {
            let stays = *unmet.aid == *aid && unmet.sn == sn;
            if stays && unmet.awaits == waiting.membership.awaits {
                return self.still_waits(aid, sn, &waiting.said, Kind::QueryNotFound);
            }
            self.leave_single(aid, sn, &id);
            let mut moved = waiting.clone();
            moved.membership = Membership {
                kind: Kind::QueryNotFound,
                order: self.next_order(&unmet.aid, unmet.sn, Kind::QueryNotFound),
                awaits: unmet.awaits,
            };
            let decision = self.escrow_query(&unmet, moved);
            if !matches!(decision, Decision::Escrowed(..)) {
                self.report(None, &identity, decision);
            }
            return;
        }
        self.leave_single(aid, sn, &id);
        let (couples, last) = signed_by(waiting);
        let signed = Signed::Held(waiting.body.clone());
        let decision = self.signatures_held(&signed, &couples, &[], &last);
        self.report(None, &identity, decision);
    }

    /// Takes a query out of its escrow without an answer.
    pub(crate) fn query_left(
        &mut self,
        aid: &str,
        sn: u128,
        waiting: &WaitingQuery,
        verdict: Verdict,
    ) {
        let mut identity = Identity::default();
        let _ = event::read(&waiting.body, self.options, &mut identity);
        self.leave_single(aid, sn, &Waiting::Query(waiting.clone()).id());
        self.report_left(verdict, Kind::QueryNotFound, &identity);
    }
}

/// The signatures of a waiting query as they came.
fn signed_by(waiting: &WaitingQuery) -> (Vec<Couple64<'_>>, Vec<Last64<'_>>) {
    let each = waiting.signatures.iter();
    if !waiting.indexed {
        let couple = |signature| Couple64 {
            key: &waiting.signer,
            signature,
            plain: Primitive::parse_exact(signature.as_bytes(), Alphabet::Lenient)
                .ok()
                .and_then(|primitive| Plain64::new(&primitive)),
        };
        let texts = each.map(|text: &Text| -> &str { text });
        return (texts.map(couple).collect(), Vec::new());
    }
    let last = Last64 {
        pre: &waiting.signer,
        signatures: each.filter_map(|text| signature::stored(text)).collect(),
    };
    (Vec::new(), vec![last])
}
