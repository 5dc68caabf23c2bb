//! However a stream is cut into chunks, the result is the same.

mod common;

use common::make::{self, Shape};
use common::random::Random;
use common::{CHARS, Item, cut, files};
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

#[test]
fn fifty_streams_of_each_kind_are_the_same_at_every_split() {
    let options = Options::default();
    let mut random = Random::new(50);
    for shape in Shape::ALL {
        for number in 0..50 {
            let stream = make::stream(shape, 2, &mut random);
            let whole = cut(&stream, [], &options);
            let is_message = |item: &Item| matches!(item, Item::Message { .. });
            let messages = if matches!(shape, Shape::Generic | Shape::GenericBinary) {
                4
            } else {
                2
            };
            assert!(
                whole.len() == messages && whole.iter().all(is_message),
                "{shape:?} {number}: {whole:?}"
            );
            for at in 1..stream.len() {
                assert_eq!(
                    whole,
                    cut(&stream, [at], &options),
                    "{shape:?} {number} split at {at}"
                );
            }
        }
    }
}

#[test]
fn ten_thousand_random_partitions_change_nothing() {
    let mut random = Random::new(11);
    let options = Options::default();
    let recorded = files("keripy", ".cesr");
    let mut streams: Vec<_> = recorded
        .iter()
        .step_by(23)
        .map(|path| std::fs::read(path).expect("vector"))
        .collect();
    for shape in Shape::ALL {
        streams.extend((0..4).map(|_| {
            let mut stream = make::stream(shape, 6, &mut random);
            for _ in 0..random.below(4) {
                let at = random.below(stream.len());
                stream[at] ^= 1 << random.below(8);
            }
            stream
        }));
    }
    for stream in &streams {
        let whole = cut(stream, [], &options);
        for _ in 0..=10_000 / streams.len() {
            let count = 1 + random.below(12);
            let cuts = random.cuts(count, stream.len());
            assert_eq!(
                cut(stream, cuts.iter().copied(), &options),
                whole,
                "{cuts:?}"
            );
        }
    }
}
