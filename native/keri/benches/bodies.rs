//! What the reading of a body costs before anything is hashed: from its bytes to the fields of a key event, strictly
//! canonical, as the engine does it. One thread, the best of many short rounds.
//!
//! `cargo bench -p kelpipe-keri --bench bodies -- STREAM… [--json FILE]`, with a stream of key events in each file.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use kelpipe_cesr::frame::{Frame, Framer};
use kelpipe_keri::batch::codec_options;
use kelpipe_keri::event::{Body, Identity, read_body};
use kelpipe_keri::options::{Mode, Options};

const ROUNDS: usize = 401;

#[allow(clippy::cast_precision_loss)]
fn each(seconds: f64, count: usize) -> f64 {
    seconds * 1e9 / count.max(1) as f64
}

/// Reads all bodies; nanoseconds of one.
fn round(bodies: &[&[u8]], options: &Options) -> f64 {
    let start = Instant::now();
    for bytes in bodies {
        let body = read_body(bytes, options, &mut Identity::default());
        assert!(
            matches!(black_box(&body), Ok(Body::KeyEvent(_))),
            "a key event"
        );
    }
    each(start.elapsed().as_secs_f64(), bodies.len())
}

fn bodies<'s>(stream: &'s [u8], options: &Options) -> Vec<&'s [u8]> {
    let (mut frames, mut faults): (Vec<Frame>, Vec<_>) = (Vec::new(), Vec::new());
    Framer::new(&codec_options(options)).frame(stream, true, &mut frames, &mut faults);
    frames.iter().map(|frame| frame.body.of(stream)).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let streams: Vec<&String> = arguments
        .iter()
        .take_while(|argument| *argument != "--json")
        .collect();
    let options = Options::new(Mode::Hardened);
    let streams: Vec<(&str, Vec<u8>)> = streams
        .iter()
        .map(|path| {
            let name = Path::new(path).file_stem().and_then(|name| name.to_str());
            let stream = std::fs::read(path).expect("the stream can be read");
            (name.unwrap_or_default(), stream)
        })
        .collect();
    let kinds: Vec<Vec<&[u8]>> = streams
        .iter()
        .map(|(_, stream)| bodies(stream, &options))
        .collect();
    let mut best = vec![f64::MAX; kinds.len()];
    // In turn: a slow moment of the machine falls on all of them.
    for _ in 0..ROUNDS {
        for (best, bodies) in best.iter_mut().zip(&kinds) {
            *best = best.min(round(bodies, &options));
        }
    }
    let mut rows = Vec::new();
    for (((name, _), bodies), best) in streams.iter().zip(&kinds).zip(best) {
        let size = bodies.iter().map(|body| body.len()).sum::<usize>() / bodies.len().max(1);
        println!("event-{name}: {best:.1} ns of {size} bytes");
        rows.push(format!(
            "{{\"name\":\"event-{name}\",\"unit\":\"ns/event\",\"ours\":{best:.2},\"peer\":null,\"ratio\":null}}"
        ));
    }
    if let Some(file) = arguments
        .iter()
        .skip_while(|argument| *argument != "--json")
        .nth(1)
    {
        let mut json = String::new();
        let _ = write!(json, "[\n  {}\n]\n", rows.join(",\n  "));
        std::fs::write(file, json).expect("the file can be written");
    }
}
