//! Containers that are open, and duplicate keys in them.

use smallvec::SmallVec;

use super::Span;
use crate::error::{Error, ErrorKind};

/// Up to this many keys of a map are compared with each other as they come; more are sorted when the map ends.
const COMPARED_MAX: usize = 16;

/// One open map or list.
#[derive(Clone, Copy)]
struct Open {
    is_map: bool,
    /// Entries still to come, of kinds that say so in advance.
    left: u32,
    /// First of its keys in `Nesting::keys`.
    first_key: u32,
    /// One bit for each key's length and outer bytes: a clear bit proves a key new.
    seen: u64,
}

/// The stack of open containers of one body. Memory grows with depth and keys only, and small bodies need none.
pub(super) struct Nesting {
    stack: SmallVec<[Open; 4]>,
    keys: SmallVec<[Span; 16]>,
    depth_max: usize,
}

impl Nesting {
    pub(super) fn new(depth_max: u32) -> Self {
        Self {
            stack: SmallVec::new(),
            keys: SmallVec::new(),
            depth_max: depth_max as usize,
        }
    }

    /// Opens a container at byte `at`; `left` entries will come, where the kind tells.
    #[inline]
    pub(super) fn open(&mut self, is_map: bool, left: u32, at: usize) -> Result<(), Error> {
        if self.stack.len() >= self.depth_max {
            return Err(Error::new(ErrorKind::Depth, at));
        }
        self.stack.push(Open {
            is_map,
            left,
            first_key: self.keys.len() as u32,
            seen: 0,
        });
        Ok(())
    }

    /// Whether the innermost container is a map; `None` outside all.
    #[inline]
    pub(super) fn in_map(&self) -> Option<bool> {
        self.stack.last().map(|open| open.is_map)
    }

    /// Counts one entry of the innermost container down; `false` when none is left.
    pub(super) fn take(&mut self) -> bool {
        self.stack
            .last_mut()
            .is_some_and(|open| match open.left.checked_sub(1) {
                Some(left) => {
                    open.left = left;
                    true
                }
                None => false,
            })
    }

    /// Adds a key of the innermost map, standing at `span` of `bytes`.
    #[inline]
    pub(super) fn key(&mut self, bytes: &[u8], span: Span) -> Result<(), Error> {
        let Some(open) = self.stack.last_mut() else {
            return Ok(());
        };
        let key = span.of(bytes);
        let ends = key
            .first()
            .zip(key.last())
            .map_or(0, |(a, b)| usize::from(*a) * 5 + usize::from(*b));
        let bit = 1u64 << ((key.len() * 11 + ends) % 64);
        let others = self.keys.get(open.first_key as usize..).unwrap_or_default();
        if open.seen & bit != 0
            && others.len() < COMPARED_MAX
            && others.iter().any(|other| other.of(bytes) == key)
        {
            return Err(Error::new(ErrorKind::DuplicateKey, span.start as usize));
        }
        open.seen |= bit;
        self.keys.push(span);
        Ok(())
    }

    /// Closes the innermost container.
    pub(super) fn close(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some(open) = self.stack.pop() else {
            return Ok(());
        };
        if self.keys.len() - open.first_key as usize > COMPARED_MAX {
            self.compare_all(bytes, open.first_key as usize)?;
        }
        self.keys.truncate(open.first_key as usize);
        Ok(())
    }

    /// Refuses a key that stands twice from key number `first` on.
    #[cold]
    fn compare_all(&self, bytes: &[u8], first: usize) -> Result<(), Error> {
        let mut sorted: Vec<Span> = self.keys.get(first..).unwrap_or_default().to_vec();
        sorted.sort_unstable_by(|a, b| a.of(bytes).cmp(b.of(bytes)).then(a.start.cmp(&b.start)));
        match sorted
            .windows(2)
            .find(|pair| pair[0].of(bytes) == pair[1].of(bytes))
        {
            Some(pair) => Err(Error::new(ErrorKind::DuplicateKey, pair[1].start as usize)),
            None => Ok(()),
        }
    }
}
