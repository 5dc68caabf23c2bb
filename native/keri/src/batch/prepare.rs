//! From frames to items: bodies read, SAIDs checked, attachments taken apart.

use std::sync::Arc;

use kelpipe_cesr::Alphabet;
use kelpipe_cesr::frame::{self, Domain, Frame};
use kelpipe_cesr::group::{self, Genus};

use super::{Carried, CarriedRest, Converted, ForeseenSets, Item, Parsed, aid_of, aids_beside};
use crate::decision::{Refusal, Reject};
use crate::event::{self, Identity, Message};
use crate::options::Options;
use crate::record::Couple;
use crate::rules::{Couple64, Group64, Last64, Receipts, Signatures};
use crate::said::{Owing, When};
use crate::signature::{Plain64, Signed};

/// Makes the checks that were left, and refuses what fails.
pub(super) fn check_owed(owing: &mut Owing, items: &mut [Item<'_>]) {
    owing.check(|at| {
        if let Item::Message(parsed) = &items[at] {
            items[at] = Item::Refused(parsed.identity, Reject::Said.into());
        }
    });
}

/// The item of one message; a check of its SAID that is left to be made is put into `when`.
pub(super) fn item<'a>(
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
    let message = event::read_and_check(body, options, identity, when)?;
    let signed = Signed::Source(frame.body.start..frame.body.end);
    if frame.domain != Domain::Text {
        return convert(options, codec, source, frame, source_id);
    }
    let attachments = frame.body.end as usize..frame.attachments_end as usize;
    let text = source.get(attachments).unwrap_or(&[]);
    let carried = carried(&message, signed, text, frame.genus, codec, source_id)?;
    if has_other_spellings(text, codec) {
        return convert(options, codec, source, frame, source_id);
    }
    Ok(Item::Message(Parsed {
        message,
        identity: *identity,
        carried,
    }))
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
    let attachments = frame::attachments_text(source, frame, codec, &mut scratch)?.into();
    let mut converted = Converted {
        body,
        attachments,
        genus: frame.genus,
        aids: Vec::new(),
        source: source_id,
    };
    let mut identity = Identity::default();
    if has_other_spellings(&converted.attachments, codec) {
        converted.read(options, codec, &mut Identity::default())?;
        respell(&mut converted.attachments);
    }
    let mut aids = Vec::new();
    let mut visit = |aid: &str| aids.push(aid.to_owned());
    let (message, carried) = converted.read(options, codec, &mut identity)?;
    aid_of(&identity, &mut visit);
    aids_beside(&message, &mut visit);
    carried.each_signer(&mut visit);
    drop((message, carried));
    converted.aids = aids;
    Ok(Item::Converted(Box::new(converted)))
}

/// Whether attachments may hold characters that stand for others, and do (HARDEN 5).
fn has_other_spellings(attachments: &[u8], codec: &kelpipe_cesr::limits::Options) -> bool {
    codec.alphabet == Alphabet::Lenient && attachments.iter().any(|c| matches!(c, b'+' | b'/'))
}

/// Writes attachments, which can be read, as the reference writes them once it has read them.
fn respell(attachments: &mut [u8]) {
    for c in attachments {
        match c {
            b'+' => *c = b'-',
            b'/' => *c = b'_',
            _ => {}
        }
    }
}

impl Converted {
    /// Message and attachments.
    ///
    /// # Errors
    /// The first rule that they break: none, of one that stands in a batch.
    pub fn read<'c>(
        &'c self,
        options: &Options,
        codec: &kelpipe_cesr::limits::Options,
        identity: &mut Identity<'c>,
    ) -> Result<(Message<'c>, Carried<'c>), Refusal> {
        let message = event::read(&self.body, options, identity)?;
        let signed = Signed::Held(self.body.clone());
        let carried = carried(
            &message,
            signed,
            &self.attachments,
            self.genus,
            codec,
            self.source,
        )?;
        Ok((message, carried))
    }
}

fn carried<'a>(
    message: &Message<'_>,
    signed: Signed,
    text: &'a [u8],
    genus: Genus,
    codec: &kelpipe_cesr::limits::Options,
    source: u32,
) -> Result<Carried<'a>, Refusal> {
    let from = group::parse_attachments(text, genus, codec)?;
    let receipts = Receipts {
        couples: from.couples.iter().map(couple).collect(),
        ..Receipts::default()
    };
    let (wigs, receipts) = if matches!(message, Message::KeyEvent(_)) {
        let groups = from.quadruples.into_iter().map(group).collect();
        (from.witness, Receipts { groups, ..receipts })
    } else {
        let groups = from.groups.into_iter().map(group).collect();
        let witness = from.witness;
        let receipts = Receipts {
            witness,
            groups,
            ..receipts
        };
        (Signatures::new(), receipts)
    };
    let rest = CarriedRest {
        receipts,
        last: from.last_groups.into_iter().map(last).collect(),
        couple: from.seal_couples.last().and_then(|couple| {
            Some(Couple {
                sn: couple.sn.number()?,
                said: couple.said.text.into(),
            })
        }),
        replayed: from.first_seen.as_ref().and_then(|replayed| {
            let ordinal = u64::try_from(replayed.ordinal.number()?).ok()?;
            Some((ordinal, crate::date::parse(&replayed.date.date()?)?))
        }),
    };
    Ok(Carried {
        signed,
        sigs: from.controller,
        wigs,
        source,
        foreseen: ForeseenSets::default(),
        rest: (!rest.is_none()).then(|| Box::new(rest)),
    })
}

fn couple<'a>(couple: &group::Couple<'a>) -> Couple64<'a> {
    Couple64 {
        key: couple.key.text,
        signature: couple.signature.text,
        plain: Plain64::new(&couple.signature),
    }
}

fn group(group: group::SignatureGroup<'_>) -> Group64<'_> {
    Group64 {
        pre: group.pre.text,
        sn: group.sn.number().unwrap_or(0),
        said: group.said.text,
        signatures: group.signatures,
    }
}

fn last(group: group::LastGroup<'_>) -> Last64<'_> {
    Last64 {
        pre: group.pre.text,
        signatures: group.signatures,
    }
}
