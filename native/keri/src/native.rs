//! Values of native (CESR kind) bodies: what JSON writes as text stands there as a primitive.
//!
//! Source: cesr.md 1.2 and 3.2.

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::primitive::Primitive;

use crate::number;
use crate::threshold::{Element, Threshold};

/// The value of a Number primitive.
pub fn number(primitive: &Primitive<'_>) -> Option<u128> {
    primitive.number()
}

/// The text of a tag primitive, if `text` is one.
pub fn tag(text: &str) -> Option<&str> {
    let primitive = Primitive::of(text, Alphabet::Strict).ok()?;
    primitive.tag()
}

/// The sequence number of a seal: canonical hexadecimal text, or a Number primitive in a native body.
pub fn seal_number(text: &str, native: bool) -> Option<u128> {
    if native {
        Primitive::of(text, Alphabet::Strict)
            .ok()
            .and_then(|primitive| primitive.number())
    } else {
        number::hex(text.as_bytes(), true)
    }
}

/// A threshold: a Number, or clauses written with `s` for `/`, `c` between weights, `a` between clauses,
/// `k` after an outer weight and `v` between its inner weights.
pub fn threshold(primitive: &Primitive<'_>) -> Option<Threshold> {
    if let Some(value) = primitive.number() {
        return Some(Threshold::Number(value));
    }
    let text = primitive.bext()?;
    let clauses: Option<Vec<Vec<Element>>> = text
        .split('a')
        .map(|clause| clause.split('c').map(element).collect())
        .collect();
    clauses.and_then(Threshold::of_clauses)
}

fn element(text: &str) -> Option<Element> {
    let weight = |text: &str| Threshold::weight(text.replace('s', "/").as_bytes());
    match text.split_once('k') {
        None => weight(text).map(Element::One),
        Some((outer, inner)) => {
            let inner: Option<Vec<_>> = inner.split('v').map(weight).collect();
            Some(Element::Nested(weight(outer)?, inner?))
        }
    }
}
