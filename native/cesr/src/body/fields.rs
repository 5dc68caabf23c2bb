//! Fields of native bodies that leave the labels out, and how each is encoded. Source: cesr.md section 3.2,
//! keri-events.md section 2.

use crate::version::Protocol;

/// How the value of a field is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A list group of seal groups, or a map group.
    Anchors,
    Date,
    Digest,
    /// A digest, or a list group.
    DigestOrList,
    /// A digest, or a map group.
    DigestOrMap,
    Ilk,
    /// Text in its one form.
    Label,
    Map,
    Nonce,
    Number,
    Prefix,
    /// A list group of primitives.
    Primitives,
    Route,
    /// Number or weights.
    Threshold,
    Traits,
    /// Protocol of a typed seal.
    Type,
    Verser,
}

use Role::{
    Anchors, Date, Digest, DigestOrList, DigestOrMap, Ilk, Label, Map, Nonce, Number, Prefix,
    Primitives, Route, Threshold, Traits, Type, Verser,
};

/// Label and encoding.
pub(super) type Field = (&'static str, Role);

pub(super) static HEAD: [Field; 2] = [("v", Verser), ("t", Ilk)];

#[rustfmt::skip]
static ICP: [Field; 12] = [
    ("d", Digest), ("i", Prefix), ("s", Number), ("kt", Threshold), ("k", Primitives), ("nt", Threshold),
    ("n", Primitives), ("bt", Number), ("b", Primitives), ("c", Traits), ("a", Anchors), ("di", Prefix),
];
#[rustfmt::skip]
static ROT: [Field; 13] = [
    ("d", Digest), ("i", Prefix), ("s", Number), ("p", Digest), ("kt", Threshold), ("k", Primitives),
    ("nt", Threshold), ("n", Primitives), ("bt", Number), ("br", Primitives), ("ba", Primitives), ("c", Traits),
    ("a", Anchors),
];
#[rustfmt::skip]
static IXN: [Field; 5] = [("d", Digest), ("i", Prefix), ("s", Number), ("p", Digest), ("a", Anchors)];
static RCT: [Field; 3] = [("d", Digest), ("i", Prefix), ("s", Number)];
#[rustfmt::skip]
static QRY: [Field; 6] =
    [("d", Digest), ("i", Prefix), ("dt", Date), ("r", Route), ("rr", Route), ("q", Map)];
static RPY: [Field; 5] = [
    ("d", Digest),
    ("i", Prefix),
    ("dt", Date),
    ("r", Route),
    ("a", Map),
];
#[rustfmt::skip]
static XIP: [Field; 8] = [
    ("d", Digest), ("u", Nonce), ("i", Prefix), ("ri", Prefix), ("dt", Date), ("r", Route), ("q", Map), ("a", Map),
];
#[rustfmt::skip]
static EXN: [Field; 9] = [
    ("d", Digest), ("i", Prefix), ("ri", Prefix), ("x", Digest), ("p", Digest), ("dt", Date), ("r", Route),
    ("q", Map), ("a", Map),
];
#[rustfmt::skip]
static ACT: [Field; 8] = [
    ("d", Digest), ("u", Nonce), ("i", Prefix), ("rd", Nonce), ("s", DigestOrMap), ("a", DigestOrMap),
    ("e", DigestOrMap), ("r", DigestOrMap),
];
#[rustfmt::skip]
static ACG: [Field; 8] = [
    ("d", Digest), ("u", Nonce), ("i", Prefix), ("rd", Nonce), ("s", DigestOrMap), ("A", DigestOrList),
    ("e", DigestOrMap), ("r", DigestOrMap),
];
static RIP: [Field; 5] = [
    ("d", Digest),
    ("u", Nonce),
    ("i", Prefix),
    ("n", Number),
    ("dt", Date),
];
#[rustfmt::skip]
static BUP: [Field; 6] =
    [("d", Digest), ("rd", Nonce), ("n", Number), ("p", Digest), ("dt", Date), ("b", Digest)];
#[rustfmt::skip]
static UPD: [Field; 7] = [
    ("d", Digest), ("rd", Nonce), ("n", Number), ("p", Digest), ("dt", Date), ("td", Nonce), ("ts", Label),
];
static SCH: [Field; 2] = [("d", Digest), ("s", DigestOrMap)];
static ATT: [Field; 2] = [("d", Digest), ("a", DigestOrMap)];
static AGG: [Field; 2] = [("d", Digest), ("A", DigestOrList)];
static EDG: [Field; 2] = [("d", Digest), ("e", DigestOrMap)];
static RUL: [Field; 2] = [("d", Digest), ("r", DigestOrMap)];

/// The fields after `v` and `t`.
pub(super) fn of(protocol: Protocol, ilk: &str) -> Option<&'static [Field]> {
    Some(match (protocol, ilk) {
        (Protocol::Keri, "icp") => &ICP[..11],
        (Protocol::Keri, "dip") => &ICP,
        (Protocol::Keri, "rot" | "drt") => &ROT,
        (Protocol::Keri, "ixn") => &IXN,
        (Protocol::Keri, "rct") => &RCT,
        (Protocol::Keri, "qry" | "pro") => &QRY,
        (Protocol::Keri, "rpy" | "bar") => &RPY,
        (Protocol::Keri, "xip") => &XIP,
        (Protocol::Keri, "exn") => &EXN,
        (Protocol::Acdc, "act") => &ACT,
        (Protocol::Acdc, "acg") => &ACG,
        (Protocol::Acdc, "rip") => &RIP,
        (Protocol::Acdc, "bup") => &BUP,
        (Protocol::Acdc, "upd") => &UPD,
        (Protocol::Acdc, "sch") => &SCH,
        (Protocol::Acdc, "att") => &ATT,
        (Protocol::Acdc, "agg") => &AGG,
        (Protocol::Acdc, "edg") => &EDG,
        (Protocol::Acdc, "rul") => &RUL,
        _ => return None,
    })
}

/// The fields of a seal in the group of this letter.
pub(super) fn of_seal(letter: u8) -> Option<&'static [Field]> {
    Some(match letter {
        b'Q' => &[("d", Digest)],
        b'R' => &[("rd", Digest)],
        b'S' => &[("s", Number), ("d", Digest)],
        b'T' => &[("i", Prefix), ("s", Number), ("d", Digest)],
        b'U' => &[("i", Prefix)],
        b'V' => &[("bi", Prefix), ("d", Digest)],
        b'W' => &[("t", Type), ("d", Digest)],
        _ => return None,
    })
}

/// Configuration traits that a native body can hold.
pub(super) const TRAITS: [&str; 6] = ["EO", "DND", "DID", "RB", "NB", "NRB"];
