//! Annotated text, written and read.

use std::fmt::Write as _;

use super::Line;
use crate::error::{Error, ErrorKind};
use crate::frame::{self, Domain, Frame};
use crate::limits::Options;
use crate::version::Kind;

/// Renders lines as annotated text: the primitives one below the other, two spaces a level, and ` # ` before what
/// explains them. [`deannotate`] undoes it for a stream in the text domain without faults and opaque bytes.
pub fn render(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        let indent = usize::from(line.depth) * 2;
        let explained = if line.value.is_empty() {
            String::new()
        } else {
            format!(": {}", line.value.escape_debug())
        };
        let text = if line.name == "fault" {
            ""
        } else {
            line.text.as_str()
        };
        let _ = writeln!(
            out,
            "{:indent$}{text} # {} {} {}, {} bytes at {}{explained}",
            "",
            line.code,
            line.name,
            if line.name == "fault" { "given up" } else { "" },
            line.size,
            line.offset
        );
    }
    out
}

/// Renders lines as JSON, one object a line: `offset`, `depth`, `code`, `name`, `size`, `value` (the thing itself),
/// `meaning` (what it says to people, empty when the value says it all).
pub fn render_json(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        let _ = write!(
            out,
            "{{\"offset\":{},\"depth\":{},\"code\":",
            line.offset, line.depth
        );
        push_json(&line.code, &mut out);
        out.push_str(",\"name\":");
        push_json(line.name, &mut out);
        let _ = write!(out, ",\"size\":{},\"value\":", line.size);
        push_json(&line.text, &mut out);
        out.push_str(",\"meaning\":");
        push_json(&line.value, &mut out);
        out.push_str("}\n");
    }
    out
}

fn push_json(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // Control characters could steer a terminal.
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The stream that annotated text stands for: comments and white space left out, JSON bodies as they are.
///
/// # Errors
/// `Version` for a `{` without a version string, `Truncated` for a body that is cut.
pub fn deannotate(text: &[u8], options: &Options) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'#' => {
                at += text[at..]
                    .iter()
                    .position(|&c| c == b'\n')
                    .unwrap_or(text.len() - at);
            }
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'{' => {
                let size =
                    frame::body_size(&text[at..], options).map_err(|kind| Error::new(kind, at))?;
                let body = text
                    .get(at..at + size)
                    .ok_or(Error::new(ErrorKind::Truncated, text.len()))?;
                out.extend_from_slice(body);
                at += size;
            }
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Ok(out)
}

/// Whether the lines hold anything that is not in the text domain, which [`render`] cannot carry.
pub fn is_text_only(frames: &[Frame]) -> bool {
    frames.iter().all(|frame| {
        frame.domain == Domain::Text
            && frame.body_domain == Domain::Text
            && matches!(frame.kind, Kind::Json | Kind::Cesr)
    })
}
