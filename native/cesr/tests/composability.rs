//! Any concatenation of primitives, indexed signatures and counters converts as a whole, and comes back the same.

mod common;

use common::random::Random;
use kelpipe_cesr::codes::{COUNTERS_V2, CounterTable, INDEXER, MATTER};
use kelpipe_cesr::counter::{self, Counter};
use kelpipe_cesr::indexer::{self, Indexed};
use kelpipe_cesr::primitive::{self, Primitive};
use kelpipe_cesr::{Alphabet, convert};

fn raw(random: &mut Random, size: usize) -> Vec<u8> {
    (0..size).map(|_| random.next() as u8).collect()
}

fn matter(random: &mut Random, out: &mut String) {
    let row = &MATTER[random.below(MATTER.len())];
    // Special codes carry their value in the soft part.
    if row.fs.is_some() && row.ss > 0 {
        let size = 1 + random.below(11);
        let tag = random.fill("", size);
        return primitive::encode_tag(&tag, out).expect("tag");
    }
    let size = match row.raw {
        Some(size) => size as usize,
        None => 3 * random.below(40) + (3 - usize::from(row.ls)) % 3,
    };
    // A variable code is chosen by the size of the value.
    primitive::encode(row.code, &raw(random, size), out)
        .unwrap_or_else(|error| panic!("{} of {size}: {error:?}", row.code));
}

fn indexed(random: &mut Random, out: &mut String) {
    let row = &INDEXER[random.below(INDEXER.len())];
    let Some(size) = row.raw else { return };
    let _ = indexer::encode(
        row.code,
        random.below(64) as u32,
        None,
        &raw(random, size as usize),
        out,
    );
}

fn count(random: &mut Random, out: &mut String) {
    let row = &COUNTERS_V2[random.below(COUNTERS_V2.len())];
    let letter = char::from(*row.code.as_bytes().last().expect("letter"));
    let _ = counter::encode(
        CounterTable::V2,
        letter,
        random.next() as u32 >> (2 + random.below(30)),
        out,
    );
}

#[test]
fn the_whole_converts_as_its_parts() {
    let mut random = Random::new(1);
    for _ in 0..20_000 {
        let (mut text, mut parts, mut binary) = (String::new(), Vec::new(), Vec::new());
        for _ in 0..=random.below(12) {
            let (mut part, which) = (String::new(), random.below(3));
            match which {
                0 => matter(&mut random, &mut part),
                1 => indexed(&mut random, &mut part),
                _ => count(&mut random, &mut part),
            }
            if part.is_empty() {
                continue;
            }
            convert::to_binary(part.as_bytes(), &mut binary).expect("a part is whole quadlets");
            text.push_str(&part);
            parts.push((which, part));
        }
        let (mut whole, mut again) = (Vec::new(), Vec::new());
        convert::to_binary(text.as_bytes(), &mut whole).expect("quadlets");
        assert_eq!(whole, binary);
        convert::to_text(&whole, &mut again).expect("triplets");
        assert_eq!(again, text.as_bytes());
        assert_parts_are_found(&parts, &text, &binary);
    }
}

/// Each part is read off the front of what is left, in both domains.
fn assert_parts_are_found(parts: &[(usize, String)], mut text: &str, mut binary: &[u8]) {
    for (which, part) in parts {
        let (in_text, in_binary) = match which {
            0 => (
                Primitive::parse(text.as_bytes(), Alphabet::Strict).map(|p| p.text.len()),
                primitive::binary_size(binary),
            ),
            1 => (
                Indexed::parse(text.as_bytes(), Alphabet::Strict).map(|p| p.text.len()),
                indexer::binary_size(binary),
            ),
            _ => (
                Counter::parse(text.as_bytes(), CounterTable::V2).map(|c| c.size()),
                Counter::parse_binary(binary, CounterTable::V2).map(|c| c.size() / 4 * 3),
            ),
        };
        assert_eq!(
            (in_text, in_binary),
            (Ok(part.len()), Ok(part.len() / 4 * 3)),
            "{part}"
        );
        text = &text[part.len()..];
        binary = &binary[part.len() / 4 * 3..];
    }
}
