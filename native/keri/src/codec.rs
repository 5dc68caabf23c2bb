//! The private encoding of stored records: little-endian integers, varints, length-prefixed text.

use kelpipe_cesr::primitive::USUAL_CHARS;

/// Appends encoded values to a buffer.
pub struct Encoder<'a>(pub &'a mut Vec<u8>);

impl Encoder<'_> {
    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Two bytes.
    pub fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Variable length, 7 bits a byte.
    #[inline]
    pub fn varint(&mut self, value: u128) {
        if value < 0x80 {
            self.0.push(value as u8);
        } else {
            self.long_varint(value);
        }
    }

    fn long_varint(&mut self, mut value: u128) {
        while value >= 0x80 {
            self.0.push((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Eight bytes.
    pub fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Length and bytes.
    #[inline]
    pub fn bytes(&mut self, value: &[u8]) {
        // Of a known size both are written at once.
        if let Ok(usual) = <&[u8; USUAL_CHARS]>::try_from(value) {
            let mut both = [USUAL_CHARS as u8; 1 + USUAL_CHARS];
            both[1..].copy_from_slice(usual);
            self.0.extend_from_slice(&both);
        } else {
            self.varint(value.len() as u128);
            self.0.extend_from_slice(value);
        }
    }

    /// A list of texts.
    pub fn texts<T: AsRef<str>>(&mut self, values: &[T]) {
        self.varint(values.len() as u128);
        for value in values {
            self.bytes(value.as_ref().as_bytes());
        }
    }
}

/// Reads what [`Encoder`] wrote. `None` anywhere: the record is damaged.
pub struct Decoder<'a>(pub &'a [u8]);

impl<'a> Decoder<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.take(2)
            .map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    /// Variable length.
    pub fn varint(&mut self) -> Option<u128> {
        let (mut value, mut shift) = (0u128, 0u32);
        loop {
            let byte = self.u8()?;
            value |= u128::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
        }
    }

    /// A varint that must fit 64 bits.
    pub fn u64(&mut self) -> Option<u64> {
        self.varint().and_then(|value| u64::try_from(value).ok())
    }

    /// A varint that must fit 32 bits.
    pub fn u32(&mut self) -> Option<u32> {
        self.varint().and_then(|value| u32::try_from(value).ok())
    }

    /// Eight bytes.
    pub fn i64(&mut self) -> Option<i64> {
        self.take(8)
            .and_then(|bytes| bytes.try_into().ok())
            .map(i64::from_le_bytes)
    }

    /// Length and bytes.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.varint()?).ok()?;
        self.take(count)
    }

    /// Text.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// A list of texts.
    pub fn texts<T: From<&'a str>>(&mut self) -> Option<Vec<T>> {
        let count = usize::try_from(self.varint()?).ok()?;
        (0..count).map(|_| self.text().map(T::from)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back_and_a_cut_record_is_noticed() {
        let mut out = Vec::new();
        let mut encoder = Encoder(&mut out);
        encoder.varint(u128::MAX);
        encoder.i64(-5);
        encoder.texts(&["a", "", "bcd"]);
        encoder.u16(700);
        let read = |bytes: &[u8]| {
            let mut decoder = Decoder(bytes);
            let value = (
                decoder.varint()?,
                decoder.i64()?,
                decoder.texts::<String>()?,
                decoder.u16()?,
            );
            Some((value.0, value.1, value.2.join("/"), value.3))
        };
        assert_eq!(read(&out), Some((u128::MAX, -5, "a//bcd".into(), 700)));
        for cut in 0..out.len() {
            assert_eq!(read(&out[..cut]), None, "cut at {cut}");
        }
    }
}
