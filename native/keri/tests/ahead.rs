//! Signatures are checked ahead where the keys can be foreseen, once, and nowhere else.

mod support;

use kelpipe_keri::options::{Mode, Options};
use support::judge::Judge;
use support::world::{Aid, Event, Plan};

/// Messages settled together; the next ones are looked at before that.
const BATCH: usize = 5;

fn witnessed() -> Plan {
    Plan {
        adds: ["w0", "w1"].map(String::from).to_vec(),
        ..Plan::default()
    }
}

/// A log of two keys and two witnesses that changes its keys now and then, and the signatures on it.
fn log(name: &str, events: usize) -> (Vec<Event>, u64) {
    let (mut aid, icp) = Aid::incept(name, 1, 2, None, &witnessed());
    let mut all = vec![icp];
    for at in 1..events {
        all.push(if at % 4 == 0 {
            aid.rotate(&Plan::default())
        } else {
            aid.interact(&[])
        });
    }
    (all, 4 * events as u64)
}

fn complete(event: &Event) -> Vec<u8> {
    event.witnessed(&[0, 1])
}

fn feed(judge: &mut Judge, messages: &[Vec<u8>]) -> Vec<String> {
    let cuts: Vec<usize> = (BATCH..messages.len()).step_by(BATCH).collect();
    let rows = judge.stream(&messages.concat(), &cuts);
    rows.into_iter().map(|row| row.what).collect()
}

fn checks(judge: &Judge) -> u64 {
    judge.engine.verifier().metrics().checks
}

#[test]
fn each_signature_of_a_log_is_checked_once() {
    for ahead in [false, true] {
        let mut judge = Judge::new(Options::new(Mode::Hardened));
        judge.ahead = ahead;
        let (events, signatures) = log("one", 23);
        let messages: Vec<_> = events.iter().map(complete).collect();
        assert!(
            feed(&mut judge, &messages)
                .iter()
                .all(|what| what == "accepted")
        );
        assert_eq!(checks(&judge), signatures, "ahead: {ahead}");
        assert_eq!(judge.work.signatures, signatures);
    }
}

#[test]
fn what_does_not_follow_costs_no_check_more() {
    let made = [false, true].map(|ahead| {
        let mut judge = Judge::new(Options::new(Mode::Hardened));
        judge.ahead = ahead;
        let (events, _) = log("one", 6);
        let messages: Vec<_> = events.iter().map(complete).collect();
        feed(&mut judge, &messages[..1]);
        // Number 1 is missing, so the others wait unchecked; the inception comes again.
        let rows = feed(&mut judge, &[&messages[2..], &messages[..1]].concat());
        assert_eq!(
            rows.iter()
                .filter(|what| what.contains("out-of-order"))
                .count(),
            4,
            "{rows:?}"
        );
        checks(&judge)
    });
    assert_eq!(made[0], made[1]);
}

#[test]
fn a_key_that_was_foreseen_wrongly_changes_no_verdict() {
    let (mut aid, icp) = Aid::incept("one", 1, 2, None, &witnessed());
    let mut other = aid.clone();
    let first = aid.rotate(&Plan::default());
    // The rotation that does not come to pass: it is followed by an event under its keys, and by one under the others'.
    let fork = other.rotate(&witnessed_by("w2"));
    let follows = other.interact(&[]);
    let honest = aid.interact(&[]);
    let messages = [
        complete(&icp),
        complete(&first),
        complete(&fork),
        follows.witnessed(&[0, 1, 2]),
        complete(&honest),
    ];
    let told = [false, true].map(|ahead| {
        let mut judge = Judge::new(Options::new(Mode::Hardened));
        judge.ahead = ahead;
        let rows = feed(&mut judge, &messages);
        (rows, judge.digest(), judge.work.signatures)
    });
    assert_eq!(told[0].0, told[1].0);
    assert_eq!(told[0].1, told[1].1);
    assert_eq!(
        told[0].2, told[1].2,
        "a check that nobody asked for is not told"
    );
}

fn witnessed_by(name: &str) -> Plan {
    Plan {
        adds: vec![name.to_owned()],
        ..Plan::default()
    }
}
