//! What waits: why, for what, until when; and that nothing of it is left behind.

mod cases;
#[path = "../support/mod.rs"]
mod support;

use cases::{Case, Leaves, cases, names};
use kelpipe_keri::batch::WaitingOp;
use kelpipe_keri::decision::{KINDS, Kind};
use kelpipe_keri::options::{Cap, Mode, Options};
use kelpipe_keri::store::Table;
use kelpipe_keri::views;
use serde_json::Value;
use support::judge::{Judge, SECOND, START};
use support::world::{Aid, Plan, query};

/// A judge that has seen what comes before and what waits.
fn entered(case: &Case) -> Judge {
    let mut judge = Judge::new(case.options.clone());
    judge.run(&case.before);
    let said = judge.one(&case.waits);
    let expected = format!("{} {}", case.kind.name(), case.awaits);
    assert_eq!(said, [format!("escrowed {expected}")]);
    assert_eq!(judge.waits(), [expected]);
    judge
}

fn nothing_left(judge: &Judge, case: &Case) {
    let name = case.kind.name();
    // What the reference keeps of an event that left its escrow is its date and signatures, under no kind.
    let tables: &[Table] = match case.options.mode {
        Mode::Hardened => &[
            Table::Waiting,
            Table::Saids,
            Table::Awaits,
            Table::Expiry,
            Table::Wake,
        ],
        Mode::Keripy => &[Table::Awaits, Table::Expiry, Table::Wake],
    };
    for table in tables {
        assert!(judge.store.table(*table).is_empty(), "{name}: {table:?}");
    }
    for (key, value) in judge.store.table(Table::Aids) {
        let text = views::record(Table::Aids, key, value).expect("sound");
        let record: Value = serde_json::from_str(&text).expect("our own JSON");
        assert!(
            !record["state"].is_null(),
            "{name}: a record without state has no reason to be"
        );
        let rows = judge.store.table(Table::Waiting).len();
        assert_eq!(
            (&record["rows"], &record["awaited"]),
            (&rows.into(), &0.into()),
            "{name}"
        );
    }
}

fn keys(judge: &Judge) -> Vec<Vec<u8>> {
    judge.store.table(Table::Waiting).keys().cloned().collect()
}

#[test]
fn every_kind_is_covered() {
    let cases = cases();
    for kind in Kind::PASS {
        assert!(cases.iter().any(|case| case.kind == kind), "{kind:?}");
    }
    assert_eq!(Kind::PASS.len(), KINDS);
}

#[test]
fn what_it_awaits_wakes_it() {
    for case in cases() {
        let mut judge = entered(&case);
        let name = case.kind.name();
        match case.leaves {
            Leaves::Accepted => {
                let rows = judge.run(&case.evidence);
                let refused = rows.iter().any(|row| row.what.starts_with("rejected"));
                assert!(!refused, "{name}: {rows:?}");
                let woken = rows
                    .iter()
                    .any(|row| row.message.is_none() && row.what == case.becomes());
                assert!(woken, "{name}: {rows:?}");
            }
            Leaves::ByHand => {
                let all = keys(&judge);
                assert!(judge.waiting(WaitingOp::Wake, &all).is_empty(), "{name}");
                assert_eq!(judge.waits().len(), 1, "{name}");
                let rows = judge.waiting(WaitingOp::Remove, &all);
                assert_eq!(rows[0].what, format!("removed {name}"));
            }
        }
        nothing_left(&judge, &case);
    }
}

#[test]
fn it_leaves_at_its_timeout_and_not_before() {
    for case in cases() {
        let mut judge = entered(&case);
        let name = case.kind.name();
        let Some(timeout) = case.timeout else {
            judge.now = START + 1_000_000_000 * SECOND;
            assert!(judge.expire().is_empty(), "{name} never times out");
            assert_eq!(judge.waits().len(), 1, "{name}");
            continue;
        };
        judge.now = START + timeout * SECOND;
        assert!(judge.expire().is_empty(), "{name}");
        judge.now += 1;
        let rows = judge.expire();
        let expired: Vec<&str> = rows.iter().map(|row| row.what.as_str()).collect();
        assert_eq!(expired, [format!("expired {name}")]);
        nothing_left(&judge, &case);
    }
}

/// The date of first arrival counts: what comes again does not wait longer.
#[test]
fn coming_again_does_not_prolong_the_wait() {
    for case in cases() {
        let Some(timeout) = case.timeout else {
            continue;
        };
        let mut judge = entered(&case);
        judge.now = START + timeout * SECOND;
        judge.one(&case.waits);
        judge.now += 1;
        assert_eq!(judge.expire().len(), 1, "{}", case.kind.name());
        nothing_left(&judge, &case);
    }
}

/// The reference answers none of these either, and says why.
#[test]
fn a_query_that_lacks_what_its_route_needs_is_refused() {
    let (asker, icp) = Aid::new("asker");
    let about = |fields: &str| format!("\"i\":\"{}\"{fields}", asker.pre);
    let source = format!(",\"src\":\"{}\"", asker.pre);
    for (route, asked) in [
        ("nope", about(&source)),
        ("logs", about("")),
        ("logs", source[1..].to_owned()),
        ("logs", format!("\"i\":\"nobody\"{source}")),
        ("logs", about(&format!("{source},\"a\":{{\"d\":\"x\"}}"))),
    ] {
        let mut judge = Judge::new(Options::new(Mode::Hardened));
        judge.run(&[icp.signed()]);
        let said = judge.one(&query(&asker, route, &asked));
        assert_eq!(said, ["rejected keri/query"], "{route} {asked}");
        assert!(judge.waits().is_empty());
    }
}

/// Who asks may come after what was asked for; what a stranger signed is not known to hold.
#[test]
fn a_query_by_a_stranger_waits_and_then_is_checked_against_nothing() {
    let (asked, icp) = Aid::new("asked");
    let (asker, asker_icp) = Aid::new("asker");
    let about = format!("\"i\":\"{0}\",\"src\":\"{0}\"", asked.pre);
    let waits = query(&asker, "logs", &about);
    let mut judge = Judge::new(Options::new(Mode::Hardened));
    assert_eq!(judge.one(&waits), ["escrowed query-not-found inception"]);
    assert_eq!(
        judge.one(&icp.signed()),
        ["accepted", "checked unknown-signer"]
    );
    judge.one(&asker_icp.signed());
    assert_eq!(judge.one(&waits), ["checked valid"]);
}

#[test]
fn a_query_with_a_bad_signature_neither_waits_nor_passes() {
    let (asked, icp) = Aid::new("asked");
    let (asker, asker_icp) = Aid::new("asker");
    let about = format!("\"i\":\"{0}\",\"src\":\"{0}\"", asked.pre);
    let mut forged = asker.clone();
    forged.keys = names(&["another"]);
    let waits = query(&forged, "logs", &about);
    let mut judge = Judge::new(Options::new(Mode::Hardened));
    assert_eq!(judge.one(&waits), ["escrowed query-not-found inception"]);
    judge.one(&asker_icp.signed());
    let later = ["accepted", "rejected keri/routed-signature"];
    assert_eq!(judge.one(&icp.signed()), later);
    assert_eq!(judge.one(&waits), ["rejected keri/routed-signature"]);
    assert!(judge.waits().is_empty());
}

/// A kind's own timeout and cap hold for it, and for no other.
#[test]
fn each_kind_has_a_timeout_of_its_own() {
    for mut case in cases() {
        if case.timeout.is_none() {
            continue;
        }
        let name = case.kind.name();
        for kind in Kind::PASS {
            case.options.limits.seconds_per_kind[kind as usize] =
                Some(if kind == case.kind { 7 } else { 1 });
        }
        let mut judge = entered(&case);
        judge.now = START + 7 * SECOND;
        assert!(judge.expire().is_empty(), "{name}");
        judge.now += 1;
        assert_eq!(judge.expire().len(), 1, "{name}");
    }
}

#[test]
fn each_kind_has_a_cap_of_its_own() {
    for mut case in cases() {
        let name = case.kind.name();
        let none = Cap {
            entries: 0,
            bytes: 0,
        };
        let others = case.options.limits.waiting_per_kind;
        case.options.limits.waiting_per_kind = [none; KINDS];
        case.options.limits.waiting_per_kind[case.kind as usize] = others[case.kind as usize];
        entered(&case);
        case.options.limits.waiting_per_kind = others;
        case.options.limits.waiting_per_kind[case.kind as usize] = none;
        let mut judge = Judge::new(case.options.clone());
        judge.run(&case.before);
        let said = judge.one(&case.waits);
        let expected = match case.options.mode {
            Mode::Hardened => "rejected limit/escrow-full".to_owned(),
            Mode::Keripy => format!("escrowed {name} {}", case.awaits),
        };
        assert_eq!(said, [expected], "{name}");
    }
}

/// An event whose receipts are attached as couples has all that it needs.
#[test]
fn receipts_attached_to_an_event_that_waits_are_not_lost() {
    let plan = Plan {
        adds: names(&["w0", "w1"]),
        ..Plan::default()
    };
    let (mut aid, icp) = Aid::incept("shown", 1, 1, None, &plan);
    let couples = |event: &support::world::Event| {
        event.with(&[
            event.sigs(&[0]),
            event.couple_by("w0"),
            event.couple_by("w1"),
        ])
    };
    let next = aid.interact(&[]);
    let mut judge = Judge::new(Options::new(Mode::Hardened));
    judge.run(&[couples(&next)]);
    judge.run(&[couples(&icp)]);
    assert!(judge.waits().is_empty(), "{:?}", judge.waits());
    assert_eq!(judge.logged(&icp.pre, 1), [next.said]);
}
