//! What Kafka's record batches are packed in: their checksum, and the compressions that producers choose.

use std::io::{self, Read};

use lz4_flex::frame::FrameDecoder;
use napi::bindgen_prelude::{ArrayBuffer, AsyncTask, Unknown};
use napi::{Env, ScopedTask};
use napi_derive::napi;
use ruzstd::decoding::StreamingDecoder;

use crate::argument::{Arg, whole};
use crate::bytes::{BYTES_MAX, array_buffer, read};
use crate::failure::{Result, argument, rejection, runtime};
use crate::guard::caught;

/// The CRC-32C of bytes, as record batches carry it.
#[napi(js_name = "crc32c")]
pub fn crc32c(bytes: Unknown<'_>) -> Result<u32> {
    caught(|| read(&bytes, "bytes", |bytes| Ok(::crc32c::crc32c(bytes))))
}

/// A compression by the name that Kafka has for it.
#[derive(Clone, Copy)]
enum Compression {
    Lz4,
    Snappy,
    Zstd,
}

impl Compression {
    fn named(name: &str) -> Option<Compression> {
        Some(match name {
            "lz4" => Compression::Lz4,
            "snappy" => Compression::Snappy,
            "zstd" => Compression::Zstd,
            _ => return None,
        })
    }

    /// What `bytes` stand for, if that is at most `most` bytes.
    fn undo(self, bytes: &[u8], most: usize) -> io::Result<Vec<u8>> {
        match self {
            Compression::Lz4 => bounded(FrameDecoder::new(bytes), most, Vec::new()),
            Compression::Snappy => snappy(bytes, most),
            Compression::Zstd => zstd(bytes, most),
        }
    }
}

fn bounded(from: impl Read, most: usize, mut made: Vec<u8>) -> io::Result<Vec<u8>> {
    let room = most - made.len();
    from.take(room as u64 + 1).read_to_end(&mut made)?;
    if made.len() > most {
        return Err(io::Error::other(format!("more than {most} bytes")));
    }
    Ok(made)
}

/// One frame behind the other.
fn zstd(mut bytes: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let mut made = Vec::new();
    while !bytes.is_empty() {
        let frame = StreamingDecoder::new(&mut bytes).map_err(io::Error::other)?;
        made = bounded(frame, most, made)?;
    }
    Ok(made)
}

/// What snappy-java puts in front of its blocks; versions of four bytes each follow.
const SNAPPY_HEAD: [u8; 8] = *b"\x82SNAPPY\0";
const SNAPPY_HEAD_BYTES: usize = SNAPPY_HEAD.len() + 8;

/// One block, or blocks of snappy-java, each behind its length.
fn snappy(bytes: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let mut made = Vec::new();
    if !bytes.starts_with(&SNAPPY_HEAD) {
        block(bytes, most, &mut made)?;
        return Ok(made);
    }
    let cut_off = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut rest = bytes.get(SNAPPY_HEAD_BYTES..).ok_or_else(cut_off)?;
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        let (one, others) = behind.split_at_checked(length).ok_or_else(cut_off)?;
        block(one, most, &mut made)?;
        rest = others;
    }
    if rest.is_empty() {
        Ok(made)
    } else {
        Err(cut_off())
    }
}

fn block(bytes: &[u8], most: usize, made: &mut Vec<u8>) -> io::Result<()> {
    let start = made.len();
    let length = snap::raw::decompress_len(bytes)?;
    if length > most - start {
        return Err(io::Error::other(format!("more than {most} bytes")));
    }
    made.resize(start + length, 0);
    let written = snap::raw::Decoder::new().decompress(bytes, &mut made[start..])?;
    made.truncate(start + written);
    Ok(())
}

/// Undoes a compression (`lz4`, `snappy` or `zstd`) off the event loop. `most`: how many bytes may come of it.
#[napi]
pub fn decompress(
    env: Env,
    compression: Arg<String>,
    bytes: Unknown<'_>,
    most: Arg<f64>,
) -> napi::Result<AsyncTask<Decompress>> {
    asked(compression, &bytes, most)
        .map(AsyncTask::new)
        .map_err(|failure| rejection(&env, failure))
}

fn asked(compression: Arg<String>, bytes: &Unknown<'_>, most: Arg<f64>) -> Result<Decompress> {
    let name = compression.get("compression", "a string")?;
    let compression = Compression::named(&name)
        .ok_or_else(|| argument(format!("compression: there is no {name}")))?;
    Ok(Decompress {
        compression,
        bytes: read(bytes, "bytes", |bytes| Ok(bytes.to_vec()))?,
        most: whole(most, "most", BYTES_MAX as u64)? as usize,
    })
}

/// Bytes that are to be had without their compression, on the thread pool.
pub struct Decompress {
    compression: Compression,
    bytes: Vec<u8>,
    most: usize,
}

impl<'env> ScopedTask<'env> for Decompress {
    type Output = Result<Vec<u8>>;
    type JsValue = ArrayBuffer<'env>;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(caught(|| {
            self.compression
                .undo(&self.bytes, self.most)
                .map_err(|error| argument(format!("bytes: {error}")))
        }))
    }

    fn resolve(&mut self, env: &'env Env, output: Self::Output) -> napi::Result<ArrayBuffer<'env>> {
        output
            .and_then(|made| array_buffer(env, made).map_err(|error| runtime(&error)))
            .map_err(|failure| rejection(env, failure))
    }
}
