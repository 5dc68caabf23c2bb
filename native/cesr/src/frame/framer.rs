//! The state machine that cuts a stream. Between calls it keeps where it is in the message at hand, so bytes that come
//! one at a time cost no more than bytes that come at once. Source: cesr.md sections 6 and 8, "Our rules".

use smallvec::SmallVec;

use super::scan::{self, Found};
use super::start::{self, Look, Start, Tables};
use super::{Domain, Fault, Frame};
use crate::base64;
use crate::body::Span;
use crate::error::{Error, ErrorKind};
use crate::group::Genus;
use crate::group::walk::{Blind, Stop, Walk};
use crate::limits::{Alphabet, Options};
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

#[derive(Debug)]
enum Phase {
    /// A message must begin.
    Start,
    /// A message has begun.
    Message(Message),
    /// Looking for the next message, from this byte of the window on.
    Scan(scan::For),
    /// Nothing until this byte of the stream.
    Skip(u64),
}

/// The message at hand. Offsets are from its first byte.
#[derive(Debug)]
struct Message {
    body: Span,
    kind: Kind,
    genus: Genus,
    body_domain: Domain,
    wrapped: bool,
    /// No body: attachment groups that belong to no message.
    orphan: bool,
    /// Progress of the look into the body for a message that it swallowed.
    inspected: usize,
    body_done: bool,
    walk: Walk,
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
            let step = match std::mem::replace(&mut self.phase, Phase::Start) {
                Phase::Start => self.start(window, at, end, &mut cut),
                Phase::Message(message) => self.message(message, window, at, end, &mut cut),
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

    fn begin(
        &mut self,
        start: Start,
        spoiled: Option<ErrorKind>,
        at: usize,
        cut: &mut Cut,
    ) -> Step {
        let limits = self.options.limits;
        match start {
            Start::Genus { genus, size } => {
                self.explicit = Some(genus);
                self.recent = genus;
                Step::At(at + size)
            }
            Start::Attachment(genus) => {
                let mut message = Message::new(Span::default(), Kind::Cesr, genus, None);
                message.orphan = true;
                message.walk.spoil(Error::new(ErrorKind::ColdStart, 0));
                self.phase = Phase::Message(message);
                Step::At(at)
            }
            Start::Generic { counter, size, .. } => self.begin_generic(counter, size, at, cut),
            Start::Framed {
                counter,
                size,
                genus,
                binary,
            } => {
                if size > u64::from(limits.body_bytes_max) + u64::from(limits.attachments_bytes_max)
                {
                    return self.too_large(ErrorKind::GroupLimit, counter, size, at, cut);
                }
                let mut message = Message::new(
                    Span::new(counter, counter),
                    Kind::Cesr,
                    genus,
                    Some(size as usize),
                );
                message.body_domain = if binary { Domain::Binary } else { Domain::Text };
                self.phase = Phase::Message(message);
                Step::At(at)
            }
            Start::Body {
                size,
                kind,
                genus,
                domain,
                wrapped,
            } => {
                if size > u64::from(limits.body_bytes_max) {
                    return self.too_large(ErrorKind::BodyLimit, 1, size, at, cut);
                }
                let is_group = kind == Kind::Cesr || wrapped;
                if !is_group && !self.generics.is_empty() {
                    self.leave_generics(at, cut);
                }
                let mut message = Message::new(Span::new(0, size as usize), kind, genus, None);
                message.body_domain = domain;
                message.wrapped = wrapped;
                if let Some(explicit) = self.explicit {
                    message.genus = explicit;
                    if genus.major > explicit.major {
                        message.walk.spoil(Error::new(ErrorKind::GenusMismatch, 0));
                    }
                }
                message.walk = message.walk.with_genus(message.genus);
                if let Some(kind) = spoiled {
                    message.walk.spoil(Error::new(kind, 0));
                }
                self.phase = Phase::Message(message);
                Step::At(at)
            }
        }
    }

    /// A body that only stands outside groups begins inside generic ones: their counts are too large.
    fn leave_generics(&mut self, at: usize, cut: &mut Cut) {
        while let Some(generic) = self.generics.pop() {
            self.explicit = generic.outer;
            if self.generics.is_empty() {
                self.flush(cut);
                self.pending = Some(Fault {
                    offset: generic.start,
                    bytes: 0,
                    error: ErrorKind::Overrun,
                    at: self.base + at as u64,
                    before: 0,
                });
            }
        }
    }

    fn begin_generic(&mut self, counter: usize, size: u64, at: usize, cut: &mut Cut) -> Step {
        let start = self.base + at as u64;
        let next = at + counter;
        let room = self
            .generics
            .last()
            .map_or(u64::MAX, |outer| outer.end - start);
        let problem = if size == counter as u64 {
            Some(ErrorKind::EmptyGroup)
        } else if size > u64::from(self.options.limits.group_bytes_max) {
            Some(ErrorKind::GroupLimit)
        } else if size > room {
            Some(ErrorKind::GroupSize)
        } else if self.generics.len() >= self.options.limits.group_depth_max as usize {
            Some(ErrorKind::GroupDepth)
        } else {
            None
        };
        match problem {
            Some(ErrorKind::EmptyGroup) => {
                self.give_up(ErrorKind::EmptyGroup, at, at, next, false, cut)
            }
            Some(ErrorKind::GroupDepth) => {
                return self.skip_frame(ErrorKind::GroupDepth, size, at, cut);
            }
            Some(kind) => return self.lose(kind, at, at, next, scan::For::Anything, cut),
            None => self.generics.push(Generic {
                start,
                end: start + size,
                outer: self.explicit,
            }),
        }
        Step::At(next)
    }

    /// Something larger than the limit: skipped if its size can be believed, else the next message is looked for.
    fn too_large(
        &mut self,
        kind: ErrorKind,
        counter: usize,
        size: u64,
        at: usize,
        cut: &mut Cut,
    ) -> Step {
        if size > u64::from(self.options.limits.group_bytes_max) {
            return self.lose(kind, at, at, at + counter, scan::For::Anything, cut);
        }
        self.skip_frame(kind, size, at, cut)
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

    fn message(
        &mut self,
        mut message: Message,
        window: &[u8],
        at: usize,
        end: bool,
        cut: &mut Cut,
    ) -> Step {
        let (rest, closed) = self.view(window, at);
        if !message.body_done {
            match message.read_body(rest, self.explicit, &self.options) {
                Ok(true) => {}
                Ok(false) if end || closed => return self.truncated(&message, closed, at, cut),
                Ok(false) => {
                    self.phase = Phase::Message(message);
                    return Step::Wait;
                }
                // A body swallowed the beginning of another message.
                Err(Swallowed(size)) => {
                    self.give_up(ErrorKind::Overrun, at, at + size, at + size, false, cut);
                    return Step::At(at + size);
                }
            }
        }
        match message.walk.run(rest, &self.options, &mut Blind) {
            Stop::Ended => {}
            Stop::Between if end || closed => {}
            Stop::More if end || closed => return self.truncated(&message, closed, at, cut),
            Stop::Between | Stop::More => {
                self.phase = Phase::Message(message);
                return Step::Wait;
            }
            Stop::Lost(error) => {
                let kind = message.walk.doom.unwrap_or(error).kind;
                let (seen, next) = (at + error.at as usize, at + message.walk.at);
                return self.lose_message(&message, kind, at, seen, next, cut);
            }
            Stop::Body(error) => {
                let next = at + message.walk.at;
                let kind = message.walk.doom.unwrap_or(error).kind;
                self.give_up(kind, at, next, next, message.orphan, cut);
                return Step::At(next);
            }
        }
        let size = message.walk.at;
        if let Some(error) = message.walk.doom {
            self.give_up(
                error.kind,
                at,
                at + error.at as usize,
                at + size,
                message.orphan,
                cut,
            );
        } else {
            self.flush(cut);
            self.recent = message.genus;
            cut.frames.push(message.frame(at));
        }
        Step::At(at + size)
    }

    /// The message's attachments are lost at `seen`: it is given up, and the next one looked for from `next` on.
    fn lose_message(
        &mut self,
        message: &Message,
        kind: ErrorKind,
        at: usize,
        seen: usize,
        next: usize,
        cut: &mut Cut,
    ) -> Step {
        self.give_up(kind, at, seen, next, message.orphan, cut);
        self.phase = Phase::Scan(scan::For::Anything);
        Step::At(next)
    }

    /// The bytes ended inside the message. What follows its last good byte may yet be another message, if the size or
    /// count was too large; inside text that must begin with a byte that text cannot hold.
    fn truncated(&mut self, message: &Message, closed: bool, at: usize, cut: &mut Cut) -> Step {
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
        let binary =
            message.walk.domain == Some(Domain::Binary) || message.body_domain == Domain::Binary;
        let is_group = message.body_done || message.kind == Kind::Cesr || message.wrapped;
        let what = match (is_group, binary) {
            (false, _) => scan::For::Anything,
            (true, false) => scan::For::Bodies,
            (true, true) => scan::For::Nothing,
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

/// A body's size was too large by so much that another message begins at this byte of it.
struct Swallowed(usize);

impl Message {
    fn new(body: Span, kind: Kind, genus: Genus, frame_end: Option<usize>) -> Self {
        Self {
            body,
            kind,
            genus,
            body_domain: Domain::Text,
            wrapped: false,
            orphan: false,
            inspected: 1,
            body_done: false,
            walk: Walk::new(body.end as usize, genus, frame_end),
        }
    }

    fn frame(&self, at: usize) -> Frame {
        let shift = |offset: u32| (at + offset as usize) as u32;
        Frame {
            start: at as u32,
            body: Span {
                start: shift(self.body.start),
                end: shift(self.body.end),
            },
            attachments_end: shift(self.walk.at as u32),
            genus: self.genus,
            domain: self.walk.domain.unwrap_or(self.body_domain),
            kind: self.kind,
            body_domain: self.body_domain,
            wrapped: self.wrapped,
        }
    }

    /// Waits for the body; `Ok(true)` when the attachments may be walked.
    fn read_body(
        &mut self,
        rest: &[u8],
        explicit: Option<Genus>,
        options: &Options,
    ) -> Result<bool, Swallowed> {
        if let Some(frame_end) = self.walk.frame_end() {
            return Ok(self.read_framed(rest, frame_end, explicit, options));
        }
        let size = self.body.end as usize;
        let Some(body) = rest.get(..size) else {
            return Ok(false);
        };
        let is_text_group = self.kind == Kind::Cesr || self.wrapped;
        let suspicious = match self.body_domain {
            _ if self.orphan => false,
            Domain::Text if is_text_group => {
                base64::first_foreign(body, Alphabet::Strict).is_some()
            }
            Domain::Text => self.kind == Kind::Json && body.last() != Some(&b'}'),
            Domain::Binary | Domain::Mixed => false,
        };
        if suspicious {
            let what = if is_text_group {
                scan::For::Bodies
            } else {
                scan::For::Anything
            };
            let tables = Tables {
                explicit,
                recent: self.genus,
            };
            match scan::next_start_before(rest, self.inspected, size, what, tables, options) {
                Found::At(found) => return Err(Swallowed(found)),
                Found::Undecided(found) => {
                    self.inspected = found;
                    return Ok(false);
                }
                Found::None => {}
            }
        }
        self.body_done = true;
        Ok(true)
    }

    /// The body inside a body-with-attachments group: an optional genus code, then a native or wrapped body.
    fn read_framed(
        &mut self,
        rest: &[u8],
        frame_end: usize,
        explicit: Option<Genus>,
        options: &Options,
    ) -> bool {
        let Some(frame) = rest.get(..frame_end) else {
            return false;
        };
        let mut at = self.body.start as usize;
        let mut genus = self.genus;
        let mut explicit = explicit;
        for _ in 0..2 {
            let inner = frame.get(at..).unwrap_or_default();
            let tables = Tables {
                explicit: Some(explicit.unwrap_or(genus)),
                recent: genus,
            };
            match start::look(inner, tables, options) {
                Look::Yes(Start::Genus {
                    genus: inside,
                    size,
                }) if explicit != Some(inside) || at == self.body.start as usize => {
                    genus = inside;
                    explicit = Some(inside);
                    at += size;
                }
                Look::Yes(start) => return self.framed_body(start, None, at, frame_end, genus),
                Look::Spoiled(kind, start) => {
                    return self.framed_body(start, Some(kind), at, frame_end, genus);
                }
                Look::No(kind) => return self.framed_failure(kind, at),
                Look::More => return self.framed_failure(ErrorKind::GroupSize, at),
            }
        }
        self.framed_failure(ErrorKind::CountCode, at)
    }

    fn framed_body(
        &mut self,
        start: Start,
        spoiled: Option<ErrorKind>,
        at: usize,
        frame_end: usize,
        genus: Genus,
    ) -> bool {
        let Start::Body {
            size,
            kind,
            domain,
            wrapped,
            ..
        } = start
        else {
            return self.framed_failure(ErrorKind::CountCode, at);
        };
        if domain != self.body_domain || !(kind == Kind::Cesr || wrapped) {
            return self.framed_failure(ErrorKind::CountCode, at);
        }
        if size > (frame_end - at) as u64 {
            return self.framed_failure(ErrorKind::GroupSize, at);
        }
        let end = at + size as usize;
        self.body = Span::new(at, end);
        self.kind = kind;
        self.wrapped = wrapped;
        self.genus = genus;
        self.walk = Walk::new(end, genus, Some(frame_end));
        if let Some(kind) = spoiled {
            self.walk.spoil(Error::new(kind, at));
        }
        self.body_done = true;
        true
    }

    /// The group holds no body: it is spoiled, and its end is known.
    fn framed_failure(&mut self, kind: ErrorKind, at: usize) -> bool {
        self.walk.spoil(Error::new(kind, at));
        self.walk.skip_frame();
        self.body_done = true;
        true
    }
}
