//! Limits and switches of the codec. Source: attacks.md part E, HARDEN 5, 6, 7.

use crate::group::Genus;

/// What an input may cost. Each is checked before bytes are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest message body, in bytes.
    pub body_bytes_max: u32,
    /// Largest attachment area of one message, in bytes.
    pub attachments_bytes_max: u32,
    /// Largest single group (generic, body-with-attachments), in bytes.
    pub group_bytes_max: u32,
    /// Groups in one message, nested ones included; an empty group counts as one.
    pub groups_per_message_max: u32,
    /// Elements in one group.
    pub elements_per_group_max: u32,
    /// Groups inside groups.
    pub group_depth_max: u32,
    /// Decimal digits of an integer in a body.
    pub integer_digits_max: u32,
}

/// Maps and lists inside one another in a body, unless said otherwise.
pub const DATA_DEPTH_MAX: u32 = 64;

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 1 << 20,
            attachments_bytes_max: 1 << 20,
            group_bytes_max: 16 << 20,
            groups_per_message_max: 1024,
            elements_per_group_max: 4096,
            group_depth_max: 16,
            integer_digits_max: 4300,
        }
    }
}

/// Which characters a primitive's value may be spelled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Alphabet {
    /// `A-Za-z0-9-_` only (HARDEN 5).
    #[default]
    Strict,
    /// As KERIpy's decoder: `+` and `/` also stand for `-` and `_` in the value.
    Lenient,
}

/// What a code that is in no table, or has no meaning here, costs in the attachments of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Unknown {
    /// The message.
    #[default]
    Reject,
    /// The rest of the group that holds it: the smallest one whose size a count of quadlets tells, and which is no part
    /// of an element. Without any, the message.
    Skip,
}

/// How strictly to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Maps and lists inside one another in a body.
    pub depth_max: u32,
    /// Refuse `NaN`, `Infinity`, `-Infinity` (HARDEN 6).
    pub refuse_nan: bool,
    /// HARDEN 5.
    pub alphabet: Alphabet,
    /// The version string is the whole value of the first field `v` (HARDEN 7); if not, it may start late, as 1.1.17
    /// allows.
    pub version_exact: bool,
    /// Genus version at the start of a stream; `None`: that of each body's version string.
    pub genus: Option<Genus>,
    /// What an unknown code in the attachments costs.
    pub unknown: Unknown,
    /// What an input may cost.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            depth_max: DATA_DEPTH_MAX,
            refuse_nan: true,
            alphabet: Alphabet::Strict,
            version_exact: true,
            genus: None,
            unknown: Unknown::Reject,
            limits: Limits::default(),
        }
    }
}

impl Options {
    /// The reference's lenience (mode `keripy`): HARDEN 5, 6 and 7 off; limits stay.
    pub fn keripy() -> Self {
        Self {
            depth_max: 1100,
            refuse_nan: false,
            alphabet: Alphabet::Lenient,
            version_exact: false,
            ..Self::default()
        }
    }
}
