//! Targets that read primitives, counters and version strings.

use kelpipe_cesr::codes::CounterTable;
use kelpipe_cesr::counter::Counter;
use kelpipe_cesr::indexer::{self, Indexed};
use kelpipe_cesr::primitive::{self, Primitive};
use kelpipe_cesr::version::Version;
use kelpipe_cesr::{Alphabet, convert};

use super::reference::naive;
use super::run;

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
