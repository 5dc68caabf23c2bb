//! JSON.

use super::{Options, Token};
use crate::error::Error;

pub(super) struct Json<'a> {
    bytes: &'a [u8],
    at: usize,
    options: Options,
}

impl<'a> Json<'a> {
    pub(super) fn new(bytes: &'a [u8], options: &Options) -> Self {
        Self { bytes, at: 0, options: *options }
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, Error> {
        let _ = (self.bytes, self.options);
        todo!("json")
    }

    pub(super) fn value_start(&self) -> usize {
        self.at
    }

    pub(super) fn position(&self) -> u32 {
        self.at as u32
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        todo!("json")
    }
}
