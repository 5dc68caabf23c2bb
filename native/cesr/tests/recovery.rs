//! Garbage between and inside messages, random chunks, and what hostile input costs.

#![allow(clippy::similar_names)]

mod common;

use std::time::{Duration, Instant};

use common::make::{self, Shape};
use common::random::Random;
use common::{CHARS, Item, body, cut, files};
use kelpipe_cesr::Options;
use kelpipe_cesr::body::{Reader, Token};
use kelpipe_cesr::frame::{self, Framer};
use kelpipe_cesr::version::Kind;

/// Whole messages out of sound streams of every kind.
fn messages() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let paths = files("keripy", ".cesr");
    let wanted = |name: &str| {
        [
            "kel-basic",
            "multisig",
            "witness",
            "receipt",
            "v2-kel",
            "v2-binary",
        ]
        .iter()
        .any(|k| name.contains(k))
    };
    for path in paths.iter().filter(|path| wanted(&path.to_string_lossy())) {
        let stream = std::fs::read(path).expect("vector");
        let (frames, faults) = frame::cut(&stream, &Options::default());
        if !faults.is_empty() {
            continue;
        }
        for frame in frames
            .iter()
            .filter(|frame| frame.attachments_end > frame.body.end)
        {
            let message = stream[frame.start as usize..frame.attachments_end as usize].to_vec();
            // Only those that say themselves which tables they are read by.
            if frame::cut(&message, &Options::default()).0.len() == 1 {
                found.push(message);
            }
        }
    }
    let mut random = Random::new(9);
    for shape in Shape::ALL {
        let made = (0..8).map(|_| make::message(shape, &mut random));
        found.extend(made.filter(|message| frame::cut(message, &Options::default()).0.len() == 1));
    }
    found
}

fn garbage(random: &mut Random, messages: &[Vec<u8>]) -> Vec<u8> {
    let size = 1 + match random.below(8) {
        0 => random.below(65_536),
        1..=3 => random.below(4096),
        _ => random.below(64),
    };
    let bytes: Vec<u8> = match random.below(3) {
        0 => (0..size).map(|_| random.next() as u8).collect(),
        1 => (0..size)
            .map(|_| CHARS[random.below(CHARS.len())])
            .collect(),
        _ => {
            let message = &messages[random.below(messages.len())];
            message[1 + random.below(message.len() - 1)..].to_vec()
        }
    };
    // Not from a counter on: groups that follow a message are the message's.
    bytes
        .into_iter()
        .skip_while(|c| *c == b'-' || *c >= 0xf8)
        .chain(*b"!")
        .collect()
}

#[test]
fn no_intact_message_is_lost_to_garbage() {
    let messages = messages();
    let mut random = Random::new(5);
    let (mut intact, mut lost) = (0, Vec::new());
    for round in 0..5000 {
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for _ in 0..2 + random.below(4) {
            if random.below(2) == 0 {
                stream.extend(garbage(&mut random, &messages));
            }
            let message = &messages[random.below(messages.len())];
            if random.below(4) == 0 {
                // A counter on its own might be a group of the message before: what follows it says that it is not.
                let least = if matches!(message[0], b'-' | 0xf8..) {
                    160
                } else {
                    1
                };
                let at = (least + random.below(message.len() - 1)).min(message.len() - 1);
                stream.extend_from_slice(&message[..at]);
                stream.extend(garbage(&mut random, &messages));
                stream.extend_from_slice(&message[at..]);
            } else {
                expected.push((stream.len() as u64, (stream.len() + message.len()) as u64));
                stream.extend_from_slice(message);
            }
        }
        let items = cut(&stream, [], &Options::default());
        for (start, end) in expected {
            intact += 1;
            let found = items.iter().any(|item| matches!(item, Item::Message { start: s, end: e, .. } if (*s, *e) == (start, end)));
            if !found {
                let near: Vec<_> = items
                    .iter()
                    .filter(|item| match item {
                        Item::Message {
                            start: s, end: e, ..
                        } => *s < end && *e > start,
                        Item::Fault { offset, bytes, .. } => {
                            *offset < end && offset + bytes > start
                        }
                    })
                    .collect();
                let text = |a: usize, b: usize| {
                    String::from_utf8_lossy(&stream[a.min(stream.len())..b.min(stream.len())])
                        .into_owned()
                };
                println!(
                    "LOST {start}..{end} {:?} after {:?} | next {:?}",
                    text(start as usize, start as usize + 30),
                    text((start as usize).saturating_sub(20), start as usize),
                    text(end as usize, end as usize + 20)
                );
                for item in near {
                    println!(
                        "    {item:?} {}",
                        match item {
                            Item::Message { start: s, .. } => text(*s as usize, *s as usize + 20),
                            Item::Fault { offset, .. } =>
                                text(*offset as usize, *offset as usize + 20),
                        }
                    );
                }
                lost.push(format!("round {round}: {start}..{end}"));
            }
        }
    }
    println!(
        "{intact} intact messages, {} lost: {:?}",
        lost.len(),
        &lost[..lost.len().min(10)]
    );
    assert!(lost.is_empty());
}

/// Inputs that make naive parsers quadratic, of about `size` bytes.
fn hostile(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let repeat = |pattern: &[u8]| {
        pattern
            .iter()
            .copied()
            .cycle()
            .take(size)
            .collect::<Vec<u8>>()
    };
    let after = |head: &[u8], pattern: &[u8]| {
        let mut bytes = head.to_vec();
        bytes.extend(pattern.iter().copied().cycle().take(size));
        bytes
    };
    vec![
        ("braces", repeat(b"{")),
        (
            "version strings that lie",
            repeat(b"{\"v\":\"KERI10JSON0fffff_\""),
        ),
        (
            "small version strings",
            repeat(b"{\"v\":\"KERI10JSON000020_\","),
        ),
        ("generic groups", repeat(b"-AB_")),
        ("big generic groups", repeat(b"--A_____")),
        ("native heads", repeat(b"-F__0OKERICAACAAXicp")),
        ("bodies with attachments", repeat(b"-B__-F__0OKERICAACAA")),
        ("binary counters", repeat(&[0xf8, 0x0f, 0xff])),
        (
            "binary native heads",
            repeat(&[0xf8, 0x5f, 0xff, 0xd0, 0xe2, 0x84]),
        ),
        ("map heads", repeat(&[0x8d, 0xa1, b'v', 0xb1])),
        ("empty groups", after(&body(0x12b), b"-AAA")),
        ("enclosing groups", after(&body(0x12b), b"-V__-AAA")),
        ("dashes", repeat(b"-")),
        ("letters", repeat(b"A")),
    ]
}

fn time(work: impl Fn()) -> Duration {
    (0..3)
        .map(|_| Instant::now())
        .map(|start| {
            work();
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn one_at_a_time(stream: &[u8]) {
    let mut framer = Framer::new(&Options::default());
    let (mut frames, mut faults, mut consumed) = (Vec::new(), Vec::new(), 0);
    for to in 1..=stream.len() {
        consumed += framer.frame(
            &stream[consumed..to],
            to == stream.len(),
            &mut frames,
            &mut faults,
        );
        frames.clear();
        faults.clear();
    }
}

#[test]
fn hostile_input_costs_linear_time() {
    let whole = |bytes: &[u8]| {
        cut(bytes, [], &Options::default());
    };
    for (way, work, most) in [
        ("whole", &whole as &dyn Fn(&[u8]), 1 << 19),
        ("byte by byte", &one_at_a_time, 1 << 17),
    ] {
        let curve = [most >> 6, most >> 4, most >> 2, most].map(hostile);
        for pattern in 0..curve[0].len() {
            let inputs = curve.each_ref().map(|inputs| &inputs[pattern].1[..]);
            assert_linear(&format!("{}, {way}", curve[0][pattern].0), &inputs, work);
        }
    }
}

/// A byte of the largest input must not take much longer than one of the two smallest: quadratic work would take sixteen
/// times as long. Other work on the machine can disturb a measurement, so the best of a few counts.
fn assert_linear(name: &str, curve: &[&[u8]; 4], work: &dyn Fn(&[u8])) {
    let mut seen = Vec::new();
    for _ in 0..5 {
        let each = curve
            .map(|input| time(|| work(input)).as_secs_f64() * 1e9 / f64::from(input.len() as u32));
        let slack = 2e6 / f64::from(curve[3].len() as u32);
        if each[3] < each[0].max(each[1]) * 5.0 + slack {
            println!("{name}: {each:.2?} ns a byte");
            return;
        }
        seen.push(each);
    }
    panic!("{name}: {seen:.2?} ns a byte");
}

#[test]
fn hostile_bodies_cost_linear_time() {
    let keys = |count: usize| {
        let keys: Vec<String> = (0..count)
            .map(|i| format!("\"{}{i:06}\":0", "k".repeat(20)))
            .collect();
        format!("{{{}}}", keys.join(","))
    };
    let read = |text: &[u8]| {
        let options = Options {
            depth_max: u32::MAX,
            ..Options::default()
        };
        let mut reader = Reader::new(Kind::Json, text, &options);
        while let Ok(token) = reader.next() {
            if token == Token::Null {
                break;
            }
        }
    };
    let lists = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let strings = |size: usize| format!("{{\"a\":\"{}\"}}", "\\n".repeat(size));
    let digits = |size: usize| format!("{{\"a\":{}}}", "1".repeat(size));
    for (name, make) in [
        ("keys", &keys as &dyn Fn(usize) -> String),
        ("lists", &lists),
        ("escapes", &strings),
        ("digits", &digits),
    ] {
        let curve = [1_000, 4_000, 16_000, 64_000].map(make);
        let curve = curve.each_ref().map(String::as_bytes);
        assert_linear(name, &curve, &read);
    }
}
