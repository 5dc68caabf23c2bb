//! Streams found in public repositories: no panic, nothing lost, and the same however they are cut.

#![allow(clippy::similar_names)]

mod common;

use common::{Item, cut, vectors};
use kelpipe_cesr::Options;
use serde_json::Value;

/// Every stream with the number of events that the reference accepted from it.
fn streams() -> Vec<(String, Vec<u8>, u64)> {
    let Some(folder) = vectors("real") else {
        return Vec::new();
    };
    let index: Value =
        serde_json::from_slice(&std::fs::read(folder.join("index.json")).expect("index"))
            .expect("JSON");
    let entries = index.as_array().expect("entries").iter();
    let entries = entries.map(|entry| {
        let name = entry["file"].as_str().expect("file").to_owned();
        let stream = std::fs::read(folder.join(&name)).expect("stream");
        let accepted = entry["keripy"]["accepted"].as_object().expect("accepted");
        (
            name,
            stream,
            accepted
                .values()
                .map(|sn| sn.as_u64().unwrap_or_default() + 1)
                .sum(),
        )
    });
    entries.collect()
}

#[test]
fn real_streams_are_cut_without_loss() {
    let (mut messages, mut faults) = (0, 0);
    let streams = streams();
    for (name, stream, accepted) in &streams {
        for options in [Options::default(), Options::keripy()] {
            let whole = cut(stream, [], &options);
            let pieces = cut(stream, (1..stream.len()).step_by(7), &options);
            assert_eq!(whole, pieces, "{name}");
            let framed = whole
                .iter()
                .filter(|item| matches!(item, Item::Message { .. }))
                .count();
            assert!(
                framed as u64 >= *accepted,
                "{name}: {framed} of {accepted} {whole:?}"
            );
            messages += framed;
            faults += whole
                .iter()
                .filter(|item| matches!(item, Item::Fault { .. }))
                .count();
        }
    }
    println!(
        "{} streams: {messages} messages, {faults} faults in two modes",
        streams.len()
    );
}
