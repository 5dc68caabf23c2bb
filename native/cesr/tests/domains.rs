//! Text and binary domain of whole streams, and annotated text.

#![allow(clippy::similar_names)]

mod common;

use std::collections::HashMap;

use common::files;
use common::make::{self, Shape};
use common::random::Random;
use kelpipe_cesr::Options;
use kelpipe_cesr::annotate::{Annotator, Deannotator, annotate, deannotate, render, render_json};
use kelpipe_cesr::convert::{self, Converter};
use kelpipe_cesr::frame::{self, Domain, Frame, attachments_text, body_bytes};
use kelpipe_cesr::group::parse_attachments;
use kelpipe_cesr::split::{By, Piece, Splitter};
use kelpipe_cesr::version::Kind;

/// Whole streams without a fault.
fn sound() -> impl Iterator<Item = (String, Vec<u8>, Vec<Frame>)> {
    let options = Options::default();
    let streams = files("keripy", ".cesr")
        .into_iter()
        .chain(files("keripy-tests", ".cesr"));
    streams.filter_map(move |path| {
        let stream = std::fs::read(&path).expect("vector");
        let (frames, faults) = frame::cut(&stream, &options);
        faults
            .is_empty()
            .then(|| (path.display().to_string(), stream, frames))
    })
}

/// What a message says, whatever domain it came in.
fn essence(stream: &[u8], frames: &[Frame]) -> Vec<(Vec<u8>, String)> {
    let options = Options::default();
    let mut out = Vec::new();
    for frame in frames {
        let (mut body, mut text) = (Vec::new(), Vec::new());
        let body = body_bytes(stream, frame, &mut body).expect("body").to_vec();
        let text = attachments_text(stream, frame, &options, &mut text).expect("text");
        let attachments = parse_attachments(text, frame.genus, &options).expect("attachments");
        out.push((body, format!("{attachments:?}")));
    }
    out
}

#[test]
fn a_stream_says_the_same_in_both_domains() {
    let options = Options::default();
    let mut count = 0;
    for (name, stream, frames) in sound() {
        let mut binary = Vec::new();
        if let Err(error) = convert::stream(&stream, Domain::Binary, &options, &mut binary) {
            let foreign = |c: &u8| !(c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
            let broken = |f: &Frame| f.kind == Kind::Cesr && f.body.of(&stream).iter().any(foreign);
            assert!(frames.iter().any(broken), "{name}: {error}");
            continue;
        }
        let (again, faults) = frame::cut(&binary, &options);
        assert!(faults.is_empty(), "{name}: {faults:?}");
        assert_eq!(
            essence(&stream, &frames),
            essence(&binary, &again),
            "{name}"
        );
        let mut text = Vec::new();
        convert::stream(&binary, Domain::Text, &options, &mut text).expect(&name);
        let pure = |f: &Frame| f.domain == Domain::Text && f.body_domain == Domain::Text;
        if frames.iter().all(pure) {
            assert!(text == stream, "{name}");
            count += 1;
        }
    }
    println!("{count} text streams to binary and back");
}

#[test]
fn annotated_text_reads_back() {
    let options = Options::default();
    let (mut random, mut count) = (Random::new(7), 0);
    for (name, stream, _) in sound() {
        annotated_reads_back(&name, &stream, &mut random);
        let lines = annotate(&stream, &options);
        assert!(lines.iter().all(|line| line.name != "fault"), "{name}");
        count += 1;
    }
    for shape in Shape::ALL {
        let mut stream = make::stream(shape, 4, &mut random);
        stream.extend_from_slice(b"garbage #\n\x1b[31m{\xff~");
        stream.extend(make::stream(shape, 2, &mut random));
        stream.extend_from_slice(b"-AAB cut off");
        annotated_reads_back(&format!("{shape:?}"), &stream, &mut random);
        count += 1;
    }
    println!("{count} streams annotated and read back");
}

/// Whole and in pieces: the lines stand for the stream, and no character of them steers a terminal.
fn annotated_reads_back(name: &str, stream: &[u8], random: &mut Random) {
    let options = Options::default();
    let text = render(&annotate(stream, &options));
    assert!(deannotate(text.as_bytes(), &options) == stream, "{name}");
    assert!(
        !text.contains(|c: char| c.is_control() && c != '\n'),
        "{name}"
    );
    let (mut annotator, mut lines) = (Annotator::new(&options), Vec::new());
    let mut from = 0;
    for to in random
        .cuts(8, stream.len())
        .into_iter()
        .chain([stream.len()])
    {
        let window = &stream[from..to];
        let done = annotator.annotate(window, to == stream.len(), &mut lines);
        from += done.consumed;
    }
    let pieces = render(&lines);
    let (mut reader, mut again, mut at) = (Deannotator::new(&options), Vec::new(), 0);
    for to in random.cuts(40, pieces.len()) {
        reader.read(&pieces.as_bytes()[at..to], false, &mut again);
        at = to;
    }
    reader.read(&pieces.as_bytes()[at..], true, &mut again);
    assert!(again == stream, "{name} in pieces");
}

#[test]
fn every_shape_converts_to_each_domain_and_says_the_same() {
    let (options, mut random) = (Options::default(), Random::new(8));
    for shape in Shape::ALL {
        let stream = make::stream(shape, 4, &mut random);
        let (mut binary, mut text, mut again) = (Vec::new(), Vec::new(), Vec::new());
        convert::stream(&stream, Domain::Binary, &options, &mut binary).expect("converts");
        convert::stream(&binary, Domain::Text, &options, &mut text).expect("converts");
        convert::stream(&text, Domain::Binary, &options, &mut again).expect("converts");
        assert_eq!(binary, again, "{shape:?}");
    }
    // A binary group of messages after a genus code in text: each counter is of its own domain.
    let mut mixed = b"-_AAACAA".to_vec();
    mixed.extend(make::message(Shape::GenericBinary, &mut random));
    let mut text = Vec::new();
    convert::stream(&mixed, Domain::Text, &options, &mut text).expect("converts");
    assert!(text.is_ascii() && frame::cut(&text, &options).0.len() == 2);
}

#[test]
fn conversion_in_pieces_makes_the_same() {
    let (options, mut random) = (Options::default(), Random::new(12));
    for shape in Shape::ALL {
        let stream = make::stream(shape, 4, &mut random);
        for domain in [Domain::Text, Domain::Binary] {
            let (mut whole, mut pieces, mut from) = (Vec::new(), Vec::new(), 0);
            convert::stream(&stream, domain, &options, &mut whole).expect("converts");
            let mut converter = Converter::new(domain, &options);
            for to in random
                .cuts(8, stream.len())
                .into_iter()
                .chain([stream.len()])
            {
                let end = to == stream.len();
                from += converter
                    .convert(&stream[from..to], end, &mut pieces)
                    .expect("converts");
            }
            assert_eq!(whole, pieces, "{shape:?}");
        }
    }
}

#[test]
fn a_stream_with_a_fault_is_not_converted() {
    let (options, mut random) = (Options::default(), Random::new(13));
    for shape in Shape::ALL {
        let mut stream = make::stream(shape, 2, &mut random);
        let at = stream.len() as u64;
        stream.extend_from_slice(b"garbage");
        stream.extend(make::stream(shape, 2, &mut random));
        let refused = convert::stream(&stream, Domain::Binary, &options, &mut Vec::new());
        assert!(refused.is_err_and(|refused| refused.at == at), "{shape:?}");
    }
}

/// The pieces of a stream that comes in windows.
fn pieces(stream: &[u8], by: By, random: &mut Random) -> (Vec<Piece>, usize) {
    let mut splitter = Splitter::new(by, &Options::default());
    let (mut pieces, mut faults, mut from) = (Vec::new(), 0, 0);
    let cuts = random.cuts(8, stream.len()).into_iter();
    for to in cuts.chain([stream.len()]) {
        let split = splitter.split(&stream[from..to], to == stream.len(), &mut pieces);
        from += split.consumed;
        faults += split.faults;
    }
    (pieces, faults)
}

#[test]
fn each_message_of_a_split_stream_stands_alone() {
    let (options, mut random) = (Options::default(), Random::new(9));
    for shape in Shape::ALL {
        let mut stream = make::stream(shape, 4, &mut random);
        let whole = essence(&stream, &frame::cut(&stream, &options).0);
        stream.extend_from_slice(b"garbage");
        let (pieces, faults) = pieces(&stream, By::Message, &mut random);
        assert_eq!(faults, 1, "{shape:?}");
        let alone = pieces
            .iter()
            .flat_map(|piece| essence(&piece.bytes, &frame::cut(&piece.bytes, &options).0));
        assert_eq!(alone.collect::<Vec<_>>(), whole, "{shape:?}");
    }
}

// Goal: a stream of one AID out of a stream of many says what they said. Method: messages of all shapes mixed up, so that
// the tables change from one to the next.
#[test]
fn the_messages_of_an_aid_make_a_stream() {
    let (options, mut random) = (Options::default(), Random::new(14));
    let mut stream = Vec::new();
    for _ in 0..20 {
        for shape in Shape::ALL {
            let code: &[u8] = match shape {
                Shape::JsonV1 | Shape::Cbor | Shape::Mgpk => b"-_AAABAA",
                _ => b"-_AAACAA",
            };
            stream.extend_from_slice(code);
            stream.extend(make::message(shape, &mut random));
        }
    }
    let (frames, faults) = frame::cut(&stream, &options);
    assert!(faults.is_empty());
    let mut expected = essence(&stream, &frames);
    let (pieces, _) = pieces(&stream, By::Aid, &mut random);
    let mut streams: HashMap<Option<String>, Vec<u8>> = HashMap::new();
    for piece in pieces {
        assert_eq!(piece.first, !streams.contains_key(&piece.aid));
        streams
            .entry(piece.aid)
            .or_default()
            .extend_from_slice(&piece.bytes);
    }
    let mut found = Vec::new();
    for stream in streams.values() {
        let (frames, faults) = frame::cut(stream, &options);
        assert!(faults.is_empty(), "{faults:?}");
        found.extend(essence(stream, &frames));
    }
    assert!(streams.len() > 2);
    expected.sort();
    found.sort();
    assert!(expected == found);
}

#[test]
fn lines_as_json_are_json() {
    let mut random = Random::new(10);
    for shape in Shape::ALL {
        let mut stream = make::stream(shape, 2, &mut random);
        stream.extend_from_slice(b"\x1b[31m\"\\");
        let lines = annotate(&stream, &Options::default());
        let json = render_json(&lines);
        assert_eq!(json.lines().count(), lines.len());
        for (json, line) in json.lines().zip(&lines) {
            let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(
                (&value["value"], &value["meaning"]),
                (&line.text.as_str().into(), &line.value.as_str().into())
            );
            assert_eq!(
                (&value["offset"], &value["name"]),
                (&line.offset.into(), &line.name.into())
            );
        }
    }
}
