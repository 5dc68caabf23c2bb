//! Signing thresholds: a number of keys, or clauses of fractional weights.
//!
//! Source: keri-events.md 5; sizes: attacks.md E15; strictness: HARDEN 1 and 8.

mod read;
mod weight;

use std::fmt::Write;

use weight::{Weight, reaches_one, weight_json};

/// Most weights of a threshold.
const WEIGHTS_MAX: usize = 4096;
/// Most clauses of a threshold.
const CLAUSES_MAX: usize = 256;

/// One element of a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// The weight of one key.
    One(Weight),
    /// An outer weight that counts when the inner weights of the next keys sum to at least 1.
    Nested(Weight, Vec<Weight>),
}

/// A threshold over a list of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// So many verified keys.
    Number(u128),
    /// Every clause must sum to at least 1.
    Weighted(Vec<Vec<Element>>),
}

impl Element {
    fn size(&self) -> usize {
        match self {
            Element::One(_) => 1,
            Element::Nested(_, inner) => inner.len(),
        }
    }
}

impl Threshold {
    /// Number of keys that the threshold needs at least (its "size").
    pub fn size(&self) -> u128 {
        match self {
            Threshold::Number(number) => *number,
            Threshold::Weighted(clauses) => clauses
                .iter()
                .flatten()
                .map(|element| element.size() as u128)
                .sum(),
        }
    }

    /// Whether it has nested weights.
    pub fn has_nested(&self) -> bool {
        let nested = |element: &Element| matches!(element, Element::Nested(..));
        matches!(self, Threshold::Weighted(clauses) if clauses.iter().flatten().any(nested))
    }

    /// Whether verified `indices` satisfy it. An integer counts `indices` as given: the caller decides
    /// whether repeated ones were removed (HARDEN 1). 0 is never satisfied, nor is any weight by an index beyond them all.
    pub fn satisfied(&self, indices: &[u32]) -> bool {
        match self {
            Threshold::Number(number) => *number > 0 && indices.len() as u128 >= *number,
            Threshold::Weighted(clauses) => {
                if indices
                    .iter()
                    .any(|index| u128::from(*index) >= self.size())
                {
                    return false;
                }
                let mut next = 0u32;
                clauses
                    .iter()
                    .all(|clause| clause_satisfied(clause, indices, &mut next))
            }
        }
    }

    /// A weighted threshold, if every clause can be satisfied and the sizes are in bounds.
    pub fn of_clauses(clauses: Vec<Vec<Element>>) -> Option<Threshold> {
        let sound = |clause: &Vec<Element>| {
            !clause.is_empty()
                && clause.iter().all(|element| match element {
                    Element::One(_) => true,
                    Element::Nested(_, inner) => reaches_one(inner.iter().copied()),
                })
                && reaches_one(clause.iter().map(|element| match element {
                    Element::One(weight) | Element::Nested(weight, _) => *weight,
                }))
        };
        let threshold = Threshold::Weighted(clauses);
        match &threshold {
            Threshold::Weighted(clauses)
                if !clauses.is_empty()
                    && clauses.len() <= CLAUSES_MAX
                    && threshold.size() <= WEIGHTS_MAX as u128
                    && clauses.iter().all(sound) =>
            {
                Some(threshold)
            }
            _ => None,
        }
    }

    /// The normalized JSON value that key state shows: reduced fractions, one clause as a flat list,
    /// a number as lower-case hexadecimal text.
    pub fn json(&self) -> String {
        match self {
            Threshold::Number(number) => format!("\"{number:x}\""),
            Threshold::Weighted(clauses) => {
                let mut out = String::new();
                let lists: Vec<String> = clauses.iter().map(|clause| clause_json(clause)).collect();
                match lists.as_slice() {
                    [one] => out.push_str(one),
                    many => {
                        let _ = write!(out, "[{}]", many.join(","));
                    }
                }
                out
            }
        }
    }
}

fn clause_satisfied(clause: &[Element], indices: &[u32], next: &mut u32) -> bool {
    let mut held = Vec::with_capacity(clause.len());
    for element in clause {
        match element {
            Element::One(weight) => {
                if indices.contains(next) {
                    held.push(*weight);
                }
                *next += 1;
            }
            Element::Nested(weight, inner) => {
                let from = *next;
                *next += inner.len() as u32;
                let met = inner
                    .iter()
                    .zip(from..)
                    .filter(|(_, index)| indices.contains(index))
                    .map(|(weight, _)| *weight);
                if reaches_one(met) {
                    held.push(*weight);
                }
            }
        }
    }
    reaches_one(held.into_iter())
}

fn clause_json(clause: &[Element]) -> String {
    let elements: Vec<String> = clause
        .iter()
        .map(|element| match element {
            Element::One(weight) => weight_json(*weight),
            Element::Nested(weight, inner) => {
                let inner: Vec<String> = inner.iter().map(|weight| weight_json(*weight)).collect();
                format!("{{{}:[{}]}}", weight_json(*weight), inner.join(","))
            }
        })
        .collect();
    format!("[{}]", elements.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, strict: bool) -> Option<Threshold> {
        Threshold::of_json(json.as_bytes(), strict)
    }

    #[test]
    fn a_flat_list_is_one_clause_and_fractions_are_reduced() {
        let threshold = read(r#"["2/4","1/2","1/2"]"#, true).expect("valid");
        assert_eq!(threshold.json(), r#"["1/2","1/2","1/2"]"#);
        assert!(threshold.satisfied(&[0, 2]));
        assert!(!threshold.satisfied(&[1, 1]));
    }

    #[test]
    fn every_clause_must_reach_one() {
        assert!(read(r#"["1/2"]"#, true).is_none());
        let two = read(r#"[["1/2","1/2"],["1"]]"#, true).expect("valid");
        assert!(!two.satisfied(&[0, 1]));
        assert!(two.satisfied(&[0, 1, 2]));
        assert_eq!(two.json(), r#"[["1/2","1/2"],["1"]]"#);
    }

    #[test]
    fn nested_weights_count_the_next_keys() {
        let nested = read(r#"[{"1/2":["1/2","1/2"]},"1/2"]"#, true).expect("valid");
        assert_eq!(nested.size(), 3);
        assert!(nested.satisfied(&[0, 1, 2]));
        assert!(!nested.satisfied(&[0, 2]));
        assert_eq!(nested.json(), r#"[{"1/2":["1/2","1/2"]},"1/2"]"#);
    }

    #[test]
    fn an_index_beyond_the_weights_satisfies_nothing() {
        let two = read(r#"["1/2","1/2"]"#, true).expect("valid");
        assert!(two.satisfied(&[0, 1]));
        assert!(!two.satisfied(&[0, 1, 2]));
    }

    #[test]
    fn zero_is_never_satisfied_and_lenient_forms_are_lenient_only() {
        assert!(!Threshold::Number(0).satisfied(&[0]));
        for text in [r#""01""#, r#"["1.0"]"#, r#"["01/2","1/2"]"#, "true"] {
            assert!(read(text, true).is_none(), "{text}");
            assert!(read(text, false).is_some(), "{text}");
        }
        assert!(read(r#""""#, false).is_none());
    }
}
