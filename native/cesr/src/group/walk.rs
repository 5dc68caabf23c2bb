//! Walks attachments, checking every counter and primitive, from any byte on: the framer stops where bytes end and goes
//! on when there are more. Each step looks at one counter or primitive, whose size its first characters tell, so waiting
//! for bytes costs no second look at those that are there.

mod element;
mod lose;
mod open;

use smallvec::SmallVec;

use super::spec::{self, Bucket, Content, Role, Spec};
use super::{Domain, Genus};
use crate::codes::{IndexerRow, MatterRow};
use crate::counter::Counter;
use crate::error::{Error, ErrorKind};
use crate::limits::{Options, Unknown};

/// Learns what a walk comes upon. Offsets are those of the walk.
pub(crate) trait Sink<'a> {
    /// A group begins; its counter stands at `at`.
    fn group(&mut self, _counter: &Counter, _bucket: Bucket, _at: usize, _binary: bool) {}
    /// A genus code at the start of an enclosing group.
    fn genus(&mut self, _counter: &Counter, _at: usize, _binary: bool) {}
    /// A primitive.
    fn matter(&mut self, _bytes: &'a [u8], _row: &'static MatterRow, _at: usize, _binary: bool) {}
    /// An indexed signature.
    fn signature(
        &mut self,
        _bytes: &'a [u8],
        _row: &'static IndexerRow,
        _at: usize,
        _binary: bool,
    ) {
    }
    /// Bytes that are not looked into.
    fn opaque(&mut self, _bytes: &'a [u8], _at: usize, _binary: bool) {}
    /// An element of the innermost group is complete.
    fn element(&mut self, _bucket: Bucket) {}
    /// The innermost group is complete.
    fn group_end(&mut self, _bucket: Bucket) {}
    /// So many of the innermost groups are left out, for a code that is not known; `bytes` of them are not looked at.
    fn lost(&mut self, _groups: usize, _bytes: usize) {}
}

/// Learns nothing.
pub(crate) struct Blind;
impl Sink<'_> for Blind {}

/// Why a walk stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The bytes end inside a group or counter.
    More,
    /// The bytes end between groups.
    Between,
    /// The attachments end here: what encloses them has ended, or no attachment group follows.
    Ended,
    /// Something is wrong, and where the attachments end is not known.
    Lost(Error),
    /// A text group or primitive must begin here, but a message body does.
    Body(Error),
}

/// An open group.
#[derive(Clone, Copy, Debug)]
struct Level {
    spec: &'static Spec,
    genus: Genus,
    binary: bool,
    /// Where the contents begin.
    start: u32,
    /// Where the group or one around it ends; [`OPEN`] when no count tells.
    end: u32,
    /// Whether `end` is the group's own end.
    sized: bool,
    /// Elements still to come, of a group that counts elements.
    left: u32,
    /// Elements begun.
    elements: u32,
    /// Next slot of the element at hand.
    slot: u8,
    /// Whether a path stands before the elements (`-K` of 1.1.17).
    path_first: bool,
}

/// Why bytes are jumped over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skipping {
    /// They hold an unknown code, and the message is sound without them.
    LeftOut,
    /// The message is spoiled.
    Spoiled,
}

/// Offset that stands for an end which no count tells.
const OPEN: u32 = u32::MAX;

impl Level {
    fn end(&self) -> usize {
        if self.end == OPEN {
            usize::MAX
        } else {
            self.end as usize
        }
    }
}

/// A walk over the attachments of one message.
#[derive(Debug)]
pub(crate) struct Walk {
    /// First byte not walked over.
    pub(crate) at: usize,
    /// The first thing that spoils the message although the walk can go on.
    pub(crate) doom: Option<Error>,
    /// Domains met so far.
    pub(crate) domain: Option<Domain>,
    /// Groups that are whole, outside all others.
    pub(crate) whole: u32,
    genus: Genus,
    stack: SmallVec<[Level; 4]>,
    start: usize,
    groups: u32,
    /// Counter of the group at hand, outside all others.
    group_at: usize,
    /// End of what encloses body and attachments, if anything does.
    frame_end: Option<usize>,
    /// The attachments are complete.
    closed: bool,
    /// No genus code has set the tables: a v2 message may follow v1 attachments, and is known by its head.
    mixed: bool,
    /// The groups belong to no message, so that no count can be believed.
    orphan: bool,
    /// Jump here, past a group that is spoiled or left out.
    skip_to: Option<(usize, Skipping)>,
    /// Groups left out that the sink has not learnt of, and their bytes.
    lost: Option<(usize, usize)>,
}

impl Walk {
    /// A walk that begins at byte `at`, where a body has ended. `frame_end`: what encloses both ends there.
    pub(crate) fn new(at: usize, genus: Genus, frame_end: Option<usize>) -> Self {
        Self {
            at,
            doom: None,
            domain: None,
            whole: 0,
            genus,
            stack: SmallVec::new(),
            start: at,
            groups: 0,
            group_at: at,
            frame_end,
            closed: false,
            mixed: false,
            orphan: false,
            skip_to: None,
            lost: None,
        }
    }

    /// Begins anew, as [`Walk::new`].
    pub(crate) fn begin(&mut self, at: usize, genus: Genus, frame_end: Option<usize>) {
        self.at = at;
        self.doom = None;
        self.domain = None;
        self.whole = 0;
        self.genus = genus;
        self.stack.clear();
        self.start = at;
        self.groups = 0;
        self.group_at = at;
        self.frame_end = frame_end;
        self.closed = false;
        self.mixed = false;
        self.orphan = false;
        self.skip_to = None;
        self.lost = None;
    }

    /// Says that the groups belong to no message.
    pub(crate) fn set_orphan(&mut self) {
        self.orphan = true;
    }

    /// Says that no genus code has set the tables.
    pub(crate) fn set_mixed(&mut self) {
        self.mixed = true;
    }

    /// End of what encloses body and attachments.
    pub(crate) fn frame_end(&self) -> Option<usize> {
        self.frame_end
    }

    /// Jumps to the end of what encloses body and attachments.
    pub(crate) fn skip_frame(&mut self) {
        self.skip_to = self.frame_end.map(|end| (end, Skipping::Spoiled));
    }

    /// Marks the message as spoiled; the first error stays.
    pub(crate) fn spoil(&mut self, error: Error) {
        self.doom.get_or_insert(error);
    }

    /// End of the innermost thing whose size is known and which holds all that is open.
    fn known_end(&self) -> Option<usize> {
        self.frame_end
            .or_else(|| self.stack.iter().find(|level| level.sized).map(Level::end))
    }

    /// Walks on through `bytes`, which begin where the walk's offsets count from.
    pub(crate) fn run<'a>(
        &mut self,
        bytes: &'a [u8],
        options: &Options,
        sink: &mut impl Sink<'a>,
    ) -> Stop {
        loop {
            let step = if let Some((end, why)) = self.skip_to {
                self.skip(bytes, end, why, options)
            } else if self.closed {
                Err(Stop::Ended)
            } else if let Some(level) = self.stack.last().copied() {
                match level.spec.content {
                    Content::Elements(slots) => self.element(bytes, level, slots, options, sink),
                    Content::Groups => self.between(bytes, Some(level), options, sink),
                    Content::Opaque => self.opaque(bytes, level, options, sink),
                }
            } else {
                self.between(bytes, None, options, sink)
            };
            if let Some((groups, bytes)) = self.lost.take() {
                sink.lost(groups, bytes);
            }
            if let Err(stop) = step {
                return stop;
            }
        }
    }

    /// Between groups: inside `level`, or outside all groups.
    fn between<'a>(
        &mut self,
        bytes: &'a [u8],
        level: Option<Level>,
        options: &Options,
        sink: &mut impl Sink<'a>,
    ) -> Result<(), Stop> {
        let end = level.map(|level| level.end()).or(self.frame_end);
        if end == Some(self.at) {
            self.end_of_groups(level, sink);
            return Ok(());
        }
        let limit = end.unwrap_or(usize::MAX).min(bytes.len());
        let rest = bytes.get(self.at..limit).unwrap_or_default();
        let Some(&first) = rest.first() else {
            return Err(if end.is_some() {
                Stop::More
            } else {
                Stop::Between
            });
        };
        let binary = match level {
            Some(level) => level.binary,
            None => first & 0xfc == 0xf8,
        };
        if !binary && first != b'-' {
            return match end {
                None => Err(Stop::Ended),
                Some(_) if first == b'{' || first >= 0x80 => self.body_stands(bytes, options),
                Some(_) => {
                    let kind = if first == b'_' {
                        ErrorKind::OpCode
                    } else {
                        ErrorKind::UnknownCode
                    };
                    self.fail(Error::new(kind, self.at), options)
                }
            };
        }
        let genus = level.map_or(self.genus, |level| level.genus);
        if self.mixed && end.is_none() && genus.major < 2 {
            match crate::frame::v2_message_begins(rest, binary, options) {
                Some(true) => return Err(Stop::Ended),
                Some(false) => {}
                None => return Err(Stop::More),
            }
        }
        match spec::counter(rest, genus, binary) {
            Ok(counter) => self.group(&counter, genus, binary, level, options, sink),
            Err(error) if error.kind == ErrorKind::Truncated => match end {
                Some(end) if end <= bytes.len() => {
                    self.fail(Error::new(ErrorKind::GroupSize, self.at), options)
                }
                _ => Err(Stop::More),
            },
            Err(_) if end.is_none() && self.whole > 0 => Err(Stop::Ended),
            Err(error) => self.fail(error.shifted(self.at), options),
        }
    }

    /// The end of an enclosing group, or of the frame around body and attachments.
    fn end_of_groups<'a>(&mut self, level: Option<Level>, sink: &mut impl Sink<'a>) {
        if let Some(level) = level {
            self.stack.pop();
            sink.group_end(level.spec.bucket);
            self.whole += 1;
            // What follows an enclosing group inside a frame is dropped unread.
            if let Some(end) = self.frame_end {
                self.at = end;
            }
        } else if self.whole == 0 {
            self.spoil(Error::new(ErrorKind::EmptyGroup, self.at));
        }
        self.closed = true;
    }

    /// A counter between groups.
    fn group<'a>(
        &mut self,
        counter: &Counter,
        genus: Genus,
        binary: bool,
        level: Option<Level>,
        options: &Options,
        sink: &mut impl Sink<'a>,
    ) -> Result<(), Stop> {
        let enclosed = level.is_some() || self.frame_end.is_some();
        let role = match spec::role(counter, genus) {
            Ok(role) => role,
            Err(_) if !enclosed => return Err(Stop::Ended),
            Err(kind) => return self.fail(Error::new(kind, self.at), options),
        };
        match role {
            Role::Attachment(spec) => self.open(counter, spec, binary, options, sink),
            Role::Enclosing(spec) if level.is_none() && self.groups == 0 => {
                if counter.count == 0 {
                    self.spoil(Error::new(ErrorKind::EmptyGroup, self.at));
                }
                self.open(counter, spec, binary, options, sink)
            }
            // HEAD skips a second enclosing group silently; to 1.1.17 it is an error.
            Role::Enclosing(_) => {
                if genus.major < 2 {
                    self.spoil(Error::new(ErrorKind::CountCode, self.at));
                }
                self.open(counter, &spec::SKIPPED, binary, options, sink)
            }
            Role::Genus(genus) if level.is_some_and(|level| level.start as usize == self.at) => {
                if let Some(level) = self.stack.last_mut() {
                    level.genus = genus;
                    level.start = OPEN;
                }
                sink.genus(counter, self.at, binary);
                self.at += counter_size(counter, binary);
                Ok(())
            }
            Role::Body | Role::Message | Role::Genus(_) if !enclosed => Err(Stop::Ended),
            Role::Body => self.open(counter, &spec::NEST, binary, options, sink),
            Role::Message | Role::Genus(_) => {
                self.fail(Error::new(ErrorKind::CountCode, self.at), options)
            }
            Role::Unhandled => {
                if options.unknown == Unknown::Reject {
                    self.spoil(Error::new(ErrorKind::CountCode, self.at));
                }
                self.open(counter, &spec::SKIPPED, binary, options, sink)
            }
        }
    }
}

/// Bytes of the counter itself.
pub(crate) fn counter_size(counter: &Counter, binary: bool) -> usize {
    if binary {
        counter.size() / 4 * 3
    } else {
        counter.size()
    }
}
