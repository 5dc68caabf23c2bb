//! Parses a file of CESR 1.0 with one of the peers and prints how long that took, as one JSON object.

use std::hint::black_box;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, peer, path] = &arguments[..] else {
        panic!("usage: codec-peers cesrox|parside FILE");
    };
    let stream = std::fs::read(path).expect("the file can be read");
    let start = Instant::now();
    let events = match peer.as_str() {
        "cesrox" => black_box(cesrox::parse_many(&stream).expect("the stream is sound").1).len(),
        _ => black_box(parside::MessageList::from_stream_bytes(&stream).expect("the stream is sound").1).messages.len(),
    };
    println!("{{\"events\":{events},\"seconds\":{}}}", start.elapsed().as_secs_f64());
}
