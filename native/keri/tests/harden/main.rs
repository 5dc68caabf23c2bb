//! Every HARDEN rule, switched off and on: the same input, and both results.
//!
//! Source: attacks.md section 3. Rules 14 and 15 have no off position: stream recovery is ours in both modes.

mod cases;
#[path = "../support/mod.rs"]
mod support;

use cases::*;
use kelpipe_keri::options::{HARDEN_RULES, Mode, Options, Switches};
use support::judge::Judge;
use support::world::{Aid, key};

/// Rules that are always on.
const ALWAYS_ON: [usize; 2] = [14, 15];

/// One rule on one input.
struct Case {
    rule: usize,
    name: &'static str,
    /// The mode whose other rules apply.
    mode: Mode,
    run: fn(&mut Judge) -> Vec<String>,
    /// Nothing at all: the message is not even framed.
    off: &'static [&'static str],
    on: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        rule: 1,
        name: "one key signs twice, under two codes, for two of two",
        mode: Mode::Hardened,
        run: one_key_twice,
        off: &["accepted"],
        on: &["escrowed partial-signature signatures"],
    },
    Case {
        rule: 1,
        name: "one witness signs twice for a witness threshold of two",
        mode: Mode::Keripy,
        run: one_witness_twice,
        off: &["accepted"],
        on: &["escrowed partial-witness witness-receipts"],
    },
    Case {
        rule: 1,
        name: "one next key is exposed twice for a next threshold of two",
        mode: Mode::Hardened,
        run: one_next_key_twice,
        off: &["accepted", "accepted"],
        on: &["accepted", "escrowed partial-signature next-key-signatures"],
    },
    Case {
        rule: 2,
        name: "an index beyond the keys beside a good signature",
        mode: Mode::Keripy,
        run: index_beyond,
        off: &["rejected keri/signature-index"],
        on: &["accepted"],
    },
    Case {
        rule: 3,
        name: "an Ed25519 signature under the code of secp256k1",
        mode: Mode::Hardened,
        run: foreign_code,
        off: &["accepted"],
        on: &["rejected keri/no-valid-signature"],
    },
    Case {
        rule: 3,
        name: "a secp256k1 witness's couple becomes an indexed signature",
        mode: Mode::Hardened,
        run: secp_couple,
        off: &["accepted", "accepted", "code A"],
        on: &["accepted", "accepted", "code C"],
    },
    Case {
        rule: 4,
        name: "a public key in the place of the SAID",
        mode: Mode::Hardened,
        run: |judge| judge.one(&icp(&[("d", &text(&key("chosen")))]).signed()),
        off: &["accepted"],
        on: &["rejected keri/said-code"],
    },
    Case {
        rule: 5,
        name: "a signature spelled with + and /",
        mode: Mode::Hardened,
        run: other_alphabet,
        off: &["accepted"],
        on: &[],
    },
    Case {
        rule: 6,
        name: "NaN in the data of an event",
        mode: Mode::Hardened,
        run: |judge| judge.one(&icp(&[("a", "[NaN]")]).signed()),
        off: &["accepted"],
        on: &["rejected cesr/non-finite"],
    },
    Case {
        rule: 7,
        name: "junk before the version string inside v",
        mode: Mode::Keripy,
        run: late_version,
        off: &["accepted"],
        on: &[],
    },
    Case {
        rule: 8,
        name: "a sequence number with a prefix",
        mode: Mode::Hardened,
        run: |judge| judge.one(&icp(&[("s", "\"0x0\"")]).signed()),
        off: &["accepted"],
        on: &["rejected keri/field-value"],
    },
    Case {
        rule: 8,
        name: "a weight in the form of a float",
        mode: Mode::Keripy,
        run: |judge| judge.one(&icp(&[("kt", "[\"1e0\"]")]).signed()),
        off: &["accepted"],
        on: &["rejected keri/threshold"],
    },
    Case {
        rule: 9,
        name: "a delegated rotation of an AID without delegator",
        mode: Mode::Hardened,
        run: undelegated_drt,
        off: &["accepted", "accepted"],
        on: &["accepted", "rejected keri/not-delegated"],
    },
    Case {
        rule: 10,
        name: "an anchor in an event that a recovery left behind",
        mode: Mode::Hardened,
        run: dead_anchor,
        off: &["accepted"],
        on: &["escrowed partial-delegation anchor"],
    },
    Case {
        rule: 11,
        name: "a recovery rotation that adds a witness",
        mode: Mode::Hardened,
        run: recovery_adds_witness,
        off: &["accepted", "accepted", "rejected keri/toad"],
        on: &["accepted", "accepted", "accepted"],
    },
    Case {
        rule: 11,
        name: "a delegated rotation over one that added the same witness",
        mode: Mode::Hardened,
        run: drt_over_drt,
        off: &["rejected keri/toad"],
        on: &["accepted"],
    },
    Case {
        rule: 12,
        name: "an interaction from a source that is not trusted",
        mode: Mode::Hardened,
        run: source_record,
        off: &["accepted", "accepted", "local false", "local true"],
        on: &["accepted", "accepted", "local false", "local false"],
    },
    Case {
        rule: 13,
        name: "a witness receipt that waits for an event that comes fully witnessed",
        mode: Mode::Hardened,
        run: receipt_then_witnessed,
        off: &[
            "escrowed unverified-witness event",
            "accepted",
            "waits: unverified-witness event",
        ],
        on: &["escrowed unverified-witness event", "accepted", "accepted"],
    },
    Case {
        rule: 13,
        name: "an event that left its escrow as refused",
        mode: Mode::Hardened,
        run: garbage,
        off: &[
            "escrowed out-of-order inception",
            "accepted",
            "rejected keri/prior-digest",
            "rows 1",
        ],
        on: &[
            "escrowed out-of-order inception",
            "accepted",
            "rejected keri/prior-digest",
            "rows 0",
        ],
    },
    Case {
        rule: 16,
        name: "a second event at a taken place, with a signature that is wrong",
        mode: Mode::Hardened,
        run: |judge| fork(judge, false),
        off: &[
            "escrowed likely-duplicitous nothing",
            "expired likely-duplicitous",
        ],
        on: &["rejected keri/no-valid-signature"],
    },
    Case {
        rule: 16,
        name: "a second event at a taken place, with a good signature",
        mode: Mode::Hardened,
        run: |judge| fork(judge, true),
        off: &[
            "escrowed likely-duplicitous nothing",
            "expired likely-duplicitous",
        ],
        on: &[
            "escrowed likely-duplicitous nothing",
            "waits: likely-duplicitous nothing",
        ],
    },
    Case {
        rule: 16,
        name: "the last delegated rotation comes again",
        mode: Mode::Hardened,
        run: drt_again,
        off: &["escrowed partial-signature next-key-signatures"],
        on: &["duplicate 0"],
    },
    Case {
        rule: 17,
        name: "a receipt with one index beyond the signer's keys and one good signature",
        mode: Mode::Hardened,
        run: mixed_receipt,
        off: &["accepted", "accepted", "rejected keri/receipt-signer"],
        on: &["accepted", "accepted", "accepted"],
    },
    Case {
        rule: 18,
        name: "a receipt that waits for its signer, of an event logged long ago",
        mode: Mode::Hardened,
        run: receipt_of_old_event,
        off: &[
            "escrowed unverified-transferable signer-event",
            "accepted",
            "expired unverified-transferable",
        ],
        on: &[
            "escrowed unverified-transferable signer-event",
            "accepted",
            "accepted",
        ],
    },
];

fn judge(mode: Mode, rule: usize, on: bool) -> Judge {
    let mut options = Options::new(mode);
    options.switches = options.switches.with(rule, on);
    options.limits.evidence_kept = options.switches.on(16);
    Judge::new(options)
}

#[test]
fn each_rule_off_and_on() {
    let mut wrong = Vec::new();
    for case in CASES {
        for (on, expected) in [(false, case.off), (true, case.on)] {
            let found = (case.run)(&mut judge(case.mode, case.rule, on));
            if found != expected {
                wrong.push(format!("rule {} {on}: {}: {found:?}", case.rule, case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_rule_has_a_switch_and_a_case() {
    for rule in 1..=HARDEN_RULES {
        let always = ALWAYS_ON.contains(&rule);
        for mode in [Mode::Hardened, Mode::Keripy] {
            let switches = Switches::of(mode);
            assert_eq!(
                switches.on(rule),
                always || mode == Mode::Hardened,
                "rule {rule}"
            );
            assert_eq!(switches.with(rule, false).on(rule), always, "rule {rule}");
            assert!(switches.with(rule, true).on(rule), "rule {rule}");
        }
        assert_eq!(
            CASES.iter().any(|case| case.rule == rule),
            !always,
            "rule {rule}"
        );
    }
}

/// Rules 14 and 15: what cannot be framed costs itself, not what follows.
#[test]
fn a_broken_frame_costs_only_itself_in_both_modes() {
    let (_, first) = Aid::new("first");
    let (_, second) = Aid::new("second");
    let overrun = first.with(&["-VAz".to_owned(), first.sigs(&[0])]);
    for mode in [Mode::Hardened, Mode::Keripy] {
        let mut judge = Judge::new(Options::new(mode));
        let rows = judge.run(&[overrun.clone(), b"no message".to_vec(), second.signed()]);
        let taken: Vec<&str> = rows
            .iter()
            .filter(|row| row.what == "accepted")
            .map(|row| row.aid.as_str())
            .collect();
        assert_eq!(taken, [second.pre.as_str()], "{mode:?}: {rows:?}");
    }
}
