//! Text and binary domain of whole streams, and annotated text.

#![allow(clippy::similar_names)]

mod common;

use common::files;
use kelpipe_cesr::Options;
use kelpipe_cesr::annotate::{annotate, deannotate, is_text_only, render};
use kelpipe_cesr::convert;
use kelpipe_cesr::frame::{self, Domain, Frame, attachments_text, body_bytes};
use kelpipe_cesr::group::parse_attachments;
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
    let mut count = 0;
    for (name, stream, frames) in sound() {
        let lines = annotate(&stream, &options);
        assert!(lines.iter().all(|line| line.name != "fault"), "{name}");
        let readable = std::str::from_utf8(&stream).is_ok();
        if readable
            && is_text_only(&frames)
            && lines.iter().all(|line| !line.name.starts_with("wrapped"))
        {
            let again = deannotate(render(&lines).as_bytes(), &options).expect(&name);
            assert!(again == stream, "{name}");
            count += 1;
        }
    }
    println!("{count} streams annotated and read back");
}
