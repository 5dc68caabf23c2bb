//! Weights as exact fractions, and their sums.

use num_bigint::BigUint;
use num_rational::Ratio;

/// Largest numerator or denominator of a weight.
const WEIGHT_PART_MAX: u64 = u32::MAX as u64;

/// An exact fraction between 0 and 1, reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    num: u32,
    den: u32,
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
    pub(super) fn parse(text: &[u8], strict: bool) -> Option<Weight> {
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
pub(super) fn reaches_one(weights: impl Iterator<Item = Weight>) -> bool {
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

pub(super) fn weight_json(weight: Weight) -> String {
    if weight.den == 1 {
        format!("\"{}\"", weight.num)
    } else {
        format!("\"{}/{}\"", weight.num, weight.den)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
