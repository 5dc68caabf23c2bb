//! Waiting entries looked at again: when something they await arrived, in a sweep, or at their timeout.
//!
//! Source: escrows.md 1, 2 and 5.

mod events;
mod receipts;

use crate::decision::{Kind, Verdict};
use crate::event::{self, ILK_RECEIPT, ILK_UNKNOWN, Identity};
use crate::fold::Fold;
use crate::record::{Waiting, WaitingQuery, WaitingReceipt};
use crate::store::{SlotRow, timeout};

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

    fn identity_in<'x>(&self, body: &'x [u8], known: Identity<'x>) -> Identity<'x> {
        let mut found = known;
        let mut identity = Identity::default();
        let _ = event::read(body, self.options, &mut identity);
        found.ilk = identity.ilk;
        found
    }
}

/// The row with an id, which is most likely the one at `at`.
fn nearby<'s>(rows: &'s [SlotRow], at: usize, id: &[u8]) -> Option<&'s SlotRow> {
    let is = |row: &&SlotRow| row.waiting.id() == id;
    rows.get(at).filter(is).or_else(|| rows.iter().find(is))
}
