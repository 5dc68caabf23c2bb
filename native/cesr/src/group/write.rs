//! Attachments as the reference writes them when it replays an event. Source: database.md section 4.

use std::fmt::Write as _;

use super::Genus;
use crate::codes::CounterTable;
use crate::counter;
use crate::error::ErrorKind;
use crate::primitive;

/// What a replayed event carries. Texts are primitives or indexed signatures, in the order in which they shall stand:
/// 1.1.17 sorts each kind by its bytes, HEAD keeps the order of arrival.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replay<'a> {
    /// Indexed controller signatures.
    pub controller: &'a [&'a str],
    /// Indexed witness signatures.
    pub witness: &'a [&'a str],
    /// Receipt couples: key, signature.
    pub couples: &'a [(&'a str, &'a str)],
    /// Transferable receipts: AID, sequence number (`0A`), SAID, signature. Neighbours with the same first three share
    /// a group where the form has groups.
    pub quadruples: &'a [[&'a str; 4]],
    /// Anchor: sequence number (`0A`), SAID.
    pub anchor: Option<(&'a str, &'a str)>,
    /// First seen ordinal and date (ISO-8601).
    pub first_seen: Option<(u128, &'a str)>,
}

/// Appends the enclosing group with everything in `replay`: in the layout of 1.1.17 under genus 1.0, of HEAD under 2.0.
///
/// # Errors
/// `ValueForm` when the date is malformed, or under genus 1.0 there is more than its counters can count.
pub fn write_replay(replay: &Replay, genus: Genus, out: &mut String) -> Result<(), ErrorKind> {
    let mut inner = String::new();
    if genus.major < 2 {
        write_v1(replay, &mut inner)?;
        write_counter(CounterTable::Stable, 'V', inner.len() / 4, out)?;
    } else {
        write_v2(replay, &mut inner)?;
        write_counter(CounterTable::V2, 'C', inner.len() / 4, out)?;
    }
    out.push_str(&inner);
    Ok(())
}

/// Appends a counter of `letter`: elements under genus 1.0, quadlets under 2.0.
fn write_counter(
    table: CounterTable,
    letter: char,
    count: usize,
    out: &mut String,
) -> Result<(), ErrorKind> {
    let count = u32::try_from(count).map_err(|_| ErrorKind::ValueForm)?;
    // The long form of 1.1.17 cannot be read by its own parser.
    if table == CounterTable::Stable && count > 4095 {
        return Err(ErrorKind::ValueForm);
    }
    counter::encode(table, letter, count, out)
}

fn write_v1(replay: &Replay, out: &mut String) -> Result<(), ErrorKind> {
    let table = CounterTable::Stable;
    write_counter(table, 'A', replay.controller.len(), out)?;
    out.extend(replay.controller.iter().copied());
    if !replay.witness.is_empty() {
        write_counter(table, 'B', replay.witness.len(), out)?;
        out.extend(replay.witness.iter().copied());
    }
    if let Some((sn, said)) = replay.anchor {
        write_counter(table, 'G', 1, out)?;
        out.extend([sn, said]);
    }
    if !replay.quadruples.is_empty() {
        write_counter(table, 'D', replay.quadruples.len(), out)?;
        out.extend(replay.quadruples.iter().flatten().copied());
    }
    if !replay.couples.is_empty() {
        write_counter(table, 'C', replay.couples.len(), out)?;
        out.extend(
            replay
                .couples
                .iter()
                .flat_map(|(key, signature)| [*key, *signature]),
        );
    }
    if let Some((ordinal, date)) = replay.first_seen {
        write_counter(table, 'E', 1, out)?;
        primitive::encode_number_huge(ordinal, out);
        primitive::encode_date(date, out)?;
    }
    Ok(())
}

fn write_v2(replay: &Replay, out: &mut String) -> Result<(), ErrorKind> {
    write_group('K', &replay.controller.concat(), out)?;
    let mut text = replay.witness.concat();
    write_filled('L', &text, out)?;
    text.clear();
    for (key, signature) in replay.couples {
        text.push_str(key);
        text.push_str(signature);
    }
    write_filled('M', &text, out)?;
    text.clear();
    for group in replay.quadruples.chunk_by(|a, b| a[..3] == b[..3]) {
        let signatures: String = group.iter().map(|quadruple| quadruple[3]).collect();
        for part in group
            .first()
            .into_iter()
            .flat_map(|quadruple| &quadruple[..3])
        {
            text.push_str(part);
        }
        write_group('K', &signatures, &mut text)?;
    }
    write_filled('N', &text, out)?;
    text.clear();
    if let Some((sn, said)) = replay.anchor {
        let _ = write!(text, "{sn}{said}");
        write_filled('S', &text, out)?;
        text.clear();
    }
    if let Some((ordinal, date)) = replay.first_seen {
        primitive::encode_number(ordinal, &mut text);
        primitive::encode_date(date, &mut text)?;
        write_filled('O', &text, out)?;
    }
    Ok(())
}

/// Appends a v2 group, if it holds anything.
fn write_filled(letter: char, content: &str, out: &mut String) -> Result<(), ErrorKind> {
    if content.is_empty() {
        Ok(())
    } else {
        write_group(letter, content, out)
    }
}

/// Appends a v2 group.
fn write_group(letter: char, content: &str, out: &mut String) -> Result<(), ErrorKind> {
    write_counter(CounterTable::V2, letter, content.len() / 4, out)?;
    out.push_str(content);
    Ok(())
}
