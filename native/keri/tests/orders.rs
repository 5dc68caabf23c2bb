//! Every order of eight messages.
//!
//! Orders that lead to the same store are followed once: the engine is opened anew over the store for each message, so
//! what follows depends on nothing else. The number of orders that each store stands for is carried along.

mod support;

use std::collections::{BTreeMap, HashMap};

use kelpipe_keri::options::{Mode, Options};
use kelpipe_keri::store::Table;
use serde_json::{Value, json};
use support::judge::{Judge, SECOND};
use support::memory::Memory;
use support::random::Random;
use support::scenarios::{End, Scenario, all};
use support::world::Event;

/// 8!
const ORDERS: u64 = 40_320;
const INTERLEAVINGS: u64 = 2_000;
const LATE_SECONDS_MAX: u64 = 1_800;

fn after(store: &Memory, message: &[u8]) -> Memory {
    let mut judge = Judge::over(Options::new(Mode::Hardened), store.clone());
    judge.run(&[message]);
    judge.store
}

/// Whether everything that `before` has logged stands unchanged in `after`: what is first seen stays.
fn only_appends(before: &Memory, after: &Memory) -> bool {
    let log = after.table(Table::Log);
    before
        .table(Table::Log)
        .iter()
        .all(|(ordinal, record)| log.get(ordinal) == Some(record))
}

/// The stores that the orders of all messages end in, with the number of orders for each.
fn ends(messages: &[Vec<u8>]) -> HashMap<Memory, u64> {
    let mut level = HashMap::from([((0u32, Memory::default()), 1u64)]);
    for _ in messages {
        let mut next: HashMap<(u32, Memory), u64> = HashMap::new();
        for ((seen, store), orders) in &level {
            for (at, message) in messages
                .iter()
                .enumerate()
                .filter(|(at, _)| seen >> at & 1 == 0)
            {
                let child = after(store, message);
                assert!(only_appends(store, &child));
                *next.entry((seen | 1 << at, child)).or_default() += orders;
            }
        }
        level = next;
    }
    level
        .into_iter()
        .map(|((_, store), orders)| (store, orders))
        .collect()
}

/// Key states, without what tells the order of first sight, and everything attached to the events they stand on.
fn states(scenario: &Scenario, store: &Memory) -> BTreeMap<String, Value> {
    let judge = Judge::over(Options::new(Mode::Hardened), store.clone());
    let state = |aid: &String| {
        let mut state = judge.state(aid);
        state.as_object_mut().expect("accepted").remove("f");
        (
            aid.clone(),
            json!({"state": state, "attached": judge.attachments(aid)}),
        )
    };
    scenario.aids.iter().map(state).collect()
}

/// What is there after messages were lost, repeated, and late by up to half an hour each, so that some of what waited
/// timed out; and after all of them have come twice more, in any order.
fn after_losses(random: &mut Random, scenario: &Scenario) -> Memory {
    let mut judge = Judge::new(Options::new(Mode::Hardened));
    let mut sent = Vec::new();
    for message in &scenario.messages {
        let times = [0, 1, 1, 2][random.below(4) as usize];
        sent.extend(std::iter::repeat_n(message, times));
    }
    random.shuffle(&mut sent);
    for message in sent {
        judge.now += random.below(LATE_SECONDS_MAX).cast_signed() * SECOND;
        judge.expire();
        judge.run(&[message]);
    }
    for _ in 0..2 {
        let mut all: Vec<&Vec<u8>> = scenario.messages.iter().collect();
        random.shuffle(&mut all);
        judge.run(&all);
    }
    judge.store
}

fn repeated(scenario: &Scenario, store: &Memory) -> Memory {
    scenario
        .messages
        .iter()
        .fold(store.clone(), |store, message| after(&store, message))
}

/// SAIDs logged at an event's place.
fn logged(store: &Memory, event: &Event) -> Vec<String> {
    let judge = Judge::over(Options::new(Mode::Hardened), store.clone());
    judge.logged(&event.pre, event.sn)
}

fn keeps_both(store: &Memory, left: &Event, right: &Event) {
    let winner = logged(store, left);
    assert_eq!(winner.len(), 1, "one branch is accepted");
    let loser = match &winner[0] {
        said if *said == left.said => right,
        said if *said == right.said => left,
        said => panic!("{said} is of neither branch"),
    };
    let judge = Judge::over(Options::new(Mode::Hardened), store.clone());
    let kept = judge.waiting_as(&loser.pre, loser.sn, &loser.said);
    assert_eq!(kept, ["likely-duplicitous"], "the other is evidence");
}

#[test]
fn every_order_ends_alike() {
    let scenarios = all();
    assert!(scenarios.len() >= 12);
    for scenario in &scenarios {
        let ends = ends(&scenario.messages);
        assert_eq!(ends.values().sum::<u64>(), ORDERS, "{}", scenario.name);
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        let mut winners: BTreeMap<Vec<String>, u64> = BTreeMap::new();
        for (store, orders) in &ends {
            let states = match &scenario.end {
                End::SameWhenRepeated => states(scenario, &repeated(scenario, store)),
                End::Same => states(scenario, store),
                End::Fork(branches) => {
                    let [left, right] = &**branches;
                    keeps_both(store, left, right);
                    *winners.entry(logged(store, left)).or_default() += orders;
                    continue;
                }
            };
            assert!(
                states.values().all(|state| !state.is_null()),
                "{}",
                scenario.name
            );
            *found.entry(format!("{states:?}")).or_default() += orders;
        }
        println!("{}: {} stores", scenario.name, ends.len());
        match &scenario.end {
            End::Fork(..) => {
                assert_eq!(winners.len(), 2, "{}: either branch can win", scenario.name);
            }
            _ => assert_eq!(found.len(), 1, "{}: {found:#?}", scenario.name),
        }
    }
}

#[test]
fn messages_lost_repeated_and_late_end_alike_once_they_come_again() {
    let scenarios = all();
    let ends: Vec<_> = scenarios
        .iter()
        .map(|scenario| {
            let first = repeated(scenario, &Memory::default());
            states(scenario, &repeated(scenario, &first))
        })
        .collect();
    for seed in 0..INTERLEAVINGS {
        let at = seed as usize % scenarios.len();
        let scenario = &scenarios[at];
        let store = after_losses(&mut Random(seed), scenario);
        match &scenario.end {
            End::Fork(branches) => keeps_both(&store, &branches[0], &branches[1]),
            _ => assert_eq!(
                states(scenario, &store),
                ends[at],
                "seed {seed}: {}",
                scenario.name
            ),
        }
    }
}
