//! Every order of eight messages.
//!
//! Orders that lead to the same store are followed once: the engine is opened anew over the store for each message, so
//! what follows depends on nothing else. The number of orders that each store stands for is carried along.

mod support;

use std::collections::{BTreeMap, HashMap};

use kelpipe_keri::options::{Mode, Options};
use kelpipe_keri::store::Table;
use serde_json::{Value, json};
use support::Memory;
use support::judge::Judge;
use support::scenarios::{End, Scenario, all};
use support::world::Event;

/// 8!
const ORDERS: u64 = 40_320;

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
