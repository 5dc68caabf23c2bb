//! A run: stories interleaved, their messages shuffled, lost, repeated and damaged by the way.

use crate::ledger::{Ledger, Verdict};
use crate::message::{Fact, Message};
use crate::plan::{Plan, Unsound};
use crate::random::Random;
use crate::story::{Cast, Story};
use crate::truth::{self, Total};

/// Entries that may wait in a story before it ends early: nothing would come of its further events.
const WAITING_MAX: usize = 64;
/// Events of a log that are remembered beyond those that can be under way.
const HISTORY_MIN: usize = 64;
/// The number of the random sequence that the run itself uses.
const OWN: u64 = u64::MAX;

/// A story under way, with the truth about it.
struct Slot {
    story: Story,
    ledger: Ledger,
    /// Messages that were drawn from it and not sent yet.
    under_way: usize,
    /// Whether nothing more can be drawn from it.
    drawn_out: bool,
}

/// What was made and not handed out yet.
#[derive(Debug, Default)]
pub struct Output {
    /// Messages, and garbage between them.
    pub stream: Vec<u8>,
    /// Lines of the truth.
    pub truth: String,
    /// Ends of the messages in `stream`.
    pub ends: Vec<usize>,
}

/// See the module. The same plan gives the same bytes.
pub struct World {
    plan: Plan,
    cast: Cast,
    random: Random,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    /// Stories that may go on, in the order of their turns.
    turns: Vec<usize>,
    turn: usize,
    /// Messages to draw from.
    pool: Vec<(usize, Message)>,
    /// Protocol version of the last message, if the plan has more than one.
    major: Option<u8>,
    total: Total,
    ended: bool,
}

impl World {
    /// A run of a plan, at its start.
    ///
    /// # Errors
    /// [`Unsound`]: the plan cannot be carried out.
    pub fn new(plan: Plan) -> Result<World, Unsound> {
        plan.check()?;
        let mixed = plan
            .wires
            .iter()
            .any(|wire| wire.major != plan.wires[0].major);
        Ok(World {
            cast: Cast::new(&plan),
            random: Random::new(plan.seed, OWN),
            slots: Vec::new(),
            free: Vec::new(),
            turns: Vec::new(),
            turn: 0,
            pool: Vec::new(),
            major: mixed.then_some(0),
            total: Total::default(),
            ended: false,
            plan,
        })
    }

    /// Counts so far.
    pub fn total(&self) -> &Total {
        &self.total
    }

    /// Appends messages until at least `bytes` are in the stream of `out`; false when the run has come to its end.
    pub fn fill(&mut self, bytes: usize, out: &mut Output) -> bool {
        while out.stream.len() < bytes {
            if !self.send(out) {
                if !self.ended {
                    self.ended = true;
                    truth::total(&self.total, &mut out.truth);
                }
                return false;
            }
        }
        true
    }

    /// Sends the next message; false if there is none.
    fn send(&mut self, out: &mut Output) -> bool {
        while self.pool.len() < self.plan.shuffle {
            let Some(drawn) = self.draw(out) else { break };
            self.pool.push(drawn);
        }
        if self.pool.is_empty() {
            return false;
        }
        // In order where one message is drawn from: it is the only one, or its copy stands before it.
        let at = if self.plan.shuffle > 1 {
            self.random.below(self.pool.len())
        } else {
            0
        };
        let (slot, message) = if self.plan.shuffle > 1 {
            self.pool.swap_remove(at)
        } else {
            self.pool.remove(at)
        };
        if self.random.millionths(self.plan.drop) {
            self.total.dropped += 1;
        } else {
            if self.random.millionths(self.plan.duplicate) {
                self.slot(slot).under_way += 1;
                self.pool.push((slot, message.clone()));
            }
            self.deliver(slot, message, out);
        }
        self.slot(slot).under_way -= 1;
        self.close_if_over(slot, out);
        true
    }

    fn slot(&mut self, at: usize) -> &mut Slot {
        self.slots[at]
            .as_mut()
            .expect("a story is there while messages of it are under way")
    }

    /// The next message of the story whose turn it is.
    fn draw(&mut self, out: &mut Output) -> Option<(usize, Message)> {
        loop {
            while self.turns.len() < self.plan.interleave && self.open() {}
            if self.turns.is_empty() {
                return None;
            }
            self.turn %= self.turns.len();
            let at = self.turns[self.turn];
            let slot = self.slots[at].as_mut()?;
            if let Some(message) = slot.story.next(&self.plan, &self.cast) {
                slot.under_way += 1;
                self.turn += 1;
                for (place, other) in slot.story.forks.drain(..) {
                    truth::fork(place, other, &mut out.truth);
                }
                return Some((at, message));
            }
            slot.drawn_out = true;
            self.turns.swap_remove(self.turn);
            self.close_if_over(at, out);
        }
    }

    /// Begins the next story; false if all AIDs are made.
    fn open(&mut self) -> bool {
        let left = self.plan.aids - self.total.aids;
        if left == 0 {
            return false;
        }
        let first = self.total.aids;
        let mut random = Random::new(self.plan.seed ^ OWN, first);
        let shape = self.plan.shapes[random.below(self.plan.shapes.len())];
        let aids = shape
            .aids(&self.plan)
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        self.total.aids += aids as u64;
        let slot = Slot {
            story: Story::new(&self.plan, shape, first, aids),
            ledger: Ledger::new(HISTORY_MIN + self.plan.shuffle),
            under_way: 0,
            drawn_out: false,
        };
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[at] = Some(slot);
        self.turns.push(at);
        true
    }

    /// Writes the truth about a story that has come to its end, and makes room.
    fn close_if_over(&mut self, at: usize, out: &mut Output) {
        let over = |slot: &Slot| slot.drawn_out && slot.under_way == 0;
        if !self.slots[at].as_ref().is_some_and(over) {
            return;
        }
        let Some(Slot { story, ledger, .. }) = self.slots[at].take() else {
            return;
        };
        let evidence = ledger
            .waiting
            .iter()
            .filter(|entry| entry.is_evidence())
            .count();
        self.total.evidence += evidence as u64;
        self.total.waiting += (ledger.waiting.len() - evidence + ledger.receipts.len()) as u64;
        self.total.accepted += ledger.accepted;
        truth::story(story.shape.name(), &ledger, &mut out.truth);
        self.free.push(at);
    }

    /// Puts a message into the stream, damaged in some cases, and notes what must become of it.
    fn deliver(&mut self, slot: usize, mut message: Message, out: &mut Output) {
        if self.random.millionths(self.plan.corrupt) {
            self.corrupt(&mut message, out);
        }
        if self.major.is_some_and(|major| major != message.major) {
            self.major = Some(message.major);
            out.stream.extend_from_slice(if message.major == 1 {
                b"-_AAABAA"
            } else {
                b"-_AAACAA"
            });
            self.total.bytes += 8;
        }
        let at = self.total.bytes;
        out.stream.extend_from_slice(&message.bytes);
        out.ends.push(out.stream.len());
        self.total.messages += 1;
        self.total.bytes += message.bytes.len() as u64;
        let ledger = &mut self.slots[slot]
            .as_mut()
            .expect("it is there while messages of it are under way")
            .ledger;
        let verdict = ledger.take(&message.fact);
        let later = std::mem::take(&mut ledger.refused_later);
        let stuck = ledger.waiting.len() + ledger.receipts.len() > WAITING_MAX;
        let superseded = std::mem::take(&mut ledger.superseded);
        for place in superseded {
            truth::superseded(place, &mut out.truth);
        }
        if let Verdict::Refused(code) = verdict {
            self.total.refused += 1;
            truth::refused(message.fact.of(), code, Some(at), &mut out.truth);
        }
        for (place, code) in later {
            self.total.refused += 1;
            truth::refused(place, code, None, &mut out.truth);
        }
        if stuck {
            self.slot(slot).story.stop();
        }
    }

    /// Changes a message, or puts garbage before it.
    fn corrupt(&mut self, message: &mut Message, out: &mut Output) {
        let changed = match self.random.below(3) {
            0 => message.tamper(),
            1 => message.forge(),
            _ => false,
        };
        if changed {
            return;
        }
        let garbage = format!(
            "\r\n# {:x} is no message\r\n",
            self.random.below(usize::MAX)
        );
        out.stream.extend_from_slice(garbage.as_bytes());
        truth::fault(self.total.bytes, garbage.len(), &mut out.truth);
        self.total.bytes += garbage.len() as u64;
        self.total.faults += 1;
    }
}

impl Fact {
    /// The place that the message is about.
    pub fn of(&self) -> crate::ledger::Place {
        match self {
            Fact::Event { event, .. } => (event.aid, event.sn, event.said),
            Fact::Receipt { of, .. } | Fact::Tampered { of } => *of,
        }
    }
}
