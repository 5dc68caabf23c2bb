//! The arithmetic against integers without limits, in lanes of every path that this machine has.
//!
//! The bounds of limbs are asserted in this build, so that every operation here proves its own, and the last test
//! those of the curve.

#[path = "../../tests/support/random.rs"]
mod random;

use ed25519_dalek::{Signer, SigningKey};
use num_bigint::BigUint;
use random::Random;

use super::{
    field::Field,
    limbs::{self, Limbs, MASK},
    paths::available,
    portable::Portable,
    scalar,
};
use crate::{Algorithm, Check, Options, Path, Verifier};

/// What the limbs of an element may be at most.
const LIMB_MAX: u64 = (1 << 51) + (1 << 17);
/// Above what the limbs of a product may be.
const PRODUCT_LIMB_END: u64 = (1 << 51) + (1 << 43);
const ROUNDS: usize = 3000;

fn power(exponent: u32) -> BigUint {
    BigUint::from(1u8) << exponent
}

/// `2^255 - 19`.
fn p() -> BigUint {
    power(255) - 19u8
}

/// The order of the group.
fn l() -> BigUint {
    power(252)
        + BigUint::parse_bytes(b"27742317777372353535851937790883648493", 10).expect("digits")
}

fn value(limbs: &Limbs) -> BigUint {
    let terms = limbs.iter().zip([0, 51, 102, 153, 204]);
    terms
        .map(|(&limb, shift)| BigUint::from(limb) << shift)
        .sum()
}

/// Limbs at random, at their bounds, and around `p`.
fn limbs(random: &mut Random) -> Limbs {
    let p = [MASK - 18, MASK, MASK, MASK, MASK];
    let edges = [0, 1, 2, 19, MASK - 19, MASK - 18, MASK, MASK + 1, LIMB_MAX];
    match random.below(6) {
        0 => [0; 5].map(|_: u64| edges[random.below(edges.len())]),
        1 => {
            // From p - 3 to p + 3.
            let mut near = p;
            near[0] = near[0] + random.below(7) as u64 - 3;
            near
        }
        2 => [LIMB_MAX; 5],
        3 => [random.below(3) as u64, 0, 0, 0, 0],
        _ => [0; 5].map(|_: u64| random.next() & MASK),
    }
}

/// Lanes with their values.
#[derive(Clone)]
struct Known<F, const N: usize> {
    lanes: F,
    values: [BigUint; N],
}

impl<F: Field<N>, const N: usize> Known<F, N> {
    fn random(random: &mut Random) -> Self {
        let all: [Limbs; N] = std::array::from_fn(|_| limbs(random));
        Self {
            lanes: F::from_limbs(&all),
            values: all.map(|limbs| value(&limbs)),
        }
    }

    /// The same by the formula of values.
    fn expect(lanes: F, formula: impl Fn(usize) -> BigUint) -> Self {
        let got = lanes.to_limbs();
        let values = std::array::from_fn(|lane| formula(lane) % p());
        for lane in 0..N {
            assert!(got[lane].iter().all(|&limb| limb < 1 << 55), "lane {lane}");
            assert_eq!(value(&got[lane]) % p(), values[lane], "lane {lane}");
        }
        Self { lanes, values }
    }

    /// Of a product, whose limbs are smaller.
    fn expect_product(lanes: F, formula: impl Fn(usize) -> BigUint) -> Self {
        for limbs in lanes.to_limbs() {
            assert!(
                limbs.iter().all(|&limb| limb < PRODUCT_LIMB_END),
                "{limbs:x?}"
            );
        }
        Self::expect(lanes, formula)
    }
}

/// One round over four elements that are products or from limbs; gives such again.
fn round<F: Field<N>, const N: usize>(known: &[Known<F, N>; 4]) -> [Known<F, N>; 4] {
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| known[i].lanes);
    let of = |i: usize, lane: usize| &known[i].values[lane];
    let minus = |i: usize, lane: usize| p() + p() - of(i, lane) % p();
    let product = Known::expect_product(a.mul(b), |i| of(0, i) * of(1, i));
    let square = Known::expect_product(c.square(), |i| of(2, i) * of(2, i));
    let fourth = Known::expect_product(d.square_times(2), |i| of(3, i).pow(4));
    Known::expect(a.add(b), |i| of(0, i) + of(1, i));
    Known::expect(a.sub(b), |i| of(0, i) + minus(1, i));
    Known::expect(a.sub(b).add(c), |i| of(0, i) + minus(1, i) + of(2, i));
    Known::expect(a.negate().mul(d), |i| minus(0, i) * of(3, i));
    Known::expect(a.add(b).mul(c.add(d)), |i| {
        (of(0, i) + of(1, i)) * (of(2, i) + of(3, i))
    });
    let sums = Known::expect_product(a.sub(b).mul(c.sub(d)), |i| {
        (of(0, i) + minus(1, i)) * (of(2, i) + minus(3, i))
    });
    // The sums of a doubling and of an addition (`point.rs`), each of which is multiplied at once.
    let (aa, bb, cc) = (a.squared(), b.squared(), c.squared());
    let sum = F::plus(aa, bb);
    let x = F::reduce(F::minus(a.add(b).squared(), sum));
    Known::expect(x.mul(d), |i| of(0, i) * of(1, i) * 2u8 * of(3, i));
    let t = F::reduce(F::minus(F::plus(F::plus(cc, cc), aa), bb));
    Known::expect(t.mul(F::reduce(sum)), |i| {
        let (aa, bb, cc) = (of(0, i).pow(2), of(1, i).pow(2), of(2, i).pow(2));
        let t = cc * 2u8 + &aa + (p() - &bb % p());
        t * (aa + bb)
    });
    let twice = F::plus(d.widen(), d.widen());
    let product2 = a.times(b);
    let (z, t) = (F::plus(twice, product2), F::minus(twice, product2));
    Known::expect(F::reduce(z).mul(F::reduce(t)), |i| {
        let (d, ab) = (of(3, i) * 2u8, of(0, i) * of(1, i));
        (&d + &ab) * (d + (p() - ab % p()))
    });
    [product, square, fourth, sums]
}

fn compare_field<F: Field<N>, const N: usize>() {
    let mut random = Random(4);
    let mut known: [Known<F, N>; 4] = std::array::from_fn(|_| Known::random(&mut random));
    for i in 0..ROUNDS / N {
        known = round(&known);
        // Products run into zeros and ones where an element was one; and the edges are in fresh ones.
        for _ in 0..2 {
            known[random.below(4)] = Known::random(&mut random);
        }
        if i % 50 == 0 {
            compare_powers(&known[0], &known[1]);
        }
    }
}

/// Inverses, roots, and what moves lanes.
fn compare_powers<F: Field<N>, const N: usize>(a: &Known<F, N>, b: &Known<F, N>) {
    Known::expect(a.lanes.invert(), |i| a.values[i].modpow(&(p() - 2u8), &p()));
    Known::expect(a.lanes.power_of_root(), |i| {
        a.values[i].modpow(&((p() - 5u8) >> 3), &p())
    });
    for mask in [0, 1, 0b10, 0b1010_0110, u32::MAX] {
        Known::expect(F::select(mask, a.lanes, b.lanes), |i| {
            let known = if mask >> i & 1 == 1 { a } else { b };
            known.values[i].clone()
        });
    }
    let mut blocks = [[0; 16]; N];
    for (block, (a, b)) in blocks
        .iter_mut()
        .zip(a.lanes.to_limbs().iter().zip(&b.lanes.to_limbs()))
    {
        block[..5].copy_from_slice(a);
        block[5..10].copy_from_slice(b);
        block[10..15].copy_from_slice(a);
    }
    let [first, second, third] = F::load3(&blocks.each_ref());
    Known::expect(first, |i| a.values[i].clone());
    Known::expect(second, |i| b.values[i].clone());
    Known::expect(third, |i| a.values[i].clone());
    let short = blocks.map(|block| *block.first_chunk().expect("eight words"));
    Known::expect(F::load1(&short.each_ref()), |i| a.values[i].clone());
}

// Goal: the field is the field, with limbs at their bounds too.
#[test]
fn every_path_computes_in_the_field() {
    for path in available() {
        match path {
            #[cfg(target_arch = "x86_64")]
            Path::Ifma => compare_field::<super::ifma::Ifma, 8>(),
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => compare_field::<super::halves::Halves<crate::simd::avx2::Avx2>, 4>(),
            #[cfg(target_arch = "aarch64")]
            Path::Neon => compare_field::<super::halves::Halves<crate::simd::neon::Neon>, 2>(),
            _ => compare_field::<Portable, 1>(),
        }
    }
}

// Goal: single elements: any limbs have one canonical form, and bytes come back as they were.
#[test]
fn limbs_have_one_canonical_form() {
    let mut random = Random(5);
    for round in 0..20_000 {
        let limbs = match round {
            0 => [u64::MAX >> 1; 5],
            _ if round % 4 == 0 => [0; 5].map(|_: u64| random.next() >> 1),
            _ => limbs(&mut random),
        };
        let canonical = limbs::canonical(&limbs);
        let expected = value(&limbs) % p();
        assert!(canonical.iter().all(|&limb| limb <= MASK));
        assert_eq!(value(&canonical), expected, "{limbs:x?}");
        let bytes = limbs::to_bytes(&canonical);
        assert_eq!(BigUint::from_bytes_le(&bytes), expected);
        assert_eq!(limbs::from_bytes(&bytes), canonical);
        assert_eq!(limbs::is_zero(&limbs), expected == BigUint::ZERO);
        assert_eq!(limbs::is_odd(&limbs), expected.bit(0));
    }
}

// Goal: scalars modulo L, from hashes of every kind.
#[test]
fn scalars_are_reduced() {
    let mut random = Random(6);
    for round in 0..20_000u32 {
        let mut bytes = [0; 64];
        random.fill(&mut bytes);
        match round % 4 {
            0 => bytes[random.below(64)..].fill(0),
            1 => bytes[random.below(64)..].fill(0xff),
            2 => {
                // A multiple of L, or next to one.
                let near = l() * random.next() * random.next() + random.below(3) as u32 - 1u8;
                bytes.fill(0);
                let near = near.to_bytes_le();
                bytes[..near.len()].copy_from_slice(&near);
            }
            _ => {}
        }
        let reduced = scalar::reduce(&bytes);
        let got = reduced.map(u64::to_le_bytes).concat();
        assert_eq!(
            BigUint::from_bytes_le(&got),
            BigUint::from_bytes_le(&bytes) % l(),
            "{bytes:02x?}"
        );
        compare_digits::<5>(&reduced);
        compare_digits::<8>(&reduced);
    }
}

/// Digits are in range, and their sum is the scalar.
fn compare_digits<const WIDTH: usize>(scalar: &scalar::Scalar) {
    let (mut sum, mut negative) = (BigUint::ZERO, BigUint::ZERO);
    for (i, &digit) in scalar::digits::<WIDTH>(scalar).iter().enumerate() {
        assert!(digit > -(1 << (WIDTH - 1)) && digit <= 1 << (WIDTH - 1));
        let term = BigUint::from(digit.unsigned_abs()) << (WIDTH * i);
        *(if digit < 0 { &mut negative } else { &mut sum }) += term;
    }
    let bytes = scalar.map(u64::to_le_bytes).concat();
    assert_eq!(sum - negative, BigUint::from_bytes_le(&bytes));
}

// Goal: the curve keeps the field's bounds, which are asserted in this build: with tables and without.
#[test]
fn signatures_keep_the_bounds() {
    let mut random = Random(7);
    let signed: Vec<_> = (0..200u8)
        .map(|i| {
            let key = SigningKey::from_bytes(&[i % 67; 32]);
            let mut message = vec![0; random.below(300)];
            random.fill(&mut message);
            let signature = key.sign(&message).to_bytes();
            (key.verifying_key().to_bytes(), message, signature)
        })
        .collect();
    let checks: Vec<Check<'_>> = signed
        .iter()
        .map(|(key, message, signature)| Check {
            algorithm: Algorithm::Ed25519,
            key,
            message,
            signature,
        })
        .collect();
    for path in available() {
        let verifier = Verifier::new(Options {
            threads: 1,
            path: Some(path),
            ..Options::default()
        });
        for _ in 0..3 {
            let mut valid = vec![false; checks.len()];
            verifier.verify(&checks, &mut valid);
            assert!(!valid.contains(&false), "{path:?}");
        }
        assert!(verifier.metrics().table_hits > 200);
    }
}
