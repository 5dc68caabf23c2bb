//! Between text and binary domain. Any concatenation of primitives, counters and groups converts as a whole, with no
//! knowledge of its contents. Source: cesr.md section 1.

use crate::base64;
use crate::error::{Error, ErrorKind};
use crate::limits::Alphabet;

/// Appends the text form of whole triplets.
///
/// # Errors
/// `Truncated` when `binary` does not end with a whole triplet.
pub fn to_text(binary: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    if binary.len() % 3 != 0 {
        return Err(Error::new(ErrorKind::Truncated, binary.len()));
    }
    base64::encode(binary, out);
    Ok(())
}

/// Appends the binary form of whole quadlets.
///
/// # Errors
/// `Truncated` when `text` does not end with a whole quadlet; `Alphabet`.
pub fn to_binary(text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    if text.len() % 4 != 0 {
        return Err(Error::new(ErrorKind::Truncated, text.len()));
    }
    if let Some(at) = base64::first_foreign(text, Alphabet::Strict) {
        return Err(Error::new(ErrorKind::Alphabet, at));
    }
    let start = out.len();
    out.resize(start + text.len() / 4 * 3, 0);
    let _ = base64::decode(text, &mut out[start..]);
    Ok(())
}
