//! Lists that JavaScript and Rust share beyond those of the rules. The TypeScript view is generated from them.

use kelpipe_cesr::frame::Domain;
use kelpipe_cesr::version::Kind;
use kelpipe_keri::store::Table;

/// Words of a span: body start, body end, attachments end, flags.
pub const SPAN_WORDS: usize = 4;

/// The fields of a span's flags, as name, lowest bit, bits, meaning.
pub const SPAN_FLAGS: &[(&str, u32, u32, &str)] = &[
    (
        "genusMajor",
        0,
        4,
        "major version of the attachments' code tables",
    ),
    (
        "genusMinor",
        4,
        4,
        "minor version of the attachments' code tables",
    ),
    (
        "kind",
        8,
        3,
        "serialization of the body, by place in `bodyKinds`",
    ),
    (
        "domain",
        11,
        2,
        "domain of the attachments, by place in `domains`",
    ),
    (
        "bodyDomain",
        13,
        2,
        "domain of the body, by place in `domains`",
    ),
    (
        "wrapped",
        15,
        1,
        "1: the body stands inside a native primitive",
    ),
];

/// Serializations by number.
pub const KINDS: [(Kind, &str); 4] = [
    (Kind::Json, "JSON"),
    (Kind::Cbor, "CBOR"),
    (Kind::Mgpk, "MGPK"),
    (Kind::Cesr, "CESR"),
];

/// Domains by number.
pub const DOMAINS: [(Domain, &str); 3] = [
    (Domain::Text, "text"),
    (Domain::Binary, "binary"),
    (Domain::Mixed, "mixed"),
];

/// Words of a fault: offset, bytes, kind, byte at which it was wrong, index of the message after it.
pub const FAULT_WORDS: usize = 5;

/// Tables by number.
pub const TABLES: [(Table, &str); 11] = [
    (Table::Aids, "aids"),
    (Table::Kel, "kel"),
    (Table::Log, "log"),
    (Table::Late, "late"),
    (Table::Seals, "seals"),
    (Table::Waiting, "waiting"),
    (Table::Awaits, "awaits"),
    (Table::Expiry, "expiry"),
    (Table::Wake, "wake"),
    (Table::Meta, "meta"),
    (Table::Saids, "saids"),
];
