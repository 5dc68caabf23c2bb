//! Signing thresholds: a number of keys, or clauses of fractional weights.
//!
//! Source: keri-events.md 5; sizes: attacks.md E15; strictness: HARDEN 1 and 8.

use std::fmt::Write;
use std::slice::Iter;

use kelpipe_cesr::body::{Text, Token};
use num_bigint::BigUint;
use num_rational::Ratio;

use crate::number;

/// Largest numerator or denominator of a weight.
const WEIGHT_PART_MAX: u64 = u32::MAX as u64;
/// Most weights of a threshold.
const WEIGHTS_MAX: usize = 4096;
/// Most clauses of a threshold.
const CLAUSES_MAX: usize = 256;

/// An exact fraction between 0 and 1, reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    num: u32,
    den: u32,
}

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

impl Weight {
    fn new(num: u64, den: u64) -> Option<Weight> {
        if den == 0 || num > den || den > WEIGHT_PART_MAX {
            return None;
        }
        let divisor = gcd(num, den);
        Some(Weight {
            num: u32::try_from(num / divisor).ok()?,
            den: u32::try_from(den / divisor).ok()?,
        })
    }

    /// Reads `0`, `1` or `n/d`; leniently also spaces, leading zeros and whole decimals.
    fn parse(text: &[u8], strict: bool) -> Option<Weight> {
        let text = if strict { text } else { text.trim_ascii() };
        match text.iter().position(|byte| *byte == b'/') {
            Some(slash) => {
                let (num, den) = (&text[..slash], &text[slash + 1..]);
                Weight::new(whole(num, strict)?, whole(den, strict)?)
            }
            None if strict => Weight::new(whole(text, true).filter(|value| *value <= 1)?, 1),
            None => Weight::new(lenient_decimal(text)?, 1),
        }
    }
}

fn whole(digits: &[u8], strict: bool) -> Option<u64> {
    let canonical = matches!(digits, [b'0']) || digits.first().is_some_and(|first| *first != b'0');
    if digits.is_empty()
        || digits.len() > 10
        || (strict && !canonical)
        || !digits.iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    std::str::from_utf8(digits)
        .ok()?
        .parse()
        .ok()
        .filter(|value| *value <= WEIGHT_PART_MAX)
}

/// A decimal without fractional part, as Python's `float` reads it: `1.0`, `1e0`, `01`.
fn lenient_decimal(text: &[u8]) -> Option<u64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    match value.to_bits() {
        bits if bits << 1 == 0 => Some(0),
        bits if bits == 1f64.to_bits() => Some(1),
        _ => None,
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Whether exact fractions sum to at least 1.
fn reaches_one(weights: impl Iterator<Item = Weight>) -> bool {
    let (mut num, mut den) = (0u128, 1u128);
    let mut exact: Option<Ratio<BigUint>> = None;
    for weight in weights {
        if let Some(sum) = &mut exact {
            *sum += Ratio::new(BigUint::from(weight.num), BigUint::from(weight.den));
            continue;
        }
        let (n, d) = (u128::from(weight.num), u128::from(weight.den));
        let sum = num
            .checked_mul(d)
            .zip(n.checked_mul(den))
            .and_then(|(a, b)| a.checked_add(b))
            .zip(den.checked_mul(d));
        match sum {
            Some((top, bottom)) => {
                let divisor = gcd_wide(top, bottom);
                (num, den) = (top / divisor, bottom / divisor);
            }
            None => {
                exact = Some(
                    Ratio::new(BigUint::from(num), BigUint::from(den))
                        + Ratio::new(BigUint::from(n), BigUint::from(d)),
                );
            }
        }
    }
    match exact {
        Some(sum) => sum >= Ratio::from_integer(BigUint::from(1u8)),
        None => num >= den,
    }
}

fn gcd_wide(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
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
    /// whether repeated ones were removed (HARDEN 1). 0 is never satisfied.
    pub fn satisfied(&self, indices: &[u32]) -> bool {
        match self {
            Threshold::Number(number) => *number > 0 && indices.len() as u128 >= *number,
            Threshold::Weighted(clauses) => {
                let mut next = 0u32;
                clauses
                    .iter()
                    .all(|clause| clause_satisfied(clause, indices, &mut next))
            }
        }
    }

    /// The threshold that a value says, given all its tokens. `None`: a form that is not allowed.
    pub fn of_tokens(tokens: &[Token<'_>], strict: bool) -> Option<Threshold> {
        let mut tokens = tokens.iter();
        match tokens.next()? {
            Token::Text(text) => Threshold::of_text(*text, strict),
            Token::Integer(integer) => crate::event::integer_value(*integer)
                .filter(|value| !strict || *value <= u128::from(u32::MAX))
                .map(Threshold::Number),
            Token::Bool(value) if !strict => Some(Threshold::Number(u128::from(*value))),
            Token::ListStart => Threshold::of_list(&mut tokens, strict),
            Token::Primitive(primitive) => crate::native::threshold(primitive),
            _ => None,
        }
    }

    fn of_text(text: Text<'_>, strict: bool) -> Option<Threshold> {
        if !strict && text.raw.trim_ascii().first() == Some(&b'[') {
            let plain: Vec<u8> = text
                .raw
                .iter()
                .copied()
                .filter(|byte| !matches!(byte, b'\\' | b' '))
                .collect();
            return Threshold::of_json(&plain, false);
        }
        number::hex(text.raw, strict).map(Threshold::Number)
    }

    /// The threshold that a JSON value says.
    pub fn of_json(json: &[u8], strict: bool) -> Option<Threshold> {
        let wrapped = crate::event::wrapped(json);
        let mut reader = crate::event::value_reader(&wrapped).ok()?;
        let tokens = crate::event::value_tokens(&mut reader).ok()?;
        Threshold::of_tokens(&tokens, strict)
    }

    fn of_list(tokens: &mut Iter<'_, Token<'_>>, strict: bool) -> Option<Threshold> {
        let mut clauses: Vec<Vec<Element>> = Vec::new();
        let mut flat: Vec<Element> = Vec::new();
        loop {
            match tokens.next()? {
                Token::ListEnd => break,
                Token::ListStart => clauses.push(clause(tokens, strict)?),
                token => flat.push(element(token, tokens, strict)?),
            }
        }
        if !flat.is_empty() {
            if !clauses.is_empty() {
                return None;
            }
            clauses.push(flat);
        }
        Threshold::of_clauses(clauses)
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

    /// A weight from its text, for native bodies.
    pub fn weight(text: &[u8]) -> Option<Weight> {
        Weight::parse(text, true)
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

fn clause(tokens: &mut Iter<'_, Token<'_>>, strict: bool) -> Option<Vec<Element>> {
    let mut clause = Vec::new();
    loop {
        match tokens.next()? {
            Token::ListEnd => return Some(clause),
            token => clause.push(element(token, tokens, strict)?),
        }
    }
}

fn element(token: &Token<'_>, tokens: &mut Iter<'_, Token<'_>>, strict: bool) -> Option<Element> {
    match token {
        Token::Text(text) => Weight::parse(text.raw, strict).map(Element::One),
        Token::MapStart => {
            let (Token::Key(outer), Token::ListStart) = (tokens.next()?, tokens.next()?) else {
                return None;
            };
            let mut inner = Vec::new();
            loop {
                match tokens.next()? {
                    Token::ListEnd => break,
                    Token::Text(text) => inner.push(Weight::parse(text.raw, strict)?),
                    _ => return None,
                }
            }
            let closed = matches!(tokens.next()?, Token::MapEnd);
            (closed && !inner.is_empty())
                .then_some(Element::Nested(Weight::parse(outer.raw, strict)?, inner))
        }
        _ => None,
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

fn weight_json(weight: Weight) -> String {
    if weight.den == 1 {
        format!("\"{}\"", weight.num)
    } else {
        format!("\"{}/{}\"", weight.num, weight.den)
    }
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
    fn zero_is_never_satisfied_and_lenient_forms_are_lenient_only() {
        assert!(!Threshold::Number(0).satisfied(&[0]));
        for text in [r#""01""#, r#"["1.0"]"#, r#"["01/2","1/2"]"#, "true"] {
            assert!(read(text, true).is_none(), "{text}");
            assert!(read(text, false).is_some(), "{text}");
        }
    }

    #[test]
    fn long_fractions_stay_exact() {
        let weights: Vec<Weight> = [
            4_294_967_291u64,
            4_294_967_279,
            4_294_967_231,
            4_294_967_197,
            4_294_967_189,
        ]
        .iter()
        .filter_map(|den| Weight::new(den / 5, *den))
        .collect();
        assert!(!reaches_one(weights.into_iter()));
    }
}
