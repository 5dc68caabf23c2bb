//! Lines for people, and as JSON.

use std::fmt::Write as _;

use super::{Form, Line};

/// Before the Base64 of bytes that are not in the text domain.
pub(super) const BYTES_MARK: u8 = b'~';

/// Renders lines as annotated text: the primitives one below the other, two spaces a level, `~` before the Base64 of
/// bytes that are not text, and `# ` before what explains them. [`super::deannotate`] gives the stream again.
pub fn render(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        let indent = usize::from(line.depth) * 2;
        let _ = write!(out, "{:indent$}", "");
        match line.form {
            Form::Text => out.push_str(&line.text),
            Form::Bytes => {
                out.push(char::from(BYTES_MARK));
                out.push_str(&line.text);
            }
            Form::Shown => {}
        }
        if line.form != Form::Shown {
            out.push(' ');
        }
        out.push_str("# ");
        if !line.code.is_empty() {
            let _ = write!(out, "{} ", line.code);
        }
        let _ = write!(out, "{}, {} bytes at {}", line.name, line.size, line.offset);
        if !line.value.is_empty() {
            out.push_str(": ");
            push_harmless(&line.value, &mut out);
        }
        if line.form == Form::Shown && !line.text.is_empty() {
            out.push_str(": ");
            push_harmless(&line.text, &mut out);
        }
        out.push('\n');
    }
    out
}

/// Renders lines as JSON, one object a line: `type` (`"annotation"`), `offset`, `depth`, `code`, `name`, `size`, `form`
/// (`"text"`, `"bytes"`, `"shown"`), `value` (the thing itself), `meaning` (what it says to people, empty when the value
/// says it all).
pub fn render_json(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        let Line {
            offset,
            depth,
            size,
            ..
        } = line;
        let _ = write!(
            out,
            "{{\"type\":\"annotation\",\"offset\":{offset},\"depth\":{depth},\"code\":"
        );
        push_json(&line.code, &mut out);
        out.push_str(",\"name\":");
        push_json(line.name, &mut out);
        let _ = write!(
            out,
            ",\"size\":{size},\"form\":\"{}\",\"value\":",
            line.form.name()
        );
        push_json(&line.text, &mut out);
        out.push_str(",\"meaning\":");
        push_json(&line.value, &mut out);
        out.push_str("}\n");
    }
    out
}

pub(super) fn push_json(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if steers(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn push_harmless(text: &str, out: &mut String) {
    for c in text.chars() {
        if steers(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
}

/// Characters that could steer a terminal: controls, line separators, and those that turn the writing direction.
pub(super) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
