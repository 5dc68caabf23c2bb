//! Lists of a body. Of keys and digests there is one, mostly: that needs no allocation.

use std::ops::Deref;
use std::slice;

/// Texts of a list.
#[derive(Clone, Debug, Default)]
pub enum Texts<'a> {
    /// No text.
    #[default]
    None,
    /// One text.
    One(&'a str),
    /// Two or more.
    More(Vec<&'a str>),
}

impl<'a> Texts<'a> {
    /// Adds a text at the end.
    #[inline]
    pub fn push(&mut self, text: &'a str) {
        match self {
            Texts::None => *self = Texts::One(text),
            Texts::One(first) => *self = Texts::More(vec![first, text]),
            Texts::More(texts) => texts.push(text),
        }
    }
}

impl<'a> Deref for Texts<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &[&'a str] {
        match self {
            Texts::None => &[],
            Texts::One(text) => slice::from_ref(text),
            Texts::More(texts) => texts,
        }
    }
}
