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
/// Runs; of each batch the fastest counts, which other work on the machine disturbs least.
const RUNS: usize = 9;
/// Words of a request.
const REQUEST_WORDS: usize = 5;

/// Nanoseconds of the stages of a batch.
#[derive(Clone, Copy, Default)]
struct Nanos {
    prepare: u64,
    settle: u64,
    crypto: u64,
}

impl Nanos {
    fn all_but_crypto(self) -> u64 {
        self.prepare + self.settle - self.crypto
    }
}

fn nanos_since(start: Instant) -> u64 {
    start.elapsed().as_nanos() as u64
}

fn cut(stream: &[u8], options: &Options) -> (Vec<Frame>, u64) {
    let (mut frames, mut faults): (Vec<Frame>, Vec<_>) = (Vec::new(), Vec::new());
    let start = Instant::now();
    Framer::new(&codec_options(options)).frame(stream, true, &mut frames, &mut faults);
    (frames, nanos_since(start))
}

/// Takes a stream's messages into an empty engine, batch by batch.
fn run(stream: &[u8], frames: &[Frame], options: &Options) -> Vec<Nanos> {
    let crypto = kelpipe_crypto::Options {
        threads: 1,
        ..kelpipe_crypto::Options::default()
    };
    let engine = Engine::new(options.clone(), Verifier::new(crypto));
    frames
        .chunks(BATCH_MESSAGES)
        .map(|some| one(&engine, options, stream, some))
        .collect()
}

fn one(engine: &Engine, options: &Options, stream: &[u8], frames: &[Frame]) -> Nanos {
    let crypto_before = engine.verifier().metrics().nanoseconds;
    let start = Instant::now();
    let mut batch = Batch::prepare(options, stream, frames, 1);
    let prepare = nanos_since(start);
    let mut settle = 0;
    let mut fetched: Option<Vec<u8>> = None;
    loop {
        let start = Instant::now();
        let step = engine
            .settle(&mut batch, fetched.take().as_deref(), 0)
            .expect("an empty store is sound");
        settle += nanos_since(start);
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
    Nanos {
        prepare,
        settle,
        crypto: engine.verifier().metrics().nanoseconds - crypto_before,
    }
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
    let options = Options::new(Mode::Hardened);
    let (frames, mut frame) = cut(&stream, &options);
    let mut best = run(&stream, &frames, &options);
    for _ in 1..RUNS {
        frame = frame.min(cut(&stream, &options).1);
        for (best, new) in best.iter_mut().zip(run(&stream, &frames, &options)) {
            if new.all_but_crypto() < best.all_but_crypto() {
                *best = new;
            }
        }
    }
    let events = frames.len().max(1) as u64;
    let each = |stage: fn(&Nanos) -> u64| best.iter().map(stage).sum::<u64>() / events;
    let rest = frame + best.iter().map(|nanos| nanos.all_but_crypto()).sum::<u64>();
    println!(
        "{events} events; ns an event: frame {}, prepare {}, settle {} (signatures {})",
        frame / events,
        each(|nanos| nanos.prepare),
        each(|nanos| nanos.settle),
        each(|nanos| nanos.crypto)
    );
    let rate = 1_000_000_000 * events / rest.max(1);
    println!(
        "without signatures: {} ns an event, {rate} events/s a core",
        rest / events
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
