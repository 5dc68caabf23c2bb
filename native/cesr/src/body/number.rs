//! Numbers as Python's `json` and `repr` write them. Source: cesr.md section 3.1.

/// Longest float that Python writes: sign, 17 digits, point, exponent.
const FLOAT_CHARS_MAX: usize = 25;

/// Whether `text` is an integer or a float in the one form that Python writes.
pub(crate) fn is_canonical(text: &[u8]) -> bool {
    is_canonical_integer(text) || is_canonical_float(text)
}

/// `-?` and digits without leading zero; not `-0`.
pub(crate) fn is_canonical_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        [b'0'] => digits.len() == text.len(),
        [first, rest @ ..] => matches!(first, b'1'..=b'9') && rest.iter().all(u8::is_ascii_digit),
        [] => false,
    }
}

/// A finite float in the form of Python's `repr`.
pub(crate) fn is_canonical_float(text: &[u8]) -> bool {
    if text.len() > FLOAT_CHARS_MAX || !text.iter().any(|c| matches!(c, b'.' | b'e')) {
        return false;
    }
    let Some(value) = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
    else {
        return false;
    };
    value.is_finite() && repr(value).as_bytes() == text
}

/// Python's `repr` of a finite float: the shortest digits that read back as the same value; fixed notation for
/// exponents from -4 to 15, else an exponent with its sign and at least two digits.
pub(crate) fn repr(value: f64) -> String {
    let scientific = shortest(value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = mantissa
        .strip_prefix('-')
        .map_or(("", mantissa), |mantissa| ("-", mantissa));
    let digits = mantissa.replace('.', "");
    match exponent {
        0..16 => {
            let whole = exponent.unsigned_abs() as usize + 1;
            let (before, after) = digits.split_at(whole.min(digits.len()));
            let after = if after.is_empty() { "0" } else { after };
            format!("{sign}{before:0<whole$}.{after}")
        }
        -4..0 => format!(
            "{sign}0.{}{digits}",
            "0".repeat(exponent.unsigned_abs() as usize - 1)
        ),
        _ => {
            let point = if mantissa.contains('.') {
                mantissa.to_owned()
            } else {
                digits
            };
            let direction = if exponent < 0 { '-' } else { '+' };
            format!("{sign}{point}e{direction}{:02}", exponent.unsigned_abs())
        }
    }
}

/// The fewest digits that read back as the same value; of two that are equally near to it the even one, as Python takes
/// it and Rust does not.
fn shortest(value: f64) -> String {
    let found = format!("{value:e}");
    let digits = found
        .find('e')
        .zip(found.find('.'))
        .map_or(0, |(end, point)| end - point - 1);
    let even = format!("{value:.digits$e}");
    if even.parse() == Ok(value) {
        even
    } else {
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_accepted_as_python_writes_them() {
        for good in [
            "1.0",
            "0.1",
            "1e+16",
            "1e-07",
            "-0.0",
            "0.0",
            "1.5e+300",
            "0.0001",
            "1e-05",
            "123456789012345.6",
            "1234567890123456.0",
            "1.2345678901234568e+16",
            "5e-324",
            "1.7976931348623157e+308",
            "100.0",
            "2.5",
            "17769519228118.812",
        ] {
            assert!(is_canonical_float(good.as_bytes()), "{good}");
        }
        for bad in [
            "1e2",
            "1E5",
            "1e16",
            "123456789012345680.0",
            "1.",
            ".5",
            "1.00",
            "01.0",
            "+1.0",
            "1e+5",
            "0.00001",
            "1e-7",
            "1e400",
            "NaN",
            "inf",
            "1.0e+16",
            "17769519228118.813",
            "0.1000000000000000055",
            "1",
            "-0",
        ] {
            assert!(!is_canonical_float(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn integers_have_one_form() {
        for good in ["0", "1", "-1", "10", "123456789012345678901234567890"] {
            assert!(is_canonical_integer(good.as_bytes()), "{good}");
        }
        for bad in ["-0", "01", "+1", "", "-", "1.0", "0x1", " 1"] {
            assert!(!is_canonical_integer(bad.as_bytes()), "{bad}");
        }
    }
}
