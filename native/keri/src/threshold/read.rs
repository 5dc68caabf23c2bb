//! Thresholds as messages say them: text, JSON, or tokens of a body.

use std::slice::Iter;

use kelpipe_cesr::body::{Text, Token};

use super::weight::Weight;
use super::{Element, Threshold};
use crate::number;

impl Threshold {
    /// The threshold that a value says, given all its tokens. `None`: a form that is not allowed.
    pub fn of_tokens(tokens: &[Token<'_>], strict: bool) -> Option<Threshold> {
        let mut tokens = tokens.iter();
        match tokens.next()? {
            Token::Text(text) => Threshold::of_text(*text, strict),
            Token::Integer(integer) => crate::event::integer_value(*integer)
                .filter(|value| !strict || *value <= u128::from(u32::MAX))
                .map(Threshold::Number),
            Token::Bool(value) if !strict => Some(Threshold::Number(u128::from(*value))),
            Token::ListStart => Threshold::of_list(&mut tokens, strict),
            Token::Primitive(primitive) => crate::native::threshold(primitive),
            _ => None,
        }
    }

    fn of_text(text: Text<'_>, strict: bool) -> Option<Threshold> {
        if !strict && text.raw.trim_ascii().first() == Some(&b'[') {
            let plain: Vec<u8> = text
                .raw
                .iter()
                .copied()
                .filter(|byte| !matches!(byte, b'\\' | b' '))
                .collect();
            return Threshold::of_json(&plain, false);
        }
        // As a number "" would be 0.
        let number = number::hex(text.raw, strict).filter(|_| !text.raw.is_empty());
        number.map(Threshold::Number)
    }

    /// The threshold that a JSON value says.
    pub fn of_json(json: &[u8], strict: bool) -> Option<Threshold> {
        let wrapped = crate::event::wrapped(json);
        let mut reader = crate::event::value_reader(&wrapped).ok()?;
        let tokens = crate::event::value_tokens(&mut reader).ok()?;
        Threshold::of_tokens(&tokens, strict)
    }

    fn of_list(tokens: &mut Iter<'_, Token<'_>>, strict: bool) -> Option<Threshold> {
        let mut clauses: Vec<Vec<Element>> = Vec::new();
        let mut flat: Vec<Element> = Vec::new();
        loop {
            match tokens.next()? {
                Token::ListEnd => break,
                Token::ListStart => clauses.push(clause(tokens, strict)?),
                token => flat.push(element(token, tokens, strict)?),
            }
        }
        if !flat.is_empty() {
            if !clauses.is_empty() {
                return None;
            }
            clauses.push(flat);
        }
        Threshold::of_clauses(clauses)
    }

    /// A weight from its text, for native bodies.
    pub fn weight(text: &[u8]) -> Option<Weight> {
        Weight::parse(text, true)
    }
}

fn clause(tokens: &mut Iter<'_, Token<'_>>, strict: bool) -> Option<Vec<Element>> {
    let mut clause = Vec::new();
    loop {
        match tokens.next()? {
            Token::ListEnd => return Some(clause),
            token => clause.push(element(token, tokens, strict)?),
        }
    }
}

fn element(token: &Token<'_>, tokens: &mut Iter<'_, Token<'_>>, strict: bool) -> Option<Element> {
    match token {
        Token::Text(text) => Weight::parse(text.raw, strict).map(Element::One),
        Token::MapStart => {
            let (Token::Key(outer), Token::ListStart) = (tokens.next()?, tokens.next()?) else {
                return None;
            };
            let mut inner = Vec::new();
            loop {
                match tokens.next()? {
                    Token::ListEnd => break,
                    Token::Text(text) => inner.push(Weight::parse(text.raw, strict)?),
                    _ => return None,
                }
            }
            let closed = matches!(tokens.next()?, Token::MapEnd);
            (closed && !inner.is_empty())
                .then_some(Element::Nested(Weight::parse(outer.raw, strict)?, inner))
        }
        _ => None,
    }
}
