//! A batch: messages parsed and SAID-checked, or waiting entries to look at again. Knows no state.

mod prepare;

use std::sync::Arc;

use kelpipe_cesr::frame::Frame;
use kelpipe_cesr::group::Genus;

use crate::decision::{Kind, Refusal, Verdict};
use crate::event::{Identity, Message};
use crate::needs::Need;
use crate::options::Options;
use crate::record::Couple;
use crate::rules::{Last64, Receipts, Signatures};
use crate::said::{Owing, When};
use crate::signature::{Foreseen, Memo, Signed};
use crate::store::{Units, split_place};
use crate::text::Text;
use crate::wakes::{Wake, Wakes};

/// A message, ready to be judged.
pub struct Parsed<'a> {
    /// Body.
    pub message: Message<'a>,
    /// What it says it is.
    pub identity: Identity<'a>,
    /// What came with it.
    pub carried: Carried<'a>,
}

/// A message that does not stand in the source as it is signed: it was binary, or wrapped in a primitive.
pub struct Converted {
    /// Body in text.
    pub body: Arc<[u8]>,
    /// Attachments in text.
    pub attachments: Box<[u8]>,
    /// Code tables of the attachments.
    pub genus: Genus,
    /// AIDs in it.
    pub aids: Vec<String>,
    /// Source.
    pub source: u32,
}

/// What comes with a body.
pub struct Carried<'a> {
    /// Body bytes that signatures are over.
    pub signed: Signed,
    /// Controller signatures.
    pub sigs: Signatures<'a>,
    /// Witness signatures of an event.
    pub wigs: Signatures<'a>,
    /// Source.
    pub source: u32,
    /// What was checked ahead.
    pub(crate) foreseen: ForeseenSets,
    /// What comes with few bodies.
    pub rest: Option<Box<CarriedRest<'a>>>,
}

/// Receipts, anchors and what else comes with few bodies.
#[derive(Default)]
pub struct CarriedRest<'a> {
    /// Receipts that a message consists of, or that are attached to an event.
    pub receipts: Receipts<'a>,
    /// Signature groups under the latest keys.
    pub last: Vec<Last64<'a>>,
    /// Anchor couple: the last one.
    pub couple: Option<Couple>,
    /// First-seen ordinal and date of a replay.
    pub replayed: Option<(u64, i64)>,
}

impl CarriedRest<'_> {
    fn is_none(&self) -> bool {
        let CarriedRest {
            receipts,
            last,
            couple,
            replayed,
        } = self;
        receipts.is_none() && last.is_empty() && couple.is_none() && replayed.is_none()
    }
}

/// Where the verdicts stand that were made ahead on an event's signatures.
#[derive(Clone, Copy, Default)]
pub(crate) struct ForeseenSets {
    /// On the controllers'.
    pub sigs: Foreseen,
    /// On the witnesses'.
    pub wigs: Foreseen,
    /// Whether the state of its AID was at hand.
    pub has_state: bool,
}

impl Carried<'_> {
    fn each_signer<'s>(&'s self, visit: &mut impl FnMut(&'s str)) {
        if let Some(CarriedRest { receipts, last, .. }) = self.rest.as_deref() {
            for group in &receipts.groups {
                visit(group.pre);
            }
            for group in last {
                visit(group.pre);
            }
        }
    }
}

/// One unit of work.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are messages, which lie in a row this way"
)]
pub enum Item<'a> {
    /// A message.
    Message(Parsed<'a>),
    /// A message whose body had to be converted.
    Converted(Box<Converted>),
    /// A message that cannot be read.
    Refused(Identity<'a>, Refusal),
    /// A waiting entry to retry, as all or one of its kinds.
    Retry {
        /// AID.
        aid: Text,
        /// Sequence number.
        sn: u128,
        /// Rest of its key.
        id: Vec<u8>,
        /// Only as this kind.
        kind: Option<Kind>,
    },
    /// A waiting entry to take out.
    TakeOut {
        /// AID.
        aid: Text,
        /// Sequence number.
        sn: u128,
        /// Rest of its key.
        id: Vec<u8>,
        /// Expired: only what is past its timeout; removed, evicted: all of it.
        verdict: Verdict,
    },
    /// A place to look at again.
    Wake {
        /// AID.
        aid: Text,
        /// Sequence number.
        sn: u128,
    },
}

impl Item<'_> {
    /// The AID it is about.
    pub fn aid(&self) -> Option<&str> {
        match self {
            Item::Message(parsed) => Some(parsed.identity.pre).filter(|aid| !aid.is_empty()),
            Item::Converted(converted) => converted.aids.first().map(String::as_str),
            Item::Refused(..) => None,
            Item::Retry { aid, .. } | Item::TakeOut { aid, .. } | Item::Wake { aid, .. } => {
                Some(aid)
            }
        }
    }

    /// The entry of the `wake` table that its handling uses up.
    pub(crate) fn wake(&self) -> Option<Wake> {
        match self {
            Item::Wake { aid, sn } => Some(Wake {
                aid: aid.clone(),
                sn: *sn,
            }),
            _ => None,
        }
    }

    /// The AIDs whose records its handling will read in any case, but for one whose record was at hand when its
    /// signatures were foreseen: most likely it still is.
    pub fn each_aid<'s>(&'s self, mut visit: impl FnMut(&'s str)) {
        match self {
            Item::Message(parsed) => {
                if !parsed.carried.foreseen.has_state {
                    aid_of(&parsed.identity, &mut visit);
                }
                aids_beside(&parsed.message, &mut visit);
                parsed.carried.each_signer(&mut visit);
            }
            Item::Converted(converted) => {
                converted.aids.iter().for_each(|aid| visit(aid));
            }
            _ => self.aid().into_iter().for_each(visit),
        }
    }
}

fn aid_of<'s>(identity: &Identity<'s>, visit: &mut impl FnMut(&'s str)) {
    if !identity.pre.is_empty() {
        visit(identity.pre);
    }
}

fn aids_beside<'s>(message: &Message<'s>, visit: &mut impl FnMut(&'s str)) {
    if let Message::KeyEvent(event) = message {
        if !event.delegator.is_empty() {
            visit(event.delegator);
        }
        event.seals.iter().for_each(|seal| visit(seal.pre));
    }
}

/// Where a message and its attachments stand in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageSpan {
    /// First byte of the body.
    pub body_start: u32,
    /// First byte after the body.
    pub body_end: u32,
    /// First byte after the attachments.
    pub attachments_end: u32,
}

/// Work for one or more settles.
pub struct Batch<'a> {
    pub(crate) source: &'a [u8],
    pub(crate) items: Vec<Item<'a>>,
    pub(crate) spans: Vec<MessageSpan>,
    pub(crate) next: usize,
    pub(crate) window: usize,
    pub(crate) rounds: u32,
    pub(crate) looked_ahead: bool,
    pub(crate) loaded: Units,
    pub(crate) needs: Vec<Need>,
    pub(crate) memo: Memo,
    /// What signatures were checked ahead under.
    pub(crate) guessed: Option<u64>,
    pub(crate) wakes: Wakes,
    pub(crate) in_a_row: u32,
    pub(crate) signatures_checked: u64,
    pub(crate) signatures_failed: u64,
}

/// What to do with waiting entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingOp {
    /// Retry, as all kinds or as one.
    Retry(Option<Kind>),
    /// Take out what is past its timeout.
    Expire,
    /// Take out, because somebody wants it.
    Remove,
    /// Take out, because too much waits.
    Evict,
    /// Look at a place again: keys of the `wake` table.
    Wake,
}

impl<'a> Batch<'a> {
    fn new(source: &'a [u8], items: Vec<Item<'a>>, spans: Vec<MessageSpan>) -> Self {
        Batch {
            source,
            items,
            spans,
            next: 0,
            window: usize::MAX,
            rounds: 0,
            looked_ahead: false,
            loaded: Units::default(),
            needs: Vec::new(),
            memo: Memo::default(),
            guessed: None,
            wakes: Wakes::default(),
            in_a_row: 0,
            signatures_checked: 0,
            signatures_failed: 0,
        }
    }

    /// Number of messages or entries.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Signatures whose verdict was asked for so far, and of these the bad ones.
    pub fn signatures(&self) -> (u64, u64) {
        (
            self.signatures_checked + self.memo.used,
            self.signatures_failed + self.memo.failed,
        )
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Parses messages and checks their SAIDs.
    pub fn prepare(
        options: &Options,
        source: &'a [u8],
        frames: &[Frame],
        source_id: u32,
    ) -> Batch<'a> {
        Batch::prepare_and(options, source, frames, source_id, |_| ())
    }

    /// As [`Batch::prepare`]; `then` sees the items whose SAIDs are checked, some at a time while they are in the caches.
    pub(crate) fn prepare_and(
        options: &Options,
        source: &'a [u8],
        frames: &[Frame],
        source_id: u32,
        mut then: impl FnMut(&mut [Item<'a>]),
    ) -> Batch<'a> {
        let codec = codec_options(options);
        let mut owing = Owing::default();
        let mut items = Vec::with_capacity(frames.len());
        let mut seen = 0;
        for frame in frames {
            let mut when = When::Later(None);
            items.push(prepare::item(
                options, &codec, source, frame, source_id, &mut when,
            ));
            if let When::Later(Some(owed)) = when {
                owing.push(items.len() - 1, &owed);
            }
            if owing.is_full() {
                prepare::check_owed(&mut owing, &mut items);
                then(&mut items[seen..]);
                seen = items.len();
            }
        }
        prepare::check_owed(&mut owing, &mut items);
        then(&mut items[seen..]);
        let spans = frames
            .iter()
            .map(|frame| MessageSpan {
                body_start: frame.body.start,
                body_end: frame.body.end,
                attachments_end: frame.attachments_end,
            })
            .collect();
        Batch::new(source, items, spans)
    }

    /// A batch over waiting entries. Keys that are not of the form of their table are left out.
    pub fn of_waiting(op: WaitingOp, keys: &[&[u8]]) -> Batch<'a> {
        let items = keys
            .iter()
            .filter_map(|key| split_place(key))
            .map(|(aid, sn, id)| {
                let (aid, id) = (Text::from(aid), id.to_vec());
                match op {
                    WaitingOp::Retry(kind) => Item::Retry { aid, sn, id, kind },
                    WaitingOp::Expire => Item::TakeOut {
                        aid,
                        sn,
                        id,
                        verdict: Verdict::Expired,
                    },
                    WaitingOp::Remove => Item::TakeOut {
                        aid,
                        sn,
                        id,
                        verdict: Verdict::Removed,
                    },
                    WaitingOp::Evict => Item::TakeOut {
                        aid,
                        sn,
                        id,
                        verdict: Verdict::Evicted,
                    },
                    WaitingOp::Wake => Item::Wake { aid, sn },
                }
            })
            .collect();
        Batch::new(&[], items, Vec::new())
    }
}

/// Codec options that follow the engine's switches.
pub fn codec_options(options: &Options) -> kelpipe_cesr::limits::Options {
    use kelpipe_cesr::limits::Alphabet;
    kelpipe_cesr::limits::Options {
        depth_max: options.limits.depth_max,
        refuse_nan: options.switches.on(6),
        alphabet: if options.switches.on(5) {
            Alphabet::Strict
        } else {
            Alphabet::Lenient
        },
        version_exact: options.switches.on(7),
        genus: options.genus,
        unknown: options.unknown,
        ..kelpipe_cesr::limits::Options::default()
    }
}
