//! Quick.
use kelpipe_crypto::*;
use std::time::Instant;
fn main() {
    use ed25519_dalek::{Signer, SigningKey};
    let n = 2048;
    let keys: Vec<SigningKey> = (0..n as u32)
        .map(|i| {
            let mut s = [7u8; 32];
            s[..4].copy_from_slice(&i.to_le_bytes());
            SigningKey::from_bytes(&s)
        })
        .collect();
    let vks: Vec<[u8; 32]> = keys.iter().map(|k| k.verifying_key().to_bytes()).collect();
    let msgs: Vec<Vec<u8>> = (0..n)
        .map(|i| {
            let mut m = vec![0x5a; 314];
            m[0] = i as u8;
            m[1] = (i >> 8) as u8;
            m
        })
        .collect();
    let pick: [(&str, fn(usize) -> usize); 3] = [
        ("2048 fresh", |i| i),
        ("21 hot", |i| i % 21),
        ("mixed", |i| if i % 4 == 0 { i } else { i % 4 }),
    ];
    for path in [Path::Avx2, Path::Ifma] {
        for (name, f) in pick {
            let sigs: Vec<[u8; 64]> = (0..n)
                .map(|i| keys[f(i)].sign(&msgs[i]).to_bytes())
                .collect();
            let checks: Vec<Check> = (0..n)
                .map(|i| Check {
                    algorithm: Algorithm::Ed25519,
                    key: &vks[f(i)],
                    message: &msgs[i],
                    signature: &sigs[i],
                })
                .collect();
            let mut valid = vec![false; n];
            let mut best = f64::MAX;
            let mut sodium = f64::MAX;
            for _ in 0..5 {
                let v = Verifier::new(Options {
                    threads: 1,
                    path: Some(path),
                    ..Options::default()
                });
                if v.features().path != path {
                    continue;
                }
                if name != "2048 fresh" {
                    v.verify(&checks[..256], &mut valid[..256]);
                }
                if name == "mixed" {
                    let b = &checks[1..4];
                    for _ in 0..5 {
                        v.verify(b, &mut valid[..3]);
                    }
                }
                let t = Instant::now();
                v.verify(&checks, &mut valid);
                let e = t.elapsed().as_secs_f64() * 1e6 / n as f64;
                assert!(valid.iter().all(|&v| v));
                best = best.min(e);
                let t = Instant::now();
                for c in &checks[..200] {
                    assert_eq!(0, unsafe {
                        libsodium_sys::crypto_sign_verify_detached(
                            c.signature.as_ptr(),
                            c.message.as_ptr(),
                            c.message.len() as u64,
                            c.key.as_ptr(),
                        )
                    });
                }
                sodium = sodium.min(t.elapsed().as_secs_f64() * 1e6 / 200.0);
            }
            println!(
                "{path:?} {name}: {best:.2} us, libsodium {sodium:.2} us, ratio {:.3}",
                best / sodium
            );
        }
    }
}
