//! The inputs: each is judged, and what became of it is said.

use kelpipe_keri::store::Table;
use kelpipe_keri::views;

use crate::support::judge::{Judge, SECOND};
use crate::support::world::{
    Aid, Event, Plan, body, count, couple, digest, huge, indexed, key, primitive, seal, sign,
};

pub fn text(value: &str) -> String {
    format!("\"{value}\"")
}

/// An inception with a basic prefix and `changes` to its fields.
pub fn icp(changes: &[(&str, &str)]) -> Event {
    let pre = key("basic");
    let mut fields = [
        ("t", text("icp")),
        ("d", String::new()),
        ("i", text(&pre)),
        ("s", text("0")),
        ("kt", text("1")),
        ("k", format!("[\"{pre}\"]")),
        ("nt", text("1")),
        ("n", format!("[\"{}\"]", digest(&key("next")))),
        ("bt", text("0")),
        ("b", "[]".into()),
        ("c", "[]".into()),
        ("a", "[]".into()),
    ];
    for (label, value) in changes {
        let field = fields.iter_mut().find(|(known, _)| known == label);
        (*value).clone_into(&mut field.expect("a field of icp").1);
    }
    let given = !fields[1].1.is_empty();
    let (said, body) = body(1, &fields, if given { &[] } else { &["d"] });
    Event {
        body,
        said,
        pre,
        sn: 0,
        keys: vec!["basic".into()],
        witnesses: Vec::new(),
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

/// Signatures by `name` for index 0 under two codes.
fn twice(letter: char, name: &str, event: &Event) -> String {
    let raw = sign(name, event.body.as_bytes());
    let big = indexed("2A", 0, Some(0), &raw);
    count(letter, 2) + &indexed("A", 0, None, &raw) + &big
}

pub fn one_key_twice(judge: &mut Judge) -> Vec<String> {
    let (_, icp) = Aid::incept("pair", 1, 2, None, &Plan::default());
    judge.one(&icp.with(&[twice('A', &icp.keys[0], &icp)]))
}

pub fn one_witness_twice(judge: &mut Judge) -> Vec<String> {
    let plan = Plan {
        adds: names(&["w0", "w1"]),
        ..Plan::default()
    };
    let (_, icp) = Aid::incept("seen", 1, 1, None, &plan);
    judge.one(&icp.with(&[icp.sigs(&[0]), twice('B', "w0", &icp)]))
}

pub fn one_next_key_twice(judge: &mut Judge) -> Vec<String> {
    let (mut aid, icp) = Aid::incept("pair", 1, 2, None, &Plan::default());
    let rot = aid.rotate(&Plan {
        kt: text("1"),
        ..Plan::default()
    });
    let doubled = rot.with(&[twice('A', &rot.keys[0], &rot)]);
    [judge.one(&icp.signed()), judge.one(&doubled)].concat()
}

pub fn index_beyond(judge: &mut Judge) -> Vec<String> {
    let (_, icp) = Aid::new("single");
    let raw = sign(&icp.keys[0], icp.body.as_bytes());
    let both = indexed("A", 0, None, &raw) + &indexed("A", 1, None, &raw);
    judge.one(&icp.with(&[count('A', 2), both]))
}

pub fn foreign_code(judge: &mut Judge) -> Vec<String> {
    let (_, icp) = Aid::new("single");
    let raw = sign(&icp.keys[0], icp.body.as_bytes());
    judge.one(&icp.with(&[count('A', 1), indexed("C", 0, None, &raw)]))
}

/// A couple by a secp256k1 witness, and the code of what is kept of it.
pub fn secp_couple(judge: &mut Judge) -> Vec<String> {
    use k256::ecdsa::signature::Signer;
    let secret = k256::ecdsa::SigningKey::from_slice(&[7; 32]).expect("in range");
    let point = secret.verifying_key().to_encoded_point(true);
    let witness = primitive("1AAA", point.as_bytes());
    let icp = icp(&[("b", &format!("[\"{witness}\"]")), ("bt", "\"1\"")]);
    let own: k256::ecdsa::Signature = secret.sign(icp.body.as_bytes());
    let raw: [u8; 64] = own.to_bytes().into();
    let wig = count('B', 1) + &indexed("C", 0, None, &raw);
    let mut rows = judge.one(&icp.with(&[icp.sigs(&[0]), wig]));
    // Another signature of the same key over the same bytes: s and the order minus s both hold.
    let (r, s) = own.split_scalars();
    let other = k256::ecdsa::Signature::from_scalars(*r, -*s).expect("in range");
    let cigar = primitive("0C", &other.to_bytes());
    rows.extend(judge.one(&icp.receipt(&[count('C', 1), witness, cigar])));
    let late = judge.store.table(Table::Late).values().next();
    let text = late.map_or(String::new(), |late| {
        String::from_utf8_lossy(&late[1..]).into_owned()
    });
    rows.push(format!("code {}", text.get(..1).unwrap_or("none")));
    rows
}

pub fn other_alphabet(judge: &mut Judge) -> Vec<String> {
    let (_, icp) = Aid::new("spelled");
    let sigs = icp.sigs(&[0]);
    let (head, value) = sigs.split_at(6);
    assert!(
        value.contains(['-', '_']),
        "the signature has something to spell otherwise"
    );
    let other = value.replace('-', "+").replace('_', "/");
    judge.one(&icp.with(&[head.to_owned(), other]))
}

/// `v` with up to six bytes before the version string.
pub fn late_version(judge: &mut Judge) -> Vec<String> {
    let plain = icp(&[]);
    let dummied = plain.body.replace(&plain.said, &"#".repeat(44));
    let size = dummied.len() + 2;
    let version = format!("XXKERI10JSON{size:06x}_");
    let start = dummied.find("KERI").expect("a version string");
    let junk = [&dummied[..start], &version, &dummied[start + 17..]].concat();
    let said = digest(&junk);
    let event = Event {
        body: junk.replace(&"#".repeat(44), &said),
        said,
        ..plain
    };
    judge.one(&event.signed())
}

pub fn undelegated_drt(judge: &mut Judge) -> Vec<String> {
    let (mut aid, icp) = Aid::incept("free", 2, 1, None, &Plan::default());
    aid.sn = 1;
    let drt = aid.establish("drt", &Plan::default());
    [judge.one(&v2(&icp)), judge.one(&v2(&drt))].concat()
}

/// A version 2 event, signed by all its keys.
fn v2(event: &Event) -> Vec<u8> {
    let sigs = event.sigs(&[0]);
    event.with(&[
        "-K".to_owned() + &primitive("", &[0, 0, 22])[2..],
        sigs[4..].to_owned(),
    ])
}

pub fn dead_anchor(judge: &mut Judge) -> Vec<String> {
    let (mut boss, icp) = Aid::new("boss");
    let (_, dip) = Aid::delegated("child", &boss.pre);
    let mut thief = boss.clone();
    let stolen = thief.interact(&[]);
    let anchor = thief.interact(&[seal(&dip)]);
    let rot = boss.rotate(&Plan::default());
    judge.run(&[icp.signed(), stolen.signed(), anchor.signed(), rot.signed()]);
    judge.one(&dip.anchored(&anchor))
}

pub fn recovery_adds_witness(judge: &mut Judge) -> Vec<String> {
    let plan = |adds: &str| Plan {
        adds: names(&[adds]),
        ..Plan::default()
    };
    let (mut aid, icp) = Aid::incept("watched", 1, 1, None, &plan("w0"));
    let stolen = aid.clone().interact(&[]);
    let rot = aid.rotate(&plan("w1"));
    let mut rows = judge.one(&icp.witnessed(&[0]));
    rows.extend(judge.one(&stolen.witnessed(&[0])));
    rows.extend(judge.one(&rot.witnessed(&[0, 1])));
    rows
}

/// A delegated rotation that takes the place of another; both add the same witness.
pub fn drt_over_drt(judge: &mut Judge) -> Vec<String> {
    let plan = |adds: &[&str]| Plan {
        adds: names(adds),
        ..Plan::default()
    };
    let (mut boss, boss_icp) = Aid::new("boss");
    let (mut child, dip) = Aid::incept("child", 1, 1, Some(&boss.pre), &plan(&["w0"]));
    let mut again = child.clone();
    let first = child.rotate(&plan(&["w1"]));
    again.next.clone_from(&child.next);
    let second = again.rotate(&plan(&["w1", "w2"]));
    let anchors: Vec<Event> = [&dip, &first, &second]
        .map(|event| boss.interact(&[seal(event)]))
        .into();
    judge.one(&boss_icp.signed());
    for anchor in &anchors {
        judge.one(&anchor.signed());
    }
    for (event, anchor, witnesses) in [(&dip, &anchors[0], 1), (&first, &anchors[1], 2)] {
        let indices: Vec<usize> = (0..witnesses).collect();
        let taken =
            judge.one(&event.with(&[event.sigs(&[0]), event.wigs(&indices), couple(anchor)]));
        assert_eq!(taken, ["accepted"]);
    }
    let wigs = second.wigs(&[0, 1, 2]);
    judge.one(&second.with(&[second.sigs(&[0]), wigs, couple(&anchors[2])]))
}

/// What the log says of the source of an inception and of an interaction.
pub fn source_record(judge: &mut Judge) -> Vec<String> {
    let (mut aid, icp) = Aid::new("remote");
    let ixn = aid.interact(&[]);
    let mut rows = [judge.one(&icp.signed()), judge.one(&ixn.signed())].concat();
    for (key, value) in judge.store.table(Table::Log) {
        let text = views::record(Table::Log, key, value).expect("sound");
        let record: serde_json::Value = serde_json::from_str(&text).expect("our own JSON");
        rows.push(format!("local {}", record["local"]));
    }
    rows
}

fn still_waits(judge: &Judge, rows: &mut Vec<String>) {
    rows.extend(
        judge
            .waits()
            .into_iter()
            .map(|entry| format!("waits: {entry}")),
    );
}

pub fn receipt_then_witnessed(judge: &mut Judge) -> Vec<String> {
    let plan = Plan {
        adds: names(&["w0", "w1"]),
        toad: Some(1),
        ..Plan::default()
    };
    let (_, icp) = Aid::incept("seen", 1, 1, None, &plan);
    let mut rows = judge.one(&icp.receipt(&[icp.wigs(&[1])]));
    rows.extend(judge.one(&icp.witnessed(&[0])));
    still_waits(judge, &mut rows);
    rows
}

/// An interaction that waited, and then does not fit.
pub fn garbage(judge: &mut Judge) -> Vec<String> {
    let (mut aid, icp) = Aid::new("tidy");
    aid.said = digest("no event");
    let stray = aid.interact(&[]);
    let mut rows = judge.one(&stray.signed());
    rows.extend(judge.one(&icp.signed()));
    rows.push(format!("rows {}", judge.store.table(Table::Waiting).len()));
    rows
}

/// A second interaction at a taken place, and what is left of it two hours later.
pub fn fork(judge: &mut Judge, good: bool) -> Vec<String> {
    let (mut aid, icp) = Aid::new("liar");
    let mut other = aid.clone();
    let ixn = aid.interact(&[]);
    let second = other.interact(&[seal(&icp)]);
    judge.run(&[icp.signed(), ixn.signed()]);
    let signer = if good { &icp.keys[0] } else { "somebody" };
    let signature = indexed("A", 0, None, &sign(signer, second.body.as_bytes()));
    let mut rows = judge.one(&second.with(&[count('A', 1), signature]));
    judge.now += 7200 * SECOND;
    rows.extend(judge.expire().into_iter().map(|row| row.what));
    still_waits(judge, &mut rows);
    rows
}

pub fn mixed_receipt(judge: &mut Judge) -> Vec<String> {
    let (_, icp) = Aid::new("shown");
    let (_, by) = Aid::new("signer");
    let raw = sign(&by.keys[0], icp.body.as_bytes());
    let both = indexed("A", 5, None, &raw) + &indexed("A", 0, None, &raw);
    let group = [
        count('F', 1),
        by.pre.clone(),
        huge(0),
        by.said.clone(),
        count('A', 2),
        both,
    ];
    let mut rows = judge.one(&icp.signed());
    rows.extend(judge.one(&by.signed()));
    rows.extend(judge.one(&icp.receipt(&group)));
    rows
}

pub fn receipt_of_old_event(judge: &mut Judge) -> Vec<String> {
    let (_, icp) = Aid::new("old");
    let (_, by) = Aid::new("signer");
    judge.one(&icp.signed());
    judge.now += 7200 * SECOND;
    let mut rows = judge.one(&icp.receipt(&[icp.receipt_by(&by)]));
    rows.extend(judge.one(&by.signed()));
    rows
}

pub fn drt_again(judge: &mut Judge) -> Vec<String> {
    let (mut boss, icp) = Aid::new("boss");
    let (mut child, dip) = Aid::delegated("child", &boss.pre);
    let drt = child.rotate(&Plan::default());
    let anchor = boss.interact(&[seal(&dip), seal(&drt)]);
    judge.run(&[icp.signed(), anchor.signed(), dip.signed(), drt.signed()]);
    judge.one(&drt.signed())
}
