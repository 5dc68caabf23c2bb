//! The message that is being cut: its body, and how far its attachments have been walked.

use super::scan::{self, Found};
use super::start::{self, Look, Start, Tables};
use super::{Domain, Frame};
use crate::base64;
use crate::body::Span;
use crate::error::{Error, ErrorKind};
use crate::group::Genus;
use crate::group::walk::Walk;
use crate::limits::{Alphabet, Options};
use crate::version::Kind;

/// The message at hand. Offsets are from its first byte.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) body: Span,
    pub(super) kind: Kind,
    pub(super) genus: Genus,
    pub(super) body_domain: Domain,
    pub(super) wrapped: bool,
    /// No body: attachment groups that belong to no message.
    pub(super) orphan: bool,
    /// Progress of the look into the body for a message that it swallowed.
    inspected: usize,
    pub(super) body_done: bool,
    pub(super) walk: Walk,
}

/// A body's size was too large by so much that another message begins at this byte of it.
pub(super) struct Swallowed(pub(super) usize);

impl Message {
    pub(super) fn new() -> Self {
        Self {
            body: Span::default(),
            kind: Kind::Cesr,
            genus: Genus::V2,
            body_domain: Domain::Text,
            wrapped: false,
            orphan: false,
            inspected: 1,
            body_done: false,
            walk: Walk::new(0, Genus::V2, None),
        }
    }

    /// Begins a message with this body; `frame_end`: what encloses it and its attachments ends there.
    pub(super) fn begin(
        &mut self,
        body: Span,
        kind: Kind,
        genus: Genus,
        domain: Domain,
        frame_end: Option<usize>,
    ) {
        self.body = body;
        self.kind = kind;
        self.genus = genus;
        self.body_domain = domain;
        self.wrapped = false;
        self.orphan = false;
        self.inspected = 1;
        self.body_done = false;
        self.walk.begin(body.end as usize, genus, frame_end);
    }

    pub(super) fn frame(&self, at: usize) -> Frame {
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
    pub(super) fn read_body(
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
            // Seen to be so before, and judged only in part.
            _ if self.inspected > 1 => true,
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
        self.walk.begin(end, genus, Some(frame_end));
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
