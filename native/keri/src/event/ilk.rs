//! Message types, and their numbers.

/// Message types of key event logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ilk {
    /// Inception.
    Icp = 0,
    /// Rotation.
    Rot = 1,
    /// Interaction.
    Ixn = 2,
    /// Delegated inception.
    Dip = 3,
    /// Delegated rotation.
    Drt = 4,
}

impl Ilk {
    /// Text of this type.
    pub const fn name(self) -> &'static str {
        ILKS[self as usize]
    }

    /// The type with this number.
    pub fn from_index(index: u8) -> Option<Ilk> {
        [Ilk::Icp, Ilk::Rot, Ilk::Ixn, Ilk::Dip, Ilk::Drt]
            .into_iter()
            .find(|ilk| *ilk as u8 == index)
    }

    /// Whether it is an inception.
    pub const fn incepts(self) -> bool {
        matches!(self, Ilk::Icp | Ilk::Dip)
    }

    /// Whether it establishes keys.
    pub const fn establishes(self) -> bool {
        !matches!(self, Ilk::Ixn)
    }

    /// Whether it needs the delegator's anchor.
    pub const fn delegated(self) -> bool {
        matches!(self, Ilk::Dip | Ilk::Drt)
    }
}

/// Every message type by its number in the `ilk` column. The last one stands for ACDCs without a type.
pub const ILKS: [&str; 33] = [
    "icp", "rot", "ixn", "dip", "drt", "rct", "qry", "rpy", "pro", "bar", "xip", "exn", "vcp",
    "vrt", "iss", "rev", "bis", "brv", "acm", "act", "acg", "ace", "sch", "att", "agg", "edg",
    "rul", "rip", "bup", "upd", "bad", "rvk", "acdc",
];
/// Number of `rct`.
pub const ILK_RECEIPT: u8 = 5;
/// Number that stands for an unreadable message.
pub const ILK_UNKNOWN: u8 = 30;
/// Number of an ACDC without a type.
pub const ILK_ACDC: u8 = 32;
