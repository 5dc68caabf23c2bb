//! The state machine that cuts a stream. Between calls it keeps where it is in the message at hand, so bytes that come
//! one at a time cost no more than bytes that come at once. Source: cesr.md sections 6 and 8, "Our rules".

mod begin;

use std::ops::Range;

use smallvec::SmallVec;

use super::message::{Message, Swallowed};
use super::scan::{self, Found};
use super::start::{self, Look, Tables};
use super::{Fault, Frame};
use crate::error::ErrorKind;
use crate::group::Genus;
use crate::group::walk::{Blind, Stop};
use crate::limits::Options;
use crate::version::Kind;

/// Cuts one origin's stream; never looks twice at a byte that it has walked over.
#[derive(Debug)]
pub struct Framer {
    options: Options,
    /// Bytes of the stream before the window.
    base: u64,
    /// Code tables set by a genus code or by the caller.
    explicit: Option<Genus>,
    /// Code tables of the last message.
    recent: Genus,
    generics: SmallVec<[Generic; 2]>,
    phase: Phase,
    /// The message at hand in the phase of that name; kept to be used again.
    message: Message,
    /// Bytes given up so far, still growing.
    pending: Option<Fault>,
}

/// An open generic group.
#[derive(Clone, Copy, Debug)]
struct Generic {
    start: u64,
    end: u64,
    /// Tables to return to at its end.
    outer: Option<Genus>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// A message must begin.
    Start,
    /// A message has begun.
    Message,
    /// Looking for the next message, from this byte of the window on.
    Scan(scan::For),
    /// Nothing until this byte of the stream.
    Skip(u64),
}

/// What one step came to.
enum Step {
    /// Go on at this byte of the window.
    At(usize),
    /// More bytes are needed.
    Wait,
}

impl Framer {
    /// A framer at the start of a stream.
    pub fn new(options: &Options) -> Self {
        Self {
            options: *options,
            base: 0,
            explicit: options.genus,
            recent: options.genus.unwrap_or(Genus::V2),
            generics: SmallVec::new(),
            phase: Phase::Start,
            message: Message::new(),
            pending: None,
        }
    }

    /// Cuts what can be cut. `window` starts at the first byte not yet consumed; `end` says that no more bytes come, or
    /// that what is there shall be judged as if none came. Messages and faults are pushed in the order of the stream;
    /// returned is how many bytes the caller may forget, and must not give again.
    pub fn frame(
        &mut self,
        window: &[u8],
        end: bool,
        frames: &mut Vec<Frame>,
        faults: &mut Vec<Fault>,
    ) -> usize {
        let mut at = 0;
        let mut cut = Cut { frames, faults };
        loop {
            let phase = self.phase;
            self.phase = Phase::Start;
            let step = match phase {
                Phase::Start => self.start(window, at, end, &mut cut),
                Phase::Message => self.message(window, at, end, &mut cut),
                Phase::Scan(what) => self.scan(what, window, at, end, &mut cut),
                Phase::Skip(until) => self.skip(until, window, at),
            };
            match step {
                Step::At(next) => at = next,
                Step::Wait => break,
            }
        }
        if end {
            self.finish(at, &mut cut);
        }
        self.base += at as u64;
        at
    }

    /// Bytes of the stream consumed so far.
    pub fn position(&self) -> u64 {
        self.base
    }

    /// Bytes of the stream that are being given up, as far as they are consumed; their fault is still to come.
    pub fn giving_up(&self) -> Option<Range<u64>> {
        let fault = self.pending?;
        Some(fault.offset..fault.offset + fault.bytes)
    }

    /// The bytes of the window that may be looked at from `at` on, and whether a group around them ends with them.
    fn view<'w>(&self, window: &'w [u8], at: usize) -> (&'w [u8], bool) {
        let rest = window.get(at..).unwrap_or_default();
        let Some(generic) = self.generics.last() else {
            return (rest, false);
        };
        let left = generic.end.saturating_sub(self.base + at as u64);
        match usize::try_from(left) {
            Ok(left) if left <= rest.len() => (&rest[..left], true),
            _ => (rest, false),
        }
    }

    fn start(&mut self, window: &[u8], at: usize, end: bool, cut: &mut Cut) -> Step {
        let here = self.base + at as u64;
        while let Some(generic) = self.generics.last()
            && generic.end <= here
        {
            self.explicit = generic.outer;
            self.generics.pop();
        }
        let (rest, closed) = self.view(window, at);
        if rest.is_empty() {
            return Step::Wait;
        }
        let tables = Tables {
            explicit: self.explicit,
            recent: self.recent,
        };
        match start::look(rest, tables, &self.options) {
            Look::Yes(start) => self.begin(start, None, at, cut),
            Look::Spoiled(kind, start) => self.begin(start, Some(kind), at, cut),
            Look::No(kind) => self.lose(kind, at, at, at + 1, scan::For::Anything, cut),
            Look::More if closed => self.lose(
                ErrorKind::GroupSize,
                at,
                at,
                at + 1,
                scan::For::Anything,
                cut,
            ),
            Look::More if end => self.lose(
                ErrorKind::Truncated,
                at,
                at,
                at + 1,
                scan::For::Anything,
                cut,
            ),
            Look::More => Step::Wait,
        }
    }

    /// Gives up from `from` on for what was seen at `seen`, and looks for the next message from `next` on.
    fn lose(
        &mut self,
        kind: ErrorKind,
        from: usize,
        seen: usize,
        next: usize,
        what: scan::For,
        cut: &mut Cut,
    ) -> Step {
        self.give_up(kind, from, seen, next, true, cut);
        self.phase = Phase::Scan(what);
        Step::At(next)
    }

    /// Records bytes `from..to` of the window as given up. `joins`: they belong to what was given up just before.
    fn give_up(
        &mut self,
        kind: ErrorKind,
        from: usize,
        seen: usize,
        to: usize,
        joins: bool,
        cut: &mut Cut,
    ) {
        let (offset, bytes) = (self.base + from as u64, (to - from) as u64);
        if let Some(pending) = &mut self.pending
            && joins
            && pending.offset + pending.bytes == offset
        {
            pending.bytes += bytes;
            return;
        }
        self.flush(cut);
        self.pending = Some(Fault {
            offset,
            bytes,
            error: kind,
            at: self.base + seen as u64,
            before: 0,
        });
    }

    fn flush(&mut self, cut: &mut Cut) {
        if let Some(fault) = self.pending.take() {
            cut.faults.push(Fault {
                before: cut.frames.len() as u32,
                ..fault
            });
        }
    }

    /// Gives up exactly `size` bytes, which need not be there yet.
    fn skip_frame(&mut self, kind: ErrorKind, size: u64, at: usize, cut: &mut Cut) -> Step {
        self.give_up(kind, at, at, at, false, cut);
        self.phase = Phase::Skip(self.base + at as u64 + size);
        Step::At(at)
    }

    fn skip(&mut self, until: u64, window: &[u8], at: usize) -> Step {
        let left = until.saturating_sub(self.base + at as u64);
        let here = (window.len() - at).min(usize::try_from(left).unwrap_or(usize::MAX));
        if let Some(pending) = &mut self.pending {
            pending.bytes += here as u64;
        }
        if (here as u64) < left {
            self.phase = Phase::Skip(until);
            // Consumed, though not yet over.
            return if here == 0 {
                Step::Wait
            } else {
                Step::At(at + here)
            };
        }
        Step::At(at + here)
    }

    fn scan(
        &mut self,
        what: scan::For,
        window: &[u8],
        at: usize,
        end: bool,
        cut: &mut Cut,
    ) -> Step {
        let (rest, closed) = self.view(window, at);
        let tables = Tables {
            explicit: self.explicit,
            recent: self.recent,
        };
        let found = scan::next_start(rest, 0, what, tables, &self.options, end || closed);
        let size = match found {
            Found::At(size) | Found::Undecided(size) => size,
            Found::None => rest.len(),
        };
        self.give_up(ErrorKind::ColdStart, at, at, at + size, true, cut);
        match found {
            Found::At(_) => {}
            Found::None if closed => {}
            Found::None | Found::Undecided(_) => {
                self.phase = Phase::Scan(what);
                // What was passed over is consumed; the undecided candidate stays.
                return if size == 0 {
                    Step::Wait
                } else {
                    Step::At(at + size)
                };
            }
        }
        Step::At(at + size)
    }

    fn message(&mut self, window: &[u8], at: usize, end: bool, cut: &mut Cut) -> Step {
        let (rest, closed) = self.view(window, at);
        let message = &mut self.message;
        if !message.body_done {
            match message.read_body(rest, self.explicit, &self.options) {
                Ok(true) => {}
                Ok(false) if end || closed => return self.truncated(closed, at, cut),
                Ok(false) => {
                    self.phase = Phase::Message;
                    return Step::Wait;
                }
                // A body swallowed the beginning of another message.
                Err(Swallowed(size)) => {
                    self.give_up(ErrorKind::Overrun, at, at + size, at + size, false, cut);
                    return Step::At(at + size);
                }
            }
        }
        let stop = message.walk.run(rest, &self.options, &mut Blind);
        let (next, doom, orphan) = (at + message.walk.at, message.walk.doom, message.orphan);
        match stop {
            Stop::Ended => {}
            Stop::Between if end || closed => {}
            Stop::More if end || closed => return self.truncated(closed, at, cut),
            Stop::Between | Stop::More => {
                self.phase = Phase::Message;
                return Step::Wait;
            }
            // The attachments are lost here; the next message is looked for.
            Stop::Lost(error) => {
                let error = doom.unwrap_or(error);
                self.give_up(error.kind, at, at + error.at as usize, next, orphan, cut);
                self.phase = Phase::Scan(scan::For::Anything);
                return Step::At(next);
            }
            Stop::Body(error) => {
                self.give_up(doom.unwrap_or(error).kind, at, next, next, orphan, cut);
                return Step::At(next);
            }
        }
        if let Some(error) = doom {
            self.give_up(error.kind, at, at + error.at as usize, next, orphan, cut);
        } else {
            self.recent = message.genus;
            let frame = message.frame(at);
            self.flush(cut);
            cut.frames.push(frame);
        }
        Step::At(next)
    }

    /// The bytes ended inside the message. What follows its last good byte may yet be another message, if the size or
    /// count was too large; inside text that must begin with a byte that text cannot hold.
    fn truncated(&mut self, closed: bool, at: usize, cut: &mut Cut) -> Step {
        let message = &self.message;
        let kind = match message.walk.doom {
            Some(error) => error.kind,
            None if closed => ErrorKind::GroupSize,
            None => ErrorKind::Truncated,
        };
        let next = at
            + if message.body_done {
                message.walk.at
            } else {
                usize::from(!message.orphan)
            };
        let inside_group = !message.body_done && (message.kind == Kind::Cesr || message.wrapped);
        let what = if inside_group {
            scan::For::Bodies
        } else {
            scan::For::Anything
        };
        self.give_up(kind, at, next, next, message.orphan, cut);
        self.phase = Phase::Scan(what);
        Step::At(next)
    }

    /// The stream has ended.
    fn finish(&mut self, at: usize, cut: &mut Cut) {
        self.flush(cut);
        if let Some(outer) = self.generics.first().copied() {
            let here = self.base + at as u64;
            if here < outer.end {
                let fault = Fault {
                    offset: outer.start,
                    bytes: 0,
                    error: ErrorKind::Truncated,
                    at: here,
                    before: 0,
                };
                cut.faults.push(Fault {
                    before: cut.frames.len() as u32,
                    ..fault
                });
            }
            self.explicit = outer.outer;
            self.generics.clear();
        }
        self.phase = Phase::Start;
    }
}

/// Where a call puts what it cuts.
struct Cut<'v> {
    frames: &'v mut Vec<Frame>,
    faults: &'v mut Vec<Fault>,
}
