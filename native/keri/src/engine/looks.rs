//! Places that were woken, looked at again within a part.

use crate::fold::Fold;

/// Places that a part looks at again before it rather ends than reads more.
const LOOKS_BEFORE_CUT: u32 = 1024;

/// Looks at places again; whether none is left. Not so at the end of the budget, and where a part that has looked at many
/// would have to read: it ends there instead, for after reading it would be folded anew.
pub(super) fn drained(fold: &mut Fold<'_>, budget: &mut Budget) -> bool {
    while let Some(wake) = fold.wakes.first() {
        let may_read = budget.looks < LOOKS_BEFORE_CUT;
        if budget.is_spent() || !(may_read || fold.view.has_slot(&wake.aid, wake.sn)) {
            return false;
        }
        let Some(wake) = fold.wakes.next() else { break };
        budget.looks += 1;
        fold.in_a_row += 1;
        fold.retry_place(&wake.aid, wake.sn);
    }
    !budget.is_spent()
}

/// How many places a part may look at again.
pub(super) struct Budget {
    looks: u32,
    looks_max: u32,
}

impl Budget {
    pub(super) fn new(looks_max: u32) -> Self {
        Budget {
            looks: 0,
            looks_max,
        }
    }

    fn is_spent(&self) -> bool {
        self.looks >= self.looks_max
    }
}
