//! From the first characters of a code to its row, by tables built at compile time.

use super::{
    COUNTERS_HEAD_V1, COUNTERS_STABLE, COUNTERS_V2, CounterRow, CounterTable, INDEXER, IndexerRow,
    MATTER, MatterRow,
};
use crate::error::ErrorKind;

const NONE: u8 = u8::MAX;

/// Row numbers by a code's *selector* (first character) and *tail* (last character of the hard part). Every code of
/// four characters has `AA` in the middle, except the test codes `1__-`, `1___` and so on, which have `__`.
struct Index {
    one: [u8; 128],
    two: [[u8; 128]; 10],
    four: [[u8; 128]; 10],
    test: [[u8; 128]; 10],
}

static MATTER_INDEX: Index = {
    let mut index = Index {
        one: [NONE; 128],
        two: [[NONE; 128]; 10],
        four: [[NONE; 128]; 10],
        test: [[NONE; 128]; 10],
    };
    let mut i = 0;
    while i < MATTER.len() {
        let code = MATTER[i].code.as_bytes();
        match code.len() {
            1 => index.one[code[0] as usize] = i as u8,
            2 => index.two[(code[0] - b'0') as usize][code[1] as usize] = i as u8,
            _ if code[1] == b'A' => {
                index.four[(code[0] - b'0') as usize][code[3] as usize] = i as u8;
            }
            _ => index.test[(code[0] - b'0') as usize][code[3] as usize] = i as u8,
        }
        i += 1;
    }
    index
};

static INDEXER_INDEX: ([u8; 128], [[u8; 128]; 5]) = {
    let mut one = [NONE; 128];
    let mut two = [[NONE; 128]; 5];
    let mut i = 0;
    while i < INDEXER.len() {
        let code = INDEXER[i].code.as_bytes();
        if code.len() == 1 {
            one[code[0] as usize] = i as u8;
        } else {
            two[(code[0] - b'0') as usize][code[1] as usize] = i as u8;
        }
        i += 1;
    }
    (one, two)
};

/// The Matter row of the code that is this one character.
#[inline]
pub(crate) fn short_matter(code: u8) -> Option<&'static MatterRow> {
    let row = MATTER_INDEX.one.get(usize::from(code))?;
    MATTER.get(usize::from(*row))
}

/// The Matter row of the code at the start of `text`.
///
/// # Errors
/// As cesr.md section 1, steps 1 to 4: `Truncated`, `CountCode`, `OpCode`, `UnknownCode`.
pub(crate) fn matter_at(text: &[u8]) -> Result<&'static MatterRow, ErrorKind> {
    let Some(&first) = text.first() else {
        return Err(ErrorKind::Truncated);
    };
    let row = match first {
        b'A'..=b'Z' | b'a'..=b'z' => MATTER_INDEX.one[usize::from(first)],
        b'0' | b'4' | b'5' | b'6' => {
            let Some(&second) = text.get(1) else {
                return Err(ErrorKind::Truncated);
            };
            *MATTER_INDEX.two[usize::from(first - b'0')]
                .get(usize::from(second))
                .unwrap_or(&NONE)
        }
        b'1' | b'2' | b'3' | b'7' | b'8' | b'9' => {
            let Some(hard) = text.get(1..4) else {
                return Err(ErrorKind::Truncated);
            };
            let table = match &hard[..2] {
                b"AA" => &MATTER_INDEX.four,
                b"__" => &MATTER_INDEX.test,
                _ => return Err(ErrorKind::UnknownCode),
            };
            *table[usize::from(first - b'0')]
                .get(usize::from(hard[2]))
                .unwrap_or(&NONE)
        }
        b'-' => return Err(ErrorKind::CountCode),
        b'_' => return Err(ErrorKind::OpCode),
        _ => return Err(ErrorKind::UnknownCode),
    };
    MATTER.get(usize::from(row)).ok_or(ErrorKind::UnknownCode)
}

/// The Indexer row of the code at the start of `text`.
///
/// # Errors
/// As [`matter_at`].
pub(crate) fn indexer_at(text: &[u8]) -> Result<&'static IndexerRow, ErrorKind> {
    let Some(&first) = text.first() else {
        return Err(ErrorKind::Truncated);
    };
    let row = match first {
        b'A'..=b'Z' | b'a'..=b'z' => INDEXER_INDEX.0[usize::from(first)],
        b'0'..=b'4' => {
            let Some(&second) = text.get(1) else {
                return Err(ErrorKind::Truncated);
            };
            *INDEXER_INDEX.1[usize::from(first - b'0')]
                .get(usize::from(second))
                .unwrap_or(&NONE)
        }
        b'-' => return Err(ErrorKind::CountCode),
        b'_' => return Err(ErrorKind::OpCode),
        _ => return Err(ErrorKind::UnknownCode),
    };
    INDEXER.get(usize::from(row)).ok_or(ErrorKind::UnknownCode)
}

/// The Matter row of `code`, which is the hard part and nothing else.
pub fn matter_row(code: &str) -> Option<&'static MatterRow> {
    matter_at(code.as_bytes())
        .ok()
        .filter(|row| row.code == code)
}

/// The Indexer row of `code`, which is the hard part and nothing else.
pub fn indexer_row(code: &str) -> Option<&'static IndexerRow> {
    indexer_at(code.as_bytes())
        .ok()
        .filter(|row| row.code == code)
}

/// Row numbers of a counter table: short codes (`-A`) by letter, big codes by letter.
struct CounterIndex {
    short: [u8; 128],
    big: [u8; 128],
    version: u8,
}

const fn counter_index(rows: &[CounterRow]) -> CounterIndex {
    let mut index = CounterIndex {
        short: [NONE; 128],
        big: [NONE; 128],
        version: NONE,
    };
    let mut i = 0;
    while i < rows.len() {
        let code = rows[i].code.as_bytes();
        match code.len() {
            2 => index.short[code[1] as usize] = i as u8,
            3 => index.big[code[2] as usize] = i as u8,
            _ => index.version = i as u8,
        }
        i += 1;
    }
    index
}

static STABLE_INDEX: CounterIndex = counter_index(&COUNTERS_STABLE);
static HEAD_V1_INDEX: CounterIndex = counter_index(&COUNTERS_HEAD_V1);
static V2_INDEX: CounterIndex = counter_index(&COUNTERS_V2);

/// The counter row at the start of `text`, by `table`.
///
/// # Errors
/// As cesr.md section 1, "Counter".
pub(crate) fn counter_in(
    table: CounterTable,
    text: &[u8],
) -> Result<&'static CounterRow, ErrorKind> {
    let [first, second, ..] = *text else {
        return Err(ErrorKind::Truncated);
    };
    match first {
        b'-' => {}
        b'_' => return Err(ErrorKind::OpCode),
        _ => return Err(ErrorKind::UnknownCode),
    }
    let (rows, index, big, version): (&[CounterRow], _, _, _) = match table {
        CounterTable::Stable => (&COUNTERS_STABLE, &STABLE_INDEX, b'0', b'-'),
        CounterTable::HeadV1 => (&COUNTERS_HEAD_V1, &HEAD_V1_INDEX, b'-', b'_'),
        CounterTable::V2 => (&COUNTERS_V2, &V2_INDEX, b'-', b'_'),
    };
    let row = if second.is_ascii_alphabetic() {
        index.short[usize::from(second)]
    } else if second == big {
        let Some(&third) = text.get(2) else {
            return Err(ErrorKind::Truncated);
        };
        *index.big.get(usize::from(third)).unwrap_or(&NONE)
    } else if second == version {
        let Some(hard) = text.get(..5) else {
            return Err(ErrorKind::Truncated);
        };
        if &hard[2..] == b"AAA" {
            index.version
        } else {
            NONE
        }
    } else {
        NONE
    };
    rows.get(usize::from(row)).ok_or(ErrorKind::UnknownCode)
}
