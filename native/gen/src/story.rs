//! Stories: what the AIDs of one shape do, message by message.

mod delegation;
mod holders;
mod trouble;
mod witnesses;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::body::{Form, Seal};
use crate::controller::{Change, Controller, Inception};
use crate::event::Event;
use crate::key_plan::KeyPlan;
use crate::keys::{Key, Secrets, Text44};
use crate::ledger::Place;
use crate::message::{Message, signed};
use crate::plan::{Plan, Shape};
use crate::random::Random;
use crate::threshold::{Element, Threshold};

/// What all stories of a run share.
pub struct Cast {
    /// Where the keys come from.
    pub secrets: Arc<Secrets>,
    /// Witnesses to choose from, and others without a log who vouch for events.
    pub witnesses: Vec<Key>,
}

/// How many witnesses there are to choose from, beyond the most that an AID has.
const SPARE_WITNESSES: usize = 8;

impl Cast {
    /// The cast of a plan.
    pub fn new(plan: &Plan) -> Cast {
        let secrets = Arc::new(Secrets::new(plan.seed));
        let count = plan.witnesses + SPARE_WITNESSES;
        let witnesses = (0..count)
            .map(|at| secrets.key(u64::MAX, at as u64, b'B'))
            .collect();
        Cast { secrets, witnesses }
    }
}

/// One of them.
pub struct Story {
    /// What it is about.
    pub shape: Shape,
    done: bool,
    random: Random,
    form: Form,
    /// Number of its first AID.
    first: u64,
    /// AIDs that it may have.
    aids: usize,
    /// Events that each of its AIDs has at most.
    events: u64,
    actors: Vec<Controller>,
    /// Messages that were made and are not sent yet, in the order in which they are made.
    ready: VecDeque<Message>,
    /// Pairs of well signed events for one place that were made and are not told of yet.
    pub forks: Vec<(Place, Text44)>,
}

impl Story {
    /// A story whose AIDs have the numbers from `first` on.
    pub fn new(plan: &Plan, shape: Shape, first: u64, aids: usize) -> Story {
        let mut random = Random::new(plan.seed, first);
        let wire = plan.wires[random.below(plan.wires.len())];
        let form = Form {
            major: wire.major,
            kind: wire.kind,
            binary: wire.binary,
            grouped: plan.grouped.unwrap_or(random.chance(1, 2)),
        };
        Story {
            shape,
            done: false,
            random,
            form,
            first,
            aids,
            events: plan.events,
            actors: Vec::new(),
            ready: VecDeque::new(),
            forks: Vec::new(),
        }
    }

    /// The next message; nothing when it has come to its end.
    pub fn next(&mut self, plan: &Plan, cast: &Cast) -> Option<Message> {
        while self.ready.is_empty() && !self.done {
            self.step(plan, cast);
        }
        self.ready.pop_front()
    }

    /// It ends with what is ready.
    pub fn stop(&mut self) {
        self.done = true;
    }

    fn step(&mut self, plan: &Plan, cast: &Cast) {
        match self.shape {
            Shape::Delegated => self.delegated(cast),
            Shape::Witnessed => self.witnessed(plan, cast),
            Shape::Receipted => self.receipted(cast),
            Shape::Recovered => self.recovered(cast),
            Shape::Duplicitous => self.duplicitous(cast),
            Shape::Refused => self.refused(cast),
            Shape::Waiting => self.waiting(cast),
            _ => self.plain(plan, cast),
        }
    }

    /// Whether the actor has made all its events.
    fn is_full(&self, actor: usize) -> bool {
        self.actors[actor].sn() + 1 >= self.events
    }

    fn incept(
        &mut self,
        cast: &Cast,
        keys: KeyPlan,
        witnesses: Vec<Key>,
        toad: usize,
        delegator: Option<Text44>,
    ) -> Event {
        let begin = Inception {
            owner: self.first + self.actors.len() as u64,
            keys,
            toad,
            delegator,
            basic: self.shape == Shape::Basic,
        };
        let (actor, event) = Controller::incept(&cast.secrets, self.form, begin, witnesses);
        self.actors.push(actor);
        event
    }

    /// An ordinary next event: mostly an interaction.
    fn advance(&mut self, actor: usize) -> Event {
        if self.random.chance(1, 5) {
            return self.actors[actor].rotate(&Change::default(), &[], &mut self.random);
        }
        let seals = self.data();
        self.actors[actor].interact(&seals)
    }

    /// Nothing, or the digest of some data.
    fn data(&mut self) -> Vec<Seal> {
        if !self.random.chance(1, 4) {
            return Vec::new();
        }
        let number = self.random.below(usize::MAX) as u64;
        vec![Seal::Digest(Text44::digest(&number.to_le_bytes()))]
    }

    /// Sends an event with enough signatures.
    fn send(&mut self, actor: usize, event: &Event) {
        let by = self.actors[actor].enough(&mut self.random);
        self.send_by(actor, event, &by);
    }

    fn send_by(&mut self, actor: usize, event: &Event, by: &[usize]) {
        let controller = &self.actors[actor];
        let (attached, sigs) = signed(controller, event, by);
        self.ready.push_back(Message::event(
            self.form,
            event,
            &attached,
            sigs,
            Vec::new(),
        ));
    }

    /// AIDs that differ in their keys only.
    fn plain(&mut self, plan: &Plan, cast: &Cast) {
        if self.actors.is_empty() {
            let keys = self.key_plan(plan);
            let event = self.incept(cast, keys, Vec::new(), 0, None);
            self.send_by_holders(0, &event);
        } else if self.is_full(0) {
            self.done = true;
        } else {
            let event = self.advance(0);
            self.send_by_holders(0, &event);
        }
    }

    fn key_plan(&mut self, plan: &Plan) -> KeyPlan {
        use Element::{Group, One};
        match self.shape {
            Shape::Multisig => KeyPlan::All(plan.keys, Threshold::Number(plan.enough)),
            Shape::Weighted => KeyPlan::All(plan.keys, Threshold::equal(plan.keys, plan.enough)),
            Shape::Nested if self.form.major > 1 && self.random.chance(1, 2) => {
                let clause = vec![Group(2, vec![2, 2, 2]), One(2), Group(2, vec![1, 1])];
                KeyPlan::All(6, Threshold::Clauses(vec![clause]))
            }
            Shape::Nested => {
                let clauses = vec![vec![One(2), One(2), One(2)], vec![One(1), One(1)]];
                KeyPlan::All(5, Threshold::Clauses(clauses))
            }
            Shape::Reserve => KeyPlan::Reserve { shown: 2, held: 5 },
            _ => one_key(),
        }
    }
}

/// One key.
fn one_key() -> KeyPlan {
    KeyPlan::All(1, Threshold::Number(1))
}
