//! A log that comes in reverse costs the same for each event, however long it is and whatever else waits. What is
//! counted is work, not time.

mod support;

use kelpipe_keri::options::{Mode, Options};
use kelpipe_keri::store::Table;
use support::judge::{Judge, Work};
use support::world::Aid;

/// Messages settled together, as under load.
const BATCH: usize = 100;
/// Requests, records, writes, settles and rows that ten events may cost: each is put into escrow, read again and
/// accepted.
const PER_TEN_MAX: [usize; 5] = [25, 10, 80, 2, 20];
/// Receipts that come with one that is wrong.
const RECEIPTS: usize = 200;
/// Other entries that wait while a log is judged.
const OTHERS: usize = 100_000;

fn reversed(name: &str, events: usize) -> Vec<Vec<u8>> {
    let (mut aid, icp) = Aid::new(name);
    let mut messages = vec![icp.signed()];
    messages.extend((1..events).map(|_| aid.interact(&[]).signed()));
    messages.reverse();
    messages
}

fn feed(judge: &mut Judge, messages: &[Vec<u8>]) -> usize {
    messages
        .chunks(BATCH)
        .map(|some| judge.run(some).len())
        .sum()
}

/// Requests, records, writes, settles and rows of a log that comes in reverse.
fn cost(judge: &mut Judge, events: usize) -> [usize; 5] {
    let messages = reversed("reversed", events);
    judge.work = Work::default();
    let rows = feed(judge, &messages);
    let work = judge.work;
    [work.requests, work.records, work.writes, work.steps, rows]
}

/// That no count is above its ceiling: so the whole is linear.
fn linear(found: [usize; 5], events: usize, what: &str) {
    println!("{what}: {found:?}");
    for (count, ceiling) in found.iter().zip(PER_TEN_MAX) {
        assert!(
            count * 10 <= ceiling * events,
            "{what}: {found:?}, at most {PER_TEN_MAX:?} for ten events"
        );
    }
}

#[test]
fn a_log_in_reverse_costs_the_same_for_each_event() {
    for events in [100, 1_000, 10_000] {
        let mut judge = Judge::new(Options::new(Mode::Hardened));
        let found = cost(&mut judge, events);
        linear(found, events, &format!("{events} events"));
        assert_eq!(judge.store.table(Table::Log).len(), events);
        assert!(judge.store.table(Table::Waiting).is_empty());
    }
}

#[test]
fn other_entries_that_wait_cost_nothing() {
    // Half under one AID of their own, half under that of the log, far ahead.
    let (_, icp) = Aid::new("reversed");
    let (_, other) = Aid::new("other");
    // An interaction whose prior events nobody has.
    let (mut nobody, _) = Aid::new("nobody");
    let mut stray = |pre: &String, sn: usize| {
        nobody.pre.clone_from(pre);
        nobody.sn = sn as u128;
        nobody.interact(&[])
    };
    let messages: Vec<Vec<u8>> = (0..OTHERS)
        .map(|at| {
            stray(
                if at % 2 == 0 { &other.pre } else { &icp.pre },
                1_000_000 + at,
            )
            .signed()
        })
        .collect();
    let mut judge = Judge::new(Options::new(Mode::Hardened));
    feed(&mut judge, &messages);
    assert_eq!(judge.store.table(Table::Waiting).len(), OTHERS);
    let found = cost(&mut judge, 1_000);
    linear(found, 1_000, &format!("1000 events among {OTHERS} others"));
    assert_eq!(judge.store.table(Table::Waiting).len(), OTHERS);
}

/// Receipts of an event, of which the last one is wrong.
fn receipts_with_a_wrong_one() -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut aid, icp) = Aid::new("receipted");
    let other = aid.interact(&[]);
    let names: Vec<String> = (0..RECEIPTS).map(|at| format!("watcher-{at}")).collect();
    let mut receipts: Vec<_> = names
        .iter()
        .map(|name| icp.receipt(&[icp.couple_by(name)]))
        .collect();
    receipts.push(icp.receipt(&[other.couple_by("liar")]));
    (icp.signed(), receipts)
}

#[test]
fn a_signature_that_is_wrong_does_not_make_the_others_be_checked_again() {
    let (event, receipts) = receipts_with_a_wrong_one();
    let checks = 1 + receipts.len() as u64;
    let together = [std::slice::from_ref(&event), &receipts].concat();
    for (what, batches, lag) in [
        ("in the batch of the event", vec![together], 0),
        (
            "while the event is not durable",
            vec![vec![event.clone()], receipts.clone()],
            3,
        ),
        ("behind the event", vec![vec![event], receipts], 0),
    ] {
        let mut judge = Judge::new(Options::new(Mode::Hardened));
        judge.lag = lag;
        let rows: usize = batches.iter().map(|some| judge.run(some).len()).sum();
        assert_eq!(rows as u64, checks);
        assert_eq!(judge.engine.verifier().metrics().checks, checks, "{what}");
    }
}
