//! The line of a body, and those of what a native one holds.

use super::{Place, base64_of};
use crate::annotate::fields::fields;
use crate::annotate::native::Native;
use crate::annotate::text::steers;
use crate::annotate::{Form, Line};
use crate::frame::{self, Domain, Frame};
use crate::limits::Options;
use crate::version::Kind;

pub(super) fn body(place: &Place, frame: &Frame, options: &Options, lines: &mut Vec<Line>) {
    let mut scratch = Vec::new();
    let window = place.window;
    let bytes = frame.body.of(window);
    let (body, problem) = match frame::body_bytes(window, frame, &mut scratch) {
        Ok(body) => (body, None),
        Err(error) => (bytes, Some(error)),
    };
    let native = Native {
        base: place.base + u64::from(frame.body.start),
        binary: frame.body_domain == Domain::Binary,
        depth: u16::from(frame.start < frame.body.start),
        genus: frame.genus,
        options,
    };
    let (text, form) = if frame.kind == Kind::Cesr {
        (String::new(), Form::Shown)
    } else if frame.wrapped {
        native.wrapped(bytes, lines);
        (shown(body), Form::Shown)
    } else if is_readable(body, options) {
        (String::from_utf8_lossy(body).into_owned(), Form::Text)
    } else {
        (base64_of(body), Form::Bytes)
    };
    lines.push(Line {
        offset: native.base,
        depth: native.depth,
        code: frame.kind.name().to_owned(),
        name: if frame.wrapped {
            "wrapped body"
        } else {
            "body"
        },
        size: bytes.len() as u64,
        text,
        form,
        value: match problem {
            Some(error) => error.to_string(),
            None if frame.kind == Kind::Json => String::new(),
            None => fields(frame.kind, body, options).unwrap_or_default(),
        },
    });
    let last = lines.len() - 1;
    if frame.kind == Kind::Cesr
        && let Err(error) = native.body(body, lines)
        && let Some(line) = lines.get_mut(last)
    {
        line.value = error.to_string();
    }
}

/// A body that is only shown: as text if it is some.
fn shown(body: &[u8]) -> String {
    std::str::from_utf8(body).map_or_else(|_| base64_of(body), str::to_owned)
}

/// Whether a body can stand in annotated text as it is: it is found there by its size, and does nothing to a terminal.
fn is_readable(body: &[u8], options: &Options) -> bool {
    let harmless = |c: char| !steers(c);
    body.first() == Some(&b'{')
        && std::str::from_utf8(body).is_ok_and(|text| text.chars().all(harmless))
        && frame::body_size(body, options) == Ok(body.len())
}
