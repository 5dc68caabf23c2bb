//! Native (CESR kind) bodies. Source: cesr.md 3.2.

use kelpipe_cesr::codes::CounterTable;
use kelpipe_cesr::{counter, primitive};

use crate::body::{Field, Seal, Value};
use crate::keys::Text44;
use crate::threshold::Threshold;

/// Version of the protocol and of the code tables.
const VERSER: &str = "0OKERICAACAA";

/// The body in the text domain; where its SAIDs stand is added to `saids`.
pub fn write(fields: &[Field<'_>], saids: &mut Vec<usize>) -> Vec<u8> {
    let mut text = String::with_capacity(640);
    for (_, value) in fields {
        if matches!(value, Value::Said) {
            saids.push(text.len());
        }
        field(value, &mut text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    group('F', &text, &mut out);
    let head = out.len() - text.len();
    for at in saids.iter_mut() {
        *at += head;
    }
    out.into_bytes()
}

/// Appends a v2 group.
pub fn group(letter: char, content: &str, out: &mut String) {
    counter::encode(CounterTable::V2, letter, (content.len() / 4) as u32, out)
        .expect("the table has this group");
    out.push_str(content);
}

fn field(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Version => out.push_str(VERSER),
        Value::Ilk(ilk) => tag(ilk, out),
        Value::Text(text) => out.push_str(text.as_str()),
        Value::Said => out.push_str(Text44::DUMMY.as_str()),
        Value::Number(number) => primitive::encode_number(u128::from(*number), out),
        Value::Threshold(threshold) => match threshold {
            Threshold::Number(number) => primitive::encode_number(*number as u128, out),
            Threshold::Clauses(clauses) => {
                primitive::encode_bext(&Threshold::native_text(clauses), out)
                    .expect("Base64 characters");
            }
        },
        Value::List(list) => group(
            'J',
            &list.iter().map(Text44::as_str).collect::<String>(),
            out,
        ),
        Value::Traits(list) => {
            let mut inner = String::new();
            list.iter().for_each(|text| tag(text, &mut inner));
            group('J', &inner, out);
        }
        Value::Seals(list) => {
            let mut inner = String::new();
            seals(list, &mut inner);
            group('J', &inner, out);
        }
    }
}

fn tag(text: &str, out: &mut String) {
    primitive::encode_tag(text, out).expect("short and of Base64 characters");
}

/// Neighbours of one type share a group.
fn seals(list: &[Seal], out: &mut String) {
    let same = |a: &Seal, b: &Seal| std::mem::discriminant(a) == std::mem::discriminant(b);
    for run in list.chunk_by(same) {
        let mut inner = String::new();
        for seal in run {
            match seal {
                Seal::Digest(digest) => inner.push_str(digest.as_str()),
                Seal::Event(aid, sn, said) => {
                    inner.push_str(aid.as_str());
                    primitive::encode_number(u128::from(*sn), &mut inner);
                    inner.push_str(said.as_str());
                }
            }
        }
        let letter = if matches!(run.first(), Some(Seal::Digest(_))) {
            'Q'
        } else {
            'T'
        };
        group(letter, &inner, out);
    }
}
