//! Elements of a group: primitives, indexed signatures, groups inside an element.

use super::{Level, Sink, Stop, Walk};
use crate::error::{Error, ErrorKind};
use crate::group::spec::{self, Class, Role, Slot};
use crate::limits::Options;
use crate::{indexer, primitive};

impl Walk {
    /// One slot of an element.
    pub(super) fn element<'a>(
        &mut self,
        bytes: &'a [u8],
        mut level: Level,
        slots: &'static [Slot],
        options: &Options,
        sink: &mut impl Sink<'a>,
    ) -> Result<(), Stop> {
        let done = if level.sized {
            self.at >= level.end()
        } else {
            level.left == 0
        };
        if level.slot == 0 && !level.path_first {
            if done {
                self.close(level, sink);
                return Ok(());
            }
            level.elements += 1;
            if level.elements > options.limits.elements_per_group_max {
                return self.fail(Error::new(ErrorKind::ElementsLimit, self.at), options);
            }
        }
        if self.at - self.start > options.limits.attachments_bytes_max as usize {
            return self.fail(Error::new(ErrorKind::AttachmentsLimit, self.at), options);
        }
        if self.at >= level.end() {
            return self.fail(Error::new(ErrorKind::GroupSize, self.at), options);
        }
        let limit = level.end().min(bytes.len());
        let rest = bytes.get(self.at..limit).unwrap_or_default();
        let Some(&first) = rest.first() else {
            return Err(Stop::More);
        };
        if !level.binary && (first == b'{' || first >= 0x80) {
            return self.body_stands(bytes, options);
        }
        let slot = if level.path_first {
            Slot::Matter(Class::Path)
        } else {
            slots[usize::from(level.slot)]
        };
        let group_stands = if level.binary {
            first & 0xfc == 0xf8
        } else {
            first == b'-'
        };
        let size = match slot {
            Slot::Matter(class) => self.matter(rest, class, level, options, sink),
            Slot::Signature => self.signature(rest, level, options, sink),
            Slot::SignatureOrGroup if !group_stands && !level.sized => {
                self.signature(rest, level, options, sink)
            }
            _ => return self.nested(rest, limit, slot, level, options, sink),
        };
        let size = match size {
            Ok(size) => size,
            Err(error) => return self.cut_or_fail(error, limit, level.end(), options),
        };
        self.at += size;
        if level.path_first {
            level.path_first = false;
        } else {
            level.slot += 1;
            if usize::from(level.slot) == slots.len() {
                level.slot = 0;
                level.left = level.left.wrapping_sub(1);
                sink.element(level.spec.bucket);
            }
        }
        if let Some(top) = self.stack.last_mut() {
            *top = level;
        }
        Ok(())
    }

    /// A primitive or counter could not be read: more bytes are needed, or the group cuts it, or it is wrong.
    fn cut_or_fail(
        &mut self,
        error: Error,
        limit: usize,
        end: usize,
        options: &Options,
    ) -> Result<(), Stop> {
        if error.kind != ErrorKind::Truncated {
            return self.fail(error.shifted(self.at), options);
        }
        if limit == end {
            self.fail(Error::new(ErrorKind::GroupSize, self.at), options)
        } else {
            Err(Stop::More)
        }
    }

    fn matter<'a>(
        &mut self,
        rest: &'a [u8],
        class: Class,
        level: Level,
        options: &Options,
        sink: &mut impl Sink<'a>,
    ) -> Result<usize, Error> {
        let (row, size) = if level.binary {
            primitive::check_binary(rest)?
        } else {
            primitive::check(rest, options.alphabet)?
        };
        if level.genus.major < 2 && !row.in_stable {
            return Err(Error::new(ErrorKind::UnknownCode, 0));
        }
        if !class.admits(row, level.genus) {
            self.spoil(Error::new(ErrorKind::WrongCode, self.at));
        }
        sink.matter(&rest[..size], row, self.at, level.binary);
        Ok(size)
    }

    fn signature<'a>(
        &mut self,
        rest: &'a [u8],
        level: Level,
        options: &Options,
        sink: &mut impl Sink<'a>,
    ) -> Result<usize, Error> {
        let (row, size) = if level.binary {
            indexer::check_binary(rest)?
        } else {
            indexer::check(rest, options.alphabet)?
        };
        if row.algorithm.is_none() {
            self.spoil(Error::new(ErrorKind::WrongCode, self.at));
        }
        sink.signature(&rest[..size], row, self.at, level.binary);
        Ok(size)
    }

    /// A group inside an element.
    fn nested<'a>(
        &mut self,
        rest: &'a [u8],
        limit: usize,
        slot: Slot,
        mut level: Level,
        options: &Options,
        sink: &mut impl Sink<'a>,
    ) -> Result<(), Stop> {
        let counter = match spec::counter(rest, level.genus, level.binary) {
            Ok(counter) => counter,
            Err(error) => return self.cut_or_fail(error, limit, level.end(), options),
        };
        let role = spec::role(&counter, level.genus).unwrap_or(Role::Unhandled);
        if !spec::admits_group(slot, role) {
            return self.fail(Error::new(ErrorKind::CountCode, self.at), options);
        }
        let Role::Attachment(spec) = role else {
            return self.fail(Error::new(ErrorKind::CountCode, self.at), options);
        };
        if slot == Slot::SignatureOrGroup && !level.sized {
            // HEAD's form of `-D` counts quadlets where 1.1.17 counts elements.
            let size = level.left as usize * if level.binary { 3 } else { 4 };
            if level.elements != 1 || size > level.end().saturating_sub(level.start as usize) {
                return self.fail(Error::new(ErrorKind::GroupSize, self.at), options);
            }
            level.end = level.start + size as u32;
            level.sized = true;
        }
        if let Some(top) = self.stack.last_mut() {
            *top = level;
        }
        self.open(&counter, spec, level.binary, options, sink)
    }
}
