//! Random worlds: whatever comes, in whatever order and state, every message is judged once and the books are in order.

mod support;

use std::collections::BTreeSet;

use kelpipe_cesr::frame::Framer;
use kelpipe_keri::batch::{WaitingOp, codec_options};
use kelpipe_keri::options::{Mode, Options};
use kelpipe_keri::store::{Table, place, split_place};
use kelpipe_keri::views;
use proptest::prelude::*;
use serde_json::Value;
use support::judge::{Judge, SECOND};
use support::random::Random;
use support::rows::Row;
use support::world::{Aid, Event, Plan, seal};

/// A controller with the events it made, and forks of it.
struct Controller {
    aid: Aid,
    events: Vec<Event>,
}

fn names(random: &mut Random, of: &str) -> Vec<String> {
    (0..random.below(3)).map(|at| format!("{of}{at}")).collect()
}

fn incept(random: &mut Random, at: usize, boss: Option<&str>) -> Controller {
    let plan = Plan {
        adds: names(random, "w"),
        ..Plan::default()
    };
    let keys = 1 + random.below(3) as usize;
    let (aid, event) = Aid::incept(&format!("aid{at}"), 1, keys, boss, &plan);
    Controller {
        aid,
        events: vec![event],
    }
}

/// The next event of a controller; now and then of a fork or a recovery.
fn go_on(random: &mut Random, controller: &mut Controller, seals: &[String]) {
    let aid = &mut controller.aid;
    let plan = Plan {
        seals: seals.to_vec(),
        ..Plan::default()
    };
    let before = aid.clone();
    let event = match random.below(3) {
        0 => aid.rotate(&plan),
        _ => aid.interact(seals),
    };
    if random.below(6) == 0 {
        *aid = before;
    }
    controller.events.push(event);
}

/// One of the forms in which an event or its receipts may come.
fn message(random: &mut Random, event: &Event, signer: &Event) -> Vec<u8> {
    let some = |random: &mut Random, count: usize| -> Vec<usize> {
        (0..count).filter(|_| random.below(3) > 0).collect()
    };
    let sigs = some(random, event.keys.len());
    let wigs = some(random, event.witnesses.len());
    match random.below(8) {
        0 => event.receipt(&[event.couple_by("w0")]),
        1 if !wigs.is_empty() => event.receipt(&[event.wigs(&wigs)]),
        2 => event.receipt(&[event.receipt_by(signer)]),
        3 if !sigs.is_empty() => event.signed_by(&sigs),
        4 if !wigs.is_empty() => event.witnessed(&wigs),
        _ => event.witnessed(&(0..event.witnesses.len()).collect::<Vec<_>>()),
    }
}

/// Messages about a few AIDs, some of them delegated, in random order; some come twice, some never.
fn world(random: &mut Random, aids: usize, events: usize) -> Vec<Vec<u8>> {
    let mut all: Vec<Controller> = Vec::new();
    for at in 0..aids {
        let boss = (at > 0 && random.below(2) == 0)
            .then(|| all[random.below(at as u64) as usize].aid.pre.clone());
        all.push(incept(random, at, boss.as_deref()));
    }
    for _ in 0..events {
        let (at, of) = (
            random.below(aids as u64) as usize,
            random.below(aids as u64) as usize,
        );
        let sealed = seal(all[of].events.last().expect("an inception"));
        go_on(random, &mut all[at], &[sealed]);
    }
    let mut messages = Vec::new();
    for controller in &all {
        for event in &controller.events {
            let signer = &all[random.below(aids as u64) as usize].events[0];
            for _ in 0..random.below(4) {
                messages.push(message(random, event, signer));
            }
        }
    }
    random.shuffle(&mut messages);
    messages
}

/// Every framed message has one row of its own, accepted rows are the log, and what is counted is there.
fn books(judge: &Judge, rows: &[Row], stream: &[u8]) {
    let (mut frames, mut faults) = (Vec::new(), Vec::new());
    let options = codec_options(judge.engine.options());
    Framer::new(&options).frame(stream, true, &mut frames, &mut faults);
    let mut judged: Vec<usize> = rows.iter().filter_map(|row| row.message).collect();
    judged.sort_unstable();
    assert_eq!(judged, (0..frames.len()).collect::<Vec<_>>());
    let logged = rows
        .iter()
        .filter(|row| row.what == "accepted" && row.ordinal != u64::MAX)
        .count();
    assert_eq!(logged, judge.store.table(Table::Log).len());
    for (key, value) in judge.store.table(Table::Aids) {
        let text = views::record(Table::Aids, key, value).expect("sound");
        let record: Value = serde_json::from_str(&text).expect("our own JSON");
        let under = |table: Table| {
            judge
                .store
                .table(table)
                .range(key.clone()..)
                .take_while(|(found, _)| found.starts_with(key))
                .count()
        };
        assert_eq!(
            (record["rows"].as_u64(), record["awaited"].as_u64()),
            (
                Some(under(Table::Waiting) as u64),
                Some(under(Table::Awaits) as u64)
            )
        );
    }
    assert!(judge.store.table(Table::Wake).is_empty());
    let waiting = judge.store.table(Table::Waiting);
    let saids = waiting.iter().map(|(key, value)| {
        let (aid, sn, _) = split_place(key).expect("sound");
        let text = views::record(Table::Waiting, key, value).expect("sound");
        let record: Value = serde_json::from_str(&text).expect("our own JSON");
        let said = record["said"].as_str().unwrap_or_default();
        [said.as_bytes(), &place(aid, sn)].concat()
    });
    let found: Vec<_> = judge.store.table(Table::Saids).keys().cloned().collect();
    assert_eq!(
        found,
        saids
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
}

fn judged(options: &Options, stream: &[u8], random: &mut Random) -> (Judge, Vec<Row>) {
    let mut frames = Vec::new();
    Framer::new(&codec_options(options)).frame(stream, true, &mut frames, &mut Vec::new());
    let size = 1 + random.below(9);
    let cuts: Vec<usize> = (1..frames.len())
        .filter(|_| random.below(size) == 0)
        .collect();
    let mut judge = Judge::new(options.clone());
    judge.lag = random.below(4) as usize;
    judge.ahead = random.below(2) == 0;
    let rows = judge.stream(stream, &cuts);
    (judge, rows)
}

/// Some bytes of `stream` changed, taken out, repeated or cut off.
fn mutate(random: &mut Random, stream: &mut Vec<u8>, times: u64) {
    for _ in 0..times {
        if stream.is_empty() {
            return;
        }
        let at = random.below(stream.len() as u64) as usize;
        match random.below(5) {
            0 => stream[at] = random.below(256) as u8,
            1 => stream[at] ^= 1 << random.below(8),
            2 => drop(stream.remove(at)),
            3 => {
                let end = (at + random.below(200) as usize).min(stream.len());
                let again = stream[at..end].to_vec();
                stream.splice(at..at, again);
            }
            _ => {
                let end = (at + random.below(60) as usize).min(stream.len());
                drop(stream.drain(at..end));
            }
        }
    }
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Hardened), Just(Mode::Keripy)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn worlds_are_judged_alike_in_all_batches(seed: u64, aids in 1usize..5, events in 0usize..14, mode in mode()) {
        let mut random = Random(seed);
        let stream = world(&mut random, aids, events).concat();
        let options = Options::new(mode);
        let (first, rows) = judged(&options, &stream, &mut random);
        books(&first, &rows, &stream);
        let (second, again) = judged(&options, &stream, &mut random);
        prop_assert_eq!(rows, again);
        prop_assert!(first.store == second.store);
        prop_assert_eq!(first.digest(), second.digest());
    }

    #[test]
    fn damaged_streams_are_judged_to_their_end(seed: u64, aids in 1usize..4, damage in 1u64..30, mode in mode()) {
        let mut random = Random(seed);
        let mut stream = world(&mut random, aids, 6).concat();
        mutate(&mut random, &mut stream, damage);
        let options = Options::new(mode);
        let (first, rows) = judged(&options, &stream, &mut random);
        books(&first, &rows, &stream);
        let (second, _) = judged(&options, &stream, &mut random);
        prop_assert_eq!(first.digest(), second.digest());
    }

    #[test]
    fn everything_that_waits_leaves_in_time(seed: u64, aids in 1usize..5, events in 0usize..10) {
        let mut random = Random(seed);
        let stream = world(&mut random, aids, events).concat();
        let (mut judge, _) = judged(&Options::new(Mode::Hardened), &stream, &mut random);
        judge.now += 3601 * SECOND;
        judge.expire();
        let left = judge.waits();
        prop_assert!(left.iter().all(|entry| entry == "likely-duplicitous nothing"), "{:?}", left);
        let keys: Vec<Vec<u8>> = judge.store.table(Table::Waiting).keys().cloned().collect();
        judge.waiting(WaitingOp::Remove, &keys);
        for table in [Table::Waiting, Table::Saids, Table::Awaits, Table::Expiry, Table::Wake] {
            prop_assert!(judge.store.table(table).is_empty(), "{:?}", table);
        }
    }
}
