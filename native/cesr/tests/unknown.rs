//! Unknown codes among attachments, and the code tables that a source begins with.

mod common;

use common::make::{self, Shape};
use common::random::Random;
use common::value::group;
use common::{Item, cut};
use kelpipe_cesr::annotate::{annotate, deannotate, render};
use kelpipe_cesr::frame;
use kelpipe_cesr::group::{Attachments, Genus, parse_attachments};
use kelpipe_cesr::version::{Kind, Protocol, Version};
use kelpipe_cesr::{ErrorKind, Options, Unknown};

fn skip() -> Options {
    Options {
        unknown: Unknown::Skip,
        ..Options::default()
    }
}

fn body(major: u8) -> String {
    let mut version = Version::new(Protocol::Keri, major, Kind::Json, 0);
    let text = |version: &Version| format!("{{\"v\":\"{version}\"}}");
    version.size = text(&version).len() as u32;
    text(&version)
}

fn signature(random: &mut Random, index: char) -> String {
    random.fill(&format!("A{index}A"), 88)
}

/// What is attached to the first message of `stream`, and how many messages there are; the same at every split.
fn read<'s>(stream: &'s str, options: &Options) -> (usize, Option<Attachments<'s>>) {
    let bytes = stream.as_bytes();
    let whole = cut(bytes, [], options);
    for at in 1..bytes.len() {
        assert_eq!(whole, cut(bytes, [at], options), "split at {at}");
    }
    let (frames, _) = frame::cut(bytes, options);
    let attachments = frames.first().map(|frame| {
        let text = &bytes[frame.body.end as usize..frame.attachments_end as usize];
        parse_attachments(text, frame.genus, options).expect("the framer has walked them")
    });
    (frames.len(), attachments)
}

#[test]
fn an_unknown_primitive_costs_its_group_only() {
    let mut random = Random::new(1);
    let (mut good, mut bad, mut last, mut all) = Default::default();
    group('K', &signature(&mut random, 'A'), &mut good);
    // A signature, then a code that is in no table.
    group(
        'L',
        &(signature(&mut random, 'B') + "5AAZ" + &random.fill("", 40)),
        &mut bad,
    );
    group(
        'S',
        &(random.fill("0AA", 24) + &random.fill("EA", 44)),
        &mut last,
    );
    group('C', &format!("{good}{bad}{last}"), &mut all);
    for attachments in [all, format!("{good}{bad}{last}")] {
        let stream = format!("-_AAACAA{}{attachments}{}{good}", body(2), body(2));
        let (messages, _) = read(&stream, &Options::default());
        assert_eq!(messages, 1, "rejected, and the next message is read");
        let (messages, found) = read(&stream, &skip());
        let found = found.expect("a message");
        assert_eq!(messages, 2);
        assert_eq!(
            (
                found.controller.len(),
                found.seal_couples.len(),
                found.skipped,
                found.skipped_bytes
            ),
            (1, 1, 1, 44)
        );
        let lines = annotate(stream.as_bytes(), &skip());
        let passed_over: Vec<_> = lines.iter().filter(|line| line.name == "opaque").collect();
        assert_eq!(passed_over.len(), 1);
        assert_eq!(passed_over[0].size, 44);
        assert_eq!(
            deannotate(render(&lines).as_bytes(), &skip()),
            stream.as_bytes()
        );
    }
}

#[test]
fn an_unknown_primitive_in_a_group_of_elements_costs_what_encloses_it() {
    let mut random = Random::new(2);
    let signed = format!("-AAB{}", signature(&mut random, 'A'));
    let unknown = "-BAB~A".replace('~', "5") + &random.fill("", 86);
    let inner = format!("{signed}{unknown}");
    let count = inner.len() / 4;
    let enclosed = format!("-VA{}{inner}", char::from(common::CHARS[count]));
    let stream = format!("{}{enclosed}{}{signed}", body(1), body(1));
    assert_eq!(read(&stream, &Options::default()).0, 1);
    let (messages, found) = read(&stream, &skip());
    assert_eq!(
        (messages, found.map(|f| (f.controller.len(), f.skipped))),
        (2, Some((1, 1)))
    );
    // Nothing tells where bare groups of elements end: the message is lost, the next one is not.
    let stream = format!("{}{unknown}{}{signed}", body(1), body(1));
    assert_eq!(read(&stream, &skip()).0, 1);
}

#[test]
fn a_group_without_a_meaning_here_is_left_out() {
    let mut random = Random::new(3);
    let (mut good, mut unhandled) = Default::default();
    group('K', &signature(&mut random, 'A'), &mut good);
    group('Q', &random.fill("EA", 44), &mut unhandled);
    let stream = format!("-_AAACAA{}{good}{unhandled}{}{good}", body(2), body(2));
    assert_eq!(read(&stream, &Options::default()).0, 1);
    let (messages, found) = read(&stream, &skip());
    let found = found.expect("a message");
    assert_eq!((messages, found.skipped, found.skipped_bytes), (2, 1, 44));
}

#[test]
fn skipping_changes_nothing_about_sound_streams() {
    let mut random = Random::new(4);
    for shape in Shape::ALL {
        let stream = make::stream(shape, 5, &mut random);
        assert_eq!(
            cut(&stream, [], &skip()),
            cut(&stream, [], &Options::default()),
            "{shape:?}"
        );
    }
}

#[test]
fn a_source_begins_with_its_own_tables() {
    let mut random = Random::new(5);
    let signed = signature(&mut random, 'A');
    let mut v2 = String::new();
    group('K', &signed, &mut v2);
    let under = |genus| Options {
        genus,
        ..Options::default()
    };
    let genus = |stream: &str, options: &Options| {
        let frames = frame::cut(stream.as_bytes(), options).0;
        frames
            .iter()
            .map(|frame| (frame.genus.major, frame.attachments_end))
            .collect::<Vec<_>>()
    };
    // Unless told, each body's version string tells.
    let first = format!("{}-AAB{signed}", body(1));
    let both = format!("{first}{}{v2}", body(2));
    let ends = (first.len() as u32, both.len() as u32);
    assert_eq!(genus(&both, &under(None)), [(1, ends.0), (2, ends.1)]);
    // A body of version 1 may stand under the tables of version 2, which do not know its `-A`.
    let under_v2 = format!("{}{v2}", body(1));
    assert_eq!(
        genus(&under_v2, &under(Some(Genus::V2))),
        [(2, under_v2.len() as u32)]
    );
    // A body of version 2 may not stand under the tables of version 1.
    let newer = cut(body(2).as_bytes(), [], &under(Some(Genus::V1)));
    assert!(
        matches!(
            newer[..],
            [Item::Fault {
                error: ErrorKind::GenusMismatch,
                ..
            }]
        ),
        "{newer:?}"
    );
    // A genus code in the stream wins from there on.
    let switched = format!("{first}-_AAACAA{}{v2}", body(2));
    assert_eq!(
        genus(&switched, &under(Some(Genus::V1))),
        [(1, ends.0), (2, switched.len() as u32)]
    );
}
