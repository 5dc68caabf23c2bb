//! Runs of signatures: hash, multiply, encode, compare.

use super::{
    encoding::{admits, halves},
    field::Field,
    limbs,
    multiply::{with_tables, without_tables},
    point::{Projective, decode_negated},
    scalar::{self, Scalar},
    table::{Entry, Table, for_each_affine},
};

/// One signature with everything of the right length.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) key: &'a [u8; 32],
    pub(crate) message: &'a [u8],
    pub(crate) signature: &'a [u8; 64],
    /// The key's table, if it has one.
    pub(crate) table: Option<&'a Table>,
}

/// Groups of `N` that share an inversion.
const GROUPS: usize = 32;

/// Verifies `jobs`, of which either all or none have tables.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
pub(super) fn verify<F: Field<N>, const N: usize>(
    jobs: &[Job<'_>],
    base: &[Entry],
    valid: &mut [bool],
) {
    for (jobs, valid) in jobs.chunks(GROUPS * N).zip(valid.chunks_mut(GROUPS * N)) {
        let mut points = Vec::with_capacity(GROUPS);
        for (jobs, valid) in jobs.chunks(N).zip(valid.chunks_mut(N)) {
            points.push(evaluate::<F, N>(jobs, base, valid));
        }
        for_each_affine(&points, |group, x, y| {
            let (x, y) = (x.to_limbs(), y.to_limbs());
            let group = group * N..jobs.len().min((group + 1) * N);
            for (lane, (job, valid)) in jobs[group.clone()]
                .iter()
                .zip(&mut valid[group])
                .enumerate()
            {
                *valid &= encode(&x[lane], &y[lane]) == *halves(job.signature).0;
            }
        });
    }
}

/// `R' = S B - h A` of up to `N` jobs. Sets `valid` to what the byte checks and the decoding of the key say.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn evaluate<F: Field<N>, const N: usize>(
    jobs: &[Job<'_>],
    base: &[Entry],
    valid: &mut [bool],
) -> Projective<F> {
    // Lanes beyond the last job repeat it.
    let mut lanes = [&jobs[jobs.len() - 1]; N];
    for (lane, job) in lanes.iter_mut().zip(jobs) {
        *lane = job;
    }
    for (job, valid) in jobs.iter().zip(valid.iter_mut()) {
        *valid = admits(job.key, job.signature);
    }
    let (mut s, h) = ([[0; 4]; N], challenges::<F, N>(&lanes));
    for lane in 0..N {
        // A refused S may be too large for the multiplication; zero is as good, the verdict stands.
        if valid.get(lane) == Some(&true) {
            s[lane] = scalar::from_bytes(halves(lanes[lane].signature).1);
        }
    }
    if lanes[0].table.is_some() {
        let tables = lanes.map(|job| job.table.map_or(&[][..], |table| table));
        with_tables(&s, &h, &tables, base)
    } else {
        let (points, decoded) = decode_negated::<F, N>(&lanes.map(|job| job.key));
        for (lane, valid) in valid.iter_mut().enumerate() {
            *valid &= decoded >> lane & 1 == 1;
        }
        without_tables(&s, &h, points, base)
    }
}

/// `SHA-512(R, A, message)` modulo `L`.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn challenges<F: Field<N>, const N: usize>(jobs: &[&Job<'_>; N]) -> [Scalar; N] {
    let (mut heads, mut tails) = ([[0; 64]; N], [&[][..]; N]);
    for lane in 0..N {
        heads[lane][..32].copy_from_slice(halves(jobs[lane].signature).0);
        heads[lane][32..].copy_from_slice(jobs[lane].key);
        tails[lane] = jobs[lane].message;
    }
    let hashes = F::sha512(&heads, &tails);
    let mut challenges = [[0; 4]; N];
    for lane in 0..N {
        challenges[lane] = scalar::reduce(&hashes[lane]);
    }
    challenges
}

/// The encoding of a point: `y`, and the parity of `x` on top.
fn encode(x: &limbs::Limbs, y: &limbs::Limbs) -> [u8; 32] {
    let mut bytes = limbs::to_bytes(&limbs::canonical(y));
    bytes[31] |= u8::from(limbs::is_odd(x)) << 7;
    bytes
}
