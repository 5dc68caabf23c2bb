//! A batch: messages parsed and SAID-checked, or waiting entries to look at again. Knows no state.

use std::sync::Arc;

use kelpipe_cesr::frame::{self, Domain, Frame};
use kelpipe_cesr::group::{self, Attachments};
use kelpipe_cesr::indexer::Indexed;

use crate::decision::{Kind, Refusal, Reject, Verdict};
use crate::event::{self, Identity, Message};
use crate::fold::Wake;
use crate::options::Options;
use crate::record::Couple;
use crate::rules::{Couple64, Group64, Last64, Receipts};
use crate::said::{Owing, When};
use crate::signature::{Indexed64, Memo, Plain64, Signed};
use crate::store::{Need, Units, split_place};
use crate::text::Text;

/// A message, ready to be judged.
pub struct Parsed<'a> {
    /// Body.
    pub message: Message<'a>,
    /// What it says it is.
    pub identity: Identity<'a>,
    /// What came with it.
    pub carried: Carried,
}

/// A message whose body does not stand in the source as it is signed: it was binary, or wrapped in a primitive.
pub struct Converted {
    /// Body in text.
    pub body: Arc<[u8]>,
    /// AIDs in it.
    pub aids: Vec<String>,
    /// What came with it.
    pub carried: Carried,
}

/// What comes with a body.
pub struct Carried {
    /// Body bytes that signatures are over.
    pub signed: Signed,
    /// Controller signatures.
    pub sigs: Vec<Indexed64>,
    /// Witness signatures, couples and signature groups.
    pub receipts: Receipts,
    /// Couples and quadruples attached to an event.
    pub attached: Receipts,
    /// Signature groups under the latest keys.
    pub last: Vec<Last64>,
    /// Anchor couple: the last one.
    pub couple: Option<Couple>,
    /// First-seen ordinal and date of a replay.
    pub replayed: Option<(u64, i64)>,
    /// Source.
    pub source: u32,
}

impl Carried {
    /// Whether an event carries receipts.
    pub fn has_attached_receipts(&self) -> bool {
        !self.attached.couples.is_empty() || !self.attached.groups.is_empty()
    }
}

/// One unit of work.
pub enum Item<'a> {
    /// A message.
    Message(Box<Parsed<'a>>),
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

    /// The AIDs whose records its handling will read in any case.
    pub fn each_aid(&self, mut visit: impl FnMut(&str)) {
        match self {
            Item::Message(parsed) => {
                aids_in(&parsed.message, &parsed.identity, &mut visit);
                parsed.carried.each_signer(&mut visit);
            }
            Item::Converted(converted) => {
                converted.aids.iter().for_each(|aid| visit(aid));
                converted.carried.each_signer(&mut visit);
            }
            _ => self.aid().into_iter().for_each(visit),
        }
    }
}

fn aids_in(message: &Message<'_>, identity: &Identity<'_>, visit: &mut impl FnMut(&str)) {
    if !identity.pre.is_empty() {
        visit(identity.pre);
    }
    if let Message::KeyEvent(event) = message {
        if !event.delegator.is_empty() {
            visit(event.delegator);
        }
        event.seals.iter().for_each(|seal| visit(seal.pre));
    }
}

impl Carried {
    fn each_signer(&self, visit: &mut impl FnMut(&str)) {
        self.receipts
            .groups
            .iter()
            .chain(&self.attached.groups)
            .for_each(|group| visit(&group.pre));
        self.last.iter().for_each(|group| visit(&group.pre));
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
    pub(crate) wakes: Vec<Wake>,
    /// Signatures checked so far.
    pub signatures_checked: u64,
    /// Signatures that did not verify.
    pub signatures_failed: u64,
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
            wakes: Vec::new(),
            signatures_checked: 0,
            signatures_failed: 0,
        }
    }

    /// Number of messages or entries.
    pub fn len(&self) -> usize {
        self.items.len()
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
        let codec = codec_options(options);
        let mut owing = Owing::default();
        let mut items = Vec::with_capacity(frames.len());
        for frame in frames {
            let mut when = When::Later(None);
            items.push(prepare_one(
                options, &codec, source, frame, source_id, &mut when,
            ));
            if let When::Later(Some(owed)) = when {
                owing.push(items.len() - 1, &owed);
            }
            if owing.is_full() {
                check_owed(&mut owing, &mut items);
            }
        }
        check_owed(&mut owing, &mut items);
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
    pub fn of_waiting(op: WaitingOp, keys: &[&[u8]]) -> Batch<'static> {
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

/// Makes the checks that were left, and refuses what fails.
fn check_owed(owing: &mut Owing, items: &mut [Item<'_>]) {
    owing.check(|at| {
        if let Item::Message(parsed) = &items[at] {
            items[at] = Item::Refused(parsed.identity, Reject::Said.into());
        }
    });
}

fn prepare_one<'a>(
    options: &Options,
    codec: &kelpipe_cesr::limits::Options,
    source: &'a [u8],
    frame: &Frame,
    source_id: u32,
    when: &mut When<'a>,
) -> Item<'a> {
    let mut identity = Identity::default();
    let in_place = frame.body_domain == Domain::Text && !frame.wrapped;
    let item = if in_place {
        parse(
            options,
            codec,
            source,
            frame,
            source_id,
            &mut identity,
            when,
        )
    } else {
        convert(options, codec, source, frame, source_id)
    };
    item.unwrap_or_else(|refusal| {
        // The SAID comes before the attachments, so its fault is the one to tell.
        let owed = std::mem::replace(when, When::Now);
        let wrong = matches!(owed, When::Later(Some(owed)) if !owed.holds());
        let refusal = if wrong { Reject::Said.into() } else { refusal };
        Item::Refused(identity, refusal)
    })
}

fn parse<'a>(
    options: &Options,
    codec: &kelpipe_cesr::limits::Options,
    source: &'a [u8],
    frame: &Frame,
    source_id: u32,
    identity: &mut Identity<'a>,
    when: &mut When<'a>,
) -> Result<Item<'a>, Refusal> {
    let body = frame.body.of(source);
    let version = event::version_of(body)?;
    let message = event::read_and_check(body, &version, options, identity, when)?;
    let signed = Signed::Source(frame.body.start..frame.body.end);
    let carried = carried(&message, signed, codec, source, frame, source_id)?;
    Ok(Item::Message(Box::new(Parsed {
        message,
        identity: *identity,
        carried,
    })))
}

fn convert<'a>(
    options: &Options,
    codec: &kelpipe_cesr::limits::Options,
    source: &[u8],
    frame: &Frame,
    source_id: u32,
) -> Result<Item<'a>, Refusal> {
    let mut scratch = Vec::new();
    let body: Arc<[u8]> = frame::body_bytes(source, frame, &mut scratch)?.into();
    let version = event::version_of(&body)?;
    let mut identity = Identity::default();
    let message = event::read(&body, &version, options, &mut identity)?;
    let carried = carried(
        &message,
        Signed::Held(body.clone()),
        codec,
        source,
        frame,
        source_id,
    )?;
    let mut aids = Vec::new();
    aids_in(&message, &identity, &mut |aid: &str| {
        aids.push(aid.to_owned());
    });
    drop(message);
    Ok(Item::Converted(Box::new(Converted {
        body,
        aids,
        carried,
    })))
}

fn carried(
    message: &Message<'_>,
    signed: Signed,
    codec: &kelpipe_cesr::limits::Options,
    source: &[u8],
    frame: &Frame,
    source_id: u32,
) -> Result<Carried, Refusal> {
    let mut scratch = Vec::new();
    let text = frame::attachments_text(source, frame, codec, &mut scratch)?;
    let attachments = group::parse_attachments(text, frame.genus, codec)?;
    let is_event = matches!(message, Message::KeyEvent(_));
    Ok(assemble(is_event, signed, &attachments, source_id))
}

fn assemble(is_event: bool, signed: Signed, from: &Attachments<'_>, source: u32) -> Carried {
    let couples: Vec<Couple64> = from
        .couples
        .iter()
        .map(|couple| Couple64 {
            key: couple.key.text.into(),
            signature: couple.signature.text.into(),
            plain: Plain64::new(&couple.signature),
        })
        .collect();
    let group = |group: &group::SignatureGroup<'_>| Group64 {
        pre: group.pre.text.into(),
        sn: group.sn.number().unwrap_or(0),
        said: group.said.text.into(),
        signatures: group.signatures.iter().map(Indexed64::new).collect(),
    };
    let mut receipts = Receipts {
        witness: indexed(&from.witness),
        ..Receipts::default()
    };
    let mut attached = Receipts::default();
    if is_event {
        attached.couples = couples;
        attached.groups = from.quadruples.iter().map(group).collect();
    } else {
        receipts.couples = couples;
        receipts.groups = from.groups.iter().map(group).collect();
    }
    let couple = from.seal_couples.last().and_then(|couple| {
        Some(Couple {
            sn: couple.sn.number()?,
            said: couple.said.text.into(),
        })
    });
    let replayed = from.first_seen.as_ref().and_then(|replayed| {
        let ordinal = u64::try_from(replayed.ordinal.number()?).ok()?;
        Some((ordinal, crate::date::parse(&replayed.date.date()?)?))
    });
    let last = from
        .last_groups
        .iter()
        .map(|group| Last64 {
            pre: group.pre.text.into(),
            signatures: group.signatures.iter().map(Indexed64::new).collect(),
        })
        .collect();
    Carried {
        signed,
        sigs: indexed(&from.controller),
        receipts,
        attached,
        last,
        couple,
        replayed,
        source,
    }
}

fn indexed(list: &[Indexed<'_>]) -> Vec<Indexed64> {
    list.iter().map(Indexed64::new).collect()
}
