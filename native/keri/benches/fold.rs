//! What an event costs besides its signature: framing, parsing, SAID, key state, records. One core.
//!
//! `cargo bench -p kelpipe-keri --bench fold -- STREAM [--json FILE]`, with a stream of messages in a file. Signature
//! checks run as always; their time, as the verifier counts it, is taken off.

use std::hint::black_box;
use std::time::Instant;

use kelpipe_cesr::frame::{Frame, Framer};
use kelpipe_crypto::Verifier;
use kelpipe_keri::batch::{Batch, codec_options};
use kelpipe_keri::engine::{Engine, Step};
use kelpipe_keri::options::{Mode, Options};

/// Messages settled together, as the pipeline does at full load.
const BATCH_MESSAGES: usize = 2_000;
/// Runs; the fastest counts.
const RUNS: usize = 5;
/// Words of a request.
const REQUEST_WORDS: usize = 5;

struct Nanos {
    frame: u128,
    prepare: u128,
    settle: u128,
    crypto: u128,
}

fn run(stream: &[u8]) -> (usize, Nanos) {
    let options = Options::new(Mode::Hardened);
    let engine = Engine::new(
        options.clone(),
        Verifier::new(kelpipe_crypto::Options {
            threads: 1,
            ..kelpipe_crypto::Options::default()
        }),
    );
    let (mut frames, mut faults): (Vec<Frame>, Vec<_>) = (Vec::new(), Vec::new());
    let start = Instant::now();
    Framer::new(&codec_options(&options)).frame(stream, true, &mut frames, &mut faults);
    let mut nanos = Nanos {
        frame: start.elapsed().as_nanos(),
        prepare: 0,
        settle: 0,
        crypto: 0,
    };
    for some in frames.chunks(BATCH_MESSAGES) {
        let start = Instant::now();
        let mut batch = Batch::prepare(&options, stream, some, 1);
        nanos.prepare += start.elapsed().as_nanos();
        let mut fetched: Option<Vec<u8>> = None;
        loop {
            let start = Instant::now();
            let step = engine
                .settle(&mut batch, fetched.take().as_deref(), 0)
                .expect("an empty store is sound");
            nanos.settle += start.elapsed().as_nanos();
            match step {
                Step::Missing(requests) => {
                    fetched = Some(vec![0; 4 * requests.ops.len() / REQUEST_WORDS]);
                }
                Step::Part(part) => {
                    engine.committed(part.part);
                    black_box(&part.writes);
                    if !part.more {
                        break;
                    }
                }
            }
        }
    }
    nanos.crypto = u128::from(engine.verifier().metrics().nanoseconds);
    (frames.len(), nanos)
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let Some(path) = arguments.first() else {
        println!("usage: cargo bench -p kelpipe-keri --bench fold -- STREAM [--json FILE]");
        return;
    };
    let stream = std::fs::read(path).expect("the stream can be read");
    let best = (0..RUNS)
        .map(|_| run(&stream))
        .min_by_key(|(_, nanos)| nanos.frame + nanos.prepare + nanos.settle - nanos.crypto);
    let Some((events, nanos)) = best else { return };
    let each = |total: u128| total / (events.max(1) as u128);
    let rest = nanos.frame + nanos.prepare + nanos.settle - nanos.crypto;
    println!(
        "{events} events; ns an event: frame {}, prepare {}, settle {} (signatures {})",
        each(nanos.frame),
        each(nanos.prepare),
        each(nanos.settle),
        each(nanos.crypto)
    );
    let rate = 1_000_000_000 * events as u128 / rest.max(1);
    println!(
        "without signatures: {} ns an event, {rate} events/s a core",
        each(rest)
    );
    if let Some(at) = arguments.iter().position(|argument| argument == "--json") {
        let row = format!(
            "[{{\"name\":\"parse, SAID and state, without signatures, Rust, one core\",\"unit\":\"events/s\",\"ours\":{rate},\"peer\":600000,\"ratio\":{}.{:03}}}]\n",
            rate / 600_000,
            rate % 600_000 / 600
        );
        std::fs::write(
            arguments.get(at + 1).map_or("fold.json", String::as_str),
            row,
        )
        .expect("the file can be written");
    }
}
