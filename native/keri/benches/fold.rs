//! What an event costs besides its signature: framing, parsing, SAID, key state, records. One core.
//!
//! `cargo bench -p kelpipe-keri --bench fold -- STREAM [--json FILE]`, with a stream of messages in a file. Once
//! signatures are not checked at all: each is taken for good. Once they are checked as always, and the time that it takes
//! is taken off: what is left is more, because the checks use the caches of the processor, too.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use kelpipe_cesr::frame::{Frame, Framer};
use kelpipe_crypto::{Check, Verifier};
use kelpipe_keri::batch::{Batch, codec_options};
use kelpipe_keri::engine::{Engine, Step, Verify};
use kelpipe_keri::options::{Mode, Options};

/// Messages settled together, as the pipeline does at full load.
const BATCH_MESSAGES: usize = 2_000;
/// Runs; of each batch the fastest counts, which other work on the machine disturbs least.
const RUNS: usize = 25;
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

/// Takes every signature for good.
struct Unchecked;

impl Verify for Unchecked {
    fn verify(&self, _: &[Check<'_>], valid: &mut [bool]) {
        valid.fill(true);
    }
}

/// Counts what the checks of another take.
struct Timed<V> {
    inner: V,
    nanos: AtomicU64,
}

impl<V: Verify> Verify for Timed<V> {
    fn verify(&self, checks: &[Check<'_>], valid: &mut [bool]) {
        let start = Instant::now();
        self.inner.verify(checks, valid);
        self.nanos.fetch_add(nanos_since(start), Relaxed);
    }
}

/// Takes a stream's messages into an empty engine, batch by batch.
fn run<V: Verify>(stream: &[u8], frames: &[Frame], options: &Options, inner: V) -> Vec<Nanos> {
    let nanos = AtomicU64::new(0);
    let engine = Engine::new(options.clone(), Timed { inner, nanos });
    frames
        .chunks(BATCH_MESSAGES)
        .map(|some| one(&engine, options, stream, some))
        .collect()
}

/// The stages of each batch, where it went fastest.
fn best<V: Verify>(
    stream: &[u8],
    frames: &[Frame],
    options: &Options,
    verifier: impl Fn() -> V,
) -> Vec<Nanos> {
    let mut best = run(stream, frames, options, verifier());
    for _ in 1..RUNS {
        for (best, new) in best
            .iter_mut()
            .zip(run(stream, frames, options, verifier()))
        {
            if new.all_but_crypto() < best.all_but_crypto() {
                *best = new;
            }
        }
    }
    best
}

fn one<V: Verify>(
    engine: &Engine<Timed<V>>,
    options: &Options,
    stream: &[u8],
    frames: &[Frame],
) -> Nanos {
    let crypto_before = engine.verifier().nanos.load(Relaxed);
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
        crypto: engine.verifier().nanos.load(Relaxed) - crypto_before,
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
    for _ in 1..RUNS {
        frame = frame.min(cut(&stream, &options).1);
    }
    let events = frames.len().max(1) as u64;
    let tell = |name: &str, best: &[Nanos]| {
        let each = |stage: fn(&Nanos) -> u64| best.iter().map(stage).sum::<u64>() / events;
        let rest = frame + best.iter().map(|nanos| nanos.all_but_crypto()).sum::<u64>();
        println!(
            "{name}: {} ns an event: frame {}, prepare {}, settle {} (signatures {})",
            rest / events,
            frame / events,
            each(|nanos| nanos.prepare),
            each(|nanos| nanos.settle),
            each(|nanos| nanos.crypto)
        );
        1_000_000_000 * events / rest.max(1)
    };
    let rate = tell(
        "signatures not checked",
        &best(&stream, &frames, &options, || Unchecked),
    );
    let crypto = kelpipe_crypto::Options {
        threads: 1,
        ..kelpipe_crypto::Options::default()
    };
    let beside = tell(
        "signatures checked, their time taken off",
        &best(&stream, &frames, &options, || Verifier::new(crypto)),
    );
    println!("{events} events: {rate} events/s a core without signatures, {beside} beside them");
    if let Some(at) = arguments.iter().position(|argument| argument == "--json") {
        let row = |name: &str, rate: u64| {
            format!(
                "{{\"name\":\"parse, SAID and state, {name}, Rust, one core\",\"unit\":\"events/s\",\"ours\":{rate},\"peer\":600000,\"ratio\":{}.{:03}}}",
                rate / 600_000,
                rate % 600_000 / 600
            )
        };
        let rows = [
            row("without signatures", rate),
            row("the time of signatures taken off", beside),
        ];
        std::fs::write(
            arguments.get(at + 1).map_or("fold.json", String::as_str),
            format!("[{}]\n", rows.join(",")),
        )
        .expect("the file can be written");
    }
}
