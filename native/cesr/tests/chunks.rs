//! Heads that can be judged only when more bytes are there: however they are cut, the result is the same.

mod common;

use common::{Item, cut};
use kelpipe_cesr::{Options, convert};

/// A JSON body of `size` bytes.
fn json(size: usize) -> Vec<u8> {
    let mut body = format!("{{\"v\":\"KERI10JSON{size:06x}_\",\"a\":\"").into_bytes();
    body.resize(size - 2, b'a');
    body.extend_from_slice(b"\"}");
    body
}

/// A group `letter` around one Bytes primitive around `raw`, whose size is a multiple of three.
fn wrapped(letter: char, raw: &[u8]) -> Vec<u8> {
    const CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut value = Vec::new();
    convert::to_text(raw, &mut value).expect("triplets");
    let count = |quadlets: usize| [CHARS[quadlets / 64] as char, CHARS[quadlets % 64] as char];
    let [a, b] = count(value.len() / 4 + 1);
    let [c, d] = count(value.len() / 4);
    let mut group = format!("-{letter}{a}{b}4B{c}{d}").into_bytes();
    group.extend_from_slice(&value);
    group
}

fn assert_same_at_every_split(stream: &[u8]) -> Vec<Item> {
    for options in [Options::default(), Options::keripy()] {
        let whole = cut(stream, [], &options);
        for at in 1..stream.len() {
            assert_eq!(whole, cut(stream, [at], &options), "split at {at}");
        }
        assert_eq!(
            whole,
            cut(stream, 1..stream.len(), &options),
            "byte by byte"
        );
    }
    cut(stream, [], &Options::default())
}

#[test]
fn a_wrapped_body_of_v1_is_found_after_garbage() {
    let mut stream = b"garbage".to_vec();
    let start = stream.len() as u64;
    stream.extend(wrapped('W', &json(0x12c)));
    let items = assert_same_at_every_split(&stream);
    assert!(
        items
            .iter()
            .any(|item| matches!(item, Item::Message { start: s, .. } if *s == start)),
        "{items:?}"
    );
}

#[test]
fn a_foreign_character_after_a_wrapped_version_string_changes_no_start() {
    for foreign in 12..80 {
        let mut group = wrapped('H', &json(0x12c));
        group[foreign] = b':';
        let mut stream = b"garbage-BB_".to_vec();
        stream.extend(&group);
        assert_same_at_every_split(&stream);
    }
}
