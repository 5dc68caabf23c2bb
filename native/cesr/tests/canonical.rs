//! Bodies have one form: what a naive writer makes is accepted and reads back, and whatever is accepted is what it makes.

mod common;

use common::random::Random;
use common::value::{self, Value};
use kelpipe_cesr::body::{Reader, Token};
use kelpipe_cesr::version::Kind;
use kelpipe_cesr::{Error, Options};

/// The tree that a body spells.
fn read(kind: Kind, bytes: &[u8]) -> Result<Value, Error> {
    let mut reader = Reader::new(kind, bytes, &Options::default());
    reader.next()?;
    let value = read_map(kind, bytes, &mut reader)?;
    reader.finish()?;
    Ok(value)
}

fn read_map(kind: Kind, bytes: &[u8], reader: &mut Reader) -> Result<Value, Error> {
    let mut entries = Vec::new();
    while let Token::Key(key) = reader.next()? {
        let label = key.unescaped().into_owned();
        let start = reader.position() as usize;
        let token = reader.next()?;
        entries.push((label, read_value(kind, bytes, start, token, reader)?));
    }
    Ok(Value::Map(entries))
}

fn read_value(
    kind: Kind,
    bytes: &[u8],
    start: usize,
    token: Token,
    reader: &mut Reader,
) -> Result<Value, Error> {
    Ok(match token {
        Token::MapStart => read_map(kind, bytes, reader)?,
        Token::ListStart => {
            let mut values = Vec::new();
            loop {
                let start = reader.position() as usize;
                match reader.next()? {
                    Token::ListEnd => break,
                    token => values.push(read_value(kind, bytes, start, token, reader)?),
                }
            }
            Value::List(values)
        }
        Token::Text(text) => Value::Text(text.unescaped().into_owned()),
        Token::Integer(integer) => match integer.to_string().parse() {
            Ok(value) => Value::Integer(value),
            // Beyond 64 bits: compared by its digits.
            Err(_) => Value::Text(format!("integer {integer}")),
        },
        Token::Float => {
            let shown = &bytes[start..reader.position() as usize];
            Value::Float(match kind {
                Kind::Json => std::str::from_utf8(shown)
                    .expect("ASCII")
                    .trim_start_matches(',')
                    .parse()
                    .expect("float"),
                _ => f64::from_be_bytes(*shown.last_chunk().expect("eight bytes")),
            })
        }
        Token::Bool(value) => Value::Bool(value),
        Token::Null => Value::Null,
        token => panic!("no value: {token:?}"),
    })
}

fn written(kind: Kind, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    value::write(kind, value, &mut out);
    out
}

/// Integers beyond 64 bits are not in the tree.
fn is_huge(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.starts_with("integer "),
        Value::List(values) => values.iter().any(is_huge),
        Value::Map(entries) => entries.iter().any(|(_, value)| is_huge(value)),
        _ => false,
    }
}

#[test]
fn what_is_written_is_accepted_and_reads_back() {
    let mut random = Random::new(3);
    for _ in 0..500 {
        let value = value::map(&mut random, 3);
        for kind in [Kind::Json, Kind::Cbor, Kind::Mgpk] {
            let bytes = written(kind, &value);
            assert_eq!(
                read(kind, &bytes).as_ref(),
                Ok(&value),
                "{kind:?} {}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}

#[test]
fn a_byte_changed_is_refused_or_another_body() {
    let mut random = Random::new(4);
    let (mut refused, mut others) = (0u32, 0u32);
    for _ in 0..6 {
        let value = value::map(&mut random, 2);
        for kind in [Kind::Json, Kind::Cbor, Kind::Mgpk] {
            let bytes = written(kind, &value);
            for at in 0..bytes.len().min(1500) {
                let mut changed = bytes.clone();
                for byte in [
                    b'0',
                    b'1',
                    b' ',
                    b'"',
                    b'\\',
                    b'.',
                    b'e',
                    0x7f,
                    0xc3,
                    changed[at] ^ 1,
                    changed[at] ^ 0x20,
                    random.next() as u8,
                ] {
                    changed[at] = byte;
                    match read(kind, &changed) {
                        Err(_) => refused += 1,
                        Ok(value) if is_huge(&value) => {}
                        Ok(value) => {
                            others += 1;
                            assert!(
                                written(kind, &value) == changed,
                                "{kind:?} accepts {}",
                                String::from_utf8_lossy(&changed)
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(
        refused > 10_000 && others > 10_000,
        "{refused} refused, {others} other bodies"
    );
}

/// The text of a native body again, from what a reader says of it.
fn native_again(bytes: &[u8]) -> Result<String, Error> {
    let mut reader = Reader::new(Kind::Cesr, bytes, &Options::default());
    let mut open: Vec<String> = Vec::new();
    loop {
        let start = reader.position() as usize;
        let token = reader.next()?;
        let shown = String::from_utf8_lossy(&bytes[start..reader.position() as usize]).into_owned();
        match token {
            Token::MapStart | Token::ListStart => open.push(String::new()),
            Token::MapEnd | Token::ListEnd => {
                let inner = open.pop().expect("open");
                let letter = if open.is_empty() {
                    'G'
                } else if token == Token::MapEnd {
                    'I'
                } else {
                    'J'
                };
                let mut group = String::new();
                value::group(letter, &inner, &mut group);
                let Some(outer) = open.last_mut() else {
                    reader.finish()?;
                    return Ok(group);
                };
                outer.push_str(&group);
            }
            Token::Key(key) => kelpipe_cesr::primitive::encode_label(
                &key.unescaped(),
                open.last_mut().expect("open"),
            )
            .expect("label"),
            _ => open.last_mut().expect("open").push_str(&shown),
        }
    }
}

#[test]
fn a_native_body_has_one_text() {
    let mut random = Random::new(5);
    for _ in 0..200 {
        let body = common::make::message(common::make::Shape::NativeMap, &mut random);
        let end = kelpipe_cesr::frame::cut(&body, &Options::default()).0[0]
            .body
            .end as usize;
        let body = &body[..end];
        assert_eq!(
            native_again(body).map(String::into_bytes).as_deref(),
            Ok(body),
            "{}",
            String::from_utf8_lossy(body)
        );
        for at in 0..body.len().min(600) {
            let mut changed = body.to_vec();
            changed[at] = common::CHARS[random.below(64)];
            if let Ok(again) = native_again(&changed) {
                assert_eq!(again, String::from_utf8_lossy(&changed));
            }
        }
    }
}
