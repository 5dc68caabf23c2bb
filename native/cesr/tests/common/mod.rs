//! What the tests share: where the vectors are, and cutting a stream in various ways.
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    clippy::similar_names,
    dead_code,
    missing_docs
)]

pub mod make;
pub mod random;
pub mod value;

use std::path::PathBuf;

use kelpipe_cesr::ErrorKind;
use kelpipe_cesr::Options;
use kelpipe_cesr::frame::{Fault, Frame, Framer};

/// The Base64 characters in order of value.
pub const CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The folder of vectors; says so in one line when there is none.
pub fn vectors(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("KELPIPE_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!(
        "{folder}: no vectors at {} (set KELPIPE_VECTORS); skipped",
        root.display()
    );
    None
}

/// Files of a vectors folder with this ending, in order of name.
pub fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let Some(path) = vectors(folder) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(path).expect("vectors can be listed");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("entry").path()).collect();
    found.retain(|path| path.to_string_lossy().ends_with(ending));
    found.sort();
    found
}

/// What a framer made of a stream, with all offsets counted from the stream's start.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Item {
    Message {
        start: u64,
        body: (u64, u64),
        end: u64,
        frame: String,
    },
    Fault {
        offset: u64,
        bytes: u64,
        at: u64,
        error: ErrorKind,
    },
}

/// Feeds `stream` in chunks that end at `cuts` and at the end of the stream.
/// A JSON body of `size` bytes.
pub fn body(size: usize) -> Vec<u8> {
    let mut body = format!("{{\"v\":\"KERI10JSON{size:06x}_\",\"a\":\"").into_bytes();
    body.resize(size - 2, b'a');
    body.extend_from_slice(b"\"}");
    body
}

pub fn cut(stream: &[u8], cuts: impl IntoIterator<Item = usize>, options: &Options) -> Vec<Item> {
    let mut framer = Framer::new(options);
    let mut items = Vec::new();
    let mut consumed = 0;
    for to in cuts {
        feed(&mut framer, stream, &mut consumed, to, false, &mut items);
    }
    feed(
        &mut framer,
        stream,
        &mut consumed,
        stream.len(),
        true,
        &mut items,
    );
    assert_eq!(consumed, stream.len(), "everything is consumed at the end");
    items
}

fn feed(
    framer: &mut Framer,
    stream: &[u8],
    consumed: &mut usize,
    to: usize,
    end: bool,
    items: &mut Vec<Item>,
) {
    let (mut frames, mut faults): (Vec<Frame>, Vec<Fault>) = Default::default();
    let base = *consumed as u64;
    *consumed += framer.frame(&stream[*consumed..to], end, &mut frames, &mut faults);
    let mut faults = faults.into_iter().peekable();
    for (index, frame) in frames.iter().enumerate() {
        while let Some(fault) = faults.next_if(|fault| fault.before as usize <= index) {
            items.push(item(fault));
        }
        let shape = (
            frame.genus,
            frame.domain,
            frame.kind,
            frame.body_domain,
            frame.wrapped,
        );
        items.push(Item::Message {
            start: base + u64::from(frame.start),
            body: (
                base + u64::from(frame.body.start),
                base + u64::from(frame.body.end),
            ),
            end: base + u64::from(frame.attachments_end),
            frame: format!("{shape:?}"),
        });
    }
    items.extend(faults.map(item));
}

fn item(fault: Fault) -> Item {
    Item::Fault {
        offset: fault.offset,
        bytes: fault.bytes,
        at: fault.at,
        error: fault.error,
    }
}
