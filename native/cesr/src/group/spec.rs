//! What stands in each group. Source: cesr.md sections 4.1 to 4.3, codes.json "elementTypes".

use super::Genus;
use crate::codes::{CounterTable, MatterRow, Unit};
use crate::counter::Counter;
use crate::error::{Error, ErrorKind};
use crate::primitive;

/// Codes that a primitive in a group may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Any,
    Bytes,
    Date,
    Digest,
    Label,
    Nonce,
    Number,
    Path,
    Prefix,
    Verkey,
    Verser,
}

impl Class {
    /// Whether `row` may stand here under `genus`. 1.1.17 takes sequence numbers in `0A` only, and knows fewer codes.
    pub(crate) fn admits(self, row: &MatterRow, genus: Genus) -> bool {
        let v1 = genus.major < 2;
        match self {
            Self::Any => true,
            Self::Bytes => row.is_bytes(),
            Self::Date => row.code == "1AAG",
            Self::Digest => row.is_digest(),
            Self::Label => row.is_label(),
            Self::Nonce => row.is_nonce(),
            Self::Number if v1 => row.code == "0A",
            Self::Number => row.is_number(),
            Self::Path => row.is_bext() || row.is_bytes(),
            Self::Prefix => row.is_prefix(),
            Self::Verkey => row.is_verkey(),
            Self::Verser => matches!(row.code, "Y" | "0O"),
        }
    }
}

/// One place in an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A primitive.
    Matter(Class),
    /// An indexed signature.
    Signature,
    /// A group of controller signatures.
    Signatures,
    /// An indexed signature as 1.1.17 has it, or a group of controller signatures as HEAD has it (`-D` of v1).
    SignatureOrGroup,
    /// A group of controller signatures, of signature groups or of couples (`-J`).
    PathedSignatures,
    /// A `-J` group.
    PathedGroup,
}

/// Where the contents of a group go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bucket {
    Blinded,
    Controller,
    Couples,
    Enclosing,
    Essr,
    FirstSeen,
    Groups,
    LastGroups,
    Nest,
    Pathed,
    PathedGroups,
    Quadruples,
    SealCouples,
    SealTriples,
    Skipped,
    Typed,
    Witness,
}

/// What a group holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Elements, each of these slots in order.
    Elements(&'static [Slot]),
    /// Attachment groups.
    Groups,
    /// Bytes that are not looked at.
    Opaque,
}

/// One kind of group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) bucket: Bucket,
    pub(crate) content: Content,
}

/// What a count code means where attachments stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// An attachment group.
    Attachment(&'static Spec),
    /// Encloses all attachments of a message.
    Enclosing(&'static Spec),
    /// Begins a message and may be nested in attachments: a body or a body with attachments.
    Body,
    /// Begins messages but may not be nested in attachments.
    Message,
    /// Sets the code tables.
    Genus(Genus),
    /// Known, but not as an attachment.
    Unhandled,
}

use Class::{Any, Bytes, Date, Digest, Label, Nonce, Number, Path, Prefix, Verkey, Verser};
use Slot::{Matter, PathedGroup, PathedSignatures, Signature, SignatureOrGroup, Signatures};

const fn elements(bucket: Bucket, slots: &'static [Slot]) -> Spec {
    Spec {
        bucket,
        content: Content::Elements(slots),
    }
}

pub(crate) static CONTROLLER: Spec = elements(Bucket::Controller, &[Signature]);
static WITNESS: Spec = elements(Bucket::Witness, &[Signature]);
pub(crate) static COUPLES: Spec = elements(Bucket::Couples, &[Matter(Verkey), Matter(Any)]);
static QUADRUPLES: Spec = elements(
    Bucket::Quadruples,
    &[
        Matter(Prefix),
        Matter(Number),
        Matter(Digest),
        SignatureOrGroup,
    ],
);
static RECEIPT_GROUPS: Spec = elements(
    Bucket::Quadruples,
    &[Matter(Prefix), Matter(Number), Matter(Digest), Signatures],
);
static FIRST_SEEN: Spec = elements(Bucket::FirstSeen, &[Matter(Number), Matter(Date)]);
pub(crate) static SIGNATURE_GROUPS: Spec = elements(
    Bucket::Groups,
    &[Matter(Prefix), Matter(Number), Matter(Digest), Signatures],
);
static SEAL_COUPLES: Spec = elements(Bucket::SealCouples, &[Matter(Number), Matter(Digest)]);
static LAST_GROUPS: Spec = elements(Bucket::LastGroups, &[Matter(Prefix), Signatures]);
static SEAL_TRIPLES: Spec = elements(
    Bucket::SealTriples,
    &[Matter(Prefix), Matter(Number), Matter(Digest)],
);
pub(crate) static PATHED_SIGNATURES: Spec =
    elements(Bucket::Pathed, &[Matter(Path), PathedSignatures]);
static PATHED_GROUPS: Spec = elements(Bucket::PathedGroups, &[PathedGroup]);
static PATHED: Spec = Spec {
    bucket: Bucket::Pathed,
    content: Content::Opaque,
};
static ESSR: Spec = elements(Bucket::Essr, &[Matter(Bytes)]);
static TYPED: Spec = elements(Bucket::Typed, &[Matter(Verser), Matter(Digest)]);
static BLINDED: Spec = elements(
    Bucket::Blinded,
    &[Matter(Digest), Matter(Nonce), Matter(Nonce), Matter(Label)],
);
static BOUND: Spec = elements(
    Bucket::Blinded,
    &[
        Matter(Digest),
        Matter(Nonce),
        Matter(Nonce),
        Matter(Label),
        Matter(Number),
        Matter(Nonce),
    ],
);
static MEDIA: Spec = elements(
    Bucket::Blinded,
    &[Matter(Digest), Matter(Nonce), Matter(Label), Matter(Bytes)],
);
static ENCLOSING: Spec = Spec {
    bucket: Bucket::Enclosing,
    content: Content::Groups,
};
pub(crate) static SKIPPED: Spec = Spec {
    bucket: Bucket::Skipped,
    content: Content::Opaque,
};
pub(crate) static NEST: Spec = Spec {
    bucket: Bucket::Nest,
    content: Content::Opaque,
};

/// Reads the counter at the start of `rest` by the tables of `genus`. Under 1.0 that is HEAD's table and, for the two
/// codes which only 1.1.17 has there (`-J -K`), its own.
pub(crate) fn counter(rest: &[u8], genus: Genus, binary: bool) -> Result<Counter, Error> {
    let read = |table| {
        if binary {
            Counter::parse_binary(rest, table)
        } else {
            Counter::parse(rest, table)
        }
    };
    if genus.major >= 2 {
        return read(CounterTable::V2);
    }
    let mut chars = [0; 16];
    let letter = if binary {
        primitive::head_chars(rest, &mut chars)
    } else {
        rest
    }
    .get(1);
    read(if matches!(letter, Some(b'J' | b'K')) {
        CounterTable::Stable
    } else {
        CounterTable::HeadV1
    })
}

/// What `counter`, read by the tables of `genus`, means among attachments.
///
/// # Errors
/// `Genus` for a version of the tables that is not supported.
pub(crate) fn role(counter: &Counter, genus: Genus) -> Result<Role, ErrorKind> {
    let row = counter.row;
    if row.unit == Unit::Version {
        return match counter.count {
            // `BAA` and `CAA`: 1.0 and 2.0.
            4096 => Ok(Role::Genus(Genus::V1)),
            8192 => Ok(Role::Genus(Genus::V2)),
            _ => Err(ErrorKind::Genus),
        };
    }
    let letter = row.code.as_bytes().last().copied().unwrap_or_default();
    Ok(if genus.major >= 2 {
        role_v2(letter)
    } else {
        role_v1(letter)
    })
}

fn role_v1(letter: u8) -> Role {
    Role::Attachment(match letter {
        b'A' => &CONTROLLER,
        b'B' => &WITNESS,
        b'C' => &COUPLES,
        b'D' => &QUADRUPLES,
        b'E' => &FIRST_SEEN,
        b'F' => &SIGNATURE_GROUPS,
        b'G' => &SEAL_COUPLES,
        b'H' => &LAST_GROUPS,
        b'I' => &SEAL_TRIPLES,
        b'J' => &PATHED_SIGNATURES,
        b'K' => &PATHED_GROUPS,
        b'L' => &PATHED,
        b'Z' => &ESSR,
        b'V' => return Role::Enclosing(&ENCLOSING),
        b'U' | b'W' => return Role::Body,
        _ => return Role::Message,
    })
}

fn role_v2(letter: u8) -> Role {
    Role::Attachment(match letter {
        b'K' => &CONTROLLER,
        b'L' => &WITNESS,
        b'M' => &COUPLES,
        b'N' => &RECEIPT_GROUPS,
        b'O' => &FIRST_SEEN,
        b'P' => &PATHED,
        b'S' => &SEAL_COUPLES,
        b'T' => &SEAL_TRIPLES,
        b'W' => &TYPED,
        b'X' => &SIGNATURE_GROUPS,
        b'Y' => &LAST_GROUPS,
        b'Z' => &ESSR,
        b'a' => &BLINDED,
        b'b' => &BOUND,
        b'c' => &MEDIA,
        b'C' => return Role::Enclosing(&ENCLOSING),
        b'B' | b'F' | b'G' | b'H' => return Role::Body,
        b'A' | b'D' | b'E' => return Role::Message,
        _ => return Role::Unhandled,
    })
}

/// Whether the count of a group is in elements or quadlets, depending on what it holds.
pub(crate) fn counts_either(spec: &Spec) -> bool {
    std::ptr::eq(spec, &raw const QUADRUPLES)
}

/// The group that a slot asks for.
pub(crate) fn admits_group(slot: Slot, role: Role) -> bool {
    let Role::Attachment(spec) = role else {
        return false;
    };
    match slot {
        Slot::Signatures | Slot::SignatureOrGroup => std::ptr::eq(spec, &raw const CONTROLLER),
        Slot::PathedSignatures => [&CONTROLLER, &SIGNATURE_GROUPS, &COUPLES]
            .iter()
            .any(|s| std::ptr::eq(*s, spec)),
        Slot::PathedGroup => std::ptr::eq(spec, &raw const PATHED_SIGNATURES),
        Slot::Matter(_) | Slot::Signature => false,
    }
}
