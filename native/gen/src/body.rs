//! Message bodies in every serialization, with their SAIDs.

use kelpipe_cesr::version::{Kind, Protocol, V1_SIZE, V2_SIZE, Version};

use crate::keys::Text44;
use crate::native;
use crate::threshold::{Element, Threshold, weight};

/// Version and serialization of a body, and the domain of what can be in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Protocol version: 1 or 2.
    pub major: u8,
    /// Serialization; `Cesr` under version 2 only.
    pub kind: Kind,
    /// Attachments and native bodies in the binary domain.
    pub binary: bool,
    /// Attachments in one group around them all.
    pub grouped: bool,
}

/// What an event points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Data of the given digest.
    Digest(Text44),
    /// An event: AID, sequence number, SAID.
    Event(Text44, u64, Text44),
}

/// The value of a field.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// The version string.
    Version,
    /// The message type.
    Ilk(&'a str),
    /// A primitive.
    Text(Text44),
    /// The message's own SAID.
    Said,
    /// A number.
    Number(u64),
    /// A threshold.
    Threshold(&'a Threshold),
    /// Primitives.
    List(&'a [Text44]),
    /// Configuration traits.
    Traits(&'a [&'a str]),
    /// Seals.
    Seals(&'a [Seal]),
}

/// A body with its SAID.
#[derive(Clone, Debug)]
pub struct Body {
    /// As signed.
    pub bytes: Vec<u8>,
    /// Its SAID.
    pub said: Text44,
    /// Where the first SAID field begins in `bytes`.
    pub said_at: usize,
}

/// A field: label and value.
pub type Field<'a> = (&'static str, Value<'a>);

/// Serializes a message. Fields of [`Value::Said`] get its digest; without one `said` is empty of meaning.
pub fn write(form: Form, fields: &[Field<'_>]) -> Body {
    let mut saids = Vec::with_capacity(2);
    let mut bytes = if form.kind == Kind::Cesr {
        native::write(fields, &mut saids)
    } else {
        let mut writer = Writer {
            kind: form.kind,
            out: Vec::with_capacity(640),
            comma: false,
        };
        let at = writer.fields(form, fields, &mut saids);
        set_size(form, at, &mut writer.out);
        writer.out
    };
    let said = Text44::digest(&bytes);
    for at in &saids {
        bytes[*at..at + 44].copy_from_slice(said.as_bytes());
    }
    Body {
        bytes,
        said,
        said_at: saids.first().copied().unwrap_or(0),
    }
}

fn version(form: Form, size: usize) -> Version {
    Version::new(Protocol::Keri, form.major, form.kind, size as u32)
}

fn set_size(form: Form, at: usize, out: &mut [u8]) {
    let text = version(form, out.len()).to_string();
    out[at..at + text.len()].copy_from_slice(text.as_bytes());
}

/// Writes JSON, CBOR or MGPK in the one form that the reference writes (cesr.md 3.1).
struct Writer {
    kind: Kind,
    out: Vec<u8>,
    comma: bool,
}

impl Writer {
    /// Where the version string stands.
    fn fields(&mut self, form: Form, fields: &[Field<'_>], saids: &mut Vec<usize>) -> usize {
        let mut version_at = 0;
        self.map(fields.len());
        for (label, value) in fields {
            self.key(label);
            match value {
                Value::Version => {
                    let placeholder = [b'0'; V2_SIZE];
                    let size = if form.major == 1 { V1_SIZE } else { V2_SIZE };
                    version_at = self.text(&placeholder[..size]);
                }
                Value::Ilk(ilk) => _ = self.text(ilk.as_bytes()),
                Value::Text(text) => _ = self.text(text.as_bytes()),
                Value::Said => saids.push(self.text(Text44::DUMMY.as_bytes())),
                Value::Number(number) => self.number(*number),
                Value::Threshold(threshold) => self.threshold(threshold),
                Value::List(list) => {
                    self.list(list.len());
                    list.iter().for_each(|text| _ = self.text(text.as_bytes()));
                    self.end(b']');
                }
                Value::Traits(list) => {
                    self.list(list.len());
                    list.iter().for_each(|text| _ = self.text(text.as_bytes()));
                    self.end(b']');
                }
                Value::Seals(seals) => {
                    self.list(seals.len());
                    seals.iter().for_each(|seal| self.seal(seal));
                    self.end(b']');
                }
            }
        }
        self.end(b'}');
        version_at
    }

    fn seal(&mut self, seal: &Seal) {
        match seal {
            Seal::Digest(digest) => {
                self.map(1);
                self.key("d");
                self.text(digest.as_bytes());
            }
            Seal::Event(aid, sn, said) => {
                self.map(3);
                self.key("i");
                self.text(aid.as_bytes());
                self.key("s");
                self.number(*sn);
                self.key("d");
                self.text(said.as_bytes());
            }
        }
        self.end(b'}');
    }

    fn number(&mut self, number: u64) {
        let text = format!("{number:x}");
        self.text(text.as_bytes());
    }

    /// A single clause is written flat, as the reference does.
    fn threshold(&mut self, threshold: &Threshold) {
        match threshold {
            Threshold::Number(number) => self.number(*number as u64),
            Threshold::Clauses(clauses) if clauses.len() == 1 => self.clause(&clauses[0]),
            Threshold::Clauses(clauses) => {
                self.list(clauses.len());
                for clause in clauses {
                    self.clause(clause);
                }
                self.end(b']');
            }
        }
    }

    fn clause(&mut self, clause: &[Element]) {
        self.list(clause.len());
        for element in clause {
            match element {
                Element::One(parts) => _ = self.text(weight(*parts).as_bytes()),
                Element::Group(outer, inner) => {
                    self.map(1);
                    self.key(&weight(*outer));
                    self.list(inner.len());
                    for parts in inner {
                        self.text(weight(*parts).as_bytes());
                    }
                    self.end(b']');
                    self.end(b'}');
                }
            }
        }
        self.end(b']');
    }

    fn separate(&mut self) {
        if self.comma && self.kind == Kind::Json {
            self.out.push(b',');
        }
        self.comma = true;
    }

    fn map(&mut self, size: usize) {
        self.open(b'{', 0xa0, [0x80, 0xde], size);
    }

    fn list(&mut self, size: usize) {
        self.open(b'[', 0x80, [0x90, 0xdc], size);
    }

    fn open(&mut self, json: u8, cbor: u8, mgpk: [u8; 2], size: usize) {
        self.separate();
        match self.kind {
            Kind::Cbor if size < 24 => self.out.push(cbor + size as u8),
            Kind::Cbor if size < 256 => self.out.extend([cbor + 24, size as u8]),
            Kind::Mgpk if size < 16 => self.out.push(mgpk[0] + size as u8),
            Kind::Mgpk => {
                self.out.push(mgpk[1]);
                self.out.extend((size as u16).to_be_bytes());
            }
            Kind::Cbor => {
                self.out.push(cbor + 25);
                self.out.extend((size as u16).to_be_bytes());
            }
            _ => self.out.push(json),
        }
        self.comma = false;
    }

    fn end(&mut self, json: u8) {
        if self.kind == Kind::Json {
            self.out.push(json);
        }
        self.comma = true;
    }

    fn key(&mut self, label: &str) {
        self.text(label.as_bytes());
        if self.kind == Kind::Json {
            self.out.push(b':');
            self.comma = false;
        }
    }

    /// Writes text that needs no escapes and is shorter than 256 bytes; where it begins.
    fn text(&mut self, text: &[u8]) -> usize {
        self.separate();
        let size = text.len();
        match self.kind {
            Kind::Cbor if size < 24 => self.out.push(0x60 + size as u8),
            Kind::Cbor => self.out.extend([0x78, size as u8]),
            Kind::Mgpk if size < 32 => self.out.push(0xa0 + size as u8),
            Kind::Mgpk => self.out.extend([0xd9, size as u8]),
            _ => self.out.push(b'"'),
        }
        let at = self.out.len();
        self.out.extend_from_slice(text);
        if self.kind == Kind::Json {
            self.out.push(b'"');
        }
        at
    }
}
