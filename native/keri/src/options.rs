//! What the caller chooses: mode, switches, ownership, limits.

use kelpipe_cesr::group::Genus;
pub use kelpipe_cesr::limits::Unknown;

use crate::decision::{KINDS, Kind};

/// Which rules decide. Source: attacks.md section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All HARDEN rules on; one rule set for v1 and v2.
    Hardened,
    /// The reference's verdict on each message: 1.1.17 for v1, 2.0 for v2.
    Keripy,
}

/// Highest number of a HARDEN rule.
pub const HARDEN_RULES: usize = 18;

/// Which HARDEN rules are on, by number (1 to 18). 14 and 15 are always on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches([bool; HARDEN_RULES + 1]);

impl Switches {
    /// The switches of a mode.
    pub fn of(mode: Mode) -> Self {
        let mut switches = Switches([mode == Mode::Hardened; HARDEN_RULES + 1]);
        switches.0[14] = true;
        switches.0[15] = true;
        switches
    }

    /// Whether rule `rule` is on.
    pub fn on(&self, rule: usize) -> bool {
        self.0.get(rule).copied().unwrap_or(false)
    }

    /// Sets rule `rule`; numbers outside 1–18, and 14 and 15, are left alone.
    #[must_use]
    pub fn with(mut self, rule: usize, on: bool) -> Self {
        if (1..=HARDEN_RULES).contains(&rule) && rule != 14 && rule != 15 {
            self.0[rule] = on;
        }
        self
    }
}

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Entries.
    pub entries: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Caps and timeouts of the rules. Times in seconds, as in escrows.md.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nesting of lists and maps in a body.
    pub depth_max: u32,
    /// Timeout of out-of-order and delegable entries.
    pub out_of_order_seconds: i64,
    /// Timeout of partially signed, witnessed or delegated and likely duplicitous entries, and of receipts.
    pub partial_seconds: i64,
    /// Timeout of queries that cannot be answered yet.
    pub query_seconds: i64,
    /// Timeouts of single kinds, in place of those above.
    pub seconds_per_kind: [Option<i64>; KINDS],
    /// What may wait in all (HARDEN 13).
    pub waiting: Cap,
    /// What may wait of one source.
    pub waiting_per_source: Cap,
    /// What may wait of each kind.
    pub waiting_per_kind: [Cap; KINDS],
    /// Entries that may wait under one AID.
    pub waiting_per_aid_max: u32,
    /// Entries of one source that may wait at one place (AID and sequence number), which is read as a whole.
    pub waiting_per_place_max: u32,
    /// Signatures of one kind that one message may carry, per key it could be for.
    pub signatures_per_key_max: usize,
    /// Delegators above one event.
    pub delegation_depth_max: u32,
    /// Retries of woken entries in one part, before it is cut.
    pub wakes_per_part_max: u32,
    /// Whether evidence of duplicity never times out (HARDEN 16).
    pub evidence_kept: bool,
}

/// What may wait in all, unless somebody says otherwise.
const WAITING: Cap = Cap {
    entries: 1 << 20,
    bytes: 2 << 30,
};

/// Kinds whose entries nobody has verified get half of what all may have.
fn waiting_per_kind() -> [Cap; KINDS] {
    let mut caps = [WAITING; KINDS];
    for kind in [
        Kind::OutOfOrder,
        Kind::UnverifiedWitness,
        Kind::UnverifiedReceipt,
        Kind::UnverifiedTransferable,
        Kind::QueryNotFound,
    ] {
        caps[kind as usize] = Cap {
            entries: WAITING.entries / 2,
            bytes: WAITING.bytes / 2,
        };
    }
    caps
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            depth_max: 64,
            out_of_order_seconds: 1200,
            partial_seconds: 3600,
            query_seconds: 300,
            seconds_per_kind: [None; KINDS],
            waiting: WAITING,
            waiting_per_source: Cap {
                entries: WAITING.entries / 4,
                bytes: WAITING.bytes / 4,
            },
            waiting_per_kind: waiting_per_kind(),
            waiting_per_aid_max: 262_144,
            waiting_per_place_max: 4096,
            signatures_per_key_max: 2,
            delegation_depth_max: 32,
            wakes_per_part_max: 4096,
            evidence_kept: true,
        }
    }
}

/// How an engine judges. Fixed for its lifetime.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rule set.
    pub mode: Mode,
    /// HARDEN rules.
    pub switches: Switches,
    /// Local AIDs. A pure verifier has none.
    pub own: Vec<String>,
    /// Skip the protection of own AIDs' receipts.
    pub lax: bool,
    /// The source is trusted.
    pub local: bool,
    /// Take first-seen numbers and dates from replay couples.
    pub cloned: bool,
    /// Counter tables of a stream that does not name any; `None`: told from its bodies (cesr.md 4.4).
    pub genus: Option<Genus>,
    /// What a code that is in no table costs.
    pub unknown: Unknown,
    /// Woken entries wait for a sweep instead of being retried at once.
    pub hold_wakes: bool,
    /// Bound of the key-state cache.
    pub cache_bytes: usize,
    /// Caps and timeouts.
    pub limits: Limits,
}

impl Options {
    /// The defaults of a verifier in `mode`.
    pub fn new(mode: Mode) -> Self {
        Options {
            mode,
            switches: Switches::of(mode),
            limits: Limits {
                evidence_kept: mode == Mode::Hardened,
                ..Limits::default()
            },
            own: Vec::new(),
            lax: false,
            local: false,
            cloned: false,
            genus: None,
            unknown: Unknown::Reject,
            hold_wakes: false,
            cache_bytes: 48 << 20,
        }
    }

    /// Whether `aid` is local.
    pub fn owns(&self, aid: &str) -> bool {
        self.own.iter().any(|own| own == aid)
    }

    /// Whether messages of major version `major` are judged by the order and the escrows of the reference's head.
    pub fn head(&self, major: u8) -> bool {
        self.mode == Mode::Hardened || major >= 2
    }
}
