//! Targets that read bodies and attachments.

use kelpipe_cesr::Options;
use kelpipe_cesr::body::{Reader, Token};
use kelpipe_cesr::group::{Genus, parse_attachments};
use kelpipe_cesr::version::Kind;

use super::run;

pub fn read(kind: Kind, bytes: &[u8]) {
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
