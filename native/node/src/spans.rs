//! Spans: where a message stands in its window, and how it is to be read, in four words.

use kelpipe_cesr::body::Span;
use kelpipe_cesr::frame::{Domain, Frame};
use kelpipe_cesr::group::Genus;
use kelpipe_cesr::version::Kind;

use crate::failure::{Result, argument};

/// Words of a span: body start, body end, attachments end, flags.
pub const WORDS: usize = 4;

/// The fields of the flags, as name, lowest bit, bits, meaning. The TypeScript view is generated from it.
pub const FLAGS: &[(&str, u32, u32, &str)] = &[
    (
        "genusMajor",
        0,
        4,
        "major version of the attachments' code tables",
    ),
    (
        "genusMinor",
        4,
        4,
        "minor version of the attachments' code tables",
    ),
    (
        "kind",
        8,
        3,
        "serialization of the body, by place in `bodyKinds`",
    ),
    (
        "domain",
        11,
        2,
        "domain of the attachments, by place in `domains`",
    ),
    (
        "bodyDomain",
        13,
        2,
        "domain of the body, by place in `domains`",
    ),
    (
        "wrapped",
        15,
        1,
        "1: the body stands inside a native primitive",
    ),
];

/// Serializations by number.
pub const KINDS: [(Kind, &str); 4] = [
    (Kind::Json, "JSON"),
    (Kind::Cbor, "CBOR"),
    (Kind::Mgpk, "MGPK"),
    (Kind::Cesr, "CESR"),
];

/// Domains by number.
pub const DOMAINS: [(Domain, &str); 3] = [
    (Domain::Text, "text"),
    (Domain::Binary, "binary"),
    (Domain::Mixed, "mixed"),
];

const fn shift(field: usize) -> u32 {
    FLAGS[field].1
}

fn place<T: PartialEq, const N: usize>(list: &[(T, &str); N], value: &T) -> u32 {
    list.iter()
        .position(|(known, _)| known == value)
        .unwrap_or(N) as u32
}

/// The words of a frame.
pub fn words(frame: &Frame) -> [u32; WORDS] {
    let flags = u32::from(frame.genus.major) << shift(0)
        | u32::from(frame.genus.minor) << shift(1)
        | place(&KINDS, &frame.kind) << shift(2)
        | place(&DOMAINS, &frame.domain) << shift(3)
        | place(&DOMAINS, &frame.body_domain) << shift(4)
        | u32::from(frame.wrapped) << shift(5);
    [
        frame.body.start,
        frame.body.end,
        frame.attachments_end,
        flags,
    ]
}

/// The frames that `words` describe in a window of `size` bytes: in order, side by side, nowhere outside.
///
/// # Errors
/// The first span that is not so, or whose flags nothing could have written.
pub fn frames(words: &[u32], size: usize) -> Result<Vec<Frame>> {
    let (spans, rest) = words.as_chunks::<WORDS>();
    if !rest.is_empty() {
        return Err(argument(format!(
            "spans: {} words are not whole spans of {WORDS}",
            words.len()
        )));
    }
    let mut before = 0;
    spans
        .iter()
        .enumerate()
        .map(|(at, span)| {
            let frame = frame(span)
                .filter(|frame| {
                    frame.body.start >= before && frame.attachments_end as usize <= size
                })
                .ok_or_else(|| {
                    argument(format!(
                        "spans: span {at} is out of order, out of bounds or malformed"
                    ))
                })?;
            before = frame.attachments_end;
            Ok(frame)
        })
        .collect()
}

fn frame(&[start, end, attachments_end, flags]: &[u32; WORDS]) -> Option<Frame> {
    let field = |field: usize| flags >> FLAGS[field].1 & ((1 << FLAGS[field].2) - 1);
    let genus = Genus {
        major: field(0) as u8,
        minor: field(1) as u8,
    };
    let frame = Frame {
        start,
        body: Span { start, end },
        attachments_end,
        genus,
        domain: DOMAINS.get(field(3) as usize)?.0,
        kind: KINDS.get(field(2) as usize)?.0,
        body_domain: DOMAINS.get(field(4) as usize)?.0,
        wrapped: field(5) == 1,
    };
    let known = genus == Genus::V1 || genus == Genus::V2;
    (known && flags >> 16 == 0 && start < end && end <= attachments_end).then_some(frame)
}

#[cfg(test)]
mod tests {
    use super::{FLAGS, frames, words};

    /// Goal: what a framer writes is what `prepare` reads. Method: every combination of flags, there and back.
    #[test]
    fn words_are_read_as_they_were_written() {
        let mut seen = 0;
        for flags in 0..1 << 16 {
            if let Ok(read) = frames(&[4, 9, 12, flags], 12) {
                assert_eq!(words(&read[0]), [4, 9, 12, flags]);
                seen += 1;
            }
        }
        assert_eq!(seen, 2 * 4 * 3 * 3 * 2);
    }

    #[test]
    fn fields_do_not_overlap() {
        let mut next = 0;
        for (name, shift, bits, _) in FLAGS {
            assert_eq!(*shift, next, "{name}");
            next += bits;
        }
        assert_eq!(next, 16);
    }

    #[test]
    fn spans_out_of_order_or_out_of_bounds_are_refused() {
        let good = [0, 5, 8, 1, 8, 9, 9, 1];
        assert_eq!(frames(&good, 9).map(|frames| frames.len()).ok(), Some(2));
        assert!(frames(&good, 8).is_err(), "beyond the window");
        assert!(frames(&good[..7], 9).is_err(), "not whole");
        assert!(frames(&[5, 5, 8, 1], 9).is_err(), "empty body");
        assert!(
            frames(&[0, 9, 8, 1], 9).is_err(),
            "attachments before the body's end"
        );
        assert!(frames(&[1, 5, 8, 1, 7, 9, 9, 1], 9).is_err(), "overlap");
        assert!(frames(&[1, 5, 8, 1 << 16 | 1], 9).is_err(), "unknown flag");
        assert!(frames(&[1, 5, 8, 3], 9).is_err(), "unknown genus");
        assert!(frames(&[1, 5, u32::MAX, 1], 9).is_err(), "overflow");
    }
}
