//! Points of the curve `-x^2 + y^2 = 1 + d x^2 y^2`, `N` side by side.
//!
//! Formulas: Hisil, Wong, Carter, Dawson, "Twisted Edwards curves revisited" (2008), in the arrangement of the
//! Ed25519 reference code. They are complete: they hold for every pair of points of the curve, those of small
//! order included, and never yield `z = 0`.

use super::{
    field::Field,
    limbs::{self, Limbs, ONE, ZERO},
};

/// `d = -121665 / 121666`.
pub(super) const D: Limbs = [
    0x3_4dca_1359_78a3,
    0x1_a828_3b15_6ebd,
    0x5_e7a2_6001_c029,
    0x7_39c6_63a0_3cbb,
    0x5_2036_cee2_b6ff,
];
/// `2 d`.
pub(super) const TWICE_D: Limbs = [
    0x6_9b94_26b2_f159,
    0x3_5050_762a_dd7a,
    0x3_cf44_c003_8052,
    0x6_738c_c740_7977,
    0x2_406d_9dc5_6dff,
];
/// `2^((p - 1) / 4)`, a square root of -1.
const ROOT_OF_MINUS_ONE: Limbs = [
    0x6_1b27_4a0e_a0b0,
    0x0_d5a5_fc8f_189d,
    0x7_ef5e_9cbd_0c60,
    0x7_8595_a680_4c9e,
    0x2_b832_4804_fc1d,
];

/// `(x / z, y / z)`: all that a doubling needs.
#[derive(Clone, Copy)]
pub(super) struct Projective<F> {
    pub(super) x: F,
    pub(super) y: F,
    pub(super) z: F,
}

/// `(x / z, y / z)` with `t = x y / z`: what an addition needs.
#[derive(Clone, Copy)]
pub(super) struct Extended<F> {
    pub(super) x: F,
    pub(super) y: F,
    pub(super) z: F,
    pub(super) t: F,
}

/// `(x / z, y / t)`: what doublings and additions yield, before one of two sets of products.
#[derive(Clone, Copy)]
pub(super) struct Completed<F> {
    x: F,
    y: F,
    z: F,
    t: F,
}

/// An addend with `z = 1`: `y + x`, `y - x`, `2 d x y`.
#[derive(Clone, Copy)]
pub(super) struct Affine<F> {
    pub(super) sum: F,
    pub(super) difference: F,
    pub(super) product: F,
}

/// An addend with any `z`: `y + x`, `y - x`, `2 d t` and `z`.
#[derive(Clone, Copy)]
pub(super) struct Cached<F> {
    pub(super) affine: Affine<F>,
    pub(super) z: F,
}

impl<F> Projective<F> {
    /// `2 self`: `x = 2xy, y = y² + x², z = y² - x², t = 2z² - (y² - x²)`, with `2xy = (x + y)² - x² - y²`.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    pub(super) fn double<const N: usize>(self) -> Completed<F>
    where
        F: Field<N>,
    {
        let (xx, yy, zz) = (self.x.squared(), self.y.squared(), self.z.squared());
        let both = self.x.add(self.y).squared();
        let sum = F::plus(yy, xx);
        Completed {
            x: F::reduce(F::minus(both, sum)),
            y: F::reduce(sum),
            z: F::reduce(F::minus(yy, xx)),
            t: F::reduce(F::minus(F::plus(F::plus(zz, zz), xx), yy)),
        }
    }
}

impl<F> Completed<F> {
    /// The neutral element.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    pub(super) fn identity<const N: usize>() -> Self
    where
        F: Field<N>,
    {
        let one = F::splat(ONE);
        Self {
            x: F::splat(ZERO),
            y: one,
            z: one,
            t: one,
        }
    }

    /// Three products.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    pub(super) fn to_projective<const N: usize>(self) -> Projective<F>
    where
        F: Field<N>,
    {
        Projective {
            x: self.x.product(self.t),
            y: self.y.product(self.z),
            z: self.z.product(self.t),
        }
    }

    /// Four products.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    pub(super) fn to_extended<const N: usize>(self) -> Extended<F>
    where
        F: Field<N>,
    {
        let Projective { x, y, z } = self.to_projective();
        Extended {
            x,
            y,
            z,
            t: self.x.product(self.y),
        }
    }
}

impl<F> Extended<F> {
    /// The neutral element `(0, 1)`.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    pub(super) fn identity<const N: usize>() -> Self
    where
        F: Field<N>,
    {
        let (zero, one) = (F::splat(ZERO), F::splat(ONE));
        Self {
            x: zero,
            y: one,
            z: one,
            t: zero,
        }
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    pub(super) fn projective(self) -> Projective<F> {
        Projective {
            x: self.x,
            y: self.y,
            z: self.z,
        }
    }

    /// `self + addend`: with `a = (y - x)(y' - x')`, `b = (y + x)(y' + x')`, `c = t 2d t'`, `d = 2z`, the sum is
    /// `x = b - a, y = b + a, z = d + c, t = d - c`.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    pub(super) fn add_affine<const N: usize>(self, addend: Affine<F>) -> Completed<F>
    where
        F: Field<N>,
    {
        let z = self.z.widen();
        self.add_with(addend, F::plus(z, z))
    }

    /// `self + addend`, where `d = 2 z z'`.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    pub(super) fn add_cached<const N: usize>(self, addend: Cached<F>) -> Completed<F>
    where
        F: Field<N>,
    {
        let z = self.z.times(addend.z);
        self.add_with(addend.affine, F::plus(z, z))
    }

    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    fn add_with<const N: usize>(self, addend: Affine<F>, d: F::Wide) -> Completed<F>
    where
        F: Field<N>,
    {
        let a = self.y.sub(self.x).times(addend.difference);
        let b = self.y.add(self.x).times(addend.sum);
        let c = self.t.times(addend.product);
        Completed {
            x: F::reduce(F::minus(b, a)),
            y: F::reduce(F::plus(b, a)),
            z: F::reduce(F::plus(d, c)),
            t: F::reduce(F::minus(d, c)),
        }
    }

    /// The point as an addend: one product.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    pub(super) fn cached<const N: usize>(self) -> Cached<F>
    where
        F: Field<N>,
    {
        Cached {
            affine: Affine {
                sum: self.y.add(self.x),
                difference: self.y.sub(self.x),
                product: self.t.mul(F::splat(TWICE_D)),
            },
            z: self.z,
        }
    }
}

impl<F> Affine<F> {
    /// Negates the lanes of `mask`: `-(x, y) = (-x, y)`.
    #[cfg_attr(not(any(test, unoptimized)), inline(always))]
    pub(super) fn negate_where<const N: usize>(self, mask: u32) -> Self
    where
        F: Field<N>,
    {
        Self {
            sum: F::select(mask, self.difference, self.sum),
            difference: F::select(mask, self.sum, self.difference),
            product: F::select(mask, self.product.negate(), self.product),
        }
    }
}

/// Decodes the keys and negates the points. The second result has bit `i` set where `keys[i]` is on the curve;
/// the other lanes hold the neutral element, so that no off-curve point meets the formulas.
///
/// With `u = y² - 1` and `v = d y² + 1`, `x² = u / v`; the candidate root is `u v³ (u v⁷)^((p - 5) / 8)`, right
/// as it is where `v x² = u`, to be multiplied by a root of -1 where `v x² = -u`, else there is none
/// (RFC 8032, section 5.1.3).
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
pub(super) fn decode_negated<F: Field<N>, const N: usize>(
    keys: &[&[u8; 32]; N],
) -> (Extended<F>, u32) {
    let mut y = [ZERO; N];
    for lane in 0..N {
        y[lane] = limbs::from_bytes(keys[lane]);
    }
    let (y, one) = (F::from_limbs(&y), F::splat(ONE));
    let yy = y.square();
    let (u, v) = (yy.sub(one), yy.mul(F::splat(D)).add(one));
    let v3 = v.square().mul(v);
    let root = v3.square().mul(v).mul(u).power_of_root().mul(v3).mul(u);
    let check = root.square().mul(v);
    // check - u and check + u; `u` itself may be too large to be subtracted.
    let (same, opposite) = (check.add(one.sub(yy)).to_limbs(), check.add(u).to_limbs());
    let (mut valid, mut turned) = (0, 0);
    for lane in 0..N {
        let (same, opposite) = (limbs::is_zero(&same[lane]), limbs::is_zero(&opposite[lane]));
        valid |= u32::from(same || opposite) << lane;
        turned |= u32::from(opposite) << lane;
    }
    let root = F::select(turned, root.mul(F::splat(ROOT_OF_MINUS_ONE)), root);
    let x = root.to_limbs();
    let mut flipped = 0;
    for lane in 0..N {
        // The point has the root whose parity is the key's top bit; its negative has the other.
        flipped |= u32::from(limbs::is_odd(&x[lane]) == (keys[lane][31] >> 7 == 1)) << lane;
    }
    let zero = F::splat(ZERO);
    let x = F::select(valid, F::select(flipped, zero.sub(root), root), zero);
    let y = F::select(valid, y, one);
    (
        Extended {
            x,
            y,
            z: one,
            t: x.mul(y),
        },
        valid,
    )
}
