//! What the native code tells to the log: a bounded number of lines, fetched by JavaScript now and again. While nobody
//! wants them, a place that could tell something costs the look at one number.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use napi_derive::napi;
use tracing::callsite::rebuild_interest_cache;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::argument::Arg;
use crate::failure::{Result, argument};

/// Lines that wait to be fetched; further ones are only counted.
const LINES_MAX: usize = 1024;

const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// Place of the level in `LEVELS`.
static LEVEL: AtomicU8 = AtomicU8::new(0);
static SUBSCRIBED: Once = Once::new();
static WAITING: Mutex<Waiting> = Mutex::new(Waiting {
    lines: VecDeque::new(),
    lost: 0,
});

struct Waiting {
    lines: VecDeque<LogLine>,
    lost: u32,
}

/// A line for the log.
#[napi(object, object_from_js = false)]
pub struct LogLine {
    /// Milliseconds since 1970.
    pub at: f64,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// The module that tells it.
    pub target: String,
    /// What happened.
    pub message: String,
    /// Names of what it happened to.
    pub names: Vec<String>,
    /// Their values.
    pub values: Vec<String>,
}

/// The lines so far.
#[napi(object, object_from_js = false)]
pub struct LogLines {
    /// In the order in which they came.
    pub lines: Vec<LogLine>,
    /// Lines for which there was no room.
    pub lost: u32,
}

/// Sets what is told: `off` (as at the start), `error`, `warn`, `info`, `debug` or `trace`; for all threads of the process.
#[napi]
pub fn log_level(level: Arg<String>) -> Result<()> {
    let name = level.get("level", "a string")?;
    let place = LEVELS
        .iter()
        .position(|(known, _)| *known == name)
        .ok_or_else(|| argument(format!("level: there is no {name}")))?;
    LEVEL.store(place as u8, Relaxed);
    // Nobody else in this library subscribes, so it cannot fail.
    SUBSCRIBED.call_once(|| drop(set_global_default(Lines)));
    rebuild_interest_cache();
    Ok(())
}

/// Takes the lines that were told since the last call.
#[napi]
pub fn take_logs() -> LogLines {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    LogLines {
        lines: waiting.lines.drain(..).collect(),
        lost: std::mem::take(&mut waiting.lost),
    }
}

fn wanted() -> LevelFilter {
    LEVELS[usize::from(LEVEL.load(Relaxed))].1
}

/// Keeps the lines until they are fetched. There are no spans.
struct Lines;

impl Subscriber for Lines {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(wanted())
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= wanted()
    }

    fn event(&self, event: &Event<'_>) {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.lines.len() == LINES_MAX {
            waiting.lost = waiting.lost.saturating_add(1);
        } else {
            waiting.lines.push_back(line(event));
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn line(event: &Event<'_>) -> LogLine {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut line = LogLine {
        at: since.map_or(0.0, |since| (since.as_secs_f64() * 1000.0).round()),
        level: name_of(*event.metadata().level()).to_owned(),
        target: event.metadata().target().to_owned(),
        message: String::new(),
        names: Vec::new(),
        values: Vec::new(),
    };
    event.record(&mut line);
    line
}

fn name_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

impl Visit for LogLine {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.names.push(field.name().to_owned());
            self.values.push(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
