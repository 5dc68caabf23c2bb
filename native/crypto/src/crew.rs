//! The threads that share the work of a batch.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// The calling thread and its helpers. Each takes the next part when it is done with one, so that no one waits long
/// at the end if the parts become smaller.
pub(crate) struct Crew {
    /// Where no threads can be had, the caller does all the work.
    helpers: Option<rayon::ThreadPool>,
}

impl Crew {
    /// `threads` in all, the caller among them.
    pub(crate) fn new(threads: usize) -> Self {
        let build = |helpers| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(helpers)
                .thread_name(|i| format!("kelpipe-crypto-{i}"))
                .build()
        };
        Self {
            helpers: threads
                .checked_sub(1)
                .filter(|&n| n > 0)
                .and_then(|n| build(n).ok()),
        }
    }

    /// How many work, the caller among them.
    pub(crate) fn threads(&self) -> usize {
        1 + self
            .helpers
            .as_ref()
            .map_or(0, rayon::ThreadPool::current_num_threads)
    }

    /// What `make` makes of each number below `count`, in order. The parts are begun in order.
    pub(crate) fn map<T: Send>(&self, count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let Some(helpers) = self.helpers.as_ref().filter(|_| count > 1) else {
            return (0..count).map(make).collect();
        };
        let next = AtomicUsize::new(0);
        let all: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
        let work = || {
            loop {
                let at = next.fetch_add(1, Relaxed);
                if at >= count {
                    break;
                }
                let made = make(at);
                all.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((at, made));
            }
        };
        helpers.in_place_scope(|scope| {
            scope.spawn_broadcast(|_, _| work());
            work();
        });
        let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
        all.sort_unstable_by_key(|&(at, _)| at);
        all.into_iter().map(|(_, made)| made).collect()
    }
}
