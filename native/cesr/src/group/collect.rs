//! From a walk over attachments in the text domain to what they hold.

use smallvec::SmallVec;

use super::spec::Bucket;
use super::walk::{Sink, Stop, Walk};
use super::{
    Attachments, Couple, FirstSeen, Genus, LastGroup, SealCouple, SealTriple, SignatureGroup,
};
use crate::codes::{IndexerRow, MatterRow};
use crate::counter::Counter;
use crate::error::{Error, ErrorKind};
use crate::indexer::{self, Indexed};
use crate::limits::Options;
use crate::primitive::Primitive;

/// Reads the attachments that are the whole of `text`: of a [`crate::frame::Frame`], from the end of its body on, in
/// text ([`crate::frame::attachments_text`] converts those that are not).
///
/// # Errors
/// The first thing that is wrong; nothing is returned then. `ColdStart` for a group in the binary domain.
pub fn parse_attachments<'a>(
    text: &'a [u8],
    genus: Genus,
    options: &Options,
) -> Result<Attachments<'a>, Error> {
    if text.is_empty() {
        return Ok(Attachments::default());
    }
    let mut collector = Collector {
        utf8: std::str::from_utf8(text).ok(),
        ..Collector::default()
    };
    let mut walk = Walk::new(0, genus, Some(text.len()));
    let stop = walk.run(text, options, &mut collector);
    if let Some(error) = walk.doom.or(collector.refusal) {
        return Err(error);
    }
    match stop {
        Stop::Ended if walk.at == text.len() => Ok(collector.attachments),
        Stop::Ended | Stop::Between => Err(Error::new(ErrorKind::ColdStart, walk.at)),
        Stop::More => Err(Error::new(ErrorKind::Truncated, text.len())),
        Stop::Lost(error) | Stop::Body(error) => Err(error),
    }
}

/// Gathers elements. Inner groups hold signatures only, so one list of them is enough.
#[derive(Default)]
struct Collector<'a> {
    /// The whole of what is walked over, if it is text.
    utf8: Option<&'a str>,
    attachments: Attachments<'a>,
    parts: SmallVec<[Primitive<'a>; 6]>,
    signatures: SmallVec<[Indexed<'a>; 1]>,
    depth: u32,
    /// What follows belongs to a message nested in the attachments.
    in_nest: bool,
    /// The group at hand is one that is skipped.
    in_skipped: bool,
    /// Depth at which a pathed group stands, whose contents are opaque to us.
    pathed: Option<u32>,
    refusal: Option<Error>,
}

impl<'a> Collector<'a> {
    /// `bytes`, which stand at `at`, as text.
    fn text(&self, bytes: &'a [u8], at: usize) -> Option<&'a str> {
        match self.utf8 {
            Some(text) => text.get(at..at + bytes.len()),
            None => std::str::from_utf8(bytes).ok(),
        }
    }

    fn ignores(&self) -> bool {
        self.in_nest || self.pathed.is_some()
    }
}

impl<'a> Sink<'a> for Collector<'a> {
    fn group(&mut self, _counter: &Counter, bucket: Bucket, at: usize, binary: bool) {
        self.depth += 1;
        if binary {
            self.refusal
                .get_or_insert(Error::new(ErrorKind::ColdStart, at));
        }
        if self.ignores() {
            return;
        }
        match bucket {
            Bucket::Nest => {
                self.in_nest = true;
                self.attachments.nests += 1;
            }
            Bucket::Skipped => {
                self.attachments.skipped += 1;
                self.in_skipped = true;
            }
            Bucket::Pathed | Bucket::PathedGroups => {
                self.attachments.pathed += 1;
                self.pathed = Some(self.depth);
            }
            _ => {}
        }
    }

    fn matter(&mut self, bytes: &'a [u8], row: &'static MatterRow, at: usize, _binary: bool) {
        match self.text(bytes, at) {
            Some(text) if !self.ignores() => self.parts.push(Primitive { text, row }),
            Some(_) => {}
            None => self.refusal = Some(Error::new(ErrorKind::Alphabet, at)),
        }
    }

    fn signature(&mut self, bytes: &'a [u8], row: &'static IndexerRow, at: usize, _binary: bool) {
        let text = self.text(bytes, at).ok_or(ErrorKind::Alphabet);
        match text.and_then(|text| indexer::of_row(text, row)) {
            Ok(signature) if !self.ignores() => self.signatures.push(signature),
            Ok(_) => {}
            Err(kind) => self.refusal = Some(Error::new(kind, at)),
        }
    }

    fn element(&mut self, bucket: Bucket) {
        if self.ignores() {
            return;
        }
        let all = &mut self.attachments;
        match (bucket, &self.parts[..]) {
            (Bucket::Couples, &[key, signature]) => all.couples.push(Couple { key, signature }),
            (Bucket::FirstSeen, &[ordinal, date]) => {
                all.first_seen = Some(FirstSeen { ordinal, date });
            }
            (Bucket::SealCouples, &[sn, said]) => all.seal_couples.push(SealCouple { sn, said }),
            (Bucket::SealTriples, &[pre, sn, said]) => {
                all.seal_triples.push(SealTriple { pre, sn, said });
            }
            (Bucket::Quadruples | Bucket::Groups, &[pre, sn, said]) => {
                let group = SignatureGroup {
                    pre,
                    sn,
                    said,
                    signatures: std::mem::take(&mut self.signatures),
                };
                if bucket == Bucket::Groups {
                    all.groups.push(group);
                } else {
                    all.quadruples.push(group);
                }
            }
            (Bucket::LastGroups, &[pre]) => {
                all.last_groups.push(LastGroup {
                    pre,
                    signatures: std::mem::take(&mut self.signatures),
                });
            }
            (Bucket::Controller, []) => all.controller.extend(self.signatures.drain(..)),
            (Bucket::Witness, []) => all.witness.extend(self.signatures.drain(..)),
            (Bucket::Typed, _) => all.typed_seals += 1,
            (Bucket::Blinded, _) => all.blinded += 1,
            (Bucket::Essr, _) => all.essr += 1,
            // Signatures of an inner group stay until the element around it is complete.
            (Bucket::Controller, _) => return,
            _ => {}
        }
        self.parts.clear();
    }

    fn opaque(&mut self, bytes: &'a [u8], _at: usize, _binary: bool) {
        if self.in_skipped {
            self.attachments.skipped_bytes += bytes.len() as u32;
            self.in_skipped = false;
        }
    }

    fn lost(&mut self, groups: usize, bytes: usize) {
        self.depth = self.depth.saturating_sub(groups as u32);
        self.parts.clear();
        self.signatures.clear();
        self.attachments.skipped += 1;
        self.attachments.skipped_bytes += bytes as u32;
    }

    fn group_end(&mut self, _bucket: Bucket) {
        if self.pathed == Some(self.depth) {
            self.pathed = None;
        }
        self.depth = self.depth.saturating_sub(1);
    }
}
