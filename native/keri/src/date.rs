//! Dates as KERI writes them: `2020-08-22T17:50:09.988921+00:00`, exactly 32 characters.

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// Microseconds since 1970 as ISO-8601 with microseconds and offset. Years outside 0–9999 are clamped.
pub fn format(micros: i64) -> String {
    let days = micros.div_euclid(DAY_MICROS).clamp(-719_528, 2_932_896);
    let rest = micros.rem_euclid(DAY_MICROS);
    let (year, month, day) = civil(days);
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}+00:00")
}

/// Reads the 32-character form. `None`: any other form, or a date that does not exist.
pub fn parse(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let separators = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'.'),
        (29, b':'),
    ];
    if bytes.len() != 32 || separators.iter().any(|(at, byte)| bytes[*at] != *byte) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = &bytes[from..to];
        digits.iter().all(u8::is_ascii_digit).then(|| {
            digits
                .iter()
                .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second, fraction) = (
        number(11, 13)?,
        number(14, 16)?,
        number(17, 19)?,
        number(20, 26)?,
    );
    let offset = number(27, 29)? * 60 + number(30, 32)?;
    let offset = match bytes[26] {
        b'+' => offset,
        b'-' => -offset,
        _ => return None,
    };
    let days = days(year, month, day);
    if civil(days) != (year, month, day)
        || hour > 23
        || minute > 59
        || second > 59
        || offset.abs() >= 1440
    {
        return None;
    }
    Some(days * DAY_MICROS + ((hour * 60 + minute - offset) * 60 + second) * 1_000_000 + fraction)
}

/// Days since 1970 of a date in the proleptic Gregorian calendar (years counted from March).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (
        of_year - (153 * shifted + 2) / 5 + 1,
        if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        },
    );
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        for (text, micros) in [
            ("1970-01-01T00:00:00.000000+00:00", 0),
            ("2024-06-01T00:00:00.000000+00:00", 1_717_200_000_000_000),
            ("2020-02-29T23:59:59.999999+00:00", 1_583_020_799_999_999),
            ("1969-12-31T23:59:59.000000+00:00", -1_000_000),
        ] {
            assert_eq!(parse(text), Some(micros));
            assert_eq!(format(micros), text);
        }
        assert_eq!(
            parse("2024-06-01T02:00:00.000000+02:00"),
            Some(1_717_200_000_000_000)
        );
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for text in [
            "2023-02-29T00:00:00.000000+00:00",
            "2024-13-01T00:00:00.000000+00:00",
            "2024-06-01T24:00:00.000000+00:00",
            "2024-06-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
