//! Annotated text read back.

use super::text::BYTES_MARK;
use super::{Form, Line};
use crate::base64;
use crate::error::ErrorKind;
use crate::frame;
use crate::limits::{Alphabet, Options};

/// Reads annotated text that comes in pieces, in constant memory. Nothing is refused: what is no annotated text comes
/// out as bytes that are no message, for a framer to say so.
#[derive(Debug)]
pub struct Deannotator {
    options: Options,
    state: State,
    /// The end of the last piece, too short to be told what it is: the head of a body, or part of a quadlet.
    rest: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Between,
    /// Up to the end of the line.
    Comment,
    /// A body, with so many bytes to come.
    Body(usize),
    /// Base64 of bytes.
    Bytes,
}

impl Deannotator {
    /// At the start of a text.
    pub fn new(options: &Options) -> Self {
        Self {
            options: *options,
            state: State::Between,
            rest: Vec::new(),
        }
    }

    /// Appends what a piece of text stands for: comments and white space left out, bodies as they are. `end`: no more
    /// follows.
    pub fn read(&mut self, piece: &[u8], end: bool, out: &mut Vec<u8>) {
        let mut text = std::mem::take(&mut self.rest);
        text.extend_from_slice(piece);
        let mut left = text.as_slice();
        while !left.is_empty() {
            let Some(used) = self.step(left, end, out) else {
                self.rest = left.to_vec();
                return;
            };
            left = left.get(used..).unwrap_or_default();
        }
    }

    /// Bytes of `text` that one step uses; `None`: more are needed.
    fn step(&mut self, text: &[u8], end: bool, out: &mut Vec<u8>) -> Option<usize> {
        match self.state {
            State::Between => self.between(text, end, out),
            State::Comment => {
                let newline = text.iter().position(|&c| c == b'\n');
                if newline.is_some() {
                    self.state = State::Between;
                }
                Some(newline.map_or(text.len(), |at| at + 1))
            }
            State::Body(size) => {
                let here = text.get(..size).unwrap_or(text);
                out.extend_from_slice(here);
                self.state = match size - here.len() {
                    0 => State::Between,
                    left => State::Body(left),
                };
                Some(here.len())
            }
            State::Bytes => self.bytes(text, end, out),
        }
    }

    fn between(&mut self, text: &[u8], end: bool, out: &mut Vec<u8>) -> Option<usize> {
        let first = *text.first()?;
        match first {
            b'#' => self.state = State::Comment,
            BYTES_MARK => self.state = State::Bytes,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'{' | 0x80.. => match frame::body_size(text, &self.options) {
                Ok(size) => {
                    self.state = State::Body(size);
                    return Some(0);
                }
                Err(ErrorKind::Truncated) if !end => return None,
                Err(_) => out.push(first),
            },
            _ => {
                let size = base64::first_foreign(text, Alphabet::Strict)
                    .unwrap_or(text.len())
                    .max(1);
                out.extend_from_slice(text.get(..size).unwrap_or_default());
                return Some(size);
            }
        }
        Some(1)
    }

    fn bytes(&mut self, text: &[u8], end: bool, out: &mut Vec<u8>) -> Option<usize> {
        let run = base64::first_foreign(text, Alphabet::Strict).unwrap_or(text.len());
        let whole = if run < text.len() || end {
            run
        } else {
            run / 4 * 4
        };
        if whole == 0 && run == text.len() && run > 0 {
            return None;
        }
        decode(text.get(..whole).unwrap_or_default(), out);
        if run < text.len() {
            self.state = State::Between;
        }
        Some(whole)
    }
}

/// Appends the bytes that Base64 without padding stands for. Of a last quadlet of two or three characters one or two.
fn decode(chars: &[u8], out: &mut Vec<u8>) {
    let mut padded = chars.to_vec();
    padded.resize(chars.len().next_multiple_of(4), b'A');
    let start = out.len();
    out.resize(start + padded.len() / 4 * 3, 0);
    let _ = base64::decode(&padded, out.get_mut(start..).unwrap_or_default());
    out.truncate(start + chars.len() * 3 / 4);
}

/// Appends the bytes of the stream that a line stands for.
pub(super) fn bytes_of(line: &Line, out: &mut Vec<u8>) {
    match line.form {
        Form::Text => out.extend_from_slice(line.text.as_bytes()),
        Form::Bytes => decode(line.text.as_bytes(), out),
        Form::Shown => {}
    }
}

/// The stream that a whole annotated text stands for.
pub fn deannotate(text: &[u8], options: &Options) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    Deannotator::new(options).read(text, true, &mut out);
    out
}
