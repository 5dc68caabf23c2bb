//! Attachments: the groups after a message body. Source: cesr.md section 4.

mod collect;
pub(crate) mod spec;
pub(crate) mod walk;
mod write;

pub use collect::parse_attachments;
pub use write::{Replay, write_replay};

use smallvec::SmallVec;

use crate::indexer::Indexed;
use crate::primitive::Primitive;

/// Domain of bytes that are primitives and groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// Sextets.
    Binary,
    /// Some groups in text, some in binary.
    Mixed,
    /// Base64 characters.
    Text,
}

/// Version of the code tables in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Genus {
    /// 1 or 2.
    pub major: u8,
    /// 0 in every supported version.
    pub minor: u8,
}

impl Genus {
    /// CESR 1.0.
    pub const V1: Self = Self { major: 1, minor: 0 };
    /// CESR 2.0.
    pub const V2: Self = Self { major: 2, minor: 0 };
}

/// Receipt couple (`-C`, v2 `-M`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Couple<'a> {
    /// Verification key, which is also the signer's AID.
    pub key: Primitive<'a>,
    /// Signature without index.
    pub signature: Primitive<'a>,
}

/// First seen ordinal and date (`-E`, v2 `-O`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstSeen<'a> {
    /// First seen ordinal.
    pub ordinal: Primitive<'a>,
    /// Date of it.
    pub date: Primitive<'a>,
}

/// Anchoring event of an AID that is known from the message (`-G`, v2 `-S`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealCouple<'a> {
    /// Sequence number.
    pub sn: Primitive<'a>,
    /// SAID of the anchoring event.
    pub said: Primitive<'a>,
}

/// Anchoring event (`-I`, v2 `-T`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealTriple<'a> {
    /// AID.
    pub pre: Primitive<'a>,
    /// Sequence number.
    pub sn: Primitive<'a>,
    /// SAID of the anchoring event.
    pub said: Primitive<'a>,
}

/// Signatures by the keys of a named event (`-F`, v2 `-X`; also `-D`, v2 `-N`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureGroup<'a> {
    /// Signer's AID.
    pub pre: Primitive<'a>,
    /// Sequence number of the signer's establishment event.
    pub sn: Primitive<'a>,
    /// SAID of that event.
    pub said: Primitive<'a>,
    /// Its signatures.
    pub signatures: SmallVec<[Indexed<'a>; 1]>,
}

/// Signatures by the keys of the signer's latest establishment event (`-H`, v2 `-Y`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastGroup<'a> {
    /// Signer's AID.
    pub pre: Primitive<'a>,
    /// Its signatures.
    pub signatures: SmallVec<[Indexed<'a>; 1]>,
}

/// Everything attached to one message. Groups of one kind are joined in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachments<'a> {
    /// Controller signatures (`-A`, v2 `-K`).
    pub controller: SmallVec<[Indexed<'a>; 1]>,
    /// Witness signatures (`-B`, v2 `-L`).
    pub witness: SmallVec<[Indexed<'a>; 1]>,
    /// Receipt couples.
    pub couples: Vec<Couple<'a>>,
    /// Transferable receipts (`-D`, v2 `-N`): one signature each in the form of 1.1.17, a group in that of HEAD.
    pub quadruples: Vec<SignatureGroup<'a>>,
    /// First seen couple; the last one wins.
    pub first_seen: Option<FirstSeen<'a>>,
    /// Anchors (`-G`, v2 `-S`), in order.
    pub seal_couples: Vec<SealCouple<'a>>,
    /// Anchors (`-I`, v2 `-T`), in order.
    pub seal_triples: Vec<SealTriple<'a>>,
    /// Transferable signature groups (`-F`, v2 `-X`).
    pub groups: Vec<SignatureGroup<'a>>,
    /// Signature groups of the latest establishment event (`-H`, v2 `-Y`).
    pub last_groups: Vec<LastGroup<'a>>,
    /// Typed digest seals (v2 `-W`).
    pub typed_seals: u32,
    /// Blinded, bound and media tuples (v2 `-a -b -c`).
    pub blinded: u32,
    /// Pathed groups, which are opaque (`-J -K -L`, v2 `-P`).
    pub pathed: u32,
    /// ESSR payloads (`-Z`).
    pub essr: u32,
    /// Messages nested in the attachments, which are not processed.
    pub nests: u32,
    /// Groups that HEAD skips or has no handler for, or that hold an unknown code ([`crate::Unknown::Skip`]).
    pub skipped: u32,
    /// Bytes of such groups that were not looked at.
    pub skipped_bytes: u32,
}
