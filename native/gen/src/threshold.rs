//! Signing thresholds as they are made here.

use std::fmt::Write;

/// A weight that is one part of so many.
pub type Parts = u32;

/// One element of a clause: the weight of a key, or of a group of the next keys with a clause of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// One key.
    One(Parts),
    /// The keys that the inner weights are for. v2 only.
    Group(Parts, Vec<Parts>),
}

/// A threshold over a list of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// So many keys.
    Number(usize),
    /// Clauses; the weights of each must come to at least 1.
    Clauses(Vec<Vec<Element>>),
}

/// The text of a weight.
pub fn weight(parts: Parts) -> String {
    if parts == 1 {
        "1".into()
    } else {
        format!("1/{parts}")
    }
}

/// A common multiple of every number of parts that is used.
const COMMON: u32 = 5040;

impl Threshold {
    /// One clause of `keys` equal weights, `of` of which are enough.
    pub fn equal(keys: usize, of: usize) -> Threshold {
        Threshold::Clauses(vec![vec![Element::One(of as Parts); keys]])
    }

    /// Number of keys that it is over; of a plain number the number itself.
    pub fn size(&self) -> usize {
        match self {
            Threshold::Number(number) => *number,
            Threshold::Clauses(clauses) => clauses.iter().flatten().map(Element::size).sum(),
        }
    }

    /// Whether the keys whose bits are set in `mask` satisfy it.
    pub fn satisfied(&self, mask: u64) -> bool {
        let Threshold::Clauses(clauses) = self else {
            return mask.count_ones() as usize >= self.size() && self.size() > 0;
        };
        let mut at = 0;
        clauses.iter().all(|clause| {
            let mut sum = 0;
            for element in clause {
                sum += element.counted(mask >> at);
                at += element.size();
            }
            sum >= COMMON
        })
    }

    /// Its native text: `s` for `/`, `c` between weights, `a` between clauses, `k` after an outer and `v` between inner
    /// weights (keri-events.md 5).
    pub fn native_text(clauses: &[Vec<Element>]) -> String {
        let mut text = String::new();
        for (number, clause) in clauses.iter().enumerate() {
            text.push_str(if number > 0 { "a" } else { "" });
            for (at, element) in clause.iter().enumerate() {
                text.push_str(if at > 0 { "c" } else { "" });
                match element {
                    Element::One(parts) => text.push_str(&weight(*parts)),
                    Element::Group(outer, inner) => {
                        let inner: Vec<String> = inner.iter().copied().map(weight).collect();
                        let _ = write!(text, "{}k{}", weight(*outer), inner.join("v"));
                    }
                }
            }
        }
        text.replace('/', "s")
    }
}

impl Element {
    fn size(&self) -> usize {
        match self {
            Element::One(_) => 1,
            Element::Group(_, inner) => inner.len(),
        }
    }

    fn counted(&self, mask: u64) -> u32 {
        match self {
            Element::One(parts) => COMMON / parts * (mask & 1) as u32,
            Element::Group(outer, inner) => {
                let signed = inner
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| mask >> at & 1 == 1);
                let sum: u32 = signed.map(|(_, parts)| COMMON / parts).sum();
                if sum >= COMMON { COMMON / outer } else { 0 }
            }
        }
    }
}
