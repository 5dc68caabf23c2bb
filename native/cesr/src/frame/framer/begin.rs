//! What happens at the start of a message or group.

use super::{Cut, Framer, Generic, Phase, Step};
use crate::body::Span;
use crate::error::{Error, ErrorKind};
use crate::frame::scan;
use crate::frame::start::Start;
use crate::frame::{Domain, Fault};
use crate::version::Kind;

impl Framer {
    /// Begins what stands at byte `at` of the window; `spoiled`: what is wrong with it.
    pub(super) fn begin(
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
                self.message
                    .begin(Span::default(), Kind::Cesr, genus, Domain::Text, None);
                self.message.orphan = true;
                self.message.walk.set_orphan();
                self.message.walk.spoil(Error::new(ErrorKind::ColdStart, 0));
                self.phase = Phase::Message;
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
                let (body, domain) = (
                    Span::new(counter, counter),
                    if binary { Domain::Binary } else { Domain::Text },
                );
                self.message
                    .begin(body, Kind::Cesr, genus, domain, Some(size as usize));
                self.phase = Phase::Message;
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
                let in_force = self.explicit.unwrap_or(genus);
                let message = &mut self.message;
                message.begin(Span::new(0, size as usize), kind, in_force, domain, None);
                message.wrapped = wrapped;
                if self.explicit.is_none() {
                    message.walk.set_mixed();
                }
                if genus.major > in_force.major {
                    message.walk.spoil(Error::new(ErrorKind::GenusMismatch, 0));
                }
                if let Some(kind) = spoiled {
                    message.walk.spoil(Error::new(kind, 0));
                }
                self.phase = Phase::Message;
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
                self.give_up(ErrorKind::EmptyGroup, at, at, next, false, cut);
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
}
