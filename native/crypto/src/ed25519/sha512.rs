//! SHA-512 of `N` messages side by side (FIPS 180-4).

use crate::simd::Words;

/// Fractional parts of the square roots of the first 8 primes.
const START: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// Fractional parts of the cube roots of the first 80 primes.
#[rustfmt::skip]
const ROUNDS: [u64; 80] = [
    0x428a_2f98_d728_ae22, 0x7137_4491_23ef_65cd, 0xb5c0_fbcf_ec4d_3b2f, 0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538, 0x59f1_11f1_b605_d019, 0x923f_82a4_af19_4f9b, 0xab1c_5ed5_da6d_8118,
    0xd807_aa98_a303_0242, 0x1283_5b01_4570_6fbe, 0x2431_85be_4ee4_b28c, 0x550c_7dc3_d5ff_b4e2,
    0x72be_5d74_f27b_896f, 0x80de_b1fe_3b16_96b1, 0x9bdc_06a7_25c7_1235, 0xc19b_f174_cf69_2694,
    0xe49b_69c1_9ef1_4ad2, 0xefbe_4786_384f_25e3, 0x0fc1_9dc6_8b8c_d5b5, 0x240c_a1cc_77ac_9c65,
    0x2de9_2c6f_592b_0275, 0x4a74_84aa_6ea6_e483, 0x5cb0_a9dc_bd41_fbd4, 0x76f9_88da_8311_53b5,
    0x983e_5152_ee66_dfab, 0xa831_c66d_2db4_3210, 0xb003_27c8_98fb_213f, 0xbf59_7fc7_beef_0ee4,
    0xc6e0_0bf3_3da8_8fc2, 0xd5a7_9147_930a_a725, 0x06ca_6351_e003_826f, 0x1429_2967_0a0e_6e70,
    0x27b7_0a85_46d2_2ffc, 0x2e1b_2138_5c26_c926, 0x4d2c_6dfc_5ac4_2aed, 0x5338_0d13_9d95_b3df,
    0x650a_7354_8baf_63de, 0x766a_0abb_3c77_b2a8, 0x81c2_c92e_47ed_aee6, 0x9272_2c85_1482_353b,
    0xa2bf_e8a1_4cf1_0364, 0xa81a_664b_bc42_3001, 0xc24b_8b70_d0f8_9791, 0xc76c_51a3_0654_be30,
    0xd192_e819_d6ef_5218, 0xd699_0624_5565_a910, 0xf40e_3585_5771_202a, 0x106a_a070_32bb_d1b8,
    0x19a4_c116_b8d2_d0c8, 0x1e37_6c08_5141_ab53, 0x2748_774c_df8e_eb99, 0x34b0_bcb5_e19b_48a8,
    0x391c_0cb3_c5c9_5a63, 0x4ed8_aa4a_e341_8acb, 0x5b9c_ca4f_7763_e373, 0x682e_6ff3_d6b2_b8a3,
    0x748f_82ee_5def_b2fc, 0x78a5_636f_4317_2f60, 0x84c8_7814_a1f0_ab72, 0x8cc7_0208_1a64_39ec,
    0x90be_fffa_2363_1e28, 0xa450_6ceb_de82_bde9, 0xbef9_a3f7_b2c6_7915, 0xc671_78f2_e372_532b,
    0xca27_3ece_ea26_619c, 0xd186_b8c7_21c0_c207, 0xeada_7dd6_cde0_eb1e, 0xf57d_4f7f_ee6e_d178,
    0x06f0_67aa_7217_6fba, 0x0a63_7dc5_a2c8_98a6, 0x113f_9804_bef9_0dae, 0x1b71_0b35_131c_471b,
    0x28db_77f5_2304_7d84, 0x32ca_ab7b_40c7_2493, 0x3c9e_be0a_15c9_bebc, 0x431d_67c4_9c10_0d4c,
    0x4cc5_d4be_cb3e_42b6, 0x597f_299c_fc65_7e2a, 0x5fcb_6fab_3ad6_faec, 0x6c44_198c_4a47_5817,
];

/// Bytes of a block.
const BLOCK: usize = 128;

/// The digests of `head || tail` of each lane.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
pub(super) fn sha512<W: Words<N>, const N: usize>(
    heads: &[[u8; 64]; N],
    tails: &[&[u8]; N],
) -> [[u8; 64]; N] {
    let mut counts = [0; N];
    for lane in 0..N {
        counts[lane] = block_count(tails[lane]);
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let mut state = [W::splat(0); 8];
    for (state, word) in state.iter_mut().zip(START) {
        *state = W::splat(word);
    }
    for index in 0..most {
        let (mut fronts, mut backs) = ([[0; 8]; N], [[0; 8]; N]);
        // Lanes that are done keep their state.
        let mut active = 0;
        for lane in 0..N {
            if index < counts[lane] {
                active |= 1 << lane;
                (fronts[lane], backs[lane]) = block(&heads[lane], tails[lane], index);
            }
        }
        compress(
            &mut state,
            active,
            W::transpose(&fronts.each_ref()),
            W::transpose(&backs.each_ref()),
        );
    }
    digests(state)
}

/// Blocks of a message after its padding: a byte 0x80, zeros, and 16 bytes for the length in bits.
fn block_count(tail: &[u8]) -> usize {
    (64 + tail.len() + 17).div_ceil(BLOCK)
}

/// The words of a block of the padded message.
fn block(head: &[u8; 64], tail: &[u8], index: usize) -> ([u64; 8], [u64; 8]) {
    // What of the tail lies in this block, and where.
    let start = (index * BLOCK).saturating_sub(64).min(tail.len());
    let part = &tail[start..tail.len().min(index * BLOCK + 64)];
    if let Ok(whole) = part.try_into() {
        return words(whole);
    }
    let mut bytes = [0; BLOCK];
    let offset = if index == 0 { 64 } else { 0 };
    bytes[..offset].copy_from_slice(&head[..offset]);
    bytes[offset..offset + part.len()].copy_from_slice(part);
    let end = 64 + tail.len();
    if end / BLOCK == index {
        bytes[end % BLOCK] = 0x80;
    }
    if index + 1 == block_count(tail) {
        bytes[BLOCK - 16..].copy_from_slice(&(8 * end as u128).to_be_bytes());
    }
    words(&bytes)
}

fn words(bytes: &[u8; BLOCK]) -> ([u64; 8], [u64; 8]) {
    let (chunks, _) = bytes.as_chunks();
    let word = |at: usize| u64::from_be_bytes(chunks[at]);
    (
        core::array::from_fn(word),
        core::array::from_fn(|i| word(i + 8)),
    )
}

#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn digests<W: Words<N>, const N: usize>(state: [W; 8]) -> [[u8; 64]; N] {
    let mut digests = [[0; 64]; N];
    for (i, words) in state.iter().enumerate() {
        for (digest, word) in digests.iter_mut().zip(words.to_array()) {
            digest[8 * i..8 * i + 8].copy_from_slice(&word.to_be_bytes());
        }
    }
    digests
}

/// One block into the state of the `active` lanes.
#[cfg_attr(not(any(test, unoptimized)), inline(always))]
fn compress<W: Words<N>, const N: usize>(
    state: &mut [W; 8],
    active: u32,
    front: [W; 8],
    back: [W; 8],
) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    let [w0, w1, w2, w3, w4, w5, w6, w7] = front;
    let [w8, w9, w10, w11, w12, w13, w14, w15] = back;
    let mut w = [
        w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15,
    ];
    // The roles of the eight variables move on by one each round; `w` holds the words of the next 16 rounds.
    macro_rules! rounds {
        ($constants:ident: $($i:literal $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident)*) => {$(
            let sum1 = W::xor3($e.rotate_right(14), $e.rotate_right(18), $e.rotate_right(41));
            let first = $h.add(sum1).add(W::choose($e, $f, $g)).add(W::splat($constants[$i]).add(w[$i]));
            let sum0 = W::xor3($a.rotate_right(28), $a.rotate_right(34), $a.rotate_right(39));
            $d = $d.add(first);
            $h = first.add(sum0).add(W::majority($a, $b, $c));
            let (w1, w14) = (w[($i + 1) % 16], w[($i + 14) % 16]);
            let small0 = W::xor3(w1.rotate_right(1), w1.rotate_right(8), w1.shift_right(7));
            let small1 = W::xor3(w14.rotate_right(19), w14.rotate_right(61), w14.shift_right(6));
            w[$i] = w[$i].add(small0).add(w[($i + 9) % 16]).add(small1);
        )*};
    }
    let (chunks, _) = ROUNDS.as_chunks::<16>();
    for constants in chunks {
        rounds! { constants:
            0 a b c d e f g h
            1 h a b c d e f g
            2 g h a b c d e f
            3 f g h a b c d e
            4 e f g h a b c d
            5 d e f g h a b c
            6 c d e f g h a b
            7 b c d e f g h a
            8 a b c d e f g h
            9 h a b c d e f g
            10 g h a b c d e f
            11 f g h a b c d e
            12 e f g h a b c d
            13 d e f g h a b c
            14 c d e f g h a b
            15 b c d e f g h a
        }
    }
    for (state, word) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *state = W::select(active, state.add(word), *state);
    }
}
