//! Fuzz targets that run with the tests: each gets mutated pieces of sound streams and pure noise, for as many seconds as
//! `KELPIPE_FUZZ_SECONDS` says (a fraction of one without it). A failure prints the input in hex.

#![allow(clippy::similar_names)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use common::{cut, files};
use kelpipe_cesr::annotate::{annotate, deannotate, render};
use kelpipe_cesr::body::{Reader, Token};
use kelpipe_cesr::codes::{CounterTable, MATTER};
use kelpipe_cesr::counter::Counter;
use kelpipe_cesr::frame::{self, Domain, attachments_text, body_bytes};
use kelpipe_cesr::group::{Genus, parse_attachments};
use kelpipe_cesr::indexer::{self, Indexed};
use kelpipe_cesr::primitive::{self, Primitive};
use kelpipe_cesr::version::{Kind, Version};
use kelpipe_cesr::{Alphabet, Options, convert};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Seeds: a few streams of each kind, and small built-in ones when there are no vectors.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = files("keripy", ".cesr")
        .iter()
        .step_by(37)
        .map(|path| std::fs::read(path).expect("vector"))
        .collect();
    seeds.push(b"{\"v\":\"KERI10JSON00001c_\",\"a\":1}-VAX-AAB".to_vec());
    seeds.push(b"-FA50OKERICAACAAXicpE-JAA-IAA4AAA1AAPMAAA".to_vec());
    seeds.push(b"{\"a\":[1,-0.5,1e+16,true,null,{\"b\":\"\\u001f\\n\"}]}".to_vec());
    seeds
}

fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const SPICE: &[u8] = b"-_{}[]\",:AB0OMFGHIJKV\\\x00\x7f\x80\xf8\xff";
    let seed = &seeds[random.below(seeds.len())];
    let start = if random.below(3) == 0 {
        random.below(seed.len())
    } else {
        0
    };
    let mut bytes = seed[start..(start + 1 + random.below(2000)).min(seed.len())].to_vec();
    for _ in 0..random.below(6) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 if !bytes.is_empty() => bytes[at] = random.next() as u8,
            1 => bytes.insert(at, SPICE[random.below(SPICE.len())]),
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                bytes.splice(
                    at..at,
                    other[from..(from + 60).min(other.len())].iter().copied(),
                );
            }
        }
    }
    bytes
}

fn run(name: &str, target: impl Fn(&[u8])) {
    let seconds = std::env::var("KELPIPE_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let budget = Duration::from_secs_f64(seconds.unwrap_or(0.3));
    let (seeds, mut random, start) = (seeds(), Random(0x5eed + name.len() as u64), Instant::now());
    let mut rounds = 0u64;
    while start.elapsed() < budget {
        let input = mutate(&seeds, &mut random);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(&input))) {
            print!("{name} fails on ");
            input.iter().for_each(|byte| print!("{byte:02x}"));
            println!();
            std::panic::resume_unwind(panic);
        }
        rounds += 1;
    }
    println!("{name}: {rounds} inputs");
}

fn read(kind: Kind, bytes: &[u8]) {
    let options = Options::default();
    let mut reader = Reader::new(kind, bytes, &options);
    let (mut depth, mut last) = (0u32, 0);
    while let Ok(token) = reader.next() {
        match token {
            Token::MapStart | Token::ListStart => depth += 1,
            Token::MapEnd | Token::ListEnd => depth -= 1,
            _ => {}
        }
        assert!(reader.position() >= last && reader.position() as usize <= bytes.len());
        last = reader.position();
        if depth == 0 {
            let _ = reader.finish();
            break;
        }
    }
    let mut skipper = Reader::new(kind, bytes, &options);
    if let Ok(span) = skipper.skip() {
        assert_eq!(depth, 0, "what can be skipped can be read");
        assert!(span.end as usize <= bytes.len());
    }
}

#[test]
fn frame_in_any_chunks() {
    run("frame_in_any_chunks", |bytes| {
        let options = Options::default();
        let whole = cut(bytes, [], &options);
        let seed = bytes.iter().fold(7u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
        let mut random = Random(seed | 1);
        let mut cuts: Vec<_> = (0..4).map(|_| random.below(bytes.len())).collect();
        cuts.sort_unstable();
        assert_eq!(whole, cut(bytes, cuts, &options));
    });
}

#[test]
fn frame_leniently() {
    run("frame_leniently", |bytes| {
        let options = Options::keripy();
        assert_eq!(
            cut(bytes, [], &options),
            cut(bytes, 1..bytes.len().max(1), &options)
        );
    });
}

#[test]
fn frames_can_be_read() {
    run("frames_can_be_read", |bytes| {
        let options = Options::default();
        for frame in frame::cut(bytes, &options).0 {
            let (mut body, mut text) = (Vec::new(), Vec::new());
            if let Ok(body) = body_bytes(bytes, &frame, &mut body) {
                read(frame.kind, body);
            }
            let text = attachments_text(bytes, &frame, &options, &mut text)
                .expect("the framer has walked them");
            parse_attachments(text, frame.genus, &options).expect("the framer has walked them");
        }
    });
}

#[test]
fn read_json() {
    run("read_json", |bytes| {
        read(Kind::Json, bytes);
        // Whatever is accepted is JSON to others, too, and written so by them.
        let mut reader = Reader::new(Kind::Json, bytes, &Options::default());
        if reader.skip().is_ok() && reader.finish().is_ok() {
            serde_json::from_slice::<serde_json::Value>(bytes).expect("JSON");
        }
    });
}

#[test]
fn read_cbor() {
    run("read_cbor", |bytes| read(Kind::Cbor, bytes));
}

#[test]
fn read_mgpk() {
    run("read_mgpk", |bytes| read(Kind::Mgpk, bytes));
}

#[test]
fn read_native() {
    run("read_native", |bytes| read(Kind::Cesr, bytes));
}

#[test]
fn attachments_of_v1() {
    run("attachments_of_v1", |bytes| {
        let from = bytes.iter().position(|c| *c == b'-').unwrap_or_default();
        let _ = parse_attachments(&bytes[from..], Genus::V1, &Options::default());
    });
}

#[test]
fn attachments_of_v2() {
    run("attachments_of_v2", |bytes| {
        let from = bytes.iter().position(|c| *c == b'-').unwrap_or_default();
        let _ = parse_attachments(&bytes[from..], Genus::V2, &Options::default());
    });
}

/// An obviously right decoder: bit by bit, with the table searched from its start.
fn naive(text: &[u8]) -> Option<(String, Vec<u8>, usize)> {
    const CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let row = MATTER
        .iter()
        .find(|row| text.starts_with(row.code.as_bytes()))?;
    let sextet = |c: &u8| CHARS.iter().position(|x| x == c);
    let (hs, cs) = (row.code.len(), row.code.len() + usize::from(row.ss));
    let soft = text.get(hs..cs)?;
    if soft.iter().take(usize::from(row.xs)).any(|c| *c != b'_') {
        return None;
    }
    let size = match row.fs {
        Some(size) => size as usize,
        None => {
            cs + 4 * soft
                .iter()
                .try_fold(0, |sum, c| Some(sum * 64 + sextet(c)?))?
        }
    };
    let all: Vec<usize> = text
        .get(..size)?
        .iter()
        .map(sextet)
        .collect::<Option<_>>()?;
    let bits: Vec<bool> = all
        .iter()
        .flat_map(|s| (0..6).rev().map(move |bit| s >> bit & 1 == 1))
        .collect();
    let value_bits = &bits[6 * cs..];
    let zeros = 2 * (cs % 4) + 8 * usize::from(row.ls);
    if value_bits.len() < zeros || value_bits[..zeros].iter().any(|bit| *bit) {
        return None;
    }
    let raw = value_bits[zeros..]
        .chunks(8)
        .map(|byte| byte.iter().fold(0u8, |sum, bit| sum << 1 | u8::from(*bit)));
    Some((row.code.to_owned(), raw.collect(), size))
}

#[test]
fn primitive_against_a_naive_decoder() {
    run("primitive_against_a_naive_decoder", |bytes| {
        for start in 0..bytes.len().min(64) {
            let text = &bytes[start..];
            let mut raw = Vec::new();
            let ours = Primitive::parse(text, Alphabet::Strict)
                .ok()
                .map(|primitive| {
                    primitive.raw(&mut raw);
                    (
                        primitive.row.code.to_owned(),
                        raw.clone(),
                        primitive.text.len(),
                    )
                });
            assert_eq!(ours, naive(text));
        }
    });
}

#[test]
fn primitive_in_both_domains() {
    run("primitive_in_both_domains", |bytes| {
        for start in 0..bytes.len().min(64) {
            let text = &bytes[start..];
            if let Ok(primitive) = Primitive::parse(text, Alphabet::Strict) {
                let mut binary = Vec::new();
                convert::to_binary(primitive.text.as_bytes(), &mut binary).expect("quadlets");
                assert_eq!(primitive::binary_size(&binary), Ok(binary.len()));
                let _ = (
                    primitive.number(),
                    primitive.date(),
                    primitive.label_text(),
                    primitive.decimal(),
                );
                let _ = (
                    primitive.path(),
                    primitive.threshold(),
                    primitive.verser(),
                    primitive.nonce(),
                );
            }
            if let Ok(size) = primitive::binary_size(text) {
                let mut again = Vec::new();
                convert::to_text(&text[..size], &mut again).expect("triplets");
                assert!(Primitive::parse_exact(&again, Alphabet::Strict).is_ok());
            }
        }
    });
}

#[test]
fn indexed_in_both_domains() {
    run("indexed_in_both_domains", |bytes| {
        for start in 0..bytes.len().min(64) {
            let text = &bytes[start..];
            let Ok(indexed) = Indexed::parse(text, Alphabet::Strict) else {
                continue;
            };
            let mut binary = Vec::new();
            convert::to_binary(indexed.text.as_bytes(), &mut binary).expect("quadlets");
            assert_eq!(indexer::binary_size(&binary), Ok(binary.len()));
            let mut raw = [0; 114];
            let raw = indexed.raw(&mut raw);
            let mut again = String::new();
            if indexed.row.fs.is_some() {
                indexer::encode(
                    indexed.row.code,
                    indexed.index,
                    indexed.ondex,
                    raw,
                    &mut again,
                )
                .expect("encodes");
                assert_eq!(again, indexed.text);
            }
        }
    });
}

#[test]
fn counters_and_versions() {
    run("counters_and_versions", |bytes| {
        for start in 0..bytes.len().min(64) {
            for table in [CounterTable::HeadV1, CounterTable::Stable, CounterTable::V2] {
                let _ = Counter::parse_binary(&bytes[start..], table);
                let _ = Counter::parse(&bytes[start..], table);
            }
            for size in [17, 19] {
                if let Some(Ok(version)) = bytes.get(start..start + size).map(Version::parse) {
                    assert_eq!(version.to_string().as_bytes(), &bytes[start..start + size]);
                }
            }
        }
    });
}

#[test]
fn annotated_and_converted() {
    run("annotated_and_converted", |bytes| {
        let options = Options::default();
        let lines = annotate(bytes, &options);
        let _ = deannotate(render(&lines).as_bytes(), &options);
        for domain in [Domain::Text, Domain::Binary] {
            let mut out = Vec::new();
            if convert::stream(bytes, domain, &options, &mut out).is_ok() {
                let (before, after) = (frame::cut(bytes, &options), frame::cut(&out, &options));
                assert_eq!(before.0.len(), after.0.len());
            }
        }
    });
}
