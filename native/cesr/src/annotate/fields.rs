//! The fields of a body that is not JSON, for people.

use super::text::push_json;
use crate::body::{Reader, Token};
use crate::limits::Options;
use crate::version::Kind;

/// The fields as JSON; nothing where the body cannot be read. Of a float only that it is one is told.
pub(super) fn fields(kind: Kind, body: &[u8], options: &Options) -> Option<String> {
    let mut reader = Reader::new(kind, body, options);
    let mut out = String::new();
    // Of each map and list that is open, whether something stands in it already.
    let mut open: Vec<bool> = Vec::new();
    let mut labelled = false;
    loop {
        let token = reader.next().ok()?;
        if !labelled && !matches!(token, Token::MapEnd | Token::ListEnd) {
            separate(&mut open, &mut out);
        }
        labelled = matches!(token, Token::Key(_));
        match token {
            Token::MapStart | Token::ListStart => open.push(false),
            Token::MapEnd | Token::ListEnd => {
                open.pop();
            }
            _ => {}
        }
        push(token, &mut out);
        if open.is_empty() {
            return Some(out);
        }
    }
}

fn separate(open: &mut [bool], out: &mut String) {
    if let Some(filled) = open.last_mut() {
        if *filled {
            out.push(',');
        }
        *filled = true;
    }
}

fn push(token: Token, out: &mut String) {
    match token {
        Token::MapStart => out.push('{'),
        Token::MapEnd => out.push('}'),
        Token::ListStart => out.push('['),
        Token::ListEnd => out.push(']'),
        Token::Key(label) => {
            push_json(&label.unescaped(), out);
            out.push(':');
        }
        Token::Text(text) => push_json(&text.unescaped(), out),
        Token::Integer(integer) => out.push_str(&integer.to_string()),
        Token::Float => push_json("a float", out),
        Token::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Token::Null => out.push_str("null"),
        Token::Primitive(primitive) => push_json(primitive.text, out),
    }
}
