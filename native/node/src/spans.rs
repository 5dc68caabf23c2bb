//! Spans: where a message stands in its window, and how it is to be read, in four words.

use kelpipe_cesr::body::Span;
use kelpipe_cesr::frame::Frame;
use kelpipe_cesr::group::Genus;

use crate::failure::{Result, argument};
pub use crate::layout::SPAN_WORDS as WORDS;
use crate::layout::{DOMAINS, KINDS, SPAN_FLAGS as FLAGS};

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
