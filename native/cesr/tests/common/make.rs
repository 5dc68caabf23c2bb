//! Streams of every kind, made up: right in form, with digests and signatures that are noise.

use std::fmt::Write as _;

use kelpipe_cesr::codes::CounterTable;
use kelpipe_cesr::version::{Kind, Protocol, Version};
use kelpipe_cesr::{convert, counter, primitive};

use super::random::Random;
use super::value::{self, Value};

/// A kind of stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    JsonV1,
    JsonV2,
    Cbor,
    Mgpk,
    Native,
    NativeBinary,
    /// A map body.
    NativeMap,
    Wrapped,
    WrappedBinary,
    /// Bodies with attachments in one group.
    Framed,
    FramedBinary,
    /// Framed messages in a generic group.
    Generic,
    GenericBinary,
    /// Text bodies with binary attachments, and the other way round.
    Mixed,
}

impl Shape {
    pub const ALL: [Self; 14] = [
        Self::JsonV1,
        Self::JsonV2,
        Self::Cbor,
        Self::Mgpk,
        Self::Native,
        Self::NativeBinary,
        Self::NativeMap,
        Self::Wrapped,
        Self::WrappedBinary,
        Self::Framed,
        Self::FramedBinary,
        Self::Generic,
        Self::GenericBinary,
        Self::Mixed,
    ];
}

/// A stream of `count` messages of one shape; v2 streams say so by a genus code.
pub fn stream(shape: Shape, count: usize, random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    if !matches!(shape, Shape::JsonV1 | Shape::Cbor | Shape::Mgpk) {
        out.extend_from_slice(b"-_AAACAA");
    }
    for _ in 0..count {
        out.extend(message(shape, random));
    }
    out
}

/// One message of the shape, without a genus code.
pub fn message(shape: Shape, random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    match shape {
        Shape::JsonV1 => plain(Kind::Json, 1, random, &mut out),
        Shape::JsonV2 => plain(Kind::Json, 2, random, &mut out),
        Shape::Cbor => plain(Kind::Cbor, 1, random, &mut out),
        Shape::Mgpk => plain(Kind::Mgpk, 1, random, &mut out),
        Shape::Native | Shape::NativeBinary => out.extend(native(random).into_bytes()),
        Shape::NativeMap => out.extend(native_map(random).into_bytes()),
        Shape::Wrapped | Shape::WrappedBinary => out.extend(wrapped(random).into_bytes()),
        Shape::Framed | Shape::FramedBinary | Shape::Generic | Shape::GenericBinary => {
            framed(shape, random, &mut out);
        }
        Shape::Mixed if random.below(2) == 0 => plain(Kind::Json, 2, random, &mut out),
        Shape::Mixed => out.extend(in_binary(&native(random))),
    }
    let attachments = match shape {
        Shape::JsonV1 | Shape::Cbor | Shape::Mgpk => v1_attachments(random),
        Shape::Framed | Shape::FramedBinary | Shape::Generic | Shape::GenericBinary => {
            String::new()
        }
        _ => v2_attachments(random),
    };
    let binary = matches!(
        shape,
        Shape::NativeBinary | Shape::WrappedBinary | Shape::FramedBinary | Shape::GenericBinary
    );
    if shape == Shape::Mixed && random.below(2) == 0 {
        out.extend(in_binary(&attachments));
        return out;
    }
    out.extend_from_slice(attachments.as_bytes());
    if binary {
        let text = String::from_utf8(out).expect("text");
        return in_binary(&text);
    }
    out
}

pub fn in_binary(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    convert::to_binary(text.as_bytes(), &mut out).expect("quadlets");
    out
}

fn framed(shape: Shape, random: &mut Random, out: &mut Vec<u8>) {
    let count = if matches!(shape, Shape::Generic | Shape::GenericBinary) {
        2
    } else {
        1
    };
    let mut inner = String::new();
    for _ in 0..count {
        let body = if random.below(2) == 0 {
            native(random)
        } else {
            wrapped(random)
        };
        value::group('B', &(body + &v2_attachments(random)), &mut inner);
    }
    let mut text = String::new();
    if count > 1 {
        value::group('A', &inner, &mut text);
    } else {
        text = inner;
    }
    out.extend_from_slice(text.as_bytes());
}

/// A JSON, CBOR or MessagePack body with its version string, of major version `major`.
fn plain(kind: Kind, major: u8, random: &mut Random, out: &mut Vec<u8>) {
    let text = |text: String| Value::Text(text);
    let said = random.fill("EA", 44);
    let mut version = Version::new(Protocol::Keri, major, kind, 0);
    let mut entries = vec![
        ("v".to_owned(), text(version.to_string())),
        ("t".to_owned(), text("ixn".to_owned())),
        ("d".to_owned(), text(said)),
        ("i".to_owned(), text(random.fill("EA", 44))),
        ("s".to_owned(), text(format!("{:x}", random.below(1000)))),
        ("a".to_owned(), Value::List(vec![value::any(random, 1)])),
    ];
    let mut body = Vec::new();
    value::write(kind, &Value::Map(entries.clone()), &mut body);
    version.size = body.len() as u32;
    entries[0].1 = text(version.to_string());
    value::write(kind, &Value::Map(entries), out);
}

/// A native interaction event.
fn native(random: &mut Random) -> String {
    let mut inner = String::from("0OKERICAACAAXixn");
    inner += &random.fill("EA", 44);
    inner += &random.fill("EA", 44);
    primitive::encode_number(random.below(100_000) as u128, &mut inner);
    inner += &random.fill("EA", 44);
    inner += "-JAA";
    let mut out = String::new();
    value::group('F', &inner, &mut out);
    out
}

/// A native body with labels.
fn native_map(random: &mut Random) -> String {
    let mut inner = String::from("0J_v0OACDCCAACAA");
    inner += "0J_d";
    inner += &random.fill("EA", 44);
    let Value::Map(entries) = value::map(random, 2) else {
        unreachable!("a map")
    };
    for (label, value) in entries {
        primitive::encode_label(&label, &mut inner).expect("label");
        let mut bytes = Vec::new();
        value::write(Kind::Cesr, &value, &mut bytes);
        inner += std::str::from_utf8(&bytes).expect("text");
    }
    let mut out = String::new();
    value::group('G', &inner, &mut out);
    out
}

/// A body of another kind in one Bytes primitive.
fn wrapped(random: &mut Random) -> String {
    let kind = [Kind::Json, Kind::Cbor, Kind::Mgpk][random.below(3)];
    let (mut body, mut inner, mut out) = (Vec::new(), String::new(), String::new());
    plain(kind, 2, random, &mut body);
    primitive::encode_bytes(&body, &mut inner).expect("bytes");
    value::group('H', &inner, &mut out);
    out
}

fn signatures(count: usize, random: &mut Random) -> String {
    (0..count)
        .map(|index| {
            let code = format!("A{}A", char::from(super::CHARS[index]));
            random.fill(&code, 88)
        })
        .collect()
}

fn anchor(random: &mut Random) -> String {
    let mut out = String::new();
    primitive::encode_number_huge(random.below(1000) as u128, &mut out);
    out + &random.fill("EA", 44)
}

const DATE: &str = "1AAG2020-08-22T17c50c09d988921p00c00";

fn v1_attachments(random: &mut Random) -> String {
    let mut out = String::new();
    let mut groups = |letter: char, count: usize, inner: &str| {
        counter::encode(CounterTable::Stable, letter, count as u32, &mut out).expect("counter");
        out.push_str(inner);
    };
    let count = 1 + random.below(3);
    groups('A', count, &signatures(count, random));
    match random.below(7) {
        0 => groups('B', 2, &signatures(2, random)),
        1 => groups('C', 1, &(random.fill("BA", 44) + &random.fill("0BA", 88))),
        2 => groups(
            'D',
            1,
            &(random.fill("EA", 44) + &anchor(random) + &signatures(1, random)),
        ),
        3 => groups('E', 1, &(anchor(random)[..24].to_owned() + DATE)),
        4 => groups(
            'F',
            1,
            &(random.fill("EA", 44) + &anchor(random) + "-AAB" + &signatures(1, random)),
        ),
        5 => groups('G', 1, &anchor(random)),
        _ => groups('I', 1, &(random.fill("EA", 44) + &anchor(random))),
    }
    if random.below(2) == 0 {
        return out;
    }
    let mut enclosed = String::new();
    counter::encode(
        CounterTable::Stable,
        'V',
        out.len() as u32 / 4,
        &mut enclosed,
    )
    .expect("counter");
    enclosed + &out
}

fn v2_attachments(random: &mut Random) -> String {
    let mut out = String::new();
    let mut inner_groups = String::new();
    let count = 1 + random.below(3);
    let signed = signatures(count, random);
    value::group('K', &signed, &mut out);
    value::group('K', &signatures(1, random), &mut inner_groups);
    let (letter, inner) = match random.below(8) {
        0 => ('L', signatures(2, random)),
        1 => ('M', random.fill("BA", 44) + &random.fill("0BA", 88)),
        2 => ('N', random.fill("EA", 44) + &anchor(random) + &inner_groups),
        3 => ('O', anchor(random)[..24].to_owned() + DATE),
        4 => ('S', anchor(random)),
        5 => ('T', random.fill("EA", 44) + &anchor(random)),
        6 => ('X', random.fill("EA", 44) + &anchor(random) + &inner_groups),
        _ => ('Y', random.fill("EA", 44) + &inner_groups),
    };
    value::group(letter, &inner, &mut out);
    if random.below(2) == 0 {
        return out;
    }
    let mut enclosed = String::new();
    value::group('C', &out, &mut enclosed);
    enclosed
}

/// What a stream is called in messages of tests.
pub fn name(shape: Shape, number: usize) -> String {
    let mut name = String::new();
    let _ = write!(name, "{shape:?} {number}");
    name
}
