//! Numbers of event bodies: hexadecimal sequence numbers and witness thresholds.
//!
//! Source: keri-events.md 2. HARDEN 8 takes only the canonical form; without it the reference's integer
//! parser is followed: surrounding space, a sign on zero, `0x`, leading zeros, single underscores, and "" as 0.

/// Reads a hexadecimal number of at most 128 bits.
pub fn hex(text: &[u8], strict: bool) -> Option<u128> {
    if strict {
        canonical(text)
    } else {
        lenient(text, 16)
    }
}

fn canonical(text: &[u8]) -> Option<u128> {
    match text {
        [first, ..] if text.len() > SHORT_DIGITS_MAX && *first != b'0' && text.len() <= 32 => {
            text.iter().try_fold(0, |value, byte| {
                Some((value << 4) | u128::from(digit(*byte)?))
            })
        }
        _ => short_hex(text).map(u128::from),
    }
}

/// Most digits of a number of 64 bits.
const SHORT_DIGITS_MAX: usize = 16;

/// Reads a hexadecimal number of at most 64 bits in the canonical form.
#[inline]
pub fn short_hex(text: &[u8]) -> Option<u64> {
    match text {
        [byte] => digit(*byte).map(u64::from),
        [first, ..] if *first != b'0' && text.len() <= SHORT_DIGITS_MAX => {
            text.iter().try_fold(0, |value, byte| {
                Some((value << 4) | u64::from(digit(*byte)?))
            })
        }
        _ => None,
    }
}

/// A hexadecimal digit in the canonical form.
#[inline]
pub fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// Python's `int(text, radix)` for what fits 128 bits and is not negative; "" is 0 as the reference has it.
fn lenient(text: &[u8], radix: u32) -> Option<u128> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Some(0);
    }
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let digits = match digits {
        [b'0', b'x' | b'X', rest @ ..] if radix == 16 => rest.strip_prefix(b"_").unwrap_or(rest),
        _ => digits,
    };
    let (mut value, mut after_digit) = (0u128, false);
    for byte in digits {
        if *byte == b'_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = char::from(*byte).to_digit(radix)?;
        value = value
            .checked_mul(u128::from(radix))?
            .checked_add(u128::from(digit))?;
        after_digit = true;
    }
    (after_digit && (!negative || value == 0)).then_some(value)
}

/// Reads a JSON integer's decimal digits; negative ones are refused.
pub fn decimal(digits: &[u8]) -> Option<u128> {
    lenient(digits, 10).filter(|_| !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_taken_strictly() {
        assert_eq!(hex(b"0", true), Some(0));
        assert_eq!(hex(b"1f", true), Some(31));
        assert_eq!(
            hex(b"ffffffffffffffffffffffffffffffff", true),
            Some(u128::MAX)
        );
        for text in [
            "",
            "00",
            "01",
            "0x1",
            " 1",
            "1 ",
            "1F",
            "-0",
            "0_0",
            "100000000000000000000000000000000",
        ] {
            assert_eq!(hex(text.as_bytes(), true), None, "{text}");
        }
    }

    #[test]
    fn the_reference_forms_are_taken_leniently() {
        for (text, value) in [
            ("", 0),
            ("0x0", 0),
            (" 0", 0),
            ("00", 0),
            ("0_0", 0),
            ("-0", 0),
            ("1F", 31),
            ("0x1f", 31),
        ] {
            assert_eq!(hex(text.as_bytes(), false), Some(value), "{text}");
        }
        for text in ["g", "-1", "0__0", "_0", "0_", "0x"] {
            assert_eq!(hex(text.as_bytes(), false), None, "{text}");
        }
    }
}
