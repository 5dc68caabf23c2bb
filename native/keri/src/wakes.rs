//! Places to look at again, in order, each once.

use std::collections::VecDeque;

use ahash::AHashSet;

use crate::text::Text;

/// A place to look at again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wake {
    /// AID.
    pub aid: Text,
    /// Sequence number.
    pub sn: u128,
}

/// Places in order. A repeat is dropped while its first waits.
#[derive(Debug, Default)]
pub struct Wakes {
    order: VecDeque<Wake>,
    waiting: AHashSet<Wake>,
}

impl Wakes {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Whether this one waits.
    pub fn contains(&self, wake: &Wake) -> bool {
        self.waiting.contains(wake)
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Wake> {
        self.order.iter()
    }

    /// Adds one behind, unless it waits.
    pub fn push(&mut self, wake: Wake) {
        if self.waiting.insert(wake.clone()) {
            self.order.push_back(wake);
        }
    }

    /// Takes the first so many.
    pub fn take(&mut self, count: usize) -> Vec<Wake> {
        let taken: Vec<Wake> = self.order.drain(..count).collect();
        for wake in &taken {
            self.waiting.remove(wake);
        }
        taken
    }
}

/// The places of one fold: those that parts before it have left, and then its own. A fold may be repeated, so the former
/// stay as they are.
pub struct Waking<'b> {
    left: &'b Wakes,
    taken: AHashSet<&'b Wake>,
    own: Wakes,
}

/// What a fold did with its places.
#[derive(Default)]
pub struct Woken {
    /// How many of those that were left before are done with.
    pub taken: usize,
    /// Those that it leaves behind them.
    pub added: Wakes,
}

impl<'b> Waking<'b> {
    /// Begins with what is left.
    pub fn new(left: &'b Wakes) -> Self {
        Waking {
            left,
            taken: AHashSet::default(),
            own: Wakes::default(),
        }
    }

    /// Adds a place, unless it waits.
    pub fn push(&mut self, wake: Wake) {
        if !self.left.contains(&wake) || self.taken.contains(&wake) {
            self.own.push(wake);
        }
    }

    /// The next one.
    pub fn first(&self) -> Option<&Wake> {
        let left = self.left.order.get(self.taken.len());
        left.or_else(|| self.own.order.front())
    }

    /// Takes the next one.
    pub fn next(&mut self) -> Option<Wake> {
        if let Some(wake) = self.left.order.get(self.taken.len()) {
            self.taken.insert(wake);
            return Some(wake.clone());
        }
        self.own.take(1.min(self.own.order.len())).pop()
    }

    /// Ends with this.
    pub fn end(self) -> Woken {
        Woken {
            taken: self.taken.len(),
            added: self.own,
        }
    }
}
