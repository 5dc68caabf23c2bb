//! Parses a file of CESR 1.0 with one of the peers and prints how long that took, as one JSON object.

use std::hint::black_box;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, peer, path] = &arguments[..] else {
        panic!("usage: codec-peers cesrox|parside FILE");
    };
    let stream = std::fs::read(path).expect("the file can be read");
    let body = b"{\"v\":\"KERI10JSON";
    let events = stream
        .windows(body.len())
        .filter(|bytes| bytes == body)
        .count();
    let start = Instant::now();
    let rest = match peer.as_str() {
        "cesrox" => {
            black_box(cesrox::parse_many(&stream))
                .expect("the stream is sound")
                .0
        }
        _ => {
            black_box(parside::MessageList::from_stream_bytes(&stream))
                .expect("the stream is sound")
                .0
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    assert!(rest.is_empty(), "the whole stream is read");
    println!("{{\"events\":{events},\"seconds\":{seconds}}}");
}
