//! Events looked at again: with what a retry from each escrow sees of them.
//!
//! Source: escrows.md 1.

use crate::decision::{Decision, Kind, Reject, Verdict};
use crate::event::{self, ILK_UNKNOWN, Identity, KeyEvent, Message};
use crate::fold::{Fold, Incoming, identity};
use crate::record::{Couple, WaitingEvent};
use crate::rules::receipts::Signatures;
use crate::signature::{self, Listed, Signed};
use crate::text::Text;

impl Fold<'_> {
    pub(super) fn retry_event(&mut self, aid: &str, sn: u128, kind: Kind, waiting: &WaitingEvent) {
        let known = Identity {
            ilk: ILK_UNKNOWN,
            pre: aid,
            said: &waiting.said,
            sn,
        };
        let date = self.waiting_date(aid, sn, waiting);
        if self.is_stale(kind, date) {
            self.leave(aid, sn, &waiting.said, kind, false);
            return self.report_left(
                Verdict::Expired,
                kind,
                &self.identity_in(&waiting.body, known),
            );
        }
        let body = waiting.body.clone();
        let parsed = event::read(&body, self.options, &mut Identity::default());
        let Ok(Message::KeyEvent(event)) = parsed else {
            self.leave(aid, sn, &waiting.said, kind, false);
            return self.report(None, &known, Reject::Incomplete.into());
        };
        if kind == Kind::OutOfOrder && self.still_out_of_order(&event) {
            return self.still_waits(aid, sn, &waiting.said, kind);
        }
        let (sigs, wigs) = self.retried_signatures(kind, event.major, waiting);
        let incoming = Incoming {
            event: &event,
            signed: Signed::Held(waiting.body.clone()),
            sigs: Listed::unforeseen(&sigs),
            wigs: Listed::unforeseen(&wigs),
            couple: self.retried_couple(kind, waiting),
            replayed: None,
            local: waiting.local,
            source: waiting.source,
            retried: Some(kind),
        };
        let before = self.rows.len();
        let decision = self.process_event(&incoming);
        debug_assert_eq!(before, self.rows.len(), "processing reports nothing itself");
        let stays = matches!(decision, Decision::Escrowed(same, _) if same == kind);
        if stays {
            return self.still_waits(aid, sn, &waiting.said, kind);
        }
        let succeeded = matches!(decision, Decision::Accepted | Decision::Duplicate(_));
        self.leave(
            aid,
            sn,
            &waiting.said,
            kind,
            self.drops_couple(kind, event.major, succeeded),
        );
        self.report(None, &identity(&event), decision);
    }

    /// The date that an event's timeout runs from. Once the event is logged the reference uses its log date.
    fn waiting_date(&mut self, aid: &str, sn: u128, waiting: &WaitingEvent) -> i64 {
        if self.harden(18) {
            return waiting.date;
        }
        let logged = self
            .view
            .kel(aid, sn)
            .iter()
            .find(|entry| entry.said == waiting.said)
            .map(|entry| entry.ordinal);
        logged
            .and_then(|ordinal| self.view.log(ordinal))
            .map_or(waiting.date, |record| record.date)
    }

    fn still_out_of_order(&mut self, event: &KeyEvent<'_>) -> bool {
        match &self.view.aid(event.pre).state {
            None => !event.ilk.incepts(),
            Some(state) => state.sn.checked_add(1).is_some_and(|next| event.sn > next),
        }
    }

    /// Controller and witness signatures of an event as a retry from `kind` sees them.
    fn retried_signatures<'w>(
        &self,
        kind: Kind,
        major: u8,
        waiting: &'w WaitingEvent,
    ) -> (Signatures<'w>, Signatures<'w>) {
        let parse = |texts: &'w [Text]| {
            texts
                .iter()
                .filter_map(|text| signature::stored(text))
                .collect()
        };
        let without_wigs = kind == Kind::LikelyDuplicitous
            || (kind == Kind::PartialSignature && !self.options.head(major));
        let wigs = if without_wigs {
            Signatures::new()
        } else {
            parse(&waiting.attached.wigs)
        };
        (parse(&waiting.attached.sigs), wigs)
    }

    fn retried_couple(&self, kind: Kind, waiting: &WaitingEvent) -> Option<Couple> {
        let without =
            kind == Kind::LikelyDuplicitous || (kind == Kind::OutOfOrder && !self.harden(13));
        waiting.couple.clone().filter(|_| !without)
    }

    /// Whether the couple goes with the membership. 1.1.17: only with a success from the partial-signature escrow.
    fn drops_couple(&self, kind: Kind, major: u8, succeeded: bool) -> bool {
        if self.options.head(major) {
            kind == Kind::PartialDelegation
                || (succeeded && matches!(kind, Kind::PartialWitness | Kind::PartialSignature))
        } else {
            succeeded && kind == Kind::PartialSignature
        }
    }
}
