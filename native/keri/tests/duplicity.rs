//! Evidence of duplicity: what is kept of the other event, and how far that counts.
//!
//! Source: HARDEN 16; http.md 8.

mod support;

use kelpipe_keri::history;
use kelpipe_keri::options::{Mode, Options};
use kelpipe_keri::store::Table;
use kelpipe_keri::views;
use serde_json::Value;
use support::judge::Judge;
use support::world::{Aid, Event, Plan, couple, seal};

const EVIDENCE: &str = "escrowed likely-duplicitous nothing";

fn judge() -> Judge {
    Judge::new(Options::new(Mode::Hardened))
}

fn logged_ordinal(judge: &Judge, aid: &str, sn: u128) -> u64 {
    let key = [aid.as_bytes(), &sn.to_be_bytes()].concat();
    let place = &judge.store.table(Table::Kel)[&key];
    *views::ordinals(place)
        .expect("sound")
        .last()
        .expect("an event")
}

fn log_record(judge: &Judge, ordinal: u64) -> Vec<u8> {
    judge.store.table(Table::Log)[&ordinal.to_be_bytes().to_vec()].clone()
}

/// What evidence there is of an event: signed, committed, witnessed, and the signatures and receipts that are kept.
fn evidence(judge: &Judge, event: &Event) -> (bool, bool, bool, usize, usize) {
    let key = [
        event.pre.as_bytes(),
        &event.sn.to_be_bytes(),
        b"e",
        event.said.as_bytes(),
    ]
    .concat();
    let value = &judge.store.table(Table::Waiting)[&key];
    let before = event.sn.checked_sub(1).map(|sn| {
        let log = log_record(judge, logged_ordinal(judge, &event.pre, sn));
        let text = views::record(Table::Log, &[], &log).expect("sound");
        let record: Value = serde_json::from_str(&text).expect("our own JSON");
        log_record(judge, record["est"].as_u64().expect("a number"))
    });
    let text = history::evidence(value, before.as_deref()).expect("sound");
    let strength: Value = serde_json::from_str(&text).expect("our own JSON");
    let text = views::record(Table::Waiting, &key, value).expect("sound");
    let entry: Value = serde_json::from_str(&text).expect("our own JSON");
    let count = |set: &str| entry["attached"][set].as_array().expect("a list").len();
    let flag = |name: &str| strength[name].as_bool().expect("a flag");
    (
        flag("signed"),
        flag("committed"),
        flag("witnessed"),
        count("sigs"),
        count("wigs"),
    )
}

fn witnesses() -> Plan {
    Plan {
        adds: ["w0", "w1", "w2"].map(str::to_owned).to_vec(),
        toad: Some(2),
        ..Plan::default()
    }
}

/// Two of the same controller that go on differently.
fn parted(aid: &Aid) -> (Aid, Aid) {
    (aid.clone(), aid.clone())
}

#[test]
fn receipts_of_the_other_event_count_whether_they_come_with_it_attached_or_later() {
    let (aid, icp) = Aid::incept("seen", 1, 1, None, &witnesses());
    let (mut told, mut other) = parted(&aid);
    let (first, second) = (told.interact(&[]), other.interact(&[seal(&icp)]));
    let mut judge = judge();
    judge.run(&[icp.witnessed(&[0, 1]), first.witnessed(&[0, 1])]);
    assert_eq!(judge.one(&second.witnessed(&[0])), [EVIDENCE]);
    assert_eq!(evidence(&judge, &second), (true, true, false, 1, 1));
    let later = second.receipt(&[second.couple_by("w2")]);
    assert_eq!(judge.one(&later), ["accepted"]);
    assert_eq!(judge.one(&later), ["duplicate 0"]);
    assert_eq!(evidence(&judge, &second), (true, true, true, 1, 2));
    let attached = second.with(&[second.sigs(&[0]), second.couple_by("w1")]);
    assert_eq!(judge.one(&attached), [EVIDENCE]);
    assert_eq!(evidence(&judge, &second), (true, true, true, 1, 3));
    assert_eq!(judge.logged(&icp.pre, 1), [first.said]);
}

#[test]
fn a_receipt_that_does_not_verify_is_not_kept() {
    let (aid, icp) = Aid::incept("seen", 1, 1, None, &witnesses());
    let (mut told, mut other) = parted(&aid);
    let (first, second) = (told.interact(&[]), other.interact(&[seal(&icp)]));
    let mut judge = judge();
    judge.run(&[icp.witnessed(&[0, 1]), first.witnessed(&[0, 1])]);
    judge.run(&[second.signed()]);
    let wrong = second.receipt(&[first.couple_by("w0")]);
    assert_eq!(judge.one(&wrong), ["rejected keri/receipt-signature"]);
    let stranger = second.receipt(&[second.couple_by("nobody")]);
    assert_eq!(judge.one(&stranger), ["rejected keri/receipt-signature"]);
    assert_eq!(evidence(&judge, &second), (true, true, false, 1, 0));
}

#[test]
fn the_other_event_of_several_keys_is_of_the_weaker_class_until_enough_of_them_signed() {
    let (aid, icp) = Aid::incept("three", 1, 3, None, &Plan::default());
    let (mut told, mut other) = parted(&aid);
    let (first, second) = (told.interact(&[]), other.interact(&[seal(&icp)]));
    let mut judge = judge();
    judge.run(&[icp.signed(), first.signed()]);
    assert_eq!(judge.one(&second.signed_by(&[0])), [EVIDENCE]);
    assert_eq!(evidence(&judge, &second), (false, true, true, 1, 0));
    judge.one(&second.signed_by(&[1, 2]));
    assert_eq!(evidence(&judge, &second), (true, true, true, 3, 0));
}

/// Who has the current keys, and not the next ones, cannot make a fork by a rotation.
#[test]
fn a_rotation_to_keys_that_were_not_committed_to_is_of_the_weaker_class() {
    let (aid, icp) = Aid::new("robbed");
    let (mut told, mut thief) = parted(&aid);
    thief.next = vec!["a key of the thief".into()];
    let (first, second) = (
        told.rotate(&Plan::default()),
        thief.rotate(&Plan::default()),
    );
    let mut judge = judge();
    judge.run(&[icp.signed(), first.signed()]);
    assert_eq!(judge.one(&second.signed()), [EVIDENCE]);
    assert_eq!(evidence(&judge, &second), (true, false, true, 1, 0));
}

#[test]
fn rotations_and_inceptions_that_change_witnesses_are_judged_by_their_own() {
    let (aid, icp) = Aid::incept("seen", 1, 1, None, &witnesses());
    let (mut told, mut other) = parted(&aid);
    let first = told.rotate(&Plan::default());
    let second = other.rotate(&Plan {
        cuts: vec!["w0".into()],
        adds: vec!["w3".into()],
        toad: Some(2),
        ..Plan::default()
    });
    let mut judge = judge();
    judge.run(&[icp.witnessed(&[0, 1]), first.witnessed(&[0, 1])]);
    // Its witnesses are w1, w2 and w3.
    judge.one(&second.witnessed(&[2]));
    assert_eq!(evidence(&judge, &second), (true, true, false, 1, 1));
    judge.one(&second.receipt(&[second.couple_by("w1")]));
    assert_eq!(evidence(&judge, &second), (true, true, true, 1, 2));
}

#[test]
fn delegated_events_that_contradict_each_other_are_kept_with_their_receipts() {
    let (mut boss, boss_icp) = Aid::new("boss");
    let (child, dip) = Aid::incept("child", 1, 1, Some(&boss.pre), &witnesses());
    let (mut told, mut other) = parted(&child);
    let (first, second) = (
        told.interact(&[seal(&boss_icp)]),
        other.interact(&[seal(&dip)]),
    );
    let anchor = boss.interact(&[seal(&dip)]);
    let mut judge = judge();
    judge.run(&[
        boss_icp.signed(),
        anchor.signed(),
        dip.with(&[dip.sigs(&[0]), dip.wigs(&[0, 1]), couple(&anchor)]),
        first.witnessed(&[1, 2]),
    ]);
    assert_eq!(judge.logged(&dip.pre, 1), [first.said]);
    assert_eq!(judge.one(&second.witnessed(&[0, 2])), [EVIDENCE]);
    assert_eq!(evidence(&judge, &second), (true, true, true, 1, 2));
    let (mut left, mut right) = parted(&told);
    let (left, right) = (
        left.rotate(&Plan::default()),
        right.rotate(&Plan {
            seals: vec![seal(&dip)],
            ..Plan::default()
        }),
    );
    let sealing = boss.interact(&[seal(&left)]);
    judge.run(&[
        sealing.signed(),
        left.with(&[left.sigs(&[0]), left.wigs(&[0, 1]), couple(&sealing)]),
        right.witnessed(&[0, 1]),
    ]);
    assert_eq!(judge.logged(&dip.pre, 2), [left.said]);
}

/// What waits where another event is accepted is evidence from then on, and is told as such.
#[test]
fn an_event_that_waited_becomes_evidence_when_another_one_is_accepted_in_its_place() {
    let (aid, icp) = Aid::incept("pair", 1, 2, None, &Plan::default());
    let (mut told, mut other) = parted(&aid);
    let (first, second) = (told.interact(&[]), other.interact(&[seal(&icp)]));
    let mut judge = judge();
    judge.run(&[icp.signed()]);
    let half = judge.one(&second.signed_by(&[0]));
    assert_eq!(half, ["escrowed partial-signature signatures"]);
    assert_eq!(judge.one(&first.signed()), ["accepted", EVIDENCE]);
    assert_eq!(judge.waits(), ["likely-duplicitous nothing"]);
}

/// The bytes, the arrival, and the source stay those of the first time.
#[test]
fn evidence_stays_as_it_came_first() {
    let (aid, icp) = Aid::new("liar");
    let (mut told, mut other) = parted(&aid);
    let (first, second) = (told.interact(&[]), other.interact(&[seal(&icp)]));
    let mut judge = judge();
    judge.run(&[icp.signed(), first.signed(), second.signed()]);
    let before = judge.store.table(Table::Waiting).clone();
    judge.now += 1_000_000_000_000;
    assert_eq!(judge.one(&second.signed()), [EVIDENCE]);
    assert!(judge.expire().is_empty());
    assert_eq!(*judge.store.table(Table::Waiting), before);
}
