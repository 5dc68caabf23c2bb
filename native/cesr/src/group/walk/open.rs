//! Groups begin and end.

use super::{Level, OPEN, Sink, Stop, Walk, counter_size};
use crate::counter::Counter;
use crate::error::{Error, ErrorKind};
use crate::group::Domain;
use crate::group::spec::{self, Bucket, Content, Spec};
use crate::limits::Options;

impl Walk {
    /// Opens the group whose counter stands at the cursor.
    pub(super) fn open<'a>(
        &mut self,
        counter: &Counter,
        spec: &'static Spec,
        binary: bool,
        options: &Options,
        sink: &mut impl Sink<'a>,
    ) -> Result<(), Stop> {
        let limits = &options.limits;
        let parent = self.stack.last().copied();
        let start = self.at + counter_size(counter, binary);
        // `-D` of v1 counts elements until its first one shows HEAD's form.
        let chars = if spec::counts_either(spec) {
            None
        } else {
            counter.content_size()
        };
        let size = chars.map(|chars| if binary { chars / 4 * 3 } else { chars });
        let outer_end = parent
            .map(|level| level.end())
            .or(self.frame_end)
            .unwrap_or(usize::MAX);
        self.groups += 1;
        let too_large = |size: u64| size > u64::from(limits.attachments_bytes_max);
        let refusal = if self.groups > limits.groups_per_message_max {
            Some(ErrorKind::GroupsLimit)
        } else if self.stack.len() >= limits.group_depth_max as usize {
            Some(ErrorKind::GroupDepth)
        } else if start > outer_end || size.is_some_and(|size| size > (outer_end - start) as u64) {
            Some(ErrorKind::GroupSize)
        } else if size.is_some_and(too_large) || too_large((start - self.start) as u64) {
            Some(ErrorKind::AttachmentsLimit)
        } else {
            None
        };
        if let Some(kind) = refusal {
            return self.fail(Error::new(kind, self.at), options);
        }
        if parent.is_none() {
            self.group_at = self.at;
        }
        self.note_domain(binary);
        sink.group(counter, spec.bucket, self.at, binary);
        self.stack.push(Level {
            spec,
            genus: parent.map_or(self.genus, |level| level.genus),
            binary,
            start: start as u32,
            end: size
                .map_or(outer_end, |size| start + size as usize)
                .min(OPEN as usize) as u32,
            sized: size.is_some(),
            left: counter.count,
            elements: 0,
            slot: 0,
            path_first: spec.bucket == Bucket::PathedGroups,
        });
        self.at = start;
        Ok(())
    }

    fn note_domain(&mut self, binary: bool) {
        let domain = if binary { Domain::Binary } else { Domain::Text };
        self.domain = match self.domain {
            None => Some(domain),
            Some(known) if known == domain => Some(known),
            Some(_) => Some(Domain::Mixed),
        };
    }

    pub(super) fn opaque<'a>(
        &mut self,
        bytes: &'a [u8],
        level: Level,
        options: &Options,
        sink: &mut impl Sink<'a>,
    ) -> Result<(), Stop> {
        if self.orphan {
            return self.fail(Error::new(ErrorKind::ColdStart, self.at), options);
        }
        let Some(content) = bytes.get(self.at..level.end()) else {
            return Err(Stop::More);
        };
        sink.opaque(content, self.at, level.binary);
        self.at = level.end();
        self.close(level, sink);
        Ok(())
    }

    pub(super) fn close<'a>(&mut self, level: Level, sink: &mut impl Sink<'a>) {
        self.stack.pop();
        sink.group_end(level.spec.bucket);
        match self.stack.last_mut() {
            None => self.whole += 1,
            Some(parent) => {
                if let Content::Elements(slots) = parent.spec.content {
                    parent.slot += 1;
                    if usize::from(parent.slot) == slots.len() {
                        parent.slot = 0;
                        parent.left = parent.left.wrapping_sub(1);
                        sink.element(parent.spec.bucket);
                    }
                }
            }
        }
    }
}
