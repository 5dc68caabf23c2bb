//! Streams found in public repositories: no panic, nothing lost, and the same however they are cut.

mod common;

use common::{Item, cut, vectors};
use kelpipe_cesr::Options;

fn streams() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = vectors("real") else { return Vec::new() };
    let mut folders = vec![folder];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|ending| ending != "json" && ending != "md") {
                found.push((path.display().to_string(), std::fs::read(&path).expect("stream")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn real_streams_are_cut_without_loss() {
    let (mut messages, mut faults) = (0, 0);
    let streams = streams();
    for (name, stream) in &streams {
        for options in [Options::default(), Options::keripy()] {
            let whole = cut(stream, [], &options);
            let pieces = cut(stream, (1..stream.len()).step_by(7), &options);
            assert_eq!(whole, pieces, "{name}");
            messages += whole.iter().filter(|item| matches!(item, Item::Message { .. })).count();
            faults += whole.iter().filter(|item| matches!(item, Item::Fault { .. })).count();
        }
    }
    println!("{} streams: {messages} messages, {faults} faults in two modes", streams.len());
}
