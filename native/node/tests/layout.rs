//! Writes down for TypeScript what crosses the boundary, from the lists that Rust works by.
//!
//! The test compares; after a change of a list, `KELPIPE_WRITE_LAYOUT=1 cargo test -p kelpipe-node --test layout`
//! writes the file anew.

use std::fmt::Write;
use std::path::Path;

use kelpipe_cesr::ErrorKind;
use kelpipe_keri::columns::{FLAG_REPEATED, FLAG_RETRIED, FLAG_VERIFIED, LAYOUT, Width};
use kelpipe_keri::decision::{Awaits, Kind, Verdict, codes};
use kelpipe_keri::event::ILKS;
use kelpipe_keri::store::OP_WORDS;
use kelpipe_node::layout::{DOMAINS, FAULT_WORDS, KINDS, SPAN_FLAGS, SPAN_WORDS, TABLES};

const HEADER: &str = "\
// Made from the lists in Rust by native/node/tests/layout.rs: change them there.

/** A column of verdicts: its name and the width of its elements. */
export interface Column {
  readonly name: string
  readonly type: 'u64' | 'u32' | 'u16' | 'u8'
}

/** A code with the reference's exception class and an explanation. */
export interface Code {
  readonly code: string
  readonly class: string
  readonly text: string
}
";

#[test]
fn the_typescript_layout_is_that_of_rust() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../layout.ts");
    let made = layout().expect("strings can be written to");
    if std::env::var_os("KELPIPE_WRITE_LAYOUT").is_some() {
        std::fs::write(&path, &made).expect("native/layout.ts can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == made,
        "native/layout.ts is out of date: KELPIPE_WRITE_LAYOUT=1 cargo test -p kelpipe-node --test layout"
    );
}

fn layout() -> Result<String, std::fmt::Error> {
    let mut out = String::from(HEADER);
    columns(&mut out)?;
    flags(&mut out)?;
    words(
        &mut out,
        "verdictNames",
        "What became of a row, by number.",
        &verdicts(),
    )?;
    words(
        &mut out,
        "ilkNames",
        "Message types by number. The last one stands for ACDCs without a type.",
        &ILKS,
    )?;
    kinds(&mut out)?;
    words(
        &mut out,
        "awaitsNames",
        "What a waiting entry awaits, by number.",
        &awaits(),
    )?;
    let tables: Vec<&str> = TABLES.iter().map(|(_, name)| *name).collect();
    words(
        &mut out,
        "tableNames",
        "The tables of the database, in the order of their numbers.",
        &tables,
    )?;
    let kinds: Vec<&str> = KINDS.iter().map(|(_, name)| *name).collect();
    words(
        &mut out,
        "bodyKinds",
        "Serializations of a body, by number in the flags of a span.",
        &kinds,
    )?;
    let domains: Vec<&str> = DOMAINS.iter().map(|(_, name)| *name).collect();
    words(
        &mut out,
        "domains",
        "Domains by number in the flags of a span.",
        &domains,
    )?;
    faults(&mut out)?;
    rejects(&mut out)?;
    Ok(out)
}

fn columns(out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "\n/** The columns of verdicts in the order in which they stand in their buffer. */"
    )?;
    writeln!(out, "export const columns = [")?;
    for (name, width, doc) in LAYOUT {
        let width = match width {
            Width::U64 => "u64",
            Width::U32 => "u32",
            Width::U16 => "u16",
            Width::U8 => "u8",
        };
        writeln!(out, "  // {doc}\n  {{ name: '{name}', type: '{width}' }},")?;
    }
    writeln!(out, "] as const")?;
    writeln!(out, "\n/** Bits of the column `flags`. */")?;
    writeln!(
        out,
        "export const rowFlags = {{ retried: {FLAG_RETRIED}, verified: {FLAG_VERIFIED}, repeated: {FLAG_REPEATED} }} as const"
    )
}

fn flags(out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "\n/** Words of a span: body start, body end, attachments end, flags. */"
    )?;
    writeln!(out, "export const spanWords = {SPAN_WORDS}")?;
    writeln!(
        out,
        "/** Words of a fault: offset, bytes, kind, byte at which it was wrong, index of the message after it. */"
    )?;
    writeln!(out, "export const faultWords = {FAULT_WORDS}")?;
    writeln!(
        out,
        "/** Words of a request (table, mode, key start, key end, limit) and of a write (table, kind, key start, key end, value end). */"
    )?;
    writeln!(out, "export const opWords = {OP_WORDS}")?;
    writeln!(
        out,
        "\n/** Fields of the flags of a span: lowest bit and number of bits. */"
    )?;
    writeln!(out, "export const spanFlags = {{")?;
    for (name, shift, bits, doc) in SPAN_FLAGS {
        writeln!(
            out,
            "  // {doc}\n  {name}: {{ shift: {shift}, bits: {bits} }},"
        )?;
    }
    writeln!(out, "}} as const")
}

/// Columns of a line, as the formatter of the TypeScript has it.
const LINE_MAX: usize = 110;

fn fits(line: &str) -> bool {
    line.chars().count() <= LINE_MAX
}

/// A list of names, in one line if it fits.
fn words(out: &mut String, name: &str, doc: &str, names: &[&str]) -> std::fmt::Result {
    writeln!(out, "\n/** {doc} */")?;
    let line = format!("export const {name} = ['{}'] as const", names.join("', '"));
    if fits(&line) {
        return writeln!(out, "{line}");
    }
    writeln!(out, "export const {name} = [")?;
    for name in names {
        writeln!(out, "  '{name}',")?;
    }
    writeln!(out, "] as const")
}

fn verdicts() -> Vec<&'static str> {
    let all = [
        (Verdict::Accepted, "accepted"),
        (Verdict::Duplicate, "duplicate"),
        (Verdict::Escrowed, "escrowed"),
        (Verdict::Rejected, "rejected"),
        (Verdict::Checked, "checked"),
        (Verdict::Expired, "expired"),
        (Verdict::Removed, "removed"),
        (Verdict::Evicted, "evicted"),
    ];
    numbered(&all.map(|(verdict, name)| (verdict as usize, name)))
}

fn awaits() -> Vec<&'static str> {
    let all = [
        Awaits::Nothing,
        Awaits::Inception,
        Awaits::PriorEvent,
        Awaits::Signatures,
        Awaits::NextSignatures,
        Awaits::WitnessReceipts,
        Awaits::Delegator,
        Awaits::Anchor,
        Awaits::Approval,
        Awaits::Event,
        Awaits::SignerEvent,
    ];
    numbered(&all.map(|awaits| (awaits as usize, awaits.name())))
}

/// Names in the order of their numbers, which have no gaps.
fn numbered(names: &[(usize, &'static str)]) -> Vec<&'static str> {
    for (at, (number, name)) in names.iter().enumerate() {
        assert_eq!(at, *number, "{name} stands at its number");
    }
    names.iter().map(|(_, name)| *name).collect()
}

fn kinds(out: &mut String) -> std::fmt::Result {
    let mut kinds = Kind::PASS;
    kinds.sort_unstable();
    writeln!(
        out,
        "\n/** Kinds of escrow by number, with the reference's table. */\nexport const escrowKinds = ["
    )?;
    for kind in kinds {
        writeln!(
            out,
            "  {{ name: '{}', table: '{}' }},",
            kind.name(),
            kind.table()
        )?;
    }
    writeln!(out, "] as const")
}

fn faults(out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "\n/** What can be wrong with bytes, by number. */\nexport const faultCodes: readonly Code[] = ["
    )?;
    for kind in ErrorKind::ALL {
        code(out, "  ", kind.code(), kind.keripy_class(), kind.text())?;
    }
    writeln!(out, "]")
}

fn rejects(out: &mut String) -> std::fmt::Result {
    writeln!(out, "\n/** Why a message is refused, by number. */")?;
    writeln!(
        out,
        "export const rejectCodes: ReadonlyMap<number, Code> = new Map(["
    )?;
    for (number, name, class, text) in codes() {
        let line = format!("  [{number}, {}],", object(name, class, text));
        if fits(&line) {
            writeln!(out, "{line}")?;
            continue;
        }
        writeln!(out, "  [\n    {number},")?;
        code(out, "    ", name, class, text)?;
        writeln!(out, "  ],")?;
    }
    writeln!(out, "])")
}

fn properties(code: &str, class: &str, text: &str) -> [String; 3] {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    [
        format!("code: '{code}'"),
        format!("class: '{class}'"),
        format!("text: {quote}{text}{quote}"),
    ]
}

fn object(code: &str, class: &str, text: &str) -> String {
    format!("{{ {} }}", properties(code, class, text).join(", "))
}

/// One object a line, or one property a line if that is too long for one.
fn code(out: &mut String, indent: &str, code: &str, class: &str, text: &str) -> std::fmt::Result {
    let line = format!("{indent}{},", object(code, class, text));
    if fits(&line) {
        return writeln!(out, "{line}");
    }
    writeln!(out, "{indent}{{")?;
    for property in properties(code, class, text) {
        writeln!(out, "{indent}  {property},")?;
    }
    writeln!(out, "{indent}}},")
}
