//! From raw values to primitives in text form. Source: cesr.md sections 1 and 1.2.

use crate::base64;
use crate::codes;
use crate::error::ErrorKind;

/// Appends the primitive of `code` with the value `raw`. Not for codes that carry their value in the soft part.
///
/// # Errors
/// `UnknownCode`; `ValueForm` when `raw` is not of the code's size, or the code carries a tag. Nothing is appended.
pub fn encode(code: &str, raw: &[u8], out: &mut String) -> Result<(), ErrorKind> {
    let row = codes::matter_by_code(code).ok_or(ErrorKind::UnknownCode)?;
    if row.fs.is_none() {
        let lead = (raw.len() + usize::from(row.ls)) % 3;
        let size = (raw.len() + usize::from(row.ls)) / 3;
        if lead != 0 || size >> (6 * u32::from(row.ss)) != 0 || row.ls > 0 && raw.is_empty() {
            return Err(ErrorKind::ValueForm);
        }
        out.push_str(row.code);
        base64::push_integer(size as u32, row.ss, out);
    } else {
        if row.ss > 0 || row.raw != u32::try_from(raw.len()).ok() {
            return Err(ErrorKind::ValueForm);
        }
        out.push_str(row.code);
    }
    push_value(raw, row.ps(), row.ls, out);
    Ok(())
}

/// Appends `raw` behind `ps` pad and `ls` lead bytes, less the first `ps` characters.
pub(crate) fn push_value(raw: &[u8], ps: u8, ls: u8, out: &mut String) {
    let lead = usize::from(ps + ls);
    let mut first = [0; 3];
    let head = raw.len().min(3 - lead.min(3));
    if lead > 3 {
        // Only the special test codes with two pad and two lead bytes: one whole zero triplet and one zero byte.
        let mut bytes = vec![0; lead];
        bytes.extend_from_slice(raw);
        let mut text = Vec::new();
        base64::encode(&bytes, &mut text);
        out.extend(text.iter().skip(usize::from(ps)).map(|&c| char::from(c)));
        return;
    }
    first[lead..lead + head].copy_from_slice(&raw[..head]);
    let mut text = Vec::with_capacity((lead + raw.len()) / 3 * 4);
    if lead + head == 3 {
        base64::encode(&first, &mut text);
    }
    base64::encode(&raw[head..], &mut text);
    out.extend(text.iter().skip(usize::from(ps)).map(|&c| char::from(c)));
}

/// Appends a variable primitive: `selector` is the second character of the small code (`A` Base64 text, `B` bytes, `H`
/// decimal). The lead bytes choose the first character; more than 4095 quadlets need the large code.
fn encode_variable(selector: char, raw: &[u8], out: &mut String) -> Result<(), ErrorKind> {
    let lead = (3 - raw.len() % 3) % 3;
    let size = (raw.len() + lead) / 3;
    let digit = |base: u8| char::from(base + lead as u8);
    if size <= 4095 {
        out.push(digit(b'4'));
        out.push(selector);
        base64::push_integer(size as u32, 2, out);
    } else if size < 1 << 24 {
        out.push(digit(b'7'));
        out.push_str("AA");
        out.push(selector);
        base64::push_integer(size as u32, 4, out);
    } else {
        return Err(ErrorKind::ValueForm);
    }
    push_value(raw, 0, lead as u8, out);
    Ok(())
}

/// Appends bytes (`4B` to `9AAB`).
///
/// # Errors
/// `ValueForm` above 48 MiB.
pub fn encode_bytes(raw: &[u8], out: &mut String) -> Result<(), ErrorKind> {
    encode_variable('B', raw, out)
}

/// Appends the number in the smallest of the codes `M R N S T U`, as KERIpy HEAD and native bodies have it.
pub fn encode_number(value: u128, out: &mut String) {
    let bytes = value.to_be_bytes();
    let (code, size) = match value {
        v if v >> 16 == 0 => ("M", 2),
        v if v >> 40 == 0 => ("R", 5),
        v if v >> 64 == 0 => ("N", 8),
        v if v >> 88 == 0 => ("S", 11),
        v if v >> 112 == 0 => ("T", 14),
        _ => ("U", 17),
    };
    let mut wide = [0; 17];
    wide[1..].copy_from_slice(&bytes);
    out.push_str(code);
    push_value(&wide[17 - size..], 1, 0, out);
}

/// Appends the number as a 16-byte ordinal (`0A`), as v1 groups and database keys have it.
pub fn encode_number_huge(value: u128, out: &mut String) {
    out.push_str("0A");
    push_value(&value.to_be_bytes(), 2, 0, out);
}

/// Appends a date (`1AAG`).
///
/// # Errors
/// `ValueForm` unless `date` has the 32 characters `2020-08-22T17:50:09.988921+00:00`.
pub fn encode_date(date: &str, out: &mut String) -> Result<(), ErrorKind> {
    if !super::typed::is_date(date.as_bytes()) {
        return Err(ErrorKind::ValueForm);
    }
    out.push_str("1AAG");
    out.extend(date.chars().map(|c| match c {
        ':' => 'c',
        '.' => 'd',
        '+' => 'p',
        c => c,
    }));
    Ok(())
}

/// Appends a tag of 1 to 11 Base64 characters.
///
/// # Errors
/// `ValueForm` for another length or a character outside the alphabet.
pub fn encode_tag(tag: &str, out: &mut String) -> Result<(), ErrorKind> {
    const CODES: [&str; 12] = [
        "", "0J", "0K", "X", "1AAF", "0L", "0M", "Y", "1AAN", "0N", "0O", "Z",
    ];
    let code = CODES.get(tag.len()).filter(|code| !code.is_empty());
    let row = code
        .and_then(|code| codes::matter_by_code(code))
        .ok_or(ErrorKind::ValueForm)?;
    if tag.bytes().any(|c| base64::value(c).is_none()) {
        return Err(ErrorKind::ValueForm);
    }
    out.push_str(row.code);
    out.extend(std::iter::repeat_n('_', usize::from(row.xs)));
    out.push_str(tag);
    Ok(())
}

/// Appends text of Base64 characters (StrB64, `4A` to `9AAA`).
///
/// # Errors
/// `ValueForm` for a character outside the alphabet.
pub fn encode_bext(text: &str, out: &mut String) -> Result<(), ErrorKind> {
    let escaped = text.starts_with('-') || text.starts_with('A') && matches!(text.len() % 4, 0 | 3);
    encode_packed(if escaped { "-" } else { "" }, text, out)
}

/// Appends `escape` and `text` as StrB64.
pub(crate) fn encode_packed(escape: &str, text: &str, out: &mut String) -> Result<(), ErrorKind> {
    let mut packed = String::with_capacity(text.len() + 2);
    packed.push_str(escape);
    packed.push_str(text);
    encode_variable('A', &pack(packed.as_bytes())?, out)
}

/// StrB64 packing: the text behind `A`s up to whole quadlets, decoded, less its lead bytes.
fn pack(text: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    if text.iter().any(|&c| base64::value(c).is_none()) {
        return Err(ErrorKind::ValueForm);
    }
    let ts = text.len() % 4;
    let mut chars = vec![b'A'; (4 - ts) % 4];
    chars.extend_from_slice(text);
    let mut raw = vec![0; chars.len() / 4 * 3];
    base64::decode(&chars, &mut raw).ok_or(ErrorKind::ValueForm)?;
    let lead = (3 - ts) % 3;
    raw.drain(..lead.min(raw.len()));
    Ok(raw)
}

/// Appends a decimal number's text (`4H` to `9AAH`), with `p` for its point.
///
/// # Errors
/// `ValueForm` for a number with a `+` in its exponent, which has no native form (cesr.md 1.2).
pub fn encode_decimal(number: &str, out: &mut String) -> Result<(), ErrorKind> {
    encode_variable('H', &pack(number.replace('.', "p").as_bytes())?, out)
}

/// Appends a map label or other text in its one native form: tag, Base64 text, one or two bytes, or bytes.
///
/// # Errors
/// `ValueForm` above 48 MiB.
pub fn encode_text(text: &str, out: &mut String) -> Result<(), ErrorKind> {
    let base64_only = text.bytes().all(|c| base64::value(c).is_some());
    match text.len() {
        0 => {
            out.push_str("1AAP");
            Ok(())
        }
        1..=11 if base64_only => encode_tag(text, out),
        _ if base64_only => encode_bext(text, out),
        1 => encode("V", text.as_bytes(), out),
        2 => encode("W", text.as_bytes(), out),
        _ => encode_bytes(text.as_bytes(), out),
    }
}

/// Appends a map label.
///
/// # Errors
/// `ValueForm` unless it matches `^[A-Za-z_][A-Za-z0-9_]*$`.
pub fn encode_label(label: &str, out: &mut String) -> Result<(), ErrorKind> {
    if super::typed::is_label(label) {
        encode_text(label, out)
    } else {
        Err(ErrorKind::ValueForm)
    }
}
