//! Digests of a message in parts.

mod support;

use kelpipe_crypto::digest::Digest;
use support::bytes;

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
