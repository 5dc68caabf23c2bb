//! What is to be made.

use std::fmt;

use kelpipe_cesr::version::Kind;

/// What the AIDs of a story do. A story is one AID, or a few that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One key.
    Single,
    /// The AID is its own first key.
    Basic,
    /// m of n keys of several holders, who often send their signatures apart.
    Multisig,
    /// Fractional weights.
    Weighted,
    /// Several clauses of weights; under version 2 also groups of keys inside a clause.
    Nested,
    /// More next keys than are shown at a rotation.
    Reserve,
    /// Witnesses, whose signatures come with the event or as receipts; rotations change some of them.
    Witnessed,
    /// A tree of delegates.
    Delegated,
    /// A rotation takes the place of interactions that were signed with stolen keys.
    Recovered,
    /// Two events for one place.
    Duplicitous,
    /// Receipts by others, with and without a log of their own.
    Receipted,
    /// Events that name a wrong one before them, or come after the last rotation.
    Refused,
    /// Ends with an event that lacks signatures, witnesses, or the one before it.
    Waiting,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Shape; 13] = [
        Shape::Single,
        Shape::Basic,
        Shape::Multisig,
        Shape::Weighted,
        Shape::Nested,
        Shape::Reserve,
        Shape::Witnessed,
        Shape::Delegated,
        Shape::Recovered,
        Shape::Duplicitous,
        Shape::Receipted,
        Shape::Refused,
        Shape::Waiting,
    ];

    /// Name, as it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Single => "single",
            Shape::Basic => "basic",
            Shape::Multisig => "multisig",
            Shape::Weighted => "weighted",
            Shape::Nested => "nested",
            Shape::Reserve => "reserve",
            Shape::Witnessed => "witnessed",
            Shape::Delegated => "delegated",
            Shape::Recovered => "recovered",
            Shape::Duplicitous => "duplicitous",
            Shape::Receipted => "receipted",
            Shape::Refused => "refused",
            Shape::Waiting => "waiting",
        }
    }

    /// The shape of this name.
    pub fn named(name: &str) -> Option<Shape> {
        Shape::ALL.into_iter().find(|shape| shape.name() == name)
    }

    /// How many AIDs its story has, if there is room for so many.
    pub fn aids(self, plan: &Plan) -> usize {
        match self {
            Shape::Delegated => plan.delegates + 1,
            Shape::Receipted => 2,
            _ => 1,
        }
    }
}

/// A serialization of a protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Protocol version: 1 or 2.
    pub major: u8,
    /// Serialization.
    pub kind: Kind,
    /// In the binary domain, as far as it can be.
    pub binary: bool,
}

/// See the module. Rates are in millionths of the messages.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// AIDs to make.
    pub aids: u64,
    /// Events of each AID.
    pub events: u64,
    /// What they do, drawn with equal chances.
    pub shapes: Vec<Shape>,
    /// How their messages are written, drawn with equal chances for each story.
    pub wires: Vec<Wire>,
    /// Whether attachments stand in one group around them all; if nothing is said, those of every other AID do.
    pub grouped: Option<bool>,
    /// Keys of a multisig AID and how many of them are enough.
    pub keys: usize,
    /// See above.
    pub enough: usize,
    /// Witnesses of a witnessed AID and how many of them must sign.
    pub witnesses: usize,
    /// See above.
    pub toad: usize,
    /// Delegates in a tree, under one root.
    pub delegates: usize,
    /// Stories under way at a time, one message of each in turn; 1 makes whole logs.
    pub interleave: usize,
    /// Messages among which the next one is drawn; 1 keeps their order.
    pub shuffle: usize,
    /// Messages left out.
    pub drop: u32,
    /// Messages sent twice.
    pub duplicate: u32,
    /// Messages changed, and messages with garbage before them.
    pub corrupt: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            seed: 1,
            aids: 100,
            events: 20,
            shapes: vec![Shape::Single],
            wires: vec![Wire {
                major: 1,
                kind: Kind::Json,
                binary: false,
            }],
            grouped: None,
            keys: 5,
            enough: 3,
            witnesses: 3,
            toad: 2,
            delegates: 3,
            interleave: 1,
            shuffle: 1,
            drop: 0,
            duplicate: 0,
            corrupt: 0,
        }
    }
}

/// A plan that cannot be carried out: the option and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsound(pub &'static str, pub String);

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0, self.1)
    }
}

impl std::error::Error for Unsound {}

/// Most keys of an AID, and most witnesses.
pub const LIST_MAX: usize = 32;
/// Most stories under way, and most messages to draw from: what the memory is bound by.
pub const IN_FLIGHT_MAX: usize = 1 << 20;
/// Most delegates under one root.
pub const DELEGATES_MAX: usize = 64;
/// A rate of all messages.
pub const ALL: u32 = 1_000_000;

impl Plan {
    /// Checks that it can be carried out.
    ///
    /// # Errors
    /// [`Unsound`] names the first option that is not.
    pub fn check(&self) -> Result<(), Unsound> {
        let range = |option: &'static str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Unsound(
                option,
                format!("a number from {low} to {high} is expected, not {value}"),
            ))
        };
        range(
            "events",
            usize::try_from(self.events).unwrap_or(usize::MAX),
            1,
            usize::MAX - 1,
        )?;
        range("keys", self.keys, 2, LIST_MAX)?;
        range("enough", self.enough, 1, self.keys)?;
        range("witnesses", self.witnesses, 1, LIST_MAX)?;
        range("toad", self.toad, 1, self.witnesses)?;
        range("delegates", self.delegates, 1, DELEGATES_MAX)?;
        range("interleave", self.interleave, 1, IN_FLIGHT_MAX)?;
        range("shuffle", self.shuffle, 1, IN_FLIGHT_MAX)?;
        for (option, rate) in [
            ("drop", self.drop),
            ("duplicate", self.duplicate),
            ("corrupt", self.corrupt),
        ] {
            range(option, rate as usize, 0, ALL as usize)?;
        }
        if self.shapes.is_empty() {
            return Err(Unsound("shapes", "at least one is needed".into()));
        }
        let native_v1 = |wire: &Wire| {
            !matches!(wire.major, 1 | 2) || wire.major == 1 && wire.kind == Kind::Cesr
        };
        if self.wires.is_empty() || self.wires.iter().any(native_v1) {
            return Err(Unsound(
                "wires",
                "versions 1 and 2 are known, and native bodies under version 2 only".into(),
            ));
        }
        Ok(())
    }
}
