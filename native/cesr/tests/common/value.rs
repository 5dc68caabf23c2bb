//! Bodies as trees, and naive writers of them: the one form that the reference writes, value by value.

use kelpipe_cesr::codes::CounterTable;
use kelpipe_cesr::primitive::{self, Primitive};
use kelpipe_cesr::version::Kind;
use kelpipe_cesr::{Alphabet, counter};

use super::random::Random;

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

/// Any tree; keys of a map differ.
pub fn any(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => Value::Bool(random.below(2) == 1),
        2 => Value::Integer(random.next().cast_signed() >> random.below(64)),
        3 => loop {
            let value = match random.below(3) {
                0 => f64::from_bits(random.next()),
                1 => random.next() as f64 / 1e6,
                _ => (random.below(2000) as f64 - 1000.0) / 8.0,
            };
            if value.is_finite() {
                break Value::Float(value);
            }
        },
        4 => Value::Text(text(random)),
        5 => Value::List(
            (0..random.below(20))
                .map(|_| any(random, depth - 1))
                .collect(),
        ),
        _ => map(random, depth),
    }
}

pub fn map(random: &mut Random, depth: usize) -> Value {
    let entry = |index: usize, random: &mut Random| {
        (
            format!("k{index}{}", random.fill("", 2).replace('-', "_")),
            any(random, depth - 1),
        )
    };
    Value::Map(
        (0..random.below(20))
            .map(|index| entry(index, random))
            .collect(),
    )
}

fn text(random: &mut Random) -> String {
    const PIECES: [&str; 14] = [
        "\"", "\\", "\n", "\u{1f}", "\u{0}", "\u{7f}", "é", "\u{2028}", "𐍈", "/", " ", "a", "-",
        "EA",
    ];
    let size = [0, 1, 2, 3, 11, 12, 31, 32, 255, 256][random.below(10)];
    if random.below(2) == 0 {
        random.fill("", size)
    } else {
        (0..size)
            .map(|_| PIECES[random.below(PIECES.len())])
            .collect()
    }
}

pub fn write(kind: Kind, value: &Value, out: &mut Vec<u8>) {
    match kind {
        Kind::Json => json(value, out),
        Kind::Cbor => cbor(value, out),
        Kind::Mgpk => mgpk(value, out),
        Kind::Cesr => {
            let mut text = String::new();
            native(value, &mut text);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

fn json(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Integer(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Float(value) => out.extend_from_slice(python(*value).as_bytes()),
        Value::Text(text) => json_text(text, out),
        Value::List(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                out.extend_from_slice(if index == 0 { b"" } else { b"," });
                json(value, out);
            }
            out.push(b']');
        }
        Value::Map(entries) => {
            out.push(b'{');
            for (index, (label, value)) in entries.iter().enumerate() {
                out.extend_from_slice(if index == 0 { b"" } else { b"," });
                json_text(label, out);
                out.push(b':');
                json(value, out);
            }
            out.push(b'}');
        }
    }
}

fn json_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        let escaped = match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            '\u{8}' => "\\b".to_owned(),
            '\u{c}' => "\\f".to_owned(),
            '\0'..='\u{1f}' => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        };
        out.extend_from_slice(escaped.as_bytes());
    }
    out.push(b'"');
}

/// Python's `repr`, found by trying one digit more until the number reads back.
fn python(value: f64) -> String {
    let scientific = (0..17)
        .map(|digits| format!("{value:.digits$e}"))
        .find(|text| text.parse() == Ok(value))
        .expect("17 digits are enough");
    let (mantissa, exponent) = scientific.split_once('e').expect("scientific");
    let exponent: i32 = exponent.parse().expect("exponent");
    if value != 0.0 && !(-4..16).contains(&exponent) {
        return format!(
            "{mantissa}e{}{:02}",
            if exponent < 0 { '-' } else { '+' },
            exponent.abs()
        );
    }
    let after = mantissa
        .split_once('.')
        .map_or(0, |(_, digits)| digits.len() as i32);
    let digits = (after - exponent).max(1) as usize;
    format!("{value:.digits$}")
}

fn cbor(value: &Value, out: &mut Vec<u8>) {
    let head = |major: u8, number: u64, out: &mut Vec<u8>| match number {
        0..24 => out.push(major << 5 | number as u8),
        24..0x100 => out.extend([major << 5 | 0x18, number as u8]),
        0x100..0x1_0000 => {
            out.push(major << 5 | 0x19);
            out.extend((number as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major << 5 | 0x1a);
            out.extend((number as u32).to_be_bytes());
        }
        _ => {
            out.push(major << 5 | 0x1b);
            out.extend(number.to_be_bytes());
        }
    };
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(0xf4 + u8::from(*value)),
        Value::Integer(value) if *value >= 0 => head(0, value.unsigned_abs(), out),
        Value::Integer(value) => head(1, value.unsigned_abs() - 1, out),
        Value::Float(value) => {
            out.push(0xfb);
            out.extend(value.to_be_bytes());
        }
        Value::Text(text) => {
            head(3, text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::List(values) => {
            head(4, values.len() as u64, out);
            for value in values {
                cbor(value, out);
            }
        }
        Value::Map(entries) => {
            head(5, entries.len() as u64, out);
            for (label, value) in entries {
                cbor(&Value::Text(label.clone()), out);
                cbor(value, out);
            }
        }
    }
}

fn mgpk(value: &Value, out: &mut Vec<u8>) {
    let sized = |size: usize, small: (usize, u8), codes: [u8; 3], out: &mut Vec<u8>| match size {
        size if size < small.0 => out.push(small.1 | size as u8),
        0..0x100 if codes[0] != 0 => out.extend([codes[0], size as u8]),
        0..0x1_0000 => {
            out.push(codes[1]);
            out.extend((size as u16).to_be_bytes());
        }
        _ => {
            out.push(codes[2]);
            out.extend((size as u32).to_be_bytes());
        }
    };
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(value) => out.push(0xc2 + u8::from(*value)),
        Value::Integer(value) => mgpk_integer(*value, out),
        Value::Float(value) => {
            out.push(0xcb);
            out.extend(value.to_be_bytes());
        }
        Value::Text(text) => {
            sized(text.len(), (32, 0xa0), [0xd9, 0xda, 0xdb], out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::List(values) => {
            sized(values.len(), (16, 0x90), [0, 0xdc, 0xdd], out);
            for value in values {
                mgpk(value, out);
            }
        }
        Value::Map(entries) => {
            sized(entries.len(), (16, 0x80), [0, 0xde, 0xdf], out);
            for (label, value) in entries {
                mgpk(&Value::Text(label.clone()), out);
                mgpk(value, out);
            }
        }
    }
}

fn mgpk_integer(value: i64, out: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    let (code, size) = match value {
        -32..128 => return out.push(bytes[7]),
        128..0x100 => (0xcc, 1),
        0x100..0x1_0000 => (0xcd, 2),
        0x1_0000..0x1_0000_0000 => (0xce, 4),
        0x1_0000_0000.. => (0xcf, 8),
        -0x80..-32 => (0xd0, 1),
        -0x8000..-0x80 => (0xd1, 2),
        -0x8000_0000..-0x8000 => (0xd2, 4),
        _ => (0xd3, 8),
    };
    out.push(code);
    out.extend_from_slice(&bytes[8 - size..]);
}

/// A value inside a native body.
fn native(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("1AAK"),
        Value::Bool(false) => out.push_str("1AAL"),
        Value::Bool(true) => out.push_str("1AAM"),
        Value::Integer(value) => {
            primitive::encode_decimal(&value.to_string(), out).expect("integer");
        }
        // A number with `+` in its exponent has no native form.
        Value::Float(value) => {
            primitive::encode_decimal(&python(if value.abs() < 1e16 { *value } else { 0.5 }), out)
                .expect("float");
        }
        // A text that is a primitive is written as that primitive.
        Value::Text(text) => match Primitive::parse_exact(text.as_bytes(), Alphabet::Strict) {
            Ok(primitive) => {
                out.push_str(if primitive.row.is_escaped() {
                    "1AAO"
                } else {
                    ""
                });
                out.push_str(text);
            }
            Err(_) => primitive::encode_text(text, out).expect("text"),
        },
        Value::List(values) => {
            let mut inner = String::new();
            for value in values {
                native(value, &mut inner);
            }
            group('J', &inner, out);
        }
        Value::Map(entries) => {
            let mut inner = String::new();
            for (label, value) in entries {
                primitive::encode_label(label, &mut inner).expect("label");
                native(value, &mut inner);
            }
            group('I', &inner, out);
        }
    }
}

/// A v2 group around whole quadlets.
pub fn group(letter: char, inner: &str, out: &mut String) {
    counter::encode(CounterTable::V2, letter, inner.len() as u32 / 4, out).expect("counter");
    out.push_str(inner);
}
