//! The code tables against the facts in `data/codes.tsv`, which were generated from the reference's own tables.

use kelpipe_cesr::codes::{
    Algorithm, COUNTERS_HEAD_V1, COUNTERS_STABLE, COUNTERS_V2, INDEXER, Lists, MATTER,
    MATTER_STABLE_ONLY, MatterRow, Unit,
};

fn facts(table: &str) -> Vec<Vec<&'static str>> {
    let rows = include_str!("data/codes.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'));
    let rows = rows.map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[0] == table)
        .map(|row| row[1..].to_vec())
        .collect()
}

fn number(value: Option<u32>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}

fn columns(row: &MatterRow) -> Vec<String> {
    let (hs, ss, xs, ls) = (
        row.hs.to_string(),
        row.ss.to_string(),
        row.xs.to_string(),
        row.ls.to_string(),
    );
    vec![
        row.code.to_owned(),
        row.name.to_owned(),
        hs,
        ss,
        xs,
        number(row.fs),
        ls,
        number(row.raw),
    ]
}

#[test]
fn matter_rows_are_the_facts() {
    let facts = facts("matter");
    assert_eq!(facts.len(), MATTER.len());
    let stable: Vec<_> = self::facts("stable").iter().map(|row| row[0]).collect();
    for (row, fact) in MATTER.iter().zip(&facts) {
        assert_eq!(columns(row), fact[..8], "{}", row.code);
        let held = |codex: &str| fact[8].split(',').any(|name| name == codex);
        for (codex, holds) in [
            ("DigDex", row.is_digest()),
            ("NonTransDex", row.is_nontransferable_prefix()),
            ("NumDex", row.is_number()),
            ("BexDex", row.is_bext()),
            ("TexDex", row.is_bytes()),
            ("DecDex", row.is_decimal()),
            ("NonceDex", row.is_nonce()),
            ("TagDex", row.is_tag()),
            ("LabelDex", row.is_label()),
            ("EscapeDex", row.is_escaped()),
            // A signature code stands in the reference's prefix codex by mistake.
            ("PreDex", row.is_prefix() || row.code == "1AAE"),
        ] {
            assert_eq!(held(codex), holds, "{} in {codex}", row.code);
        }
        assert_eq!(row.in_stable, stable.contains(&row.code), "{}", row.code);
    }
}

#[test]
fn rows_of_1_1_17_are_the_facts() {
    for fact in facts("stable") {
        let same = |row: &&MatterRow| row.code == fact[0] && columns(row)[2..] == fact[2..8];
        assert!(
            MATTER
                .iter()
                .chain(&MATTER_STABLE_ONLY)
                .any(|row| same(&row)),
            "{fact:?}"
        );
        let row = MATTER.iter().find(|row| row.code == fact[0]);
        let prefix = fact[8].split(',').any(|codex| codex == "PreDex");
        assert_eq!(
            row.is_some_and(MatterRow::is_prefix_stable),
            prefix,
            "{fact:?}"
        );
    }
}

#[test]
fn sizes_obey_the_invariants() {
    for row in &MATTER {
        assert_eq!(u32::from(row.cs()) % 4, u32::from(row.ps()));
        if let (Some(fs), Some(raw)) = (row.fs, row.raw) {
            assert_eq!(fs % 4, 0, "{}", row.code);
            let bits =
                6 * u32::from(row.cs()) + 2 * u32::from(row.ps()) + 8 * (u32::from(row.ls) + raw);
            assert_eq!(bits, 6 * fs, "{}", row.code);
        }
    }
}

#[test]
fn indexer_rows_are_the_facts() {
    let facts = facts("indexer");
    assert_eq!(facts.len(), INDEXER.len());
    for (row, fact) in INDEXER.iter().zip(&facts) {
        let lists = match row.lists {
            Lists::Both => "both",
            Lists::Current => "current-only",
            Lists::None => "test-only",
        };
        let algorithm = match row.algorithm {
            Some(Algorithm::Ed25519) => "Ed25519",
            Some(Algorithm::Ed448) => "Ed448",
            Some(Algorithm::Secp256k1) => "secp256k1",
            Some(Algorithm::Secp256r1) => "secp256r1",
            None => "-",
        };
        let (hs, ss, os, ls) = (
            row.hs.to_string(),
            row.ss.to_string(),
            row.os.to_string(),
            row.ls.to_string(),
        );
        let ours = [
            row.code,
            row.name,
            &hs,
            &ss,
            &os,
            &number(row.fs),
            &ls,
            &number(row.raw),
            lists,
            algorithm,
        ];
        assert_eq!(ours, fact[..]);
    }
}

#[test]
fn counter_rows_are_the_facts() {
    let facts = facts("counter");
    for (name, rows) in [
        ("stable", &COUNTERS_STABLE[..]),
        ("head1", &COUNTERS_HEAD_V1),
        ("v2", &COUNTERS_V2),
    ] {
        let facts: Vec<_> = facts.iter().filter(|fact| fact[0] == name).collect();
        assert_eq!(facts.len(), rows.len());
        for (row, fact) in rows.iter().zip(facts) {
            let unit = match row.unit {
                Unit::Elements => "elements",
                Unit::Quadlets => "quadlets",
                Unit::Version => "version",
            };
            let ours = [
                name,
                row.code,
                row.name,
                &row.hs.to_string(),
                &row.ss.to_string(),
                unit,
            ];
            assert_eq!(ours, fact[..]);
        }
    }
}
