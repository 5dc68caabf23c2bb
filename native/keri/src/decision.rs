//! What can become of a message: verdicts, escrow kinds, what an entry awaits, reject codes.
//!
//! Codes are stable and finer than the reference's exception classes; each maps to one of them.

use kelpipe_cesr::error::ErrorKind;

/// What became of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// First seen: logged, key state folded. For a receipt: at least one signature stored.
    Accepted = 0,
    /// Already logged; new valid signatures, if any, were merged.
    Duplicate = 1,
    /// Waits for missing information.
    Escrowed = 2,
    /// Wrong, and so refused.
    Rejected = 3,
    /// Read and checked, but of a type without a state machine here.
    Checked = 4,
    /// Left its escrow by timeout.
    Expired = 5,
    /// Left its escrow because somebody removed it.
    Removed = 6,
    /// Left its escrow because too much waits.
    Evicted = 7,
}

/// Why an entry waits. Source: escrows.md 1 and 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Out of order: a prior event is missing.
    OutOfOrder = 0,
    /// Partially signed.
    PartialSignature = 1,
    /// Partially witnessed.
    PartialWitness = 2,
    /// Delegation not anchored yet.
    PartialDelegation = 3,
    /// Waits for the local delegator's approval.
    Delegable = 4,
    /// A remote event for an AID that is local; never retried.
    Misfit = 5,
    /// Another event at a place that is taken: evidence of duplicity.
    LikelyDuplicitous = 6,
    /// Witness-indexed receipt of an event not logged yet.
    UnverifiedWitness = 7,
    /// Receipt couple of an event not logged yet.
    UnverifiedReceipt = 8,
    /// Transferable receipt whose event or signer is not known yet.
    UnverifiedTransferable = 9,
    /// Query that cannot be answered yet.
    QueryNotFound = 10,
}

/// Number of [`Kind`]s.
pub const KINDS: usize = 11;

impl Kind {
    /// Every kind, in the order of a pass (escrows.md 5).
    pub const PASS: [Kind; KINDS] = [
        Kind::OutOfOrder,
        Kind::UnverifiedWitness,
        Kind::UnverifiedReceipt,
        Kind::UnverifiedTransferable,
        Kind::PartialDelegation,
        Kind::PartialWitness,
        Kind::PartialSignature,
        Kind::LikelyDuplicitous,
        Kind::QueryNotFound,
        Kind::Delegable,
        Kind::Misfit,
    ];

    /// Mask of the kinds whose entries carry signatures that were checked: nobody can make such without the keys.
    pub const CHECKED: u16 = Kind::PartialSignature.bit()
        | Kind::PartialWitness.bit()
        | Kind::PartialDelegation.bit()
        | Kind::Delegable.bit()
        | Kind::LikelyDuplicitous.bit();

    /// The kind with this number.
    pub fn from_index(index: u8) -> Option<Kind> {
        Kind::PASS.into_iter().find(|kind| *kind as u8 == index)
    }

    /// The bit of this kind in a mask.
    pub const fn bit(self) -> u16 {
        1 << self as u8
    }

    /// Name shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::OutOfOrder => "out-of-order",
            Kind::PartialSignature => "partial-signature",
            Kind::PartialWitness => "partial-witness",
            Kind::PartialDelegation => "partial-delegation",
            Kind::Delegable => "delegable",
            Kind::Misfit => "misfit",
            Kind::LikelyDuplicitous => "likely-duplicitous",
            Kind::UnverifiedWitness => "unverified-witness",
            Kind::UnverifiedReceipt => "unverified-receipt",
            Kind::UnverifiedTransferable => "unverified-transferable",
            Kind::QueryNotFound => "query-not-found",
        }
    }

    /// The reference's table for this kind.
    pub const fn table(self) -> &'static str {
        match self {
            Kind::OutOfOrder => "ooes",
            Kind::PartialSignature => "pses",
            Kind::PartialWitness => "pwes",
            Kind::PartialDelegation => "pdes",
            Kind::Delegable => "dees",
            Kind::Misfit => "mfes",
            Kind::LikelyDuplicitous => "ldes",
            Kind::UnverifiedWitness => "uwes",
            Kind::UnverifiedReceipt => "ures",
            Kind::UnverifiedTransferable => "vres",
            Kind::QueryNotFound => "qnfs",
        }
    }
}

/// What a waiting entry awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Awaits {
    /// Nothing: it is kept as evidence or for somebody's decision.
    Nothing = 0,
    /// The inception of its AID.
    Inception = 1,
    /// The event before it.
    PriorEvent = 2,
    /// More signatures by the current keys.
    Signatures = 3,
    /// More signatures by keys committed in the prior establishment event.
    NextSignatures = 4,
    /// More witness receipts.
    WitnessReceipts = 5,
    /// The delegator's key event log.
    Delegator = 6,
    /// An event of the delegator that anchors it; of a query, one that carries the seal it asks for.
    Anchor = 7,
    /// The local delegator's approval.
    Approval = 8,
    /// The event it is a receipt of; of a query, the one it asks for.
    Event = 9,
    /// The establishment event of the receipt's signer.
    SignerEvent = 10,
}

impl Awaits {
    /// Stable text of this value.
    pub const fn name(self) -> &'static str {
        match self {
            Awaits::Nothing => "nothing",
            Awaits::Inception => "inception",
            Awaits::PriorEvent => "prior-event",
            Awaits::Signatures => "signatures",
            Awaits::NextSignatures => "next-key-signatures",
            Awaits::WitnessReceipts => "witness-receipts",
            Awaits::Delegator => "delegator",
            Awaits::Anchor => "anchor",
            Awaits::Approval => "approval",
            Awaits::Event => "event",
            Awaits::SignerEvent => "signer-event",
        }
    }
}

macro_rules! rejects {
    ($($variant:ident = $code:literal, $class:literal, $doc:literal;)*) => {
        /// Why a message is refused by the rules.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Reject { $(#[doc = $doc] $variant),* }

        /// Every [`Reject`] with its code, the reference's exception class and an explanation.
        pub const REJECTS: &[(Reject, &str, &str, &str)] = &[$((Reject::$variant, $code, $class, $doc)),*];
    };
}

rejects! {
    Fields = "keri/fields", "ValidationError", "the fields are not exactly those of the message type, in order";
    UnknownType = "keri/unknown-type", "ValidationError", "the message type is not known";
    FieldValue = "keri/field-value", "ValidationError", "a field's value has the wrong form";
    Said = "keri/said", "ValidationError", "the SAID is not the digest of the message";
    SaidCode = "keri/said-code", "ValidationError", "the SAID does not carry a digest code (HARDEN 4)";
    Prefix = "keri/prefix", "ValidationError", "the AID is not a usable prefix";
    PrefixDerivation = "keri/prefix-derivation", "ValidationError", "the AID does not derive from its inception";
    Nontransferable = "keri/nontransferable", "ValidationError", "a non-transferable AID with next keys, witnesses or anchors";
    NoSignatures = "keri/no-signatures", "ValidationError", "no signatures are attached";
    NoValidSignature = "keri/no-valid-signature", "ValidationError", "none of the attached signatures verifies";
    SignatureIndex = "keri/signature-index", "IndexError", "a signature's index is beyond the keys";
    Key = "keri/key", "ValueError", "a key is not one that can verify";
    NextDigest = "keri/next-digest", "ValueError", "a next key digest is not a digest";
    Threshold = "keri/threshold", "ValueError", "a threshold is malformed or larger than its list";
    InceptionSn = "keri/inception-sn", "ValueError", "an inception's sequence number is not 0";
    Witnesses = "keri/witnesses", "ValidationError", "the witness list, cuts or adds are inconsistent";
    Toad = "keri/toad", "ValueError", "the witness threshold is out of range";
    Abandoned = "keri/abandoned", "ValidationError", "the AID is non-transferable or abandoned: no further event is accepted";
    EstablishmentOnly = "keri/establishment-only", "ValidationError", "the AID's inception allows establishment events only";
    PriorDigest = "keri/prior-digest", "ValidationError", "the event does not name the SAID of the event before it";
    SequenceNumber = "keri/sequence-number", "ValidationError", "the sequence number does not fit the key state";
    Recovery = "keri/recovery", "ValidationError", "the rotation may not supersede what is logged";
    NotDelegated = "keri/not-delegated", "ValidationError", "drt for an AID without a delegator";
    Delegated = "keri/delegated", "ValidationError", "rot for a delegated AID, which takes drt only";
    DelegationSeal = "keri/delegation-seal", "ValidationError", "the named event of the delegator does not anchor this event";
    DoNotDelegate = "keri/do-not-delegate", "ValidationError", "the delegator's inception forbids delegation";
    DelegationDepth = "keri/delegation-depth", "ValidationError", "the chain of delegators is a loop or too long";
    Superseding = "keri/superseding", "TypeError", "a delegated rotation that may not supersede the one that is logged";
    SupersededLate = "keri/superseded-late", "ValidationError", "the event stands on a branch that a recovery has superseded";
    ReceiptEmpty = "keri/receipt-empty", "ValidationError", "a receipt without any signature";
    ReceiptStale = "keri/receipt-stale", "ValidationError", "the receipt names another event than the one logged at its place";
    ReceiptSigner = "keri/receipt-signer", "ValidationError", "the receipt's signer event is not the one named, or the index is beyond its keys";
    ReceiptSignature = "keri/receipt-signature", "ValidationError", "the receipt's signature does not verify";
    OwnReceipt = "keri/own-receipt", "ValidationError", "a receipt by a local AID from a remote source";
    Query = "keri/query", "ValidationError", "the query asks for nothing that is known, or lacks what its route needs";
    RoutedSignature = "keri/routed-signature", "ValidationError", "the signatures a routed message needs are missing or do not verify";
    TooManySignatures = "limit/signatures", "ValidationError", "more signatures attached than the limit allows";
    EscrowFull = "limit/escrow-full", "ValidationError", "the AID's escrow is at its limit";
    Attachments = "keri/attachments", "ValidationError", "the attachments cannot be read";
    Stale = "keri/stale", "ValidationError", "waited past its timeout when it was retried";
    Incomplete = "keri/incomplete", "ValidationError", "the waiting entry no longer has the bytes it needs";
}

/// First code number of the codec's errors.
const CODEC_BASE: u16 = 1 << 8;

/// A reject as it crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// By the rules.
    Rule(Reject),
    /// By the codec: the body or an attachment cannot be read.
    Codec(ErrorKind),
}

impl Refusal {
    /// Number that crosses the boundary.
    pub fn number(self) -> u16 {
        match self {
            Refusal::Rule(reject) => reject as u16,
            Refusal::Codec(kind) => CODEC_BASE + kind as u16,
        }
    }
}

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Self {
        Refusal::Rule(reject)
    }
}

impl From<kelpipe_cesr::error::Error> for Refusal {
    fn from(error: kelpipe_cesr::error::Error) -> Self {
        Refusal::Codec(error.kind)
    }
}

/// Every code by number: (number, code, reference's exception class, explanation).
pub fn codes() -> impl Iterator<Item = (u16, &'static str, &'static str, &'static str)> {
    let rules = REJECTS
        .iter()
        .map(|(reject, code, class, doc)| (*reject as u16, *code, *class, *doc));
    let codec = ErrorKind::ALL.iter().map(|kind| {
        (
            CODEC_BASE + *kind as u16,
            kind.code(),
            kind.keripy_class(),
            kind.text(),
        )
    });
    rules.chain(codec)
}

/// How the handling of one message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// See [`Verdict::Accepted`].
    Accepted,
    /// See [`Verdict::Duplicate`]; the number of signatures that were new.
    Duplicate(u32),
    /// See [`Verdict::Escrowed`].
    Escrowed(Kind, Awaits),
    /// See [`Verdict::Rejected`].
    Rejected(Refusal),
    /// See [`Verdict::Checked`]; whether every signature verified (false: unknown signer).
    Checked(bool),
}

impl From<Reject> for Decision {
    fn from(reject: Reject) -> Self {
        Decision::Rejected(reject.into())
    }
}
