//! A log that comes in reverse, or whose receipts come apart and last, costs the same for each event, however long it is
//! and whatever else waits. What is counted is work, not time: `npm run bench:escrow` has the times.

mod support;

use kelpipe_keri::options::{Mode, Options};
use kelpipe_keri::store::Table;
use support::judge::{Judge, Work};
use support::world::{Aid, Event, Plan};

/// Messages settled together, as under load.
const BATCH: usize = 100;
/// Requests, records, writes, settles, rows and bytes of answers that ten messages may cost: each is put into escrow, read
/// again, once, and accepted.
const PER_TEN_MAX: [usize; 6] = [15, 15, 80, 2, 25, 10_000];
/// The same of events whose receipts await a signer: a receipt asks for the event, for its place, and again when it wakes.
const PER_TEN_BY_SIGNER_MAX: [usize; 6] = [40, 40, 80, 2, 25, 15_000];
/// Settles per event that wakes in a long chain. A settle folds 2,048 events at most, and only the first few of a chain are
/// folded again.
const PER_SETTLE_MIN: usize = 600;
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

/// A witnessed log, and then its receipts, each a message of its own; both in reverse if so wanted.
fn receipts_last(name: &str, events: usize, in_reverse: bool) -> Vec<Vec<u8>> {
    let plan = Plan {
        adds: vec!["w0".to_owned()],
        ..Plan::default()
    };
    let (mut aid, icp) = Aid::incept(name, 1, 1, None, &plan);
    let mut log = vec![icp];
    log.extend((1..events).map(|_| aid.interact(&[])));
    if in_reverse {
        log.reverse();
    }
    let receipt = |event: &Event| event.receipt(&[event.couple_by("w0")]);
    let signed = log.iter().map(Event::signed);
    signed.chain(log.iter().map(receipt)).collect()
}

fn feed(judge: &mut Judge, messages: &[Vec<u8>]) -> usize {
    messages
        .chunks(BATCH)
        .map(|some| judge.run(some).len())
        .sum()
}

/// Feeds messages and holds that no count is above its ceiling: so the whole is linear.
fn linear(judge: &mut Judge, messages: &[Vec<u8>], what: &str) {
    within(judge, messages, PER_TEN_MAX, what);
}

fn within(judge: &mut Judge, messages: &[Vec<u8>], per_ten_max: [usize; 6], what: &str) {
    judge.work = Work::default();
    let rows = feed(judge, messages);
    let work = judge.work;
    let found = [
        work.requests,
        work.records,
        work.writes,
        work.steps,
        rows,
        work.bytes,
    ];
    println!("{} messages, {what}: {found:?}", messages.len());
    for (count, ceiling) in found.into_iter().zip(per_ten_max) {
        assert!(
            count * 10 <= ceiling * messages.len(),
            "{what}: {found:?}, at most {per_ten_max:?} for ten messages"
        );
    }
}

/// That all of so many events were accepted, beside what waited before.
fn all_accepted(judge: &Judge, events: usize, others: usize) {
    assert_eq!(judge.store.table(Table::Log).len(), events);
    assert_eq!(judge.store.table(Table::Waiting).len(), others);
}

#[test]
fn a_log_in_reverse_costs_the_same_for_each_event() {
    for events in [100, 1_000, 10_000] {
        let mut judge = Judge::new(Options::new(Mode::Hardened));
        linear(&mut judge, &reversed("reversed", events), "in reverse");
        all_accepted(&judge, events, 0);
    }
}

#[test]
fn receipts_that_come_apart_and_last_cost_the_same_for_each_event() {
    for in_reverse in [false, true] {
        for events in [100, 1_000, 10_000] {
            let mut judge = Judge::new(Options::new(Mode::Hardened));
            let messages = receipts_last("receipted", events, in_reverse);
            let what = format!("receipts last, in reverse: {in_reverse}");
            linear(&mut judge, &messages, &what);
            all_accepted(&judge, events, 0);
        }
    }
}

/// A log, then receipts of its events by a signer of whom nothing is known, and then the signer's inception.
#[test]
fn receipts_that_await_one_signer_cost_the_same_each() {
    for events in [100, 1_000, 10_000] {
        let (mut aid, icp) = Aid::new("receipted");
        let (_, signer) = Aid::new("watcher");
        let mut log = vec![icp];
        log.extend((1..events).map(|_| aid.interact(&[])));
        let signed = log.iter().map(Event::signed);
        let receipts = log
            .iter()
            .map(|event| event.receipt(&[event.receipt_by(&signer)]));
        let messages: Vec<_> = signed.chain(receipts).chain([signer.signed()]).collect();
        let mut judge = Judge::new(Options::new(Mode::Hardened));
        within(
            &mut judge,
            &messages,
            PER_TEN_BY_SIGNER_MAX,
            "receipts by one signer",
        );
        all_accepted(&judge, events + 1, 0);
        assert!(judge.store.table(Table::Awaits).is_empty());
        assert_eq!(judge.store.table(Table::Late).len(), events);
    }
}

/// After something was read a fold is made anew, so a chain must not be read a little at a time.
#[test]
fn a_long_chain_that_wakes_is_not_folded_again_and_again() {
    let events = 10_000;
    let messages = reversed("reversed", events);
    let (wait, wakes) = messages.split_at(events - 1);
    let mut judge = Judge::new(Options::new(Mode::Hardened));
    feed(&mut judge, wait);
    judge.work = Work::default();
    feed(&mut judge, wakes);
    all_accepted(&judge, events, 0);
    let settles = judge.work.steps;
    assert!(settles * PER_SETTLE_MIN <= events, "{settles} settles");
}

/// However large the events of a chain are, what is read of them at a time is bounded.
#[test]
fn a_chain_of_large_events_is_read_in_bounded_pieces() {
    let (mut aid, icp) = Aid::new("large");
    let seals: Vec<String> = (0..600)
        .map(|at| format!("{{\"at\":\"{at:0>100}\"}}"))
        .collect();
    let large: Vec<Vec<u8>> = (0..200).map(|_| aid.interact(&seals).signed()).collect();
    let bytes: usize = large.iter().map(Vec::len).sum();
    let mut judge = Judge::new(Options::new(Mode::Hardened));
    feed(&mut judge, &large);
    judge.work = Work::default();
    feed(&mut judge, &[icp.signed()]);
    all_accepted(&judge, 1 + large.len(), 0);
    let at_once = judge.work.bytes_at_once;
    assert!(
        at_once <= 5 << 20 && 2 * at_once < bytes,
        "{at_once} of {bytes}"
    );
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
    all_accepted(&judge, 0, OTHERS);
    linear(
        &mut judge,
        &reversed("reversed", 1_000),
        "among others, in reverse",
    );
    let messages = receipts_last("receipted", 1_000, true);
    linear(&mut judge, &messages, "among others, receipts last");
    all_accepted(&judge, 2_000, OTHERS);
}

/// An inception with a witness, and a judge who lets 100 entries of a source wait at a place.
fn witnessed_of_few_places() -> (Event, Judge) {
    let plan = Plan {
        adds: vec!["w0".to_owned()],
        ..Plan::default()
    };
    let (_, icp) = Aid::incept("receipted", 1, 1, None, &plan);
    let mut options = Options::new(Mode::Hardened);
    options.limits.waiting_per_place_max = 100;
    (icp, Judge::new(options))
}

/// A place is read as a whole, so of one source only so much may wait at each.
#[test]
fn what_a_source_piles_up_at_one_place_is_bounded() {
    let (icp, mut judge) = witnessed_of_few_places();
    judge.run(&[icp.signed()]);
    let by = |name: String| icp.receipt(&[icp.couple_by(&name)]);
    let strangers: Vec<_> = (0..150).map(|at| by(format!("stranger-{at}"))).collect();
    let became: Vec<String> = judge
        .run(&strangers)
        .into_iter()
        .map(|row| row.what)
        .collect();
    let full = "rejected limit/escrow-full";
    assert_eq!(became.iter().filter(|what| *what == full).count(), 50);
    // What the event waits for is let in.
    let by_witness = judge.one(&by("w0".to_owned()));
    assert!(
        by_witness.contains(&"accepted".to_owned()),
        "{by_witness:?}"
    );
    assert_eq!(judge.store.table(Table::Log).len(), 1);
    assert!(judge.store.table(Table::Waiting).is_empty());
}

/// Whoever has no keys cannot keep an event out that is signed by them, not even from the same source.
#[test]
fn what_anybody_can_make_does_not_fill_the_place_of_what_is_signed() {
    let (icp, mut judge) = witnessed_of_few_places();
    let by = |name: String| icp.receipt(&[icp.couple_by(&name)]);
    let strangers: Vec<_> = (0..150).map(|at| by(format!("stranger-{at}"))).collect();
    judge.run(&strangers);
    assert_eq!(judge.store.table(Table::Waiting).len(), 100);
    let signed = judge.one(&icp.signed());
    assert_eq!(signed, ["escrowed partial-witness witness-receipts"]);
    let by_witness = judge.one(&by("w0".to_owned()));
    assert!(
        by_witness.contains(&"accepted".to_owned()),
        "{by_witness:?}"
    );
    assert_eq!(judge.store.table(Table::Log).len(), 1);
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
