//! Key events: what they say and what they establish.

use std::sync::Arc;

use crate::body::{self, Body, Field, Form, Seal, Value};
use crate::keys::Text44;
use crate::threshold::Threshold;

/// Message types of key events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ilk {
    /// Inception.
    Icp,
    /// Interaction.
    Ixn,
    /// Rotation.
    Rot,
    /// Delegated inception.
    Dip,
    /// Delegated rotation.
    Drt,
}

impl Ilk {
    /// As in the message.
    pub fn name(self) -> &'static str {
        match self {
            Ilk::Icp => "icp",
            Ilk::Ixn => "ixn",
            Ilk::Rot => "rot",
            Ilk::Dip => "dip",
            Ilk::Drt => "drt",
        }
    }

    /// Whether it begins a log.
    pub fn incepts(self) -> bool {
        matches!(self, Ilk::Icp | Ilk::Dip)
    }

    /// Whether it needs a delegator's anchor.
    pub fn delegated(self) -> bool {
        matches!(self, Ilk::Dip | Ilk::Drt)
    }
}

/// What an establishment event establishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Establishment {
    /// Its place and SAID.
    pub at: (u64, Text44),
    /// Signing threshold and keys.
    pub kt: Threshold,
    /// See above.
    pub keys: Vec<Text44>,
    /// Threshold and digests of the next keys.
    pub nt: Threshold,
    /// See above.
    pub next: Vec<Text44>,
    /// Witnesses.
    pub witnesses: Vec<Text44>,
    /// How many of them must have signed.
    pub toad: usize,
}

/// What is to be known of an event to say what must become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFact {
    /// AID.
    pub aid: Text44,
    /// Message type.
    pub ilk: Ilk,
    /// Sequence number.
    pub sn: u64,
    /// SAID.
    pub said: Text44,
    /// The event it names as the one before.
    pub prior: Option<Text44>,
    /// The delegator that it names.
    pub delegator: Option<Text44>,
    /// What it establishes.
    pub est: Option<Arc<Establishment>>,
    /// What was in force when it was signed; of an establishment event what it establishes.
    pub under: Arc<Establishment>,
    /// The events that it anchors.
    pub seals: Vec<(Text44, u64, Text44)>,
}

/// An event that is not signed yet.
#[derive(Clone, Debug)]
pub struct Event {
    /// What it says.
    pub fact: Arc<EventFact>,
    /// How it says it.
    pub body: Body,
}

impl Event {
    /// The seal that anchors it.
    pub fn seal(&self) -> Seal {
        Seal::Event(self.fact.aid, self.fact.sn, self.fact.said)
    }
}

/// The body of an inception; without an AID of its own it is its SAID.
pub(crate) fn write_inception(
    form: Form,
    ilk: Ilk,
    aid: Option<Text44>,
    est: &Establishment,
    delegator: Option<Text44>,
) -> Body {
    let mut fields: Vec<Field<'_>> = vec![
        ("v", Value::Version),
        ("t", Value::Ilk(ilk.name())),
        ("d", Value::Said),
        ("i", aid.map_or(Value::Said, Value::Text)),
        ("s", Value::Number(0)),
        ("kt", Value::Threshold(&est.kt)),
        ("k", Value::List(&est.keys)),
        ("nt", Value::Threshold(&est.nt)),
        ("n", Value::List(&est.next)),
        ("bt", Value::Number(est.toad as u64)),
        ("b", Value::List(&est.witnesses)),
        ("c", Value::Traits(&[])),
        ("a", Value::Seals(&[])),
    ];
    fields.extend(delegator.map(|delegator| ("di", Value::Text(delegator))));
    body::write(form, &fields)
}

/// What a rotation says beside what it establishes.
pub(crate) struct Rotation<'a> {
    pub ilk: Ilk,
    pub aid: Text44,
    pub prior: Text44,
    pub cuts: &'a [Text44],
    pub adds: &'a [Text44],
    pub seals: &'a [Seal],
}

/// The body of a rotation.
pub(crate) fn write_rotation(form: Form, says: &Rotation<'_>, est: &Establishment) -> Body {
    let mut fields: Vec<Field<'_>> = vec![
        ("v", Value::Version),
        ("t", Value::Ilk(says.ilk.name())),
        ("d", Value::Said),
        ("i", Value::Text(says.aid)),
        ("s", Value::Number(est.at.0)),
        ("p", Value::Text(says.prior)),
        ("kt", Value::Threshold(&est.kt)),
        ("k", Value::List(&est.keys)),
        ("nt", Value::Threshold(&est.nt)),
        ("n", Value::List(&est.next)),
        ("bt", Value::Number(est.toad as u64)),
        ("br", Value::List(says.cuts)),
        ("ba", Value::List(says.adds)),
    ];
    if form.major > 1 {
        fields.push(("c", Value::Traits(&[])));
    }
    fields.push(("a", Value::Seals(says.seals)));
    body::write(form, &fields)
}

/// The body of an interaction.
pub(crate) fn write_interaction(
    form: Form,
    (aid, sn): (Text44, u64),
    prior: Text44,
    seals: &[Seal],
) -> Body {
    let fields: [Field<'_>; 7] = [
        ("v", Value::Version),
        ("t", Value::Ilk(Ilk::Ixn.name())),
        ("d", Value::Said),
        ("i", Value::Text(aid)),
        ("s", Value::Number(sn)),
        ("p", Value::Text(prior)),
        ("a", Value::Seals(seals)),
    ];
    body::write(form, &fields)
}
