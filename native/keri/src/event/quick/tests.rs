use std::time::{Duration, Instant};

use kelpipe_cesr::codes::CounterTable;
use kelpipe_cesr::version::{Kind, Protocol, Version};
use kelpipe_cesr::{counter, primitive};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::read;
use crate::event::{Body, Identity, read_tokens, version_of};
use crate::options::{Mode, Options};

const AID: &str = "EKpvDE6VQDm_4kggQpOfGyvbNHOZDqVvfXl5-zd3s-G2";
const KEY: &str = "DPweP7qNETTuI5NPcVkFaDlkZLLH_SSUCGTqe7QTY1gV";

/// The value of a field.
#[derive(Clone)]
enum Value {
    Text(&'static str),
    Texts(Vec<&'static str>),
    Maps(Vec<Vec<(&'static str, &'static str)>>),
}

use Value::{Maps, Text, Texts};

type Event = Vec<(&'static str, Value)>;

/// Events that are read quickly, and some that are not.
fn events(major: u8) -> Vec<(Event, bool)> {
    let head = |ilk, sn| {
        vec![
            ("t", Text(ilk)),
            ("d", Text(AID)),
            ("i", Text(AID)),
            ("s", Text(sn)),
        ]
    };
    let prior = ("p", Text(AID));
    let keys = |nt| {
        let (keys, next) = (vec![KEY], vec![AID, AID]);
        let (keys, next) = (("k", Texts(keys)), ("n", Texts(next)));
        [("kt", Text("1")), keys, ("nt", nt), next, ("bt", Text("1"))]
    };
    let none = |label| (label, Texts(vec![]));
    let traits = || if major == 2 { vec![none("c")] } else { vec![] };
    let two = || Text("2");
    let seal = || vec![("i", AID), ("s", "1f"), ("d", AID)];
    let digest = || vec![("d", AID)];
    let rotation = |ilk, nt, cuts, seals| {
        let lists = [("br", Texts(cuts)), none("ba")];
        [
            head(ilk, "a"),
            vec![prior.clone()],
            keys(nt).to_vec(),
            lists.to_vec(),
            traits(),
            vec![("a", Maps(seals))],
        ]
        .concat()
    };
    let inception = |ilk, witnesses, traits, more: Event| {
        let rest = vec![("b", Texts(witnesses)), ("c", Texts(traits)), none("a")];
        [head(ilk, "0"), keys(two()).to_vec(), rest, more].concat()
    };
    let interaction = |seals| {
        [
            head("ixn", "fffff"),
            vec![prior.clone(), ("a", Maps(seals))],
        ]
        .concat()
    };
    vec![
        (inception("icp", vec![], vec![], vec![]), true),
        (inception("icp", vec![KEY, KEY], vec!["EO"], vec![]), false),
        (
            inception("dip", vec![KEY], vec![], vec![("di", Text(AID))]),
            true,
        ),
        (rotation("rot", two(), vec![], vec![]), true),
        (rotation("drt", two(), vec![KEY], vec![seal()]), true),
        (interaction(vec![seal(), seal(), digest(), seal()]), true),
        (interaction(vec![vec![("rd", AID)]]), false),
        (
            rotation("rot", Texts(vec!["1/2", "1/2"]), vec![], vec![]),
            false,
        ),
    ]
}

fn body(kind: Kind, major: u8, event: &Event) -> Vec<u8> {
    let version = |size| Version::new(Protocol::Keri, major, kind, size).to_string();
    let write = |size| match kind {
        Kind::Cbor => items(&version(size), event, [0xa0, 0x80, 0x60, 0x78], 24),
        Kind::Cesr => native(event),
        Kind::Json => json(&version(size), event),
        Kind::Mgpk => items(&version(size), event, [0x80, 0x90, 0xa0, 0xd9], 32),
    };
    write(write(0).len() as u32)
}

fn json(version: &str, event: &Event) -> Vec<u8> {
    let map = |map: &Vec<(&str, &str)>| {
        let fields: Vec<_> = map
            .iter()
            .map(|(label, text)| format!("{label:?}:{text:?}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    };
    let value = |value: &Value| match value {
        Text(text) => format!("{text:?}"),
        Texts(texts) => format!("{texts:?}").replace(' ', ""),
        Maps(maps) => format!("[{}]", maps.iter().map(map).collect::<Vec<_>>().join(",")),
    };
    let fields = event
        .iter()
        .map(|(label, of)| format!(",{label:?}:{}", value(of)));
    format!("{{\"v\":{version:?}{}}}", fields.collect::<String>()).into_bytes()
}

/// CBOR or MessagePack: bytes of an empty map, list and text and of a sized text; bytes of the least sized text.
fn items(
    version: &str,
    event: &Event,
    [map, list, short, sized]: [u8; 4],
    least: usize,
) -> Vec<u8> {
    let text = |text: &str| {
        let size = text.len() as u8;
        let head = if text.len() < least {
            vec![short | size]
        } else {
            vec![sized, size]
        };
        [&head, text.as_bytes()].concat()
    };
    let value = |value: &Value| match value {
        Text(of) => text(of),
        Texts(texts) => [
            vec![list | texts.len() as u8],
            texts.iter().flat_map(|of| text(of)).collect(),
        ]
        .concat(),
        Maps(maps) => {
            let one = |of: &Vec<(&str, &str)>| {
                let fields = of
                    .iter()
                    .flat_map(|(label, of)| [text(label), text(of)].concat());
                [vec![map | of.len() as u8], fields.collect()].concat()
            };
            [
                vec![list | maps.len() as u8],
                maps.iter().flat_map(one).collect(),
            ]
            .concat()
        }
    };
    let fields = event
        .iter()
        .flat_map(|(label, of)| [text(label), value(of)].concat());
    let head = [
        vec![map | (event.len() as u8 + 1)],
        text("v"),
        text(version),
    ]
    .concat();
    [head, fields.collect()].concat()
}

fn native(event: &Event) -> Vec<u8> {
    let number = |text: &str| u128::from_str_radix(text, 16).expect("hex");
    let group = |letter, inner: &str, out: &mut String| {
        counter::encode(CounterTable::V2, letter, inner.len() as u32 / 4, out).expect("counter");
        out.push_str(inner);
    };
    let field = |label: &str, text: &str, out: &mut String| match label {
        "t" | "c" => primitive::encode_tag(text, out).expect("tag"),
        "s" | "kt" | "nt" | "bt" => primitive::encode_number(number(text), out),
        _ => out.push_str(text),
    };
    let mut inner = "0OKERICAACAA".to_owned();
    for (label, value) in event {
        let mut list = String::new();
        match value {
            Text(text) => field(label, text, &mut inner),
            Texts(weights) if *label == "nt" => {
                let weights = weights.join("c").replace('/', "s");
                primitive::encode_bext(&weights, &mut inner).expect("text");
            }
            Texts(texts) => {
                for text in texts {
                    field(label, text, &mut list);
                }
                group('J', &list, &mut inner);
            }
            Maps(maps) => {
                for run in maps.chunk_by(|one, other| one.len() == other.len()) {
                    let mut seals = String::new();
                    run.iter()
                        .flatten()
                        .for_each(|(label, text)| field(label, text, &mut seals));
                    let letter = match run[0][0].0 {
                        "i" => 'T',
                        "rd" => 'R',
                        _ => 'Q',
                    };
                    group(letter, &seals, &mut list);
                }
                group('J', &list, &mut inner);
            }
        }
    }
    let mut out = String::new();
    group('F', &inner, &mut out);
    out.into_bytes()
}

/// Every body, and whether it is read quickly.
fn bodies() -> Vec<(Vec<u8>, bool)> {
    let kinds = [
        (Kind::Json, 1),
        (Kind::Json, 2),
        (Kind::Cbor, 1),
        (Kind::Cbor, 2),
        (Kind::Mgpk, 1),
        (Kind::Mgpk, 2),
        (Kind::Cesr, 2),
    ];
    let of = |(kind, major)| {
        events(major)
            .into_iter()
            .map(move |(event, quick)| (body(kind, major, &event), quick))
    };
    kinds.into_iter().flat_map(of).collect()
}

/// What is read quickly is what the tokens say. Whether it is.
fn agrees(body: &[u8]) -> bool {
    let mut quick = false;
    for mode in [Mode::Hardened, Mode::Keripy] {
        let options = Options::new(mode);
        if let Some(found) = read(body, options.limits.depth_max) {
            quick = true;
            let version = version_of(body).expect("a version");
            let tokens = read_tokens(body, &version, &options, &mut Identity::default());
            let tokens = tokens.map_err(|refusal| format!("{refusal:?}"));
            let found = Ok::<_, String>(Body::KeyEvent(found));
            assert_eq!(format!("{tokens:?}"), format!("{found:?}"));
        }
    }
    quick
}

#[test]
fn the_usual_forms_are_read_and_the_others_left() {
    let options = Options::new(Mode::Hardened);
    for (body, quick) in bodies() {
        let text = String::from_utf8_lossy(&body);
        assert_eq!(agrees(&body), quick, "{text}");
        let version = version_of(&body).expect("a version");
        let tokens = read_tokens(&body, &version, &options, &mut Identity::default());
        assert!(matches!(tokens, Ok(Body::KeyEvent(_))), "{text}");
    }
}

#[test]
fn a_body_that_was_cut_is_left() {
    for (body, _) in bodies() {
        for size in 0..body.len() {
            assert!(
                !agrees(&body[..size]),
                "{}",
                String::from_utf8_lossy(&body[..size])
            );
        }
    }
}

#[test]
fn a_primitive_of_any_other_code_is_read_as_its_tokens_say() {
    for (body, _) in bodies() {
        let begins = |at: &usize| {
            [AID, KEY]
                .iter()
                .any(|text| body[*at..].starts_with(text.as_bytes()))
        };
        for at in (0..body.len()).filter(begins) {
            for code in (b'A'..=b'Z').chain(b'a'..=b'z') {
                let mut changed = body.clone();
                changed[at] = code;
                agrees(&changed);
            }
        }
    }
}

/// A body with a piece put in the place of another, mostly of the same size.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<Vec<u8>> = bodies().into_iter().map(|(body, _)| body).collect();
    let spice =
        &b"{}[]\",:\\ EDBAXMdis0129fF-_+/icprotxJTQ\x61\x80\x81\xa1\xa3\xd9\x78\x00\xff"[..];
    let piece = prop_oneof![
        prop::collection::vec(prop::sample::select(spice), 0..4),
        (
            prop::sample::select(all.clone()),
            any::<prop::sample::Index>(),
            1..60usize
        )
            .prop_map(|(body, from, size)| {
                let from = from.index(body.len());
                body[from..(from + size).min(body.len())].to_vec()
            }),
    ];
    let change = (
        any::<prop::sample::Index>(),
        prop::option::of(0..50usize),
        piece,
    );
    (
        prop::sample::select(all),
        prop::collection::vec(change, 1..3),
    )
        .prop_map(|(mut body, changes)| {
            for (at, cut, with) in changes {
                let at = at.index(body.len());
                let to = (at + cut.unwrap_or(with.len())).min(body.len());
                body.splice(at..to, with);
                if body.is_empty() {
                    body.push(0);
                }
            }
            body
        })
}

/// A fuzz target, for as many seconds as `KELPIPE_FUZZ_SECONDS` says (a fraction of one without it), on other inputs
/// with another number in `KELPIPE_FUZZ_SEED`.
#[test]
fn a_body_that_was_changed_is_read_as_its_tokens_say() {
    let variable = |name| std::env::var(name).ok();
    let seconds = variable("KELPIPE_FUZZ_SECONDS").and_then(|text| text.parse().ok());
    let seed: u64 = variable("KELPIPE_FUZZ_SEED")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let budget = Duration::from_secs_f64(seconds.unwrap_or(0.5));
    let start = Instant::now();
    let random = TestRng::from_seed(RngAlgorithm::XorShift, &u128::from(seed + 1).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let strategy = mutated();
    let (mut inputs, mut quick) = (0u64, 0u64);
    while start.elapsed() < budget {
        let body = strategy.new_tree(&mut runner).expect("a body").current();
        quick += u64::from(agrees(&body));
        inputs += 1;
    }
    println!("quick bodies: {inputs} inputs, {quick} read quickly");
    assert!(quick > 0, "some stay usual");
}
