//! The cut of a stream into batches changes nothing: not a row, not a byte of the store.

mod support;

use kelpipe_keri::options::{Mode, Options};
use support::judge::Judge;
use support::random::Random;
use support::rows::Row;
use support::scenarios;

/// Cuts that are tried for each stream and mode.
const CUTS: u64 = 40;

/// The messages of every scenario, shuffled together; some come twice.
fn stream(random: &mut Random) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = scenarios::all()
        .into_iter()
        .flat_map(|scenario| scenario.messages)
        .collect();
    let again = messages.clone();
    messages.extend(again.into_iter().filter(|_| random.below(4) == 0));
    random.shuffle(&mut messages);
    messages
}

fn judged(options: &Options, stream: &[u8], cuts: &[usize], lag: usize) -> (Vec<Row>, Judge) {
    let mut judge = Judge::new(options.clone());
    judge.lag = lag;
    let rows = judge.stream(stream, cuts);
    (rows, judge)
}

#[test]
fn rows_and_store_do_not_depend_on_the_batches() {
    for (seed, mode) in [(1, Mode::Hardened), (2, Mode::Keripy), (3, Mode::Hardened)] {
        let mut random = Random(seed);
        let messages = stream(&mut random);
        let bytes = messages.concat();
        let options = Options::new(mode);
        let (rows, whole) = judged(&options, &bytes, &[], 0);
        assert!(rows.len() >= messages.len());
        let single: Vec<usize> = (1..messages.len()).collect();
        let mut cuts = vec![(single.clone(), 0), (single, 3)];
        for _ in 0..CUTS {
            let kept = 1 + random.below(8);
            let some = (1..messages.len())
                .filter(|_| random.below(kept) == 0)
                .collect();
            cuts.push((some, random.below(5) as usize));
        }
        for (cuts, lag) in cuts {
            let (other, judge) = judged(&options, &bytes, &cuts, lag);
            for (at, (a, b)) in rows.iter().zip(&other).enumerate() {
                assert_eq!(a, b, "row {at}, {mode:?}, lag {lag}, cuts {cuts:?}");
            }
            assert_eq!(rows.len(), other.len());
            assert!(
                whole.store == judge.store,
                "{mode:?}, lag {lag}, cuts {cuts:?}"
            );
            assert_eq!(whole.digest(), judge.digest());
        }
    }
}

#[test]
fn a_small_budget_of_wakes_cuts_parts_and_changes_nothing() {
    let bytes = stream(&mut Random(4)).concat();
    let mut options = Options::new(Mode::Hardened);
    let (rows, whole) = judged(&options, &bytes, &[], 0);
    options.limits.wakes_per_part_max = 1;
    let (other, judge) = judged(&options, &bytes, &[], 2);
    assert_eq!(rows, other);
    assert!(whole.store == judge.store);
}
