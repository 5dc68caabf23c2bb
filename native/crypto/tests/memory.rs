//! Tables come and go for as long as a process lives, and it does not grow by it.
#![cfg(target_os = "linux")]

mod support;

#[test]
fn tables_that_come_and_go_take_no_more_memory() {
    use ed25519_dalek::{Signer, SigningKey};
    use kelpipe_crypto::{Algorithm, Check, Path};
    use support::verifier;

    /// As many tables as fit in at a time.
    const TABLES: usize = 100;
    const TABLE_BYTES: usize = 18 << 10;
    const USES: usize = 8;
    const ROUNDS: usize = 40;

    let anonymous_kib = || -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let line = status.lines().find(|line| line.starts_with("RssAnon:"));
        let digits = line.expect("a kernel since 4.5").split_whitespace().nth(1);
        digits.expect("a number").parse().expect("a number")
    };
    let verifier = verifier(Path::Portable, TABLES * TABLE_BYTES);
    // What a program keeps of each batch stands between the tables.
    let mut kept: Vec<Box<[u8]>> = Vec::new();
    let mut round = |round: usize| {
        let signed: Vec<_> = (0..TABLES)
            .map(|at| {
                let mut seed = [1; 32];
                seed[..8].copy_from_slice(&((round * TABLES + at) as u64).to_le_bytes());
                let key = SigningKey::from_bytes(&seed);
                (
                    key.verifying_key().to_bytes(),
                    key.sign(b"message").to_bytes(),
                )
            })
            .collect();
        for (key, signature) in &signed {
            let check = Check {
                algorithm: Algorithm::Ed25519,
                key,
                message: b"message",
                signature,
            };
            let mut valid = [false; USES];
            verifier.verify(&[check; USES], &mut valid);
            assert_eq!(valid, [true; USES]);
            kept.push(vec![0; 40].into());
        }
    };
    (0..2).for_each(&mut round);
    let before = anonymous_kib();
    (2..ROUNDS).for_each(&mut round);
    let grown = anonymous_kib().saturating_sub(before);
    assert!(verifier.metrics().tables_evicted > 1_000);
    assert!(grown < 4 << 10, "grown by {grown} KiB");
}
