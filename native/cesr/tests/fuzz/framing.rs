//! Targets that cut streams.

use kelpipe_cesr::annotate::{annotate, deannotate, render};
use kelpipe_cesr::frame::{self, Domain, attachments_text, body_bytes};
use kelpipe_cesr::group::parse_attachments;
use kelpipe_cesr::{Options, convert};

use super::common::cut;
use super::common::random::Random;
use super::run;

#[test]
fn frame_in_any_chunks() {
    run("frame_in_any_chunks", |bytes| {
        let options = Options::default();
        let whole = cut(bytes, [], &options);
        let seed = bytes.iter().fold(7u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
        let mut random = Random::new(seed);
        assert_eq!(whole, cut(bytes, random.cuts(4, bytes.len()), &options));
    });
}

#[test]
fn frame_leniently() {
    run("frame_leniently", |bytes| {
        let options = Options::keripy();
        assert_eq!(
            cut(bytes, [], &options),
            cut(bytes, 1..bytes.len().max(1), &options)
        );
    });
}

#[test]
fn frames_can_be_read() {
    run("frames_can_be_read", |bytes| {
        let options = Options::default();
        for frame in frame::cut(bytes, &options).0 {
            let (mut body, mut text) = (Vec::new(), Vec::new());
            if let Ok(body) = body_bytes(bytes, &frame, &mut body) {
                super::reading::read(frame.kind, body);
            }
            let text = attachments_text(bytes, &frame, &options, &mut text)
                .expect("the framer has walked them");
            parse_attachments(text, frame.genus, &options).expect("the framer has walked them");
        }
    });
}

#[test]
fn annotated_and_converted() {
    run("annotated_and_converted", |bytes| {
        let options = Options::default();
        let lines = annotate(bytes, &options);
        assert_eq!(deannotate(render(&lines).as_bytes(), &options), bytes);
        for domain in [Domain::Text, Domain::Binary] {
            let mut out = Vec::new();
            if convert::stream(bytes, domain, &options, &mut out).is_ok() {
                let (before, after) = (frame::cut(bytes, &options), frame::cut(&out, &options));
                assert_eq!(before.0.len(), after.0.len());
            }
        }
    });
}
