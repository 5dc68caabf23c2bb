//! Waiting entries looked at again: when something they await arrived, in a sweep, or at their timeout.
//!
//! Source: escrows.md 1, 2 and 5.

use std::sync::Arc;

use smallvec::smallvec;

use crate::decision::{Awaits, Decision, Kind, Reject, Verdict};
use crate::event::{self, ILK_RECEIPT, ILK_UNKNOWN, Identity, Ilk, KeyEvent, Message, Receipt};
use crate::fold::{Fold, Incoming, identity};
use crate::prefix::VerificationKey;
use crate::record::{Couple, Set, Waiting, WaitingEvent, WaitingQuery, WaitingReceipt};
use crate::rules::check::may_witness;
use crate::rules::receipts::{Receipts, Signatures, split_couple, split_transferable};
use crate::signature::{self, Plain64, Signed};
use crate::store::{SlotRow, timeout};
use crate::text::Text;

/// What a retried receipt came to.
enum Found {
    /// Nothing to check it against yet.
    Nothing,
    /// It verified and was stored.
    Stored,
    /// It is wrong.
    Bad(Reject),
}

/// An event that waits for witnesses, and those that it will have.
pub(crate) struct Witnessed {
    pub body: Arc<[u8]>,
    pub witnesses: Option<Vec<Text>>,
}

impl Fold<'_> {
    /// Looks again at everything that waits at a place, in the order of a pass. Evidence and misfits are left
    /// alone.
    pub fn retry_place(&mut self, aid: &str, sn: u128) {
        if self.view.aid(aid).rows == 0 {
            return;
        }
        if self.view.aid(aid).waiting[Kind::OutOfOrder as usize] > 0 {
            self.view.prefetch_chain(aid, sn, self.in_a_row);
        }
        for kind in Kind::PASS {
            if matches!(kind, Kind::LikelyDuplicitous | Kind::Misfit) {
                continue;
            }
            self.retry_kind(aid, sn, kind, None);
        }
    }

    /// Looks again at the entries of one kind at a place, or at only one of them, in order of insertion.
    pub fn retry_kind(&mut self, aid: &str, sn: u128, kind: Kind, only: Option<&[u8]>) {
        let mut entries: Vec<(u32, Vec<u8>, usize)> = Vec::new();
        let rows = &self.view.slot(aid, sn).rows;
        let count = rows.len();
        for (at, row) in rows.iter().enumerate() {
            let order = match &row.waiting {
                Waiting::Event(event) => event
                    .memberships
                    .iter()
                    .find(|membership| membership.kind == kind)
                    .map(|found| found.order),
                Waiting::Receipt(WaitingReceipt { membership, .. })
                | Waiting::Query(WaitingQuery { membership, .. }) => Some(membership)
                    .filter(|found| found.kind == kind)
                    .map(|found| found.order),
            };
            entries.extend(order.map(|order| (order, row.waiting.id(), at)));
        }
        entries.sort_unstable();
        for (_, id, at) in entries {
            if only.is_some_and(|only| only != id) {
                continue;
            }
            self.has_news = false;
            let rows = &self.view.slot(aid, sn).rows;
            let left = count.saturating_sub(rows.len());
            let found = nearby(rows, at.saturating_sub(left), &id);
            match found.map(|row| row.waiting.clone()) {
                Some(Waiting::Event(waiting)) => self.retry_event(aid, sn, kind, &waiting),
                Some(Waiting::Receipt(receipt)) => self.retry_receipt(aid, sn, &receipt, &id),
                Some(Waiting::Query(query)) => self.retry_query(aid, sn, &query),
                None => {}
            }
        }
    }

    pub(crate) fn is_stale(&self, kind: Kind, date: i64) -> bool {
        timeout(kind, &self.options.limits)
            .is_some_and(|timeout| self.now.saturating_sub(date) > timeout)
    }

    fn retry_event(&mut self, aid: &str, sn: u128, kind: Kind, waiting: &WaitingEvent) {
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
            sigs: &sigs,
            wigs: &wigs,
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

    fn identity_in<'x>(&self, body: &'x [u8], known: Identity<'x>) -> Identity<'x> {
        let mut found = known;
        let mut identity = Identity::default();
        let _ = event::read(body, self.options, &mut identity);
        found.ilk = identity.ilk;
        found
    }

    fn retry_receipt(&mut self, aid: &str, sn: u128, waiting: &WaitingReceipt, id: &[u8]) {
        let kind = waiting.membership.kind;
        let identity = Identity {
            ilk: ILK_RECEIPT,
            pre: aid,
            said: &waiting.said,
            sn,
        };
        let date = if self.harden(18) {
            waiting.date
        } else {
            self.date_of(aid, sn, &waiting.said)
        };
        if self.is_stale(kind, date) {
            self.leave_single(aid, sn, id);
            return self.report_left(Verdict::Expired, kind, &identity);
        }
        let found = match kind {
            Kind::UnverifiedWitness => self.retry_witness(aid, sn, waiting),
            Kind::UnverifiedReceipt => self.retry_couple(aid, sn, waiting),
            _ => self.retry_transferable(aid, sn, waiting),
        };
        match found {
            Found::Nothing => self.still_waits(aid, sn, &waiting.said, kind),
            Found::Stored => {
                self.leave_single(aid, sn, id);
                self.report(None, &identity, Decision::Accepted);
            }
            Found::Bad(reject) => {
                self.leave_single(aid, sn, id);
                self.report(None, &identity, reject.into());
            }
        }
    }

    /// The event that a receipt is for, while it waits for witnesses; with the witnesses it will have.
    pub(crate) fn witnessed_pending(
        &mut self,
        aid: &str,
        sn: u128,
        said: &str,
    ) -> Option<Witnessed> {
        let at = self.view.waiting_event(aid, sn, said)?;
        let body = match &self.view.slot(aid, sn).rows[at].waiting {
            Waiting::Event(event)
                if event
                    .memberships
                    .iter()
                    .any(|membership| membership.kind == Kind::PartialWitness) =>
            {
                event.body.clone()
            }
            _ => return None,
        };
        let witnesses = match event::read(&body, self.options, &mut Identity::default()) {
            Ok(Message::KeyEvent(event)) => self.witnesses_of_pending(&event),
            _ => None,
        };
        Some(Witnessed { body, witnesses })
    }

    fn witnesses_of_pending(&mut self, event: &KeyEvent<'_>) -> Option<Vec<Text>> {
        if event.ilk.incepts() {
            return Some(
                event
                    .witnesses
                    .iter()
                    .map(|text| Text::from(*text))
                    .collect(),
            );
        }
        let current = self
            .view
            .aid(event.pre)
            .state
            .as_ref()?
            .est
            .witnesses
            .to_vec();
        if event.ilk == Ilk::Ixn {
            return Some(current);
        }
        super::rotated_witnesses(event, &current).ok()
    }

    fn add_pending_wig(&mut self, aid: &str, sn: u128, said: &str, text: &str) {
        let Some(at) = self.view.waiting_event(aid, sn, said) else {
            return;
        };
        let row = &mut self.view.slot(aid, sn).rows[at];
        if let Waiting::Event(event) = &mut row.waiting {
            row.dirty |= event.attached.add(Set::Wigs, text);
        }
    }

    fn retry_witness(&mut self, aid: &str, sn: u128, waiting: &WaitingReceipt) -> Found {
        let Some(signature) = signature::stored(&waiting.value) else {
            return Found::Bad(Reject::ReceiptSignature);
        };
        if let Some(Witnessed { body, witnesses }) = self.witnessed_pending(aid, sn, &waiting.said)
        {
            let key = witnesses.and_then(|list| {
                list.get(signature.index as usize)
                    .and_then(|text| VerificationKey::parse(text))
            });
            let valid = key.is_some_and(|key| {
                self.verify(&Signed::Held(body), &key, &Plain64::of_indexed(&signature))
            });
            if !valid {
                return Found::Bad(Reject::ReceiptSignature);
            }
            self.add_pending_wig(aid, sn, &waiting.said, signature.text);
            return Found::Stored;
        }
        if !self.harden(13) {
            return Found::Nothing;
        }
        let receipts = Receipts {
            witness: smallvec![signature],
            ..Receipts::default()
        };
        self.retry_logged(aid, sn, waiting, &receipts)
    }

    fn retry_couple(&mut self, aid: &str, sn: u128, waiting: &WaitingReceipt) -> Found {
        let Some(couple) = split_couple(&waiting.value) else {
            return Found::Bad(Reject::ReceiptSignature);
        };
        if let Some(Witnessed {
            body,
            witnesses: Some(witnesses),
        }) = self.witnessed_pending(aid, sn, &waiting.said)
            && let Some(index) = witnesses
                .iter()
                .position(|witness| &**witness == couple.key)
        {
            let (Some(key), Some(plain)) = (VerificationKey::parse(couple.key), couple.plain)
            else {
                return Found::Bad(Reject::ReceiptSignature);
            };
            if !self.verify(&Signed::Held(body), &key, &plain) {
                return Found::Bad(Reject::ReceiptSignature);
            }
            let text = self.as_indexed(&key, &plain, index as u32);
            self.add_pending_wig(aid, sn, &waiting.said, &text);
            return Found::Stored;
        }
        if self.harden(13) {
            let receipts = Receipts {
                couples: vec![couple],
                ..Receipts::default()
            };
            return self.retry_logged(aid, sn, waiting, &receipts);
        }
        self.retry_couple_logged(aid, sn, waiting, couple.key, couple.plain)
    }

    /// The reference's rule: against the last event, and the CURRENT witnesses.
    fn retry_couple_logged(
        &mut self,
        aid: &str,
        sn: u128,
        waiting: &WaitingReceipt,
        key_text: &str,
        plain: Option<Plain64>,
    ) -> Found {
        let Some(entry) = self.view.last(aid, sn) else {
            return Found::Nothing;
        };
        if entry.said != waiting.said {
            return Found::Bad(Reject::ReceiptStale);
        }
        let Some(record) = self.view.log(entry.ordinal) else {
            return Found::Nothing;
        };
        let (Some(key), Some(plain)) = (VerificationKey::parse(key_text), plain) else {
            return Found::Bad(Reject::ReceiptSignature);
        };
        if !self.verify(&Signed::Held(record.body.clone()), &key, &plain) {
            return Found::Bad(Reject::ReceiptSignature);
        }
        let current = self
            .view
            .aid(aid)
            .state
            .as_ref()
            .map(|state| state.est.witnesses.clone())
            .unwrap_or_default();
        let (set, text) = match current
            .iter()
            .position(|witness| &**witness == key_text)
            .filter(|_| may_witness(key_text))
        {
            Some(index) => (Set::Wigs, self.as_indexed(&key, &plain, index as u32)),
            None => (Set::Rcts, waiting.value.clone()),
        };
        self.view.attach(&record, entry.ordinal, set, &text);
        Found::Stored
    }

    /// Tests a receipt against the log alone.
    fn retry_logged(
        &mut self,
        aid: &str,
        sn: u128,
        waiting: &WaitingReceipt,
        receipts: &Receipts<'_>,
    ) -> Found {
        if self.view.last(aid, sn).is_none() {
            return Found::Nothing;
        }
        let receipt = Receipt {
            said: &waiting.said,
            pre: aid,
            sn,
            major: 1,
        };
        match self.process_receipt(&receipt, receipts, waiting.source) {
            Decision::Accepted | Decision::Duplicate(_) => Found::Stored,
            Decision::Escrowed(..) | Decision::Checked(_) => Found::Nothing,
            Decision::Rejected(_) => Found::Bad(Reject::ReceiptSignature),
        }
    }

    fn retry_transferable(&mut self, aid: &str, sn: u128, waiting: &WaitingReceipt) -> Found {
        let parts = split_transferable(&waiting.value);
        let Some((parts, signature)) = parts.and_then(|parts| {
            signature::stored(parts.signature).map(|signature| (parts, signature))
        }) else {
            return Found::Bad(Reject::ReceiptSignature);
        };
        let Some(entry) = self.view.last(aid, sn) else {
            return Found::Nothing;
        };
        let among = self
            .view
            .kel(aid, sn)
            .iter()
            .find(|entry| entry.said == waiting.said)
            .cloned();
        let entry = if self.harden(17) {
            among
        } else {
            Some(entry).filter(|entry| entry.said == waiting.said)
        };
        let Some(entry) = entry else {
            return Found::Bad(Reject::ReceiptStale);
        };
        let Some(signer) = self.view.last(parts.pre, parts.sn) else {
            self.now_awaits_signer(aid, sn, waiting);
            return Found::Nothing;
        };
        if &*signer.said != parts.said {
            return Found::Bad(Reject::ReceiptSigner);
        }
        let keys = self
            .view
            .log(signer.ordinal)
            .and_then(|record| self.keys_in(&record))
            .unwrap_or_default();
        let (Some(record), Some(key)) = (
            self.view.log(entry.ordinal),
            keys.get(signature.index as usize),
        ) else {
            return Found::Bad(Reject::ReceiptSigner);
        };
        if !self.verify(
            &Signed::Held(record.body.clone()),
            key,
            &Plain64::of_indexed(&signature),
        ) {
            return Found::Bad(Reject::ReceiptSignature);
        }
        self.view
            .attach(&record, entry.ordinal, Set::Vrcs, &waiting.value);
        Found::Stored
    }

    /// The receipted event is there now; what is missing is the signer's.
    fn now_awaits_signer(&mut self, aid: &str, sn: u128, waiting: &WaitingReceipt) {
        for row in &mut self.view.slot(aid, sn).rows {
            if let Waiting::Receipt(receipt) = &mut row.waiting
                && receipt.value == waiting.value
                && receipt.said == waiting.said
                && receipt.membership.awaits == Awaits::Event
            {
                receipt.membership.awaits = Awaits::SignerEvent;
                row.dirty = true;
            }
        }
    }

    /// Takes entries out of escrow: all kinds of a row, or only those past their timeout.
    pub fn take_out(&mut self, aid: &str, sn: u128, id: &[u8], verdict: Verdict) {
        let expired_only = verdict == Verdict::Expired;
        let waiting = self
            .view
            .slot(aid, sn)
            .rows
            .iter()
            .find(|row| row.waiting.id() == id)
            .map(|row| row.waiting.clone());
        match waiting {
            Some(Waiting::Event(event)) => {
                let known = Identity {
                    ilk: ILK_UNKNOWN,
                    pre: aid,
                    said: &event.said,
                    sn,
                };
                let identity = self.identity_in(&event.body, known);
                for membership in &event.memberships {
                    if !expired_only || self.is_stale(membership.kind, event.date) {
                        self.leave(aid, sn, &event.said, membership.kind, true);
                        self.report_left(verdict, membership.kind, &identity);
                    }
                }
            }
            Some(Waiting::Receipt(receipt)) => {
                let identity = Identity {
                    ilk: ILK_RECEIPT,
                    pre: aid,
                    said: &receipt.said,
                    sn,
                };
                if !expired_only || self.is_stale(receipt.membership.kind, receipt.date) {
                    self.leave_single(aid, sn, id);
                    self.report_left(verdict, receipt.membership.kind, &identity);
                }
            }
            Some(Waiting::Query(query))
                if !expired_only || self.is_stale(query.membership.kind, query.date) =>
            {
                self.query_left(aid, sn, &query, verdict);
            }
            Some(Waiting::Query(_)) | None => {}
        }
    }
}

/// The row with an id, which is most likely the one at `at`.
fn nearby<'s>(rows: &'s [SlotRow], at: usize, id: &[u8]) -> Option<&'s SlotRow> {
    let is = |row: &&SlotRow| row.waiting.id() == id;
    rows.get(at).filter(is).or_else(|| rows.iter().find(is))
}
