//! A controller: an AID with its keys. Each call makes the next event of its log; nothing checks that it may.

use std::sync::Arc;

use crate::body::{Body, Form, Seal};
use crate::event::{
    Establishment, Event, EventFact, Ilk, Rotation, write_inception, write_interaction,
    write_rotation,
};
use crate::key_plan::KeyPlan;
use crate::keys::{Key, Secrets, Text44};
use crate::random::Random;
use crate::threshold::Threshold;

/// How far the numbers of a fork's keys are from the others.
const OTHERWISE: u64 = 1 << 32;

/// A current key, and where it was among the next keys before.
#[derive(Clone)]
struct Held {
    key: Key,
    ondex: Option<usize>,
}

/// How an AID begins.
#[derive(Clone, Debug)]
pub struct Inception {
    /// Its number: its keys come from it.
    pub owner: u64,
    /// Keys and thresholds.
    pub keys: KeyPlan,
    /// How many witnesses must have signed.
    pub toad: usize,
    /// The delegator.
    pub delegator: Option<Text44>,
    /// Whether the AID is the first key itself; for one key without delegator.
    pub basic: bool,
}

/// What a rotation changes besides the keys.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Places of witnesses that go.
    pub cuts: Vec<usize>,
    /// The AID takes no further event: no next keys.
    pub last: bool,
    /// What it anchors.
    pub seals: Vec<Seal>,
}

/// See the module. A clone that goes on differently makes a fork.
#[derive(Clone)]
pub struct Controller {
    secrets: Arc<Secrets>,
    owner: u64,
    /// Keys made so far.
    made: u64,
    form: Form,
    plan: KeyPlan,
    keys: Vec<Held>,
    next: Vec<Key>,
    /// The witnesses' keys, in the order of the list.
    pub witnesses: Vec<Key>,
    est: Arc<Establishment>,
    aid: Text44,
    delegator: Option<Text44>,
    /// The last establishment event and all that came after it.
    trail: Vec<(u64, Text44)>,
}

impl Controller {
    /// A new AID and its inception.
    pub fn incept(
        secrets: &Arc<Secrets>,
        form: Form,
        begin: Inception,
        witnesses: Vec<Key>,
    ) -> (Controller, Event) {
        let Inception {
            owner,
            keys: plan,
            toad,
            delegator,
            basic,
        } = begin;
        let ((count, kt), (held, nt)) = (plan.current(), plan.next());
        let mut made = 0;
        let mut new = |count: usize| -> Vec<Key> {
            (0..count)
                .map(|_| {
                    made += 1;
                    secrets.key(owner, made, b'D')
                })
                .collect()
        };
        let (current, next) = (new(count), new(held));
        let est = Establishment {
            at: (0, Text44::DUMMY),
            kt,
            keys: current.iter().map(Key::public).collect(),
            nt,
            next: next.iter().map(Key::commitment).collect(),
            witnesses: witnesses.iter().map(Key::public).collect(),
            toad,
        };
        let ilk = if delegator.is_some() {
            Ilk::Dip
        } else {
            Ilk::Icp
        };
        let aid = basic.then(|| est.keys[0]);
        let body = write_inception(form, ilk, aid, &est, delegator);
        let aid = aid.unwrap_or(body.said);
        let est = Arc::new(Establishment {
            at: (0, body.said),
            ..est
        });
        let keys = current
            .into_iter()
            .map(|key| Held { key, ondex: None })
            .collect();
        let fact = EventFact {
            aid,
            ilk,
            sn: 0,
            said: body.said,
            prior: None,
            delegator,
            est: Some(est.clone()),
            under: est.clone(),
            seals: Vec::new(),
        };
        let controller = Controller {
            secrets: secrets.clone(),
            owner,
            made,
            form,
            plan,
            keys,
            next,
            witnesses,
            est,
            aid,
            delegator,
            trail: vec![(0, body.said)],
        };
        (
            controller,
            Event {
                fact: Arc::new(fact),
                body,
            },
        )
    }

    /// The AID.
    pub fn aid(&self) -> Text44 {
        self.aid
    }

    /// How its messages are written.
    pub fn form(&self) -> Form {
        self.form
    }

    /// What was last established.
    pub fn est(&self) -> &Arc<Establishment> {
        &self.est
    }

    /// Place of the last event.
    pub fn sn(&self) -> u64 {
        self.last().0
    }

    fn last(&self) -> (u64, Text44) {
        self.trail.last().copied().unwrap_or(self.est.at)
    }

    /// How many events after the last establishment event can be taken back.
    pub fn interactions(&self) -> usize {
        self.trail.len().saturating_sub(1)
    }

    /// Takes back the last so many events: the next one takes the place of the first of them.
    pub fn take_back(&mut self, count: usize) {
        self.trail
            .truncate(self.trail.len().saturating_sub(count).max(1));
    }

    /// An interaction.
    pub fn interact(&mut self, seals: &[Seal]) -> Event {
        let (sn, prior) = self.last();
        let body = write_interaction(self.form, (self.aid, sn + 1), prior, seals);
        self.trail.push((sn + 1, body.said));
        self.event(Ilk::Ixn, prior, body, None, seals)
    }

    /// An interaction that names another event than the one before it; it does not count as made.
    pub fn stray(&mut self, prior: Text44) -> Event {
        let sn = self.sn();
        self.trail.push((sn, prior));
        let event = self.interact(&[]);
        self.take_back(2);
        event
    }

    /// A rotation to the next keys.
    pub fn rotate(&mut self, change: &Change, new_witnesses: &[Key], random: &mut Random) -> Event {
        let (sn, prior) = self.last();
        let cuts: Vec<Text44> = change
            .cuts
            .iter()
            .map(|&at| self.witnesses[at].public())
            .collect();
        let adds: Vec<Text44> = new_witnesses.iter().map(Key::public).collect();
        let mut place = 0;
        self.witnesses.retain(|_| {
            place += 1;
            !change.cuts.contains(&(place - 1))
        });
        self.witnesses.extend_from_slice(new_witnesses);
        self.turn(change.last, random);
        let (_, kt) = self.plan.current();
        let nt = if change.last {
            Threshold::Number(0)
        } else {
            self.plan.next().1
        };
        let est = Establishment {
            at: (sn + 1, Text44::DUMMY),
            kt,
            keys: self.keys.iter().map(|held| held.key.public()).collect(),
            nt,
            next: self.next.iter().map(Key::commitment).collect(),
            witnesses: self.witnesses.iter().map(Key::public).collect(),
            toad: self.est.toad.min(self.witnesses.len()),
        };
        let ilk = if self.delegator.is_some() {
            Ilk::Drt
        } else {
            Ilk::Rot
        };
        let says = Rotation {
            ilk,
            aid: self.aid,
            prior,
            cuts: &cuts,
            adds: &adds,
            seals: &change.seals,
        };
        let body = write_rotation(self.form, &says, &est);
        let est = Arc::new(Establishment {
            at: (sn + 1, body.said),
            ..est
        });
        self.est = est.clone();
        self.trail = vec![est.at];
        self.event(ilk, prior, body, Some(est), &change.seals)
    }

    /// A rotation to the next keys that commits to other ones than [`Controller::rotate`] would.
    pub fn rotate_otherwise(&mut self, random: &mut Random) -> Event {
        self.made += OTHERWISE;
        self.rotate(&Change::default(), &[], random)
    }

    /// Shows next keys and makes new ones.
    fn turn(&mut self, last: bool, random: &mut Random) {
        let mut reserve: Vec<Option<Key>> = std::mem::take(&mut self.next)
            .into_iter()
            .map(Some)
            .collect();
        let shown = match &self.plan {
            KeyPlan::All(..) => (0..reserve.len()).collect(),
            KeyPlan::Reserve { shown, .. } => random.pick(*shown, reserve.len()),
        };
        self.keys.clear();
        if matches!(self.plan, KeyPlan::Reserve { .. }) {
            // A key that was not committed stands first, so that no other is where it was among the next keys.
            let key = self.new_key();
            self.keys.push(Held { key, ondex: None });
        }
        for ondex in shown {
            let key = reserve[ondex].take();
            self.keys.extend(key.map(|key| Held {
                key,
                ondex: Some(ondex),
            }));
        }
        if last {
            return;
        }
        self.next = reserve.into_iter().flatten().collect();
        let (held, _) = self.plan.next();
        while self.next.len() < held {
            let key = self.new_key();
            self.next.push(key);
        }
    }

    fn new_key(&mut self) -> Key {
        self.made += 1;
        self.secrets.key(self.owner, self.made, b'D')
    }

    fn event(
        &self,
        ilk: Ilk,
        prior: Text44,
        body: Body,
        est: Option<Arc<Establishment>>,
        seals: &[Seal],
    ) -> Event {
        let sealed = seals.iter().filter_map(|seal| match seal {
            Seal::Event(aid, sn, said) => Some((*aid, *sn, *said)),
            Seal::Digest(_) => None,
        });
        let fact = EventFact {
            aid: self.aid,
            ilk,
            sn: self.sn(),
            said: body.said,
            prior: Some(prior),
            delegator: None,
            est,
            under: self.est.clone(),
            seals: sealed.collect(),
        };
        Event {
            fact: Arc::new(fact),
            body,
        }
    }

    /// The signatures of the current keys at these places, and for each its place and the one before.
    pub fn sign(&self, event: &Event, by: &[usize]) -> (Vec<String>, Vec<(usize, Option<usize>)>) {
        let rotates = event.fact.prior.is_some() && event.fact.est.is_some();
        by.iter()
            .map(|&index| {
                let held = &self.keys[index];
                let ondex = if rotates { held.ondex } else { Some(index) };
                let mut text = String::with_capacity(92);
                held.key
                    .sign_indexed(&event.body.bytes, index, ondex, &mut text);
                (text, (index, ondex))
            })
            .unzip()
    }

    /// The signatures of the current keys at these places over somebody else's event.
    pub fn endorse(&self, event: &Event, by: &[usize]) -> Vec<String> {
        by.iter()
            .map(|&index| {
                let mut text = String::with_capacity(88);
                self.keys[index]
                    .key
                    .sign_indexed(&event.body.bytes, index, Some(index), &mut text);
                text
            })
            .collect()
    }

    /// Some keys that are together enough for an event of the current state, in no order.
    pub fn enough(&self, random: &mut Random) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        random.shuffle(&mut order);
        // A rotation must show enough of the keys that were committed.
        order.sort_by_key(|&at| self.keys[at].ondex.is_none());
        let mut mask = 0u64;
        let mut enough = Vec::new();
        for at in order {
            mask |= 1 << at;
            enough.push(at);
            if self.est.kt.satisfied(mask) {
                break;
            }
        }
        enough
    }

    /// Number of current keys.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }
}
