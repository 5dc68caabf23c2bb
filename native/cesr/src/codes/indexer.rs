//! The Indexer code table as data. Columns: code, name, hs, ss, os, fs, ls, raw, lists, algorithm.

use super::{
    Algorithm::{Ed448, Ed25519, Secp256k1, Secp256r1},
    IndexerRow,
    Lists::{Both, Current, None as Test},
    VARIABLE, indexer_row as row,
};

/// Every Indexer code; the same in KERIpy 1.1.17 and HEAD.
#[rustfmt::skip]
pub static INDEXER: [IndexerRow; 19] = [
    row("A", "Ed25519_Sig", 1, 1, 0, 88, 0, 64, Both, Some(Ed25519)),
    row("B", "Ed25519_Crt_Sig", 1, 1, 0, 88, 0, 64, Current, Some(Ed25519)),
    row("C", "ECDSA_256k1_Sig", 1, 1, 0, 88, 0, 64, Both, Some(Secp256k1)),
    row("D", "ECDSA_256k1_Crt_Sig", 1, 1, 0, 88, 0, 64, Current, Some(Secp256k1)),
    row("E", "ECDSA_256r1_Sig", 1, 1, 0, 88, 0, 64, Both, Some(Secp256r1)),
    row("F", "ECDSA_256r1_Crt_Sig", 1, 1, 0, 88, 0, 64, Current, Some(Secp256r1)),
    row("0A", "Ed448_Sig", 2, 2, 1, 156, 0, 114, Both, Some(Ed448)),
    row("0B", "Ed448_Crt_Sig", 2, 2, 1, 156, 0, 114, Current, Some(Ed448)),
    row("2A", "Ed25519_Big_Sig", 2, 4, 2, 92, 0, 64, Both, Some(Ed25519)),
    row("2B", "Ed25519_Big_Crt_Sig", 2, 4, 2, 92, 0, 64, Current, Some(Ed25519)),
    row("2C", "ECDSA_256k1_Big_Sig", 2, 4, 2, 92, 0, 64, Both, Some(Secp256k1)),
    row("2D", "ECDSA_256k1_Big_Crt_Sig", 2, 4, 2, 92, 0, 64, Current, Some(Secp256k1)),
    row("2E", "ECDSA_256r1_Big_Sig", 2, 4, 2, 92, 0, 64, Both, Some(Secp256r1)),
    row("2F", "ECDSA_256r1_Big_Crt_Sig", 2, 4, 2, 92, 0, 64, Current, Some(Secp256r1)),
    row("3A", "Ed448_Big_Sig", 2, 6, 3, 160, 0, 114, Both, Some(Ed448)),
    row("3B", "Ed448_Big_Crt_Sig", 2, 6, 3, 160, 0, 114, Current, Some(Ed448)),
    row("0z", "TBD0", 2, 2, 0, VARIABLE, 0, VARIABLE, Test, None),
    row("1z", "TBD1", 2, 2, 1, 76, 1, 53, Test, None),
    row("4z", "TBD4", 2, 6, 3, 80, 1, 53, Test, None),
];
