//! Framing and reading of the streams that the reference was run on.

#![allow(clippy::similar_names)]

mod common;

use common::{Item, cut, files};
use kelpipe_cesr::body::{Reader, Token};
use kelpipe_cesr::frame::{Fault, Frame, Framer, attachments_text, body_bytes};
use kelpipe_cesr::group::parse_attachments;
use kelpipe_cesr::{Error, Options};
use serde_json::Value;

#[test]
fn every_stream_is_framed_the_same_however_it_is_cut() {
    for path in files("keripy", ".cesr") {
        let stream = std::fs::read(&path).expect("vector");
        let options = Options::default();
        let whole = cut(&stream, [], &options);
        let single = cut(&stream, 1..stream.len(), &options);
        assert_eq!(whole, single, "{}", path.display());
    }
}

#[test]
fn two_chunks_are_as_good_as_one_at_every_split() {
    for path in files("keripy", ".cesr").iter().step_by(19) {
        let stream = std::fs::read(path).expect("vector");
        let options = Options::default();
        let whole = cut(&stream, [], &options);
        for at in 1..stream.len() {
            assert_eq!(
                whole,
                cut(&stream, [at], &options),
                "{} split at {at}",
                path.display()
            );
        }
    }
}

/// Reads a framed message whole.
fn read(window: &[u8], frame: &Frame) -> Result<(), Error> {
    let options = Options::default();
    let (mut body, mut attachments) = (Vec::new(), Vec::new());
    let body = body_bytes(window, frame, &mut body)?;
    let mut reader = Reader::new(frame.kind, body, &options);
    let mut depth = 0;
    loop {
        match reader.next()? {
            Token::MapStart | Token::ListStart => depth += 1,
            Token::MapEnd | Token::ListEnd => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            reader.finish()?;
            break;
        }
    }
    let text = attachments_text(window, frame, &options, &mut attachments)?;
    parse_attachments(text, frame.genus, &options).map(|_| ())
}

#[test]
fn what_the_reference_accepted_is_framed_and_read() {
    let (mut accepted, mut short) = (0, Vec::new());
    for folder in ["keripy", "keripy-tests"] {
        for path in files(folder, ".cesr") {
            let stream = std::fs::read(&path).expect("vector");
            let vector: Value =
                serde_json::from_slice(&std::fs::read(path.with_extension("json")).expect("JSON"))
                    .expect("JSON");
            let (mut frames, mut faults): (Vec<Frame>, Vec<Fault>) = Default::default();
            let (mut good, mut bad) = (0, Vec::new());
            let mut faulty = Vec::new();
            for step in vector["steps"]
                .as_array()
                .expect("steps")
                .iter()
                .filter(|step| step[0] == "parse")
            {
                let at = |index: usize| step[index].as_u64().expect("offset") as usize;
                let slice = &stream[at(1)..at(2)];
                frames.clear();
                faults.clear();
                Framer::new(&Options::default()).frame(slice, true, &mut frames, &mut faults);
                faulty.extend(
                    faults
                        .iter()
                        .map(|fault| format!("{:?}@{}", fault.error, fault.at)),
                );
                for frame in &frames {
                    match read(slice, frame) {
                        Ok(()) => good += 1,
                        Err(error) => bad.push(format!("{error}")),
                    }
                }
            }
            let events = vector["expected"]["events"].as_array().expect("events");
            let taken = |event: &&Value| {
                // An event that comes twice has the status of its better try; `onParse` is that of each.
                let status = event["onParse"]
                    .as_str()
                    .or(event["status"].as_str())
                    .unwrap_or_default();
                status == "accepted" || status.starts_with("escrowed") || status == "processed"
            };
            let expected = events.iter().filter(taken).count();
            accepted += expected;
            if good < expected {
                let name = path
                    .file_name()
                    .expect("name")
                    .to_string_lossy()
                    .into_owned();
                short.push(format!(
                    "{folder}/{name}: {good} read of {expected}; {bad:?} {faulty:?}"
                ));
            }
        }
    }
    println!("{accepted} events that the reference took");
    assert!(
        short.is_empty(),
        "{} streams fall short:\n{}",
        short.len(),
        short.join("\n")
    );
}

#[test]
fn nothing_is_lost_or_counted_twice() {
    for path in files("keripy", ".cesr")
        .into_iter()
        .chain(files("keripy-tests", ".cesr"))
    {
        let stream = std::fs::read(&path).expect("vector");
        let mut at = 0;
        for item in cut(&stream, [], &Options::default()) {
            let (start, end) = match item {
                Item::Message { start, end, .. } => (start, end),
                Item::Fault { offset, bytes, .. } => (offset, offset + bytes),
            };
            assert!(
                end == start || start >= at,
                "{} at {start}, after {at}",
                path.display()
            );
            at = at.max(end);
        }
    }
}
