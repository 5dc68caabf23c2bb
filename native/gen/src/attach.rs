//! Attachments of a message, as the reference's versions 1 and 2 write them. Source: cesr.md section 4.

use kelpipe_cesr::codes::CounterTable;
use kelpipe_cesr::{convert, counter, primitive};

use crate::body::Form;
use crate::keys::Text44;
use crate::native::group;

/// What comes with a body. Texts are primitives or indexed signatures in a row.
#[derive(Clone, Debug, Default)]
pub struct Attached {
    /// Controller signatures.
    pub sigs: Vec<String>,
    /// Witness signatures.
    pub wigs: Vec<String>,
    /// Receipt couples: key, signature.
    pub couples: Vec<(Text44, String)>,
    /// A transferable receipt: the signer's AID, sequence number and SAID of its establishment event, signatures.
    pub receipt: Option<(Text44, u64, Text44, Vec<String>)>,
    /// The delegator's event that anchors this one: sequence number, SAID.
    pub anchor: Option<(u64, Text44)>,
}

impl Attached {
    /// Appends everything, in the domain of the form.
    ///
    /// # Panics
    /// With more than a group can count.
    pub fn write(&self, form: Form, out: &mut Vec<u8>) {
        let mut text = String::with_capacity(256);
        let all = if form.major == 1 {
            self.v1()
        } else {
            self.v2()
        };
        if form.grouped {
            let (table, letter) = if form.major == 1 {
                (CounterTable::Stable, 'V')
            } else {
                (CounterTable::V2, 'C')
            };
            counter::encode(table, letter, (all.len() / 4) as u32, &mut text)
                .expect("fewer quadlets than it can count");
        }
        text.push_str(&all);
        if form.binary {
            convert::to_binary(text.as_bytes(), out).expect("whole quadlets");
        } else {
            out.extend_from_slice(text.as_bytes());
        }
    }

    fn v1(&self) -> String {
        let mut out = String::with_capacity(256);
        let mut listed = |letter: char, list: &[String]| {
            if !list.is_empty() {
                count(letter, list.len(), &mut out);
                out.extend(list.iter().map(String::as_str));
            }
        };
        listed('A', &self.sigs);
        listed('B', &self.wigs);
        if !self.couples.is_empty() {
            count('C', self.couples.len(), &mut out);
            out.extend(
                self.couples
                    .iter()
                    .flat_map(|(key, sig)| [key.as_str(), sig]),
            );
        }
        if let Some((aid, sn, said, sigs)) = &self.receipt {
            count('F', 1, &mut out);
            place(*aid, *sn, *said, &mut out);
            count('A', sigs.len(), &mut out);
            out.extend(sigs.iter().map(String::as_str));
        }
        if let Some((sn, said)) = &self.anchor {
            count('G', 1, &mut out);
            primitive::encode_number_huge(u128::from(*sn), &mut out);
            out.push_str(said.as_str());
        }
        out
    }

    fn v2(&self) -> String {
        let mut out = String::with_capacity(256);
        let mut filled = |letter: char, content: &str| {
            if !content.is_empty() {
                group(letter, content, &mut out);
            }
        };
        filled('K', &self.sigs.concat());
        filled('L', &self.wigs.concat());
        filled(
            'M',
            &self
                .couples
                .iter()
                .flat_map(|(key, sig)| [key.as_str(), sig])
                .collect::<String>(),
        );
        if let Some((aid, sn, said, sigs)) = &self.receipt {
            let mut content = String::new();
            place(*aid, *sn, *said, &mut content);
            group('K', &sigs.concat(), &mut content);
            filled('X', &content);
        }
        if let Some((sn, said)) = &self.anchor {
            let mut content = String::new();
            primitive::encode_number_huge(u128::from(*sn), &mut content);
            content.push_str(said.as_str());
            filled('S', &content);
        }
        out
    }
}

fn count(letter: char, number: usize, out: &mut String) {
    counter::encode(CounterTable::Stable, letter, number as u32, out)
        .expect("the table has this group");
}

fn place(aid: Text44, sn: u64, said: Text44, out: &mut String) {
    out.push_str(aid.as_str());
    primitive::encode_number_huge(u128::from(sn), out);
    out.push_str(said.as_str());
}
