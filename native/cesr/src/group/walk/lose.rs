//! What is wrong inside attachments, and how much of them it costs.

use super::{Skipping, Stop, Walk};
use crate::error::{Error, ErrorKind};
use crate::frame::Within;
use crate::group::spec::Content;
use crate::limits::{Options, Unknown};

impl Walk {
    /// Past a spoiled group to its end, unless its count is so much too large that a message body begins in it.
    pub(super) fn skip(
        &mut self,
        bytes: &[u8],
        end: usize,
        why: Skipping,
        options: &Options,
    ) -> Result<(), Stop> {
        match crate::frame::body_within(bytes, self.at, end, options) {
            Within::Body(at) => {
                self.at = at;
                return Err(Stop::Body(Error::new(ErrorKind::Overrun, at)));
            }
            Within::Undecided(at) => {
                self.at = at;
                return Err(Stop::More);
            }
            Within::Nothing => {}
        }
        if bytes.len() < end {
            self.at = bytes.len();
            return Err(Stop::More);
        }
        self.at = end;
        self.skip_to = None;
        if why == Skipping::LeftOut {
            return Ok(());
        }
        let enclosing = self
            .stack
            .first()
            .is_some_and(|level| level.spec.content == Content::Groups);
        self.closed = self.frame_end.is_some() || enclosing;
        self.stack.clear();
        Ok(())
    }

    /// Something is wrong inside a group: past it if its end is known, else the walk is lost.
    pub(super) fn fail(&mut self, error: Error, options: &Options) -> Result<(), Stop> {
        // A later group that is malformed from its first primitive on is not this message's.
        if let [level] = self.stack[..]
            && self.frame_end.is_none()
            && self.whole > 0
            && level.start as usize == self.at
        {
            self.stack.clear();
            self.at = self.group_at;
            self.closed = true;
            return Ok(());
        }
        if error.kind == ErrorKind::UnknownCode
            && options.unknown == Unknown::Skip
            && !self.orphan
            && self.leave_out()
        {
            return Ok(());
        }
        let Some(end) = self.known_end().filter(|_| !self.orphan) else {
            return Err(Stop::Lost(error));
        };
        self.spoil(error);
        self.skip_to = Some((end, Skipping::Spoiled));
        Ok(())
    }

    /// Leaves out the group that holds an unknown code, if its end is known; where that is told only by what encloses
    /// it, all that follows in there.
    fn leave_out(&mut self) -> bool {
        let inner = self
            .stack
            .iter()
            .position(|level| level.spec.content != Content::Groups);
        let (from, end) = match inner.and_then(|from| self.stack.get(from).map(|l| (from, l))) {
            Some((from, level)) if level.sized => (from, level.end()),
            _ => {
                let Some(end) = self.known_end() else {
                    return false;
                };
                self.closed = true;
                (0, end)
            }
        };
        self.lost = Some((self.stack.len() - from, end.saturating_sub(self.at)));
        self.stack.truncate(from);
        if from == 0 {
            self.whole += 1;
        }
        self.skip_to = Some((end, Skipping::LeftOut));
        true
    }

    /// A text primitive or group must begin at the cursor, but a byte stands there that can only begin a body.
    pub(super) fn body_stands(&mut self, bytes: &[u8], options: &Options) -> Result<(), Stop> {
        let error = Error::new(ErrorKind::Overrun, self.at);
        if self.known_end().is_none() {
            return Err(Stop::Body(error));
        }
        match crate::frame::body_begins(bytes.get(self.at..).unwrap_or_default(), options) {
            Some(true) => Err(Stop::Body(error)),
            Some(false) => self.fail(error, options),
            None => Err(Stop::More),
        }
    }
}
