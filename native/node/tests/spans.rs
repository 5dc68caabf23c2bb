//! Spans there and back.

use kelpipe_node::layout::SPAN_FLAGS;
use kelpipe_node::spans::{frames, words};

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
    for (name, shift, bits, _) in SPAN_FLAGS {
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
