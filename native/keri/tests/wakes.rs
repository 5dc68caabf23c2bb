//! What waits: why, for what, until when; and that nothing of it is left behind.

mod support;

use kelpipe_keri::batch::WaitingOp;
use kelpipe_keri::decision::{KINDS, Kind};
use kelpipe_keri::options::{Cap, Mode, Options};
use kelpipe_keri::store::Table;
use kelpipe_keri::views;
use serde_json::Value;
use support::judge::{Judge, SECOND, START};
use support::world::{Aid, Plan, couple, query, seal, witness};

/// How an entry leaves when what it awaits arrives.
enum Leaves {
    /// It is accepted; of a query: it can be answered.
    Accepted,
    /// Only by hand.
    ByHand,
}

struct Case {
    kind: Kind,
    awaits: &'static str,
    options: Options,
    /// What is known before.
    before: Vec<Vec<u8>>,
    waits: Vec<u8>,
    evidence: Vec<Vec<u8>>,
    leaves: Leaves,
    /// Seconds; none: never.
    timeout: Option<i64>,
}

impl Case {
    fn becomes(&self) -> &'static str {
        match self.kind {
            Kind::QueryNotFound => "checked valid",
            _ => "accepted",
        }
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn case(
    kind: Kind,
    awaits: &'static str,
    before: &[Vec<u8>],
    waits: Vec<u8>,
    evidence: &[Vec<u8>],
) -> Case {
    Case {
        kind,
        awaits,
        options: Options::new(Mode::Hardened),
        before: before.to_vec(),
        waits,
        evidence: evidence.to_vec(),
        leaves: Leaves::Accepted,
        timeout: Some(3600),
    }
}

fn cases() -> Vec<Case> {
    let mut cases = events();
    cases.extend(delegations());
    cases.extend(receipts());
    cases.extend(queries());
    cases.extend(left_alone());
    cases
}

fn events() -> Vec<Case> {
    let (mut aid, icp) = Aid::new("plain");
    let (first, second) = (aid.interact(&[]), aid.interact(&[]));
    let prior = case(
        Kind::OutOfOrder,
        "prior-event",
        &[icp.signed()],
        second.signed(),
        &[first.signed()],
    );
    let unknown = case(
        Kind::OutOfOrder,
        "inception",
        &[],
        first.signed(),
        &[icp.signed()],
    );
    let (mut pair, icp) = Aid::incept("pair", 1, 2, None, &Plan::default());
    let half = case(
        Kind::PartialSignature,
        "signatures",
        &[],
        icp.signed_by(&[0]),
        &[icp.signed_by(&[1])],
    );
    let rot = pair.rotate(&Plan {
        kt: "\"1\"".into(),
        ..Plan::default()
    });
    let exposed = case(
        Kind::PartialSignature,
        "next-key-signatures",
        &[icp.signed()],
        rot.signed_by(&[0]),
        &[rot.signed_by(&[1])],
    );
    let (_, icp) = Aid::incept(
        "seen",
        1,
        1,
        None,
        &Plan {
            adds: names(&["w0", "w1"]),
            ..Plan::default()
        },
    );
    let witnessed = case(
        Kind::PartialWitness,
        "witness-receipts",
        &[],
        icp.witnessed(&[1]),
        &[icp.receipt(&[icp.couple_by("w0")])],
    );
    let short = |case| Case {
        timeout: Some(1200),
        ..case
    };
    vec![short(prior), short(unknown), half, exposed, witnessed]
}

fn delegations() -> Vec<Case> {
    let (mut boss, boss_icp) = Aid::new("boss");
    let (_, dip) = Aid::delegated("child", &boss.pre);
    let anchor = boss.interact(&[seal(&dip)]);
    let delegator = case(
        Kind::PartialDelegation,
        "delegator",
        &[],
        dip.with(&[dip.sigs(&[0]), couple(&anchor)]),
        &[boss_icp.signed(), anchor.signed()],
    );
    let anchored = case(
        Kind::PartialDelegation,
        "anchor",
        &[boss_icp.signed()],
        dip.signed(),
        &[anchor.signed()],
    );
    let mut ours = Options::new(Mode::Hardened);
    ours.own = vec![boss.pre.clone()];
    ours.local = true;
    let approval = Case {
        options: ours,
        timeout: Some(1200),
        ..case(
            Kind::Delegable,
            "approval",
            &[boss_icp.signed()],
            dip.signed(),
            &[anchor.signed()],
        )
    };
    vec![delegator, anchored, approval]
}

fn receipts() -> Vec<Case> {
    let plan = Plan {
        adds: names(&["w0"]),
        ..Plan::default()
    };
    let (_, icp) = Aid::incept("shown", 1, 1, None, &plan);
    let (_, by) = Aid::new("signer");
    let indexed = icp.receipt(&[icp.wigs(&[0])]);
    let couple = icp.receipt(&[icp.couple_by("w0")]);
    let transferable = icp.receipt(&[icp.receipt_by(&by)]);
    let whole = icp.witnessed(&[0]);
    let signer_later = [whole.clone(), by.signed()];
    vec![
        case(
            Kind::UnverifiedWitness,
            "event",
            &[],
            indexed.clone(),
            std::slice::from_ref(&whole),
        ),
        case(
            Kind::UnverifiedWitness,
            "event",
            &[],
            indexed,
            &[icp.signed()],
        ),
        case(
            Kind::UnverifiedReceipt,
            "event",
            &[],
            couple.clone(),
            std::slice::from_ref(&whole),
        ),
        case(
            Kind::UnverifiedReceipt,
            "event",
            &[],
            couple,
            &[icp.signed()],
        ),
        case(
            Kind::UnverifiedTransferable,
            "event",
            &[],
            transferable.clone(),
            &signer_later,
        ),
        case(
            Kind::UnverifiedTransferable,
            "signer-event",
            &[whole],
            transferable,
            &[by.signed()],
        ),
    ]
}

fn queries() -> Vec<Case> {
    let (mut aid, icp) = Aid::new("asked");
    let (asker, asker_icp) = Aid::new("asker");
    let about = format!("\"i\":\"{0}\",\"src\":\"{0}\"", aid.pre);
    let (first, second) = (aid.interact(&[]), aid.interact(&[]));
    let (_, sealed) = Aid::new("sealed");
    let sealing = aid.interact(&[seal(&sealed)]);
    let of_aid = [icp.signed(), asker_icp.signed()];
    let waits = |awaits, route: &str, more: &str, before: &[Vec<u8>], evidence: &[Vec<u8>]| Case {
        timeout: Some(300),
        ..case(
            Kind::QueryNotFound,
            awaits,
            before,
            query(&asker, route, &format!("{about}{more}")),
            evidence,
        )
    };
    let plan = Plan {
        adds: names(&["w0", "w1"]),
        ..Plan::default()
    };
    let (ours, witnessed) = Aid::incept("ours", 1, 1, None, &plan);
    let mut by_us = Options::new(Mode::Hardened);
    by_us.own = vec![witness("w0")];
    by_us.local = true;
    let about_ours = format!("\"i\":\"{0}\",\"src\":\"{0}\"", ours.pre);
    let receipted = Case {
        options: by_us,
        timeout: Some(300),
        ..case(
            Kind::QueryNotFound,
            "witness-receipts",
            &[asker_icp.signed(), witnessed.witnessed(&[0])],
            query(&asker, "ksn", &about_ours),
            &[witnessed.receipt(&[witnessed.couple_by("w1")])],
        )
    };
    let asked_seal = format!(",\"a\":{}", seal(&sealed));
    vec![
        waits("inception", "logs", "", &of_aid[1..], &of_aid[..1]),
        waits("inception", "ksn", "", &of_aid[1..], &of_aid[..1]),
        waits(
            "inception",
            "mbx",
            ",\"topics\":{\"/receipt\":0}",
            &of_aid[1..],
            &of_aid[..1],
        ),
        waits(
            "event",
            "logs",
            ",\"s\":\"2\"",
            &of_aid,
            &[first.signed(), second.signed()],
        ),
        waits(
            "event",
            "logs",
            ",\"s\":\"1\"",
            &of_aid[1..],
            &[icp.signed(), first.signed()],
        ),
        waits(
            "anchor",
            "logs",
            &asked_seal,
            &of_aid,
            &[first.signed(), second.signed(), sealing.signed()],
        ),
        receipted,
    ]
}

/// Evidence of duplicity, and remote events for our own AIDs.
fn left_alone() -> Vec<Case> {
    let (mut aid, icp) = Aid::new("liar");
    let mut other = aid.clone();
    let (first, second) = (aid.interact(&[]), other.interact(&[seal(&icp)]));
    let by_hand = |case| Case {
        leaves: Leaves::ByHand,
        timeout: None,
        ..case
    };
    let before = [icp.signed(), first.signed()];
    let evidence = by_hand(case(
        Kind::LikelyDuplicitous,
        "nothing",
        &before,
        second.signed(),
        &[],
    ));
    let as_reference = Case {
        options: Options::new(Mode::Keripy),
        timeout: Some(3600),
        ..by_hand(case(
            Kind::LikelyDuplicitous,
            "nothing",
            &before,
            second.signed(),
            &[],
        ))
    };
    let mut ours = Options::new(Mode::Hardened);
    ours.own = vec![aid.pre.clone()];
    let misfit = Case {
        options: ours,
        ..by_hand(case(Kind::Misfit, "nothing", &[], icp.signed(), &[]))
    };
    vec![evidence, as_reference, misfit]
}

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
