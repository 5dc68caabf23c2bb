//! One fold of a batch: the context that the rules work in, and the rows that come out.

use crate::decision::{Awaits, Decision, Kind, Refusal, Verdict};
use crate::event::{Identity, Ilk};
use crate::options::Options;
use crate::prefix::VerificationKey;
use crate::record::Couple;
use crate::signature::{Listed, Memo, Pending, Plain64, Signed, Verify};
use crate::text::Text;
use crate::view::View;
use crate::wakes::{Wake, Wakes, Waking};

/// A row that came out of a fold.
#[derive(Clone, Debug)]
pub struct Row {
    /// The message's number in the batch, or none if a waiting entry was retried.
    pub message: Option<u32>,
    /// Number of its type in [`crate::event::ILKS`].
    pub ilk: u8,
    /// What became of it.
    pub verdict: Verdict,
    /// Reject code, kind of escrow, or number of new signatures, by verdict.
    pub reason: u16,
    /// What it awaits.
    pub awaits: Awaits,
    /// First-seen ordinal, if accepted.
    pub first_seen: u64,
    /// First byte of the AID in the fold's texts.
    pub aid: u32,
    /// First byte of the SAID in them; it ends where the next row's AID begins.
    pub said: u32,
    /// Sequence number.
    pub sn: u128,
    /// Ordinal in the log, if accepted.
    pub ordinal: Option<u64>,
    /// Whether every signature verified, if checked.
    pub verified: bool,
    /// Whether it waits already and nothing was new, if escrowed.
    pub repeated: bool,
}

/// How unknown signatures are handled.
pub enum Checking<'v> {
    /// Assume them good and note them.
    Assume,
    /// Check them at once.
    Now(&'v dyn Verify),
}

/// A key event on its way through the rules.
pub struct Incoming<'x> {
    /// Parsed body.
    pub event: &'x crate::event::KeyEvent<'x>,
    /// Its bytes.
    pub signed: Signed,
    /// Controller signatures.
    pub sigs: Listed<'x>,
    /// Witness signatures.
    pub wigs: Listed<'x>,
    /// Anchor couple.
    pub couple: Option<Couple>,
    /// First-seen ordinal and date of a replay, used in cloned mode only.
    pub replayed: Option<(u64, i64)>,
    /// Whether the source is trusted.
    pub local: bool,
    /// Source.
    pub source: u32,
    /// The escrow it is retried from.
    pub retried: Option<Kind>,
}

impl Incoming<'_> {
    /// Whether the rules of the reference's head apply.
    pub fn head(&self, options: &Options) -> bool {
        options.head(self.event.major)
    }
}

/// Entries that were looked at again in vain, of one part, that are told one by one; they are for people who search.
const TRIED_TOLD_MAX: usize = 64;

/// An entry that was looked at again and still waits.
pub struct Tried {
    /// AID.
    pub aid: Text,
    /// Sequence number.
    pub sn: u128,
    /// SAID.
    pub said: Text,
    /// The escrow that it stays in.
    pub kind: Kind,
}

impl Tried {
    /// Tells it to who logs.
    pub fn tell(&self) {
        let Tried {
            aid,
            sn,
            said,
            kind,
        } = self;
        tracing::debug!(%aid, sn = format_args!("{sn:x}"), %said, escrow = kind.name(), "still waits");
    }
}

/// The context of a fold.
pub struct Fold<'e> {
    /// How to judge.
    pub options: &'e Options,
    /// The batch's bytes.
    pub source: &'e [u8],
    /// State.
    pub view: View<'e>,
    memo: &'e mut Memo,
    checking: Checking<'e>,
    /// Checks assumed to be good.
    pub unknown: Vec<Pending>,
    /// Microseconds since 1970.
    pub now: i64,
    /// What came out.
    pub rows: Vec<Row>,
    /// AIDs and SAIDs of the rows.
    pub texts: Vec<u8>,
    /// Places to look at again, in order.
    pub wakes: Waking<'e>,
    /// How many of them were looked at since the last message.
    pub in_a_row: u32,
    /// Ordinal given to the event being accepted.
    pub accepted: Option<(u64, u64)>,
    /// Retries in vain, if somebody wants to know.
    pub tried: Vec<Tried>,
    /// Whether what is handled has changed what waits.
    pub has_news: bool,
}

impl<'e> Fold<'e> {
    /// A fold without changes.
    pub fn new(
        options: &'e Options,
        source: &'e [u8],
        view: View<'e>,
        memo: &'e mut Memo,
        left: &'e Wakes,
        checking: Checking<'e>,
        now: i64,
    ) -> Self {
        Fold {
            options,
            source,
            view,
            memo,
            checking,
            unknown: Vec::new(),
            now,
            rows: Vec::new(),
            texts: Vec::new(),
            wakes: Waking::new(left),
            in_a_row: 0,
            accepted: None,
            tried: Vec::new(),
            has_news: false,
        }
    }

    /// Notes a retry in vain. A fold may be repeated, so it is told only once that is settled.
    pub fn still_waits(&mut self, aid: &str, sn: u128, said: &str, kind: Kind) {
        if self.tried.len() < TRIED_TOLD_MAX && tracing::enabled!(tracing::Level::DEBUG) {
            self.tried.push(Tried {
                aid: aid.into(),
                sn,
                said: said.into(),
                kind,
            });
        }
    }

    /// Whether HARDEN rule `rule` is on.
    pub fn harden(&self, rule: usize) -> bool {
        self.options.switches.on(rule)
    }

    /// Whether signature number `at` of those listed, which are over `signed`, holds by `key`, or is assumed to.
    pub fn verify_listed(
        &mut self,
        signed: &Signed,
        key: &VerificationKey,
        listed: Listed<'_>,
        at: usize,
    ) -> bool {
        if let Some(valid) = self.memo.early(listed.foreseen, at, key) {
            return valid;
        }
        self.verify(signed, key, &Plain64::of_indexed(&listed.list[at]))
    }

    /// Whether `signature` by `key` over `signed` holds, or is assumed to.
    pub fn verify(&mut self, signed: &Signed, key: &VerificationKey, signature: &Plain64) -> bool {
        let matches = signature.algorithm == Some(key.algorithm);
        if signature.algorithm.is_none() || (!matches && self.harden(3)) {
            return false;
        }
        let pending = Pending::new(signed, key, signature);
        if let Some(valid) = self.memo.verdict(&pending, self.source) {
            return valid;
        }
        match self.checking {
            Checking::Assume => {
                self.unknown.push(pending);
                true
            }
            Checking::Now(verifier) => {
                let mut verdict = [false];
                verifier.verify(&[pending.check(self.source)], &mut verdict);
                let [valid] = verdict;
                self.memo.note(&pending, self.source, valid);
                valid
            }
        }
    }

    /// Asks for a place to be looked at again. Repeats are dropped while it waits.
    pub fn wake(&mut self, aid: &str, sn: u128) {
        if self.options.hold_wakes {
            return;
        }
        self.wakes.push(Wake {
            aid: aid.into(),
            sn,
        });
    }

    /// Notes what became of a message or of a retried entry.
    pub fn report(&mut self, message: Option<u32>, identity: &Identity<'_>, decision: Decision) {
        let (aid, said) = self.texts_of(identity);
        let mut row = Row {
            message,
            ilk: identity.ilk,
            verdict: Verdict::Checked,
            reason: 0,
            awaits: Awaits::Nothing,
            first_seen: 0,
            aid,
            said,
            sn: identity.sn,
            ordinal: None,
            verified: false,
            repeated: false,
        };
        match decision {
            Decision::Accepted => {
                row.verdict = Verdict::Accepted;
                if let Some((ordinal, first_seen)) = self.accepted.take() {
                    row.ordinal = Some(ordinal);
                    row.first_seen = first_seen;
                }
            }
            Decision::Duplicate(new) => {
                row.verdict = Verdict::Duplicate;
                row.reason = u16::try_from(new).unwrap_or(u16::MAX);
            }
            Decision::Escrowed(kind, awaits) => {
                row.verdict = Verdict::Escrowed;
                row.reason = kind as u16;
                row.awaits = awaits;
                row.repeated = !self.has_news;
            }
            Decision::Rejected(refusal) => {
                row.verdict = Verdict::Rejected;
                row.reason = Refusal::number(refusal);
            }
            Decision::Checked(verified) => row.verified = verified,
        }
        self.accepted = None;
        self.rows.push(row);
    }

    /// Where AID and SAID of the next row stand.
    fn texts_of(&mut self, identity: &Identity<'_>) -> (u32, u32) {
        let aid = self.texts.len() as u32;
        self.texts.extend_from_slice(identity.pre.as_bytes());
        let said = self.texts.len() as u32;
        self.texts.extend_from_slice(identity.said.as_bytes());
        (aid, said)
    }

    /// Notes that an entry left its escrow without becoming anything.
    pub fn report_left(&mut self, verdict: Verdict, kind: Kind, identity: &Identity<'_>) {
        let (aid, said) = self.texts_of(identity);
        self.rows.push(Row {
            message: None,
            ilk: identity.ilk,
            verdict,
            reason: kind as u16,
            awaits: Awaits::Nothing,
            first_seen: 0,
            aid,
            said,
            sn: identity.sn,
            ordinal: None,
            verified: false,
            repeated: false,
        });
    }
}

/// The identity of a key event.
pub fn identity<'x>(event: &crate::event::KeyEvent<'x>) -> Identity<'x> {
    Identity {
        ilk: event.ilk as u8,
        pre: event.pre,
        said: event.said,
        sn: event.sn,
    }
}

/// Whether the event, by type and place, may change key state: the next event, or a recovery.
/// Source: keri-events.md 9.
pub fn may_update(ilk: Ilk, sn: u128, sn_state: u128, sn_est: u128) -> bool {
    let next = sn_state.checked_add(1);
    Some(sn) == next
        || (ilk == Ilk::Rot && sn > sn_est && sn <= sn_state)
        || (ilk == Ilk::Drt && sn >= sn_est && sn <= sn_state)
}
