//! Signers whose keys come from their names, and the messages that they make.
//!
//! An [`Aid`] is the controller's own idea of its log. It is cheap to clone, and a clone that goes on differently is a
//! fork.

use ed25519_dalek::{Signer, SigningKey};
use kelpipe_cesr::codes::CounterTable;
use kelpipe_cesr::{counter, indexer};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// What stands in a SAID's place while it is computed.
const DUMMY: &str = "############################################";

/// The code, in the place of the padding in front of the value.
pub fn primitive(code: &str, raw: &[u8]) -> String {
    let pad = (3 - raw.len() % 3) % 3;
    let mut bytes = vec![0; pad];
    bytes.extend_from_slice(raw);
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three
            .iter()
            .fold(0usize, |bits, byte| bits << 8 | usize::from(*byte));
        for shift in [18, 12, 6, 0] {
            text.push(char::from(BASE64[bits >> shift & 63]));
        }
    }
    [code, &text[pad..]].concat()
}

/// A sequence number in an attachment.
pub fn huge(number: u128) -> String {
    primitive("0A", &number.to_be_bytes())
}

pub fn count(letter: char, number: usize) -> String {
    let mut text = String::new();
    counter::encode(CounterTable::Stable, letter, number as u32, &mut text).expect("small");
    text
}

pub fn digest(text: &str) -> String {
    primitive("E", blake3::hash(text.as_bytes()).as_bytes())
}

fn secret(name: &str) -> SigningKey {
    SigningKey::from_bytes(blake3::hash(name.as_bytes()).as_bytes())
}

/// The public key of `name`.
pub fn key(name: &str) -> String {
    primitive("D", secret(name).verifying_key().as_bytes())
}

/// The AID of the witness `name`.
pub fn witness(name: &str) -> String {
    primitive("B", secret(name).verifying_key().as_bytes())
}

/// The signature of `name` over `bytes`.
pub fn sign(name: &str, bytes: &[u8]) -> [u8; 64] {
    secret(name).sign(bytes).to_bytes()
}

/// A signature with its index, in code `A` unless said otherwise.
pub fn indexed(code: &str, index: usize, ondex: Option<usize>, raw: &[u8; 64]) -> String {
    let mut text = String::new();
    let ondex = ondex.map(|ondex| ondex as u32);
    indexer::encode(code, index as u32, ondex, raw, &mut text).expect("fits its code");
    text
}

fn quoted(list: &[String]) -> String {
    serde_json::to_string(list).expect("texts")
}

/// A body of `fields` behind `v`, each a label and its JSON; `saids` are the labels that take the digest.
pub fn body(major: u8, fields: &[(&str, String)], saids: &[&str]) -> (String, String) {
    let write = |version: &str, said: &str| {
        let mut text = format!("{{\"v\":\"{version}\"");
        for (label, value) in fields {
            let value = if saids.contains(label) {
                format!("\"{said}\"")
            } else {
                value.clone()
            };
            text.extend([",\"", label, "\":", &value]);
        }
        text + "}"
    };
    let version = |size: usize| {
        if major == 1 {
            return format!("KERI10JSON{size:06x}_");
        }
        let size = primitive("", &(size as u32).to_be_bytes()[1..]);
        format!("KERICAACAAJSON{size}.")
    };
    let version = version(write(&version(0), DUMMY).len());
    let said = digest(&write(&version, DUMMY));
    let body = write(&version, &said);
    (said, body)
}

/// {i, s, d}.
pub fn seal(event: &Event) -> String {
    format!(
        "{{\"i\":\"{}\",\"s\":\"{:x}\",\"d\":\"{}\"}}",
        event.pre, event.sn, event.said
    )
}

/// What an inception or rotation sets; empty is what a single key without witnesses has.
#[derive(Clone, Default)]
pub struct Plan {
    /// Signing threshold as JSON; empty: all keys.
    pub kt: String,
    /// Next threshold as JSON; empty: all keys.
    pub nt: String,
    /// Names of the keys to sign the event after; empty: a fresh one for each of the current.
    pub next: Option<Vec<String>>,
    /// `b`, or `ba` of a rotation.
    pub adds: Vec<String>,
    /// `br`.
    pub cuts: Vec<String>,
    /// Witness threshold; none: as before, or all.
    pub toad: Option<usize>,
    /// Seals, as JSON.
    pub seals: Vec<String>,
    /// Traits.
    pub traits: Vec<String>,
}

/// A key event with the names that can sign it.
#[derive(Clone, Debug)]
pub struct Event {
    pub body: String,
    pub said: String,
    pub pre: String,
    pub sn: u128,
    pub keys: Vec<String>,
    pub witnesses: Vec<String>,
}

/// A controller.
#[derive(Clone)]
pub struct Aid {
    pub name: String,
    pub pre: String,
    pub major: u8,
    pub delegator: Option<String>,
    /// Names.
    pub keys: Vec<String>,
    /// Names of the keys that were committed to.
    pub next: Vec<String>,
    /// Names.
    pub witnesses: Vec<String>,
    pub toad: usize,
    pub sn: u128,
    pub said: String,
    rotations: usize,
}

impl Aid {
    /// A controller with one key, named after it, and its inception.
    pub fn new(name: &str) -> (Aid, Event) {
        Aid::incept(name, 1, 1, None, &Plan::default())
    }

    /// A delegated controller with one key, and its inception.
    pub fn delegated(name: &str, delegator: &str) -> (Aid, Event) {
        Aid::incept(name, 1, 1, Some(delegator), &Plan::default())
    }

    pub fn incept(
        name: &str,
        major: u8,
        keys: usize,
        delegator: Option<&str>,
        plan: &Plan,
    ) -> (Aid, Event) {
        let mut aid = Aid {
            name: name.into(),
            pre: String::new(),
            major,
            delegator: delegator.map(str::to_owned),
            keys: Vec::new(),
            next: (0..keys).map(|at| format!("{name}.0.{at}")).collect(),
            witnesses: Vec::new(),
            toad: 0,
            sn: 0,
            said: String::new(),
            rotations: 0,
        };
        let ilk = if delegator.is_some() { "dip" } else { "icp" };
        let event = aid.establish(ilk, plan);
        (aid, event)
    }

    /// The next rotation; `drt` of a delegated controller.
    pub fn rotate(&mut self, plan: &Plan) -> Event {
        self.sn += 1;
        let ilk = if self.delegator.is_some() {
            "drt"
        } else {
            "rot"
        };
        self.establish(ilk, plan)
    }

    pub fn establish(&mut self, ilk: &str, plan: &Plan) -> Event {
        let incepts = matches!(ilk, "icp" | "dip");
        self.keys = std::mem::take(&mut self.next);
        self.rotations += 1;
        self.next = plan.next.clone().unwrap_or_else(|| {
            let name = |at| format!("{}.{}.{at}", self.name, self.rotations);
            (0..self.keys.len()).map(name).collect()
        });
        let count = self.witnesses.len();
        self.witnesses.retain(|name| !plan.cuts.contains(name));
        self.witnesses.extend(plan.adds.iter().cloned());
        if count != self.witnesses.len() || plan.toad.is_some() {
            self.toad = plan.toad.unwrap_or(self.witnesses.len());
        }
        let witnesses =
            |names: &[String]| quoted(&names.iter().map(|name| witness(name)).collect::<Vec<_>>());
        let all = |given: &String, list: &[String]| {
            if given.is_empty() {
                format!("\"{:x}\"", list.len())
            } else {
                given.clone()
            }
        };
        let keys: Vec<String> = self.keys.iter().map(|name| key(name)).collect();
        let digests: Vec<String> = self.next.iter().map(|name| digest(&key(name))).collect();
        let mut fields = self.head(ilk);
        fields.extend([
            ("kt", all(&plan.kt, &self.keys)),
            ("k", quoted(&keys)),
            ("nt", all(&plan.nt, &self.next)),
            ("n", quoted(&digests)),
            ("bt", format!("\"{:x}\"", self.toad)),
        ]);
        if incepts {
            fields.push(("b", witnesses(&plan.adds)));
        } else {
            fields.push(("br", witnesses(&plan.cuts)));
            fields.push(("ba", witnesses(&plan.adds)));
        }
        if incepts || self.major > 1 {
            fields.push(("c", quoted(&plan.traits)));
        }
        fields.push(("a", format!("[{}]", plan.seals.join(","))));
        if let (Some(delegator), "dip") = (&self.delegator, ilk) {
            fields.push(("di", format!("\"{delegator}\"")));
        }
        self.finish(&fields, if incepts { &["d", "i"] } else { &["d"] })
    }

    /// An interaction that holds `seals`.
    pub fn interact(&mut self, seals: &[String]) -> Event {
        self.sn += 1;
        let mut fields = self.head("ixn");
        fields.push(("a", format!("[{}]", seals.join(","))));
        self.finish(&fields, &["d"])
    }

    fn head(&self, ilk: &str) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("t", format!("\"{ilk}\"")),
            ("d", String::new()),
            ("i", format!("\"{}\"", self.pre)),
            ("s", format!("\"{:x}\"", self.sn)),
        ];
        if !matches!(ilk, "icp" | "dip") {
            fields.push(("p", format!("\"{}\"", self.said)));
        }
        fields
    }

    fn finish(&mut self, fields: &[(&str, String)], saids: &[&str]) -> Event {
        let (said, body) = body(self.major, fields, saids);
        if saids.contains(&"i") {
            self.pre.clone_from(&said);
        }
        self.said.clone_from(&said);
        Event {
            body,
            said,
            pre: self.pre.clone(),
            sn: self.sn,
            keys: self.keys.clone(),
            witnesses: self.witnesses.clone(),
        }
    }
}

impl Event {
    /// The event with `groups` attached.
    pub fn with(&self, groups: &[String]) -> Vec<u8> {
        [self.body.as_str(), &groups.concat()].concat().into_bytes()
    }

    /// Signed by all its keys.
    pub fn signed(&self) -> Vec<u8> {
        self.with(&[self.sigs(&(0..self.keys.len()).collect::<Vec<_>>())])
    }

    /// Signed by the keys of these indices.
    pub fn signed_by(&self, indices: &[usize]) -> Vec<u8> {
        self.with(&[self.sigs(indices)])
    }

    /// Signed by all its keys and receipted by the witnesses of these indices.
    pub fn witnessed(&self, indices: &[usize]) -> Vec<u8> {
        let all: Vec<usize> = (0..self.keys.len()).collect();
        self.with(&[self.sigs(&all), self.wigs(indices)])
    }

    /// Signed by all its keys, naming the event of its delegator that seals it.
    pub fn anchored(&self, by: &Event) -> Vec<u8> {
        let all: Vec<usize> = (0..self.keys.len()).collect();
        self.with(&[self.sigs(&all), couple(by)])
    }

    /// The group of controller signatures.
    pub fn sigs(&self, indices: &[usize]) -> String {
        self.group('A', &self.keys, indices)
    }

    /// The group of witness signatures.
    pub fn wigs(&self, indices: &[usize]) -> String {
        self.group('B', &self.witnesses, indices)
    }

    fn group(&self, letter: char, names: &[String], indices: &[usize]) -> String {
        let one = |index: &usize| {
            indexed(
                "A",
                *index,
                None,
                &sign(&names[*index], self.body.as_bytes()),
            )
        };
        count(letter, indices.len()) + &indices.iter().map(one).collect::<String>()
    }

    /// A receipt message with `groups` attached.
    pub fn receipt(&self, groups: &[String]) -> Vec<u8> {
        let fields = [
            ("t", "\"rct\"".to_owned()),
            ("d", format!("\"{}\"", self.said)),
            ("i", format!("\"{}\"", self.pre)),
            ("s", format!("\"{:x}\"", self.sn)),
        ];
        (body(1, &fields, &[]).1 + &groups.concat()).into_bytes()
    }

    /// A receipt by the non-transferable `name`, as a couple.
    pub fn couple_by(&self, name: &str) -> String {
        count('C', 1) + &witness(name) + &primitive("0B", &sign(name, self.body.as_bytes()))
    }

    /// A receipt by the keys of `signer`'s establishment event.
    pub fn receipt_by(&self, signer: &Event) -> String {
        let signature = indexed("A", 0, None, &sign(&signer.keys[0], self.body.as_bytes()));
        [
            count('F', 1),
            signer.pre.clone(),
            huge(signer.sn),
            signer.said.clone(),
            count('A', 1),
            signature,
        ]
        .concat()
    }
}

/// A query by `aid`, in whose `q` stands `asked`.
pub fn query(aid: &Aid, route: &str, asked: &str) -> Vec<u8> {
    let fields = [
        ("t", "\"qry\"".to_owned()),
        ("d", String::new()),
        ("dt", "\"2024-06-01T00:00:00.000000+00:00\"".to_owned()),
        ("r", format!("\"{route}\"")),
        ("rr", "\"\"".to_owned()),
        ("q", format!("{{{asked}}}")),
    ];
    let (_, body) = body(1, &fields, &["d"]);
    let signature = indexed("A", 0, None, &sign(&aid.keys[0], body.as_bytes()));
    [
        body,
        count('H', 1),
        aid.pre.clone(),
        count('A', 1),
        signature,
    ]
    .concat()
    .into_bytes()
}

/// The couple that names a sealing event.
pub fn couple(by: &Event) -> String {
    count('G', 1) + &huge(by.sn) + &by.said
}
