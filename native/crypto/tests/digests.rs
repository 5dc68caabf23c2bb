//! Digests of a message in parts.

mod support;

use kelpipe_crypto::digest::{Batch, Digest};
use support::{Random, bytes, paths};

const ALL: [Digest; 9] = [
    Digest::Blake3_256,
    Digest::Blake2b256,
    Digest::Blake2s256,
    Digest::Sha3_256,
    Digest::Sha2_256,
    Digest::Blake3_512,
    Digest::Blake2b512,
    Digest::Sha3_512,
    Digest::Sha2_512,
];

fn hash(digest: Digest, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = [0xa5; 70];
    digest.hash(parts, &mut out);
    assert_eq!(
        out[digest.size()..],
        [0xa5; 70][digest.size()..],
        "{digest:?} writes its size and no more"
    );
    out[..digest.size()].to_vec()
}

// Goal: each algorithm is the one that its name says. Digests of "abc" from the algorithms' specifications, or made
// with Python's hashlib and blake3.
#[test]
fn digests_of_abc_are_known() {
    for line in include_str!("vectors/digests.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let (name, expected) = line.split_once(' ').expect("a name and a digest");
        let digest = ALL
            .into_iter()
            .find(|digest| format!("{digest:?}") == name)
            .expect("a known name");
        assert_eq!(hash(digest, &[b"abc"]), bytes(expected), "{name}");
    }
}

// Goal: where a message is cut does not matter.
#[test]
fn parts_are_concatenated() {
    let message: Vec<u8> = (0..700u32).map(|i| (i * 7) as u8).collect();
    for digest in ALL {
        let whole = hash(digest, &[&message]);
        for cut in (0..=message.len()).step_by(37) {
            let (front, back) = message.split_at(cut);
            assert_eq!(
                hash(digest, &[front, &[], back]),
                whole,
                "{digest:?} cut at {cut}"
            );
        }
    }
}

/// Every length up to that of two chunks, in no order, the shorter ones more often.
fn messages() -> Vec<Vec<u8>> {
    let mut random = Random(3);
    let lengths = (0..2100).map(|i| if i % 3 == 0 { i } else { i % 400 });
    let mut messages: Vec<(u64, Vec<u8>)> = lengths
        .map(|length| {
            let mut message = vec![0; length];
            random.fill(&mut message);
            (random.next(), message)
        })
        .collect();
    messages.sort();
    messages.into_iter().map(|(_, message)| message).collect()
}

// Goal: a batch changes no digest, whatever its size, its mix of lengths, the path and the algorithm.
#[test]
fn batches_are_the_same() {
    let messages = messages();
    for path in paths() {
        let mut batch = Batch::new(Some(path));
        for digest in ALL {
            let sizes = (0..70).chain([500, messages.len()]);
            for (round, size) in sizes.enumerate() {
                let start = (31 * round) % (messages.len() - size + 1);
                batch.clear();
                assert!(batch.is_empty());
                for message in &messages[start..start + size] {
                    let (front, back) = message.split_at(message.len() / 3);
                    batch.push(&[front, &[], back]);
                }
                assert_eq!(batch.len(), size);
                let expected: Vec<u8> = messages[start..start + size]
                    .iter()
                    .flat_map(|message| hash(digest, &[message]))
                    .collect();
                assert!(
                    batch.hash(digest) == expected,
                    "{path:?}, {digest:?}, {size} from {start}"
                );
            }
        }
    }
}
