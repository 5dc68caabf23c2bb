//! The truth as NDJSON: one object a line, `type` first.

use std::fmt::Write;

use crate::keys::Text44;
use crate::ledger::{Ledger, Log, Place};
use crate::message::By;
use crate::threshold::{Element, Threshold, weight};

/// Counts over a whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Messages sent, garbage not counted.
    pub messages: u64,
    /// Their bytes, with the garbage.
    pub bytes: u64,
    /// AIDs that were begun.
    pub aids: u64,
    /// Events that are in a log in the end, with superseded ones.
    pub accepted: u64,
    /// Messages that were refused when they came or later.
    pub refused: u64,
    /// Entries that wait in the end, without evidence.
    pub waiting: u64,
    /// Entries that are evidence of duplicity.
    pub evidence: u64,
    /// Stretches of garbage.
    pub faults: u64,
    /// Messages left out.
    pub dropped: u64,
}

/// The last line.
pub fn total(total: &Total, out: &mut String) {
    let Total {
        messages,
        bytes,
        aids,
        accepted,
        refused,
        waiting,
        evidence,
        faults,
        dropped,
    } = total;
    let _ = writeln!(
        out,
        r#"{{"type":"total","messages":{messages},"bytes":{bytes},"aids":{aids},"accepted":{accepted},"refused":{refused},"waiting":{waiting},"evidence":{evidence},"faults":{faults},"dropped":{dropped}}}"#
    );
}

/// A message that was refused; `at`: its first byte in the stream, nothing for one that waited before.
pub fn refused((aid, sn, said): Place, code: &str, at: Option<u64>, out: &mut String) {
    let at = at.map_or_else(|| "null".into(), |at| at.to_string());
    let _ = writeln!(
        out,
        r#"{{"type":"refused","aid":"{aid}","sn":"{sn:x}","said":"{said}","code":"{code}","at":{at}}}"#
    );
}

/// An event that another one took the place of, when that happened.
pub fn superseded((aid, sn, said): Place, out: &mut String) {
    let _ = writeln!(
        out,
        r#"{{"type":"superseded","aid":"{aid}","sn":"{sn:x}","said":"{said}"}}"#
    );
}

/// Two well signed events for one place: whichever comes first stands, the other is evidence.
pub fn fork((aid, sn, said): Place, other: Text44, out: &mut String) {
    let _ = writeln!(
        out,
        r#"{{"type":"fork","aid":"{aid}","sn":"{sn:x}","said":"{said}","other":"{other}"}}"#
    );
}

/// Bytes that are no message.
pub fn fault(at: u64, bytes: usize, out: &mut String) {
    let _ = writeln!(out, r#"{{"type":"fault","at":{at},"bytes":{bytes}}}"#);
}

/// Everything about the AIDs of a story.
pub fn story(shape: &str, ledger: &Ledger, out: &mut String) {
    for log in &ledger.logs {
        state(shape, log, out);
    }
    for entry in &ledger.waiting {
        let (aid, sn, said, kind) = (
            entry.event.aid,
            entry.event.sn,
            entry.event.said,
            entry.kind.name(),
        );
        let r#type = if entry.is_evidence() {
            "evidence"
        } else {
            "waiting"
        };
        let _ = writeln!(
            out,
            r#"{{"type":"{type}","aid":"{aid}","sn":"{sn:x}","said":"{said}","kind":"{kind}"}}"#
        );
    }
    for receipt in &ledger.receipts {
        let (aid, sn, said) = receipt.of;
        let kind = receipt.kind.name();
        let by = match &receipt.by {
            By::Couples(list) => list.first().map(Text44::to_string).unwrap_or_default(),
            By::Witnesses(list) => list.first().map(usize::to_string).unwrap_or_default(),
            By::Transferable(aid, ..) => aid.to_string(),
        };
        let _ = writeln!(
            out,
            r#"{{"type":"waiting","aid":"{aid}","sn":"{sn:x}","said":"{said}","kind":"{kind}","by":"{by}"}}"#
        );
    }
}

fn state(shape: &str, log: &Log, out: &mut String) {
    let (sn, said, ilk) = (log.last.0, log.last.1, log.last.2.name());
    let est = &log.est;
    let _ = write!(
        out,
        r#"{{"type":"aid","shape":"{shape}","aid":"{}","sn":"{sn:x}","said":"{said}","ilk":"{ilk}","kt":"#,
        log.aid
    );
    threshold(&est.kt, out);
    list(r#","k":"#, &est.keys, out);
    out.push_str(r#","nt":"#);
    threshold(&est.nt, out);
    list(r#","n":"#, &est.next, out);
    let _ = write!(out, r#","bt":"{:x}""#, est.toad);
    list(r#","b":"#, &est.witnesses, out);
    let di = log.delegator.map(|di| di.to_string()).unwrap_or_default();
    let _ = writeln!(out, r#","di":"{di}"}}"#);
}

fn list(label: &str, list: &[Text44], out: &mut String) {
    out.push_str(label);
    out.push('[');
    for (at, text) in list.iter().enumerate() {
        let _ = write!(out, r#"{}"{text}""#, if at > 0 { "," } else { "" });
    }
    out.push(']');
}

/// As key state shows it.
fn threshold(threshold: &Threshold, out: &mut String) {
    let clauses = match threshold {
        Threshold::Number(number) => {
            let _ = write!(out, r#""{number:x}""#);
            return;
        }
        Threshold::Clauses(clauses) => clauses,
    };
    let clauses: Vec<String> = clauses
        .iter()
        .map(|clause| {
            format!(
                "[{}]",
                clause.iter().map(element).collect::<Vec<_>>().join(",")
            )
        })
        .collect();
    match clauses.as_slice() {
        [one] => out.push_str(one),
        all => _ = write!(out, "[{}]", all.join(",")),
    }
}

fn element(element: &Element) -> String {
    match element {
        Element::One(parts) => format!(r#""{}""#, weight(*parts)),
        Element::Group(outer, inner) => {
            let inner: Vec<String> = inner
                .iter()
                .map(|parts| format!(r#""{}""#, weight(*parts)))
                .collect();
            format!(r#"{{"{}":[{}]}}"#, weight(*outer), inner.join(","))
        }
    }
}
