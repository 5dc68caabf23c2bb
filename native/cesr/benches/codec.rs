//! Speed of the codec, one thread: framing and reading of 2,000 inceptions with one signature each, in every kind of
//! body. Each row is the best of many short rounds, which other work on the machine disturbs least; the peer is
//! `serde_json` reading the same bodies into its tree.
//!
//! `cargo bench -p kelpipe-cesr --bench codec -- --json FILE --streams DIR` also writes rows of name, unit, ours, peer,
//! ratio, and the streams.

#![allow(clippy::cast_precision_loss)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use kelpipe_cesr::Options;
use kelpipe_cesr::body::{Reader, Token};
use kelpipe_cesr::frame::{Frame, Framer, body_bytes};
use kelpipe_cesr::group::{Genus, parse_attachments};
use kelpipe_cesr::primitive;
use kelpipe_cesr::version::{Kind, Protocol, Version};

const KINDS: [Kind; 4] = [Kind::Json, Kind::Cbor, Kind::Mgpk, Kind::Cesr];
const EVENTS: usize = 2000;
/// For each row: long enough for the processor to reach its speed, and for quiet moments of the machine.
const TIME: Duration = Duration::from_millis(400);

struct Row {
    name: String,
    unit: &'static str,
    ours: f64,
    peer: Option<f64>,
}

fn main() {
    let mut rows = Vec::new();
    for kind in KINDS {
        measure(kind, &mut rows);
    }
    report(&rows);
    if let Some(folder) = option("--streams") {
        for kind in KINDS {
            let name = format!("{}.cesr", kind.name().to_lowercase());
            let path = std::path::Path::new(&folder).join(name);
            std::fs::write(path, stream(kind)).expect("the file can be written");
        }
    }
}

/// The argument after `name`.
fn option(name: &str) -> Option<String> {
    std::env::args()
        .skip_while(|argument| argument != name)
        .nth(1)
}

fn measure(kind: Kind, rows: &mut Vec<Row>) {
    let options = Options::default();
    let stream = stream(kind);
    let frames = cut(&stream, &options);
    assert_eq!(frames.len(), EVENTS, "every event is framed");
    let name = kind.name().to_lowercase();
    let bodies: Vec<u8> = frames
        .iter()
        .flat_map(|frame| frame.body.of(&stream))
        .copied()
        .collect();
    rows.push(Row {
        name: format!("frame-{name}-bodies"),
        unit: "ns/event",
        ours: best(|| black_box(cut(&bodies, &options)).len()),
        peer: None,
    });
    let framing = best(|| black_box(cut(&stream, &options)).len());
    rows.push(Row {
        name: format!("frame-{name}"),
        unit: "ns/event",
        ours: framing,
        peer: None,
    });
    let rate = stream.len() as f64 / EVENTS as f64 / framing;
    rows.push(Row {
        name: format!("frame-{name}-rate"),
        unit: "GB/s",
        ours: rate,
        peer: None,
    });
    let mut scratch = Vec::new();
    let reading = best(|| {
        frames
            .iter()
            .map(|frame| {
                read(
                    kind,
                    body_bytes(&stream, frame, &mut scratch).expect("body"),
                    &options,
                )
            })
            .sum()
    });
    let peer = (kind == Kind::Json).then(|| {
        best(|| {
            let read = |frame: &Frame| {
                serde_json::from_slice::<serde_json::Value>(frame.body.of(&stream)).expect("JSON")
            };
            frames
                .iter()
                .map(|frame| usize::from(black_box(read(frame)).is_object()))
                .sum()
        })
    });
    rows.push(Row {
        name: format!("body-{name}"),
        unit: "ns/event",
        ours: reading,
        peer,
    });
    let genus = if kind == Kind::Cesr {
        Genus::V2
    } else {
        Genus::V1
    };
    let attachments = best(|| {
        let parse = |frame: &Frame| {
            let text = &stream[frame.body.end as usize..frame.attachments_end as usize];
            parse_attachments(text, genus, &options)
                .expect("attachments")
                .controller
                .len()
        };
        frames.iter().map(parse).sum()
    });
    rows.push(Row {
        name: format!("attachments-{name}"),
        unit: "ns/event",
        ours: attachments,
        peer: None,
    });
}

/// Nanoseconds an event, best round.
fn best(mut work: impl FnMut() -> usize) -> f64 {
    let (mut least, begun) = (f64::MAX, Instant::now());
    while begun.elapsed() < TIME {
        let start = Instant::now();
        black_box(work());
        least = least.min(start.elapsed().as_nanos() as f64 / EVENTS as f64);
    }
    least
}

fn cut(stream: &[u8], options: &Options) -> Vec<Frame> {
    let (mut frames, mut faults) = (Vec::with_capacity(EVENTS), Vec::new());
    Framer::new(options).frame(stream, true, &mut frames, &mut faults);
    assert!(faults.is_empty(), "no fault: {:?}", faults.first());
    frames
}

fn read(kind: Kind, body: &[u8], options: &Options) -> usize {
    let mut reader = Reader::new(kind, body, options);
    let (mut depth, mut tokens) = (0, 0);
    loop {
        tokens += 1;
        match reader.next().expect("canonical") {
            Token::MapStart | Token::ListStart => depth += 1,
            Token::MapEnd | Token::ListEnd => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            reader.finish().expect("whole");
            return tokens;
        }
    }
}

/// Pseudo-random Base64 text of `size` characters after `code`.
fn fill(code: &str, size: usize, state: &mut u64) -> String {
    const CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = code.to_owned();
    while text.len() < size {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push(char::from(CHARS[(*state >> 58) as usize]));
    }
    text
}

/// A value of an inception.
enum Value {
    Text(String),
    List(Vec<String>),
}

fn event(state: &mut u64) -> Vec<(&'static str, Value)> {
    let digest = fill("EA", 44, state);
    let key = fill("DA", 44, state);
    let next = fill("EA", 44, state);
    let text = |text: &str| Value::Text(text.to_owned());
    vec![
        ("t", text("icp")),
        ("d", Value::Text(digest.clone())),
        ("i", Value::Text(digest)),
        ("s", text("0")),
        ("kt", text("1")),
        ("k", Value::List(vec![key])),
        ("nt", text("1")),
        ("n", Value::List(vec![next])),
        ("bt", text("0")),
        ("b", Value::List(vec![])),
        ("c", Value::List(vec![])),
        ("a", Value::List(vec![])),
    ]
}

fn stream(kind: Kind) -> Vec<u8> {
    let mut out = Vec::new();
    let mut state = 7;
    for _ in 0..EVENTS {
        let event = event(&mut state);
        let body = |version: &str| match kind {
            Kind::Json => json(version, &event),
            Kind::Cbor => cbor(version, &event),
            Kind::Mgpk => mgpk(version, &event),
            Kind::Cesr => native(&event),
        };
        let size = body(&" ".repeat(17)).len() as u32;
        let version = Version::new(Protocol::Keri, 1, kind, size);
        out.extend_from_slice(&body(&version.to_string()));
        let signature = fill("AAA", 88, &mut state);
        let counter = if kind == Kind::Cesr {
            "-CAX-KAW"
        } else {
            "-VAX-AAB"
        };
        out.extend_from_slice(counter.as_bytes());
        out.extend_from_slice(signature.as_bytes());
    }
    out
}

fn json(version: &str, event: &[(&str, Value)]) -> Vec<u8> {
    let mut out = format!("{{\"v\":\"{version}\"");
    for (label, value) in event {
        let _ = match value {
            Value::Text(text) => write!(out, ",\"{label}\":\"{text}\""),
            Value::List(texts) if texts.is_empty() => write!(out, ",\"{label}\":[]"),
            Value::List(texts) => write!(out, ",\"{label}\":[\"{}\"]", texts.join("\",\"")),
        };
    }
    out.push('}');
    out.into_bytes()
}

fn cbor(version: &str, event: &[(&str, Value)]) -> Vec<u8> {
    let text = |text: &str| {
        let size = text.len() as u8;
        let mut out = if size < 24 {
            vec![0x60 | size]
        } else {
            vec![0x78, size]
        };
        out.extend_from_slice(text.as_bytes());
        out
    };
    binary(version, event, 0xa0, 0x80, &text)
}

fn mgpk(version: &str, event: &[(&str, Value)]) -> Vec<u8> {
    let text = |text: &str| {
        let size = text.len() as u8;
        let mut out = if size < 32 {
            vec![0xa0 | size]
        } else {
            vec![0xd9, size]
        };
        out.extend_from_slice(text.as_bytes());
        out
    };
    binary(version, event, 0x80, 0x90, &text)
}

fn binary(
    version: &str,
    event: &[(&str, Value)],
    map: u8,
    list: u8,
    text: &dyn Fn(&str) -> Vec<u8>,
) -> Vec<u8> {
    let mut out = vec![map | (event.len() as u8 + 1)];
    out.extend(text("v"));
    out.extend(text(version));
    for (label, value) in event {
        out.extend(text(label));
        match value {
            Value::Text(value) => out.extend(text(value)),
            Value::List(values) => {
                out.push(list | values.len() as u8);
                out.extend(values.iter().flat_map(|value| text(value)));
            }
        }
    }
    out
}

fn native(event: &[(&str, Value)]) -> Vec<u8> {
    let mut inner = "0OKERICAACAA".to_owned();
    for (label, value) in event {
        match (*label, value) {
            ("t", Value::Text(ilk)) => primitive::encode_tag(ilk, &mut inner).expect("tag"),
            ("s" | "kt" | "nt" | "bt", Value::Text(number)) => {
                primitive::encode_number(
                    u128::from_str_radix(number, 16).expect("hex"),
                    &mut inner,
                );
            }
            (_, Value::Text(text)) => inner.push_str(text),
            (_, Value::List(texts)) => {
                let texts = texts.concat();
                kelpipe_cesr::counter::encode(
                    kelpipe_cesr::codes::CounterTable::V2,
                    'J',
                    texts.len() as u32 / 4,
                    &mut inner,
                )
                .expect("counter");
                inner.push_str(&texts);
            }
        }
    }
    let mut out = String::new();
    let count = inner.len() as u32 / 4;
    kelpipe_cesr::counter::encode(kelpipe_cesr::codes::CounterTable::V2, 'F', count, &mut out)
        .expect("counter");
    out.push_str(&inner);
    out.into_bytes()
}

fn report(rows: &[Row]) {
    let mut json = String::from("[");
    for (index, row) in rows.iter().enumerate() {
        let (peer, ratio) = match row.peer {
            Some(peer) => (format!("{peer:.1}"), format!("{:.2}", peer / row.ours)),
            None => ("null".to_owned(), "null".to_owned()),
        };
        println!(
            "{:<24} {:>8.1} {:<9} peer {peer:>8} ratio {ratio}",
            row.name, row.ours, row.unit
        );
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(
            json,
            "{comma}\n  {{\"name\":\"{}\",\"unit\":\"{}\",\"ours\":{:.2},\"peer\":{peer},\"ratio\":{ratio}}}",
            row.name, row.unit, row.ours
        );
    }
    json.push_str("\n]\n");
    if let Some(file) = option("--json") {
        std::fs::write(file, json).expect("the file can be written");
    }
}
