//! Framing of the streams that the reference was run on.

mod common;

use common::{Item, cut, files};
use kelpipe_cesr::Options;

#[test]
fn every_stream_is_framed_the_same_however_it_is_cut() {
    for path in files("keripy", ".cesr") {
        let stream = std::fs::read(&path).expect("vector");
        let options = Options::default();
        let whole = cut(&stream, [], &options);
        let single = cut(&stream, 1..stream.len(), &options);
        assert_eq!(whole, single, "{}", path.display());
    }
}

#[test]
fn summary() {
    for path in files("keripy", ".cesr") {
        let stream = std::fs::read(&path).expect("vector");
        let whole = cut(&stream, [], &Options::default());
        let messages = whole
            .iter()
            .filter(|i| matches!(i, Item::Message { .. }))
            .count();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let faults: Vec<_> = whole
            .iter()
            .filter(|i| matches!(i, Item::Fault { .. }))
            .collect();
        println!(
            "{name} {} bytes, {messages} messages, {} faults {faults:?}",
            stream.len(),
            faults.len()
        );
    }
}
