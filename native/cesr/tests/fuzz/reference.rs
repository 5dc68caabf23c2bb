//! Decoders that are slow and obviously right, and targets that compare ours with them.

use kelpipe_cesr::Options;
use kelpipe_cesr::annotate::annotate;
use kelpipe_cesr::codes::MATTER;
use kelpipe_cesr::frame;

use super::common::CHARS;
use super::run;

/// An obviously right decoder: bit by bit, with the table searched from its start.
pub fn naive(text: &[u8]) -> Option<(String, Vec<u8>, usize)> {
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

/// A message: where it starts and ends, and the primitives attached to it.
type Message = (usize, usize, Vec<String>);

/// Codes of attachments that [`stream`] knows.
const KNOWN: [&str; 14] = [
    "-A", "-B", "-C", "-E", "-F", "-G", "-I", "-V", "A", "B", "D", "E", "0A", "1AAG",
];

/// A whole v1 stream in text with JSON bodies, attachments of the commonest codes; nothing if anything is wrong.
fn stream(bytes: &[u8]) -> Option<Vec<Message>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (mut at, mut messages) = (0, Vec::new());
    while at < text.len() {
        let start = at;
        let version = text[at..].strip_prefix("{\"v\":\"KERI10JSON")?;
        let digits = version
            .get(..6)
            .filter(|_| version.get(6..8) == Some("_\""))?;
        if digits
            .chars()
            .any(|c| !c.is_ascii_digit() && !('a'..='f').contains(&c))
        {
            return None;
        }
        let size = usize::from_str_radix(digits, 16).ok()?;
        text.get(at..at + size)
            .filter(|body| size >= 25 && body.ends_with('}'))?;
        at += size;
        let mut found = Vec::new();
        if text[at..].starts_with("-V") {
            let end = at + 4 + 4 * count(&text[at..])?;
            let inner = text.get(at + 4..end).filter(|inner| !inner.is_empty())?;
            let mut used = 0;
            while used < inner.len() {
                used += group(&inner[used..], &mut found)?;
            }
            at = end;
        } else {
            while text[at..].starts_with('-') {
                at += group(&text[at..], &mut found)?;
            }
        }
        messages.push((start, at, found));
    }
    Some(messages)
}

/// The two digits of a counter.
fn count(text: &str) -> Option<usize> {
    let digit = |at: usize| {
        CHARS
            .iter()
            .position(|c| Some(c) == text.as_bytes().get(at))
    };
    Some(digit(2)? * 64 + digit(3)?)
}

/// Size of the group at the start of `text`.
fn group(text: &str, found: &mut Vec<String>) -> Option<usize> {
    let slots = match text.as_bytes().get(..2)? {
        b"-A" | b"-B" => "s",
        b"-C" => "k*",
        b"-E" => "nt",
        b"-F" => "pnda",
        b"-G" => "nd",
        b"-I" => "pnd",
        _ => return None,
    };
    let mut at = 4;
    for _ in 0..count(text)? {
        for slot in slots.chars() {
            let rest = text.get(at..)?;
            let codes: &[&str] = match slot {
                'a' => {
                    at += Some(rest)
                        .filter(|rest| rest.starts_with("-A"))
                        .and_then(|rest| group(rest, found))?;
                    continue;
                }
                's' => {
                    let signature = rest.get(..88).filter(|text| text.starts_with('A'))?;
                    // The index is a soft part of one character; the value begins behind four zero bits.
                    let value = naive(format!("0B{}", &signature[2..]).as_bytes())?;
                    let index = signature.as_bytes()[1];
                    if value.2 != 88 || !CHARS.contains(&index) {
                        return None;
                    }
                    found.push(signature.to_owned());
                    at += 88;
                    continue;
                }
                'k' => &["B", "D"],
                'n' => &["0A"],
                't' => &["1AAG"],
                'd' => &["E"],
                'p' => &["B", "D", "E"],
                _ => &[],
            };
            let (code, _, size) = naive(rest.as_bytes())?;
            if !codes.is_empty() && !codes.contains(&code.as_str()) {
                return None;
            }
            found.push(rest[..size].to_owned());
            at += size;
        }
    }
    Some(at)
}

#[test]
fn stream_against_a_naive_decoder() {
    run("stream_against_a_naive_decoder", |bytes| {
        let options = Options::default();
        let (frames, faults) = frame::cut(bytes, &options);
        let lines = annotate(bytes, &options);
        let attached = |start: usize, end: usize| {
            let inside = lines
                .iter()
                .filter(|line| (start..end).contains(&(line.offset as usize)));
            inside
                .filter(|line| !line.code.starts_with('-'))
                .map(|line| line.text.clone())
                .collect()
        };
        let ours: Vec<Message> = frames
            .iter()
            .map(|frame| {
                let (start, end) = (frame.start as usize, frame.attachments_end as usize);
                (start, end, attached(frame.body.end as usize, end))
            })
            .collect();
        match stream(bytes) {
            Some(theirs) => assert_eq!((ours, faults.len()), (theirs, 0)),
            None if faults.is_empty()
                && !frames.is_empty()
                && std::str::from_utf8(bytes).is_ok() =>
            {
                let begins =
                    |body: &[u8]| body.starts_with(b"{\"v\":\"KERI10JSON") && body.ends_with(b"}");
                let plain = frames.iter().all(|frame| begins(frame.body.of(bytes)));
                let known = |code: &str| code == "JSON" || KNOWN.contains(&code);
                assert!(
                    !plain || lines.iter().any(|line| !known(&line.code)),
                    "only we accept it: {ours:?}"
                );
            }
            None => {}
        }
    });
}
