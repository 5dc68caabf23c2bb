//! Where the Matter table of KERIpy 1.1.17 differs from that of CESR 2.0.

use super::{MatterRow, matter_row as row};

/// The rows of KERIpy 1.1.17 whose sizes differ from [`MATTER`], and the codes which only it has.
/// No v1 key event stream holds one outside opaque data; they are here so that tools can name them.
#[rustfmt::skip]
pub static MATTER_STABLE_ONLY: [MatterRow; 10] = [
    row("X", "Tag3", 1, 0, 0, 4, 0, 2, 0, true),
    row("Y", "Tag7", 1, 0, 0, 8, 0, 5, 0, true),
    row("0J", "Tag1", 2, 0, 0, 4, 0, 1, 0, true),
    row("0K", "Tag2", 2, 0, 0, 4, 0, 1, 0, true),
    row("0L", "Tag5", 2, 0, 0, 8, 0, 4, 0, true),
    row("0M", "Tag6", 2, 0, 0, 8, 0, 4, 0, true),
    row("1AAE", "Ed448_Sig", 4, 0, 0, 56, 0, 39, 0, true),
    row("1AAF", "Tag4", 4, 0, 0, 8, 0, 3, 0, true),
    row("2AAA", "TBD1", 4, 0, 0, 8, 1, 2, 0, true),
    row("3AAA", "TBD2", 4, 0, 0, 8, 2, 1, 0, true),
];
