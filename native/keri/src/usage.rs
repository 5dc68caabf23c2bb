//! What waits, by source and kind, against its caps; and who has to give way when it becomes too much.
//!
//! Source: escrows.md 8, attacks.md E11. Nobody is evicted who keeps within the fair share: the level up to which all
//! sources can be filled at a time.

use crate::decision::{KINDS, Kind};
use crate::options::{Cap, Limits};
use crate::record::Waiting;
use crate::store::Map;

/// What a stored row counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    source: u32,
    kinds: u16,
    bytes: u64,
}

/// What a row takes on disk beside its texts: keys of the row and of its indexes, its AID's record, room in pages that is
/// left free, and pages that transactions replace. Measured over floods of entries of as many AIDs (`npm run bench:flood`).
const ROW_BYTES: u64 = 1850;
/// What its texts take, in halves of their size.
const TEXT_HALVES: u64 = 3;

impl Held {
    /// What `waiting` counts for.
    pub fn of(waiting: &Waiting) -> Held {
        let (source, bytes) = match waiting {
            Waiting::Event(event) => {
                let attached: usize = event.attached.iter().map(|(_, text)| text.len()).sum();
                (event.source, event.body.len() + attached)
            }
            Waiting::Receipt(receipt) => (receipt.source, 2 * receipt.value.len()),
            Waiting::Query(query) => {
                let signatures: usize = query.signatures.iter().map(|text| text.len()).sum();
                (query.source, query.body.len() + signatures)
            }
        };
        Held {
            source,
            kinds: waiting.kinds(),
            bytes: bytes as u64 * TEXT_HALVES / 2 + ROW_BYTES,
        }
    }

    /// Bytes on disk, roughly.
    pub fn bytes(self) -> u64 {
        self.bytes
    }

    fn each_kind(self) -> impl Iterator<Item = Kind> {
        Kind::PASS
            .into_iter()
            .filter(move |kind| self.kinds & kind.bit() != 0)
    }
}

/// Entries and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Entries. A row that is in two escrows is two entries.
    pub entries: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.entries += 1;
        self.bytes += bytes;
    }

    fn take(&mut self, bytes: u64) {
        self.entries = self.entries.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    fn and(self, fresh: u64) -> Amount {
        Amount {
            entries: self.entries + fresh,
            ..self
        }
    }
}

/// Whether one more may wait where `all` do, from one who has `own` of it among `sources`. Below the high mark all may;
/// above it there is room left for those who have less than an equal share.
fn has_room(all: Amount, own: Amount, sources: u64, cap: Cap) -> bool {
    let open = |all: u64, own: u64, cap: u64| {
        all < eighths(cap, HIGH_EIGHTHS) || (all < cap && own < eighths(cap, LOW_EIGHTHS) / sources)
    };
    open(all.entries, own.entries, cap.entries) && open(all.bytes, own.bytes, cap.bytes)
}

/// Entries that a fold has added and that are not counted yet.
#[derive(Debug, Default)]
pub struct Fresh {
    all: u64,
    kinds: [u64; KINDS],
    sources: Map<u32, u64>,
}

/// All that waits.
#[derive(Debug, Default)]
pub struct Usage {
    all: Amount,
    kinds: [Amount; KINDS],
    sources: Map<u32, Amount>,
    shares: Map<(u32, u8), Amount>,
}

/// What one source has to give up of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Source.
    pub source: u32,
    /// Kind.
    pub kind: Kind,
    /// Entries and bytes: so many of both, the oldest first.
    pub amount: Amount,
}

/// Parts of a cap, in eighths: above the first the heavy are refused, and evicted down to the second.
const HIGH_EIGHTHS: u64 = 7;
const LOW_EIGHTHS: u64 = 6;

impl Usage {
    /// Counts a row.
    pub fn add(&mut self, held: Held) {
        for kind in held.each_kind() {
            self.all.add(held.bytes);
            self.kinds[kind as usize].add(held.bytes);
            self.sources.entry(held.source).or_default().add(held.bytes);
            let share = self.shares.entry((held.source, kind as u8)).or_default();
            share.add(held.bytes);
        }
    }

    /// Counts a row no more.
    pub fn take(&mut self, held: Held) {
        for kind in held.each_kind() {
            self.all.take(held.bytes);
            self.kinds[kind as usize].take(held.bytes);
            take_from(&mut self.sources, held.source, held.bytes);
            take_from(&mut self.shares, (held.source, kind as u8), held.bytes);
        }
    }

    /// Whether one more entry of `kind` from `source` may wait; it is counted in `fresh` then.
    pub fn admits(&self, fresh: &mut Fresh, source: u32, kind: Kind, limits: &Limits) -> bool {
        let known = self.sources.get(&source).copied();
        let fresh_of_source = fresh.sources.entry(source).or_default();
        let own = known.unwrap_or_default().and(*fresh_of_source);
        let share = self.shares.get(&(source, kind as u8)).copied();
        let own_of_kind = share.unwrap_or_default().and(*fresh_of_source);
        let number = kind as usize;
        let sources = self.sources.len() as u64 + u64::from(known.is_none());
        let cap = limits.waiting_per_source;
        let of_kind = self.kinds[number].and(fresh.kinds[number]);
        let admitted = own.entries < cap.entries
            && own.bytes < cap.bytes
            && has_room(self.all.and(fresh.all), own, sources, limits.waiting)
            && has_room(
                of_kind,
                own_of_kind,
                sources,
                limits.waiting_per_kind[number],
            );
        if admitted {
            fresh.all += 1;
            fresh.kinds[number] += 1;
            *fresh_of_source += 1;
        }
        admitted
    }

    /// All that waits.
    pub fn all(&self) -> Amount {
        self.all
    }

    /// What has to go, if it is too much: of each source that has more than its fair share, what it has more. Evidence
    /// and what waits for somebody's decision stays.
    pub fn excess(&self, limits: &Limits) -> Vec<Excess> {
        let mut out = Vec::new();
        for kind in Kind::PASS.into_iter().filter(|kind| evictable(*kind)) {
            let cap = limits.waiting_per_kind[kind as usize];
            let of_kind = self
                .shares
                .iter()
                .filter(|((_, of), _)| *of == kind as u8)
                .map(|((source, _), amount)| (*source, *amount));
            over(self.kinds[kind as usize], cap, of_kind, |source, amount| {
                out.push(Excess {
                    source,
                    kind,
                    amount,
                });
            });
        }
        if !out.is_empty() {
            return out;
        }
        let sources = self
            .sources
            .iter()
            .map(|(source, amount)| (*source, *amount));
        over(self.all, limits.waiting, sources, |source, amount| {
            self.spread(source, amount, &mut out);
        });
        out
    }

    /// Takes an excess of a source from its kinds, in the order of [`Kind::PASS`]: unverified ones first.
    fn spread(&self, source: u32, mut amount: Amount, out: &mut Vec<Excess>) {
        for kind in Kind::PASS.into_iter().filter(|kind| evictable(*kind)) {
            let Some(share) = self.shares.get(&(source, kind as u8)) else {
                continue;
            };
            let part = Amount {
                entries: share.entries.min(amount.entries),
                bytes: share.bytes.min(amount.bytes),
            };
            if part == Amount::default() {
                continue;
            }
            amount.entries -= part.entries;
            amount.bytes -= part.bytes;
            out.push(Excess {
                source,
                kind,
                amount: part,
            });
        }
    }
}

fn take_from<K: std::hash::Hash + Eq>(map: &mut Map<K, Amount>, key: K, bytes: u64) {
    if let std::collections::hash_map::Entry::Occupied(mut entry) = map.entry(key) {
        entry.get_mut().take(bytes);
        if entry.get().entries == 0 {
            entry.remove();
        }
    }
}

fn evictable(kind: Kind) -> bool {
    !matches!(kind, Kind::LikelyDuplicitous | Kind::Misfit)
}

/// Tells what each source has above the level up to which all can be filled, where `all` is above its high mark.
fn over(
    all: Amount,
    cap: Cap,
    sources: impl Iterator<Item = (u32, Amount)>,
    mut tell: impl FnMut(u32, Amount),
) {
    let crowded = |used: u64, cap: u64| used > eighths(cap, HIGH_EIGHTHS);
    let (entries, bytes) = (
        crowded(all.entries, cap.entries),
        crowded(all.bytes, cap.bytes),
    );
    if !entries && !bytes {
        return;
    }
    let sources: Vec<(u32, Amount)> = sources.collect();
    let level = |crowded: bool, cap: u64, of: fn(&Amount) -> u64| {
        if crowded {
            fair_level(
                sources.iter().map(|(_, amount)| of(amount)),
                eighths(cap, LOW_EIGHTHS),
            )
        } else {
            u64::MAX
        }
    };
    let entries = level(entries, cap.entries, |amount| amount.entries);
    let bytes = level(bytes, cap.bytes, |amount| amount.bytes);
    for (source, amount) in &sources {
        let excess = Amount {
            entries: amount.entries.saturating_sub(entries),
            bytes: amount.bytes.saturating_sub(bytes),
        };
        if excess != Amount::default() {
            tell(*source, excess);
        }
    }
}

/// `parts` eighths of `cap`.
fn eighths(cap: u64, parts: u64) -> u64 {
    cap / 8 * parts
}

/// The level up to which all can be filled so that no more than `room` is taken: who has less keeps all of it.
fn fair_level(uses: impl Iterator<Item = u64>, room: u64) -> u64 {
    let mut sorted: Vec<u64> = uses.collect();
    sorted.sort_unstable();
    let (mut left, mut many) = (room, sorted.len() as u64);
    for used in sorted {
        if used.saturating_mul(many) > left {
            return left / many;
        }
        left -= used;
        many -= 1;
    }
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::{Amount, Cap, fair_level, over};

    #[test]
    fn who_has_no_more_than_a_fair_share_keeps_all() {
        assert_eq!(fair_level([10, 20, 1000].into_iter(), 100), 70);
        assert_eq!(fair_level([50, 50, 50].into_iter(), 90), 30);
        assert_eq!(fair_level([1, 2, 3].into_iter(), 6), u64::MAX);
    }

    #[test]
    fn nothing_has_to_go_below_the_high_mark_and_only_from_the_heaviest_above() {
        let cap = Cap {
            entries: 800,
            bytes: u64::MAX,
        };
        let amount = |entries| Amount { entries, bytes: 0 };
        let sources = || [(1, amount(5)), (2, amount(600)), (3, amount(100))].into_iter();
        let mut told = Vec::new();
        over(amount(700), cap, sources(), |source, excess| {
            told.push((source, excess.entries));
        });
        assert_eq!(told, []);
        over(amount(705), cap, sources(), |source, excess| {
            told.push((source, excess.entries));
        });
        assert_eq!(told, [(2, 105)]);
    }
}
