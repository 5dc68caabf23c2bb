//! What can be wrong with bytes. Finer than KERIpy's exception classes; each kind maps to one of them.

use std::fmt;

/// A refusal: what is wrong, and at which byte of the slice that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Offset in bytes of the first byte that no further input could repair.
    pub at: u32,
}

impl Error {
    /// An error of `kind` at byte `at`; offsets beyond `u32` are cut to it.
    pub fn new(kind: ErrorKind, at: usize) -> Self {
        Self {
            kind,
            at: u32::try_from(at).unwrap_or(u32::MAX),
        }
    }

    /// The same error, seen from a slice that begins `by` bytes earlier.
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        Self::new(self.kind, (self.at as usize).saturating_add(by))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at byte {}: {}",
            self.kind.code(),
            self.at,
            self.kind.text()
        )
    }
}

impl std::error::Error for Error {}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $class:literal, $text:literal;)*) => {
        /// Every way in which bytes can be refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorKind { $(#[doc = $text] $(#[$doc])* $name,)* }

        impl ErrorKind {
            /// All kinds, in order of declaration.
            pub const ALL: &[ErrorKind] = &[$(ErrorKind::$name,)*];

            /// Stable code for programs: `cesr/...`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => concat!("cesr/", $code),)* }
            }

            /// The exception class that KERIpy raises for this, by which recorded results are read.
            pub fn keripy_class(self) -> &'static str {
                match self { $(Self::$name => $class,)* }
            }

            /// One line for people.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    Alphabet, "alphabet", "ConversionError", "character outside the Base64 URL-safe alphabet";
    AttachmentsLimit, "limit-attachments", "SizedGroupError", "attachments of one message exceed the limit";
    BodyLimit, "limit-body", "ShortageError", "message body exceeds the limit";
    CborSyntax, "cbor-syntax", "DeserializeError", "not CBOR of the accepted kind";
    ColdStart, "cold-start", "ColdStartError", "no message can start here";
    CountCode, "count-code", "UnexpectedCountCodeError", "count code where it may not stand";
    Depth, "depth", "DeserializeError", "data nested deeper than the limit";
    DuplicateKey, "duplicate-key", "ValidationError", "map holds the same key twice";
    ElementsLimit, "limit-elements", "SizedGroupError", "more elements in one group than the limit";
    EmptyGroup, "empty-group", "SizedGroupError", "group that may not be empty is empty";
    FieldOrder, "field", "DeserializeError", "field missing, unknown or out of order in a native body";
    Float, "float", "ValidationError", "number is not in the shortest form";
    Genus, "genus", "InvalidVersionError", "genus or version of the code table is not supported";
    GenusMismatch, "genus-mismatch", "DeserializeError", "body version is newer than the genus version of the stream";
    GroupDepth, "limit-group-depth", "SizedGroupError", "groups nested deeper than the limit";
    GroupLimit, "limit-group", "SizedGroupError", "group exceeds the limit";
    GroupSize, "group-size", "SizedGroupError", "group does not end where its count says";
    GroupsLimit, "limit-groups", "SizedGroupError", "more groups in one message than the limit";
    IntegerDigits, "integer-digits", "DeserializeError", "integer has more digits than the limit";
    JsonSyntax, "json-syntax", "DeserializeError", "not JSON";
    Kind, "kind", "KindError", "unknown kind of serialization";
    LeadBytes, "lead-bytes", "ConversionError", "lead bytes are not zero";
    MgpkSyntax, "mgpk-syntax", "DeserializeError", "not MessagePack of the accepted kind";
    MidPad, "mid-pad", "ConversionError", "pad bits between code and value are not zero";
    NativeSyntax, "native-syntax", "DeserializeError", "not a native body";
    NonFinite, "non-finite", "ValidationError", "NaN or infinity";
    NotCanonical, "not-canonical", "ValidationError", "bytes differ from the canonical serialization";
    Ondex, "ondex", "ValueError", "other index of a current-only signature is not zero";
    OpCode, "op-code", "UnexpectedOpCodeError", "op codes are reserved";
    Overrun, "overrun", "ShortageError", "count or size reaches past the end of what holds it";
    Prepad, "prepad", "UnexpectedCodeError", "soft part does not begin with its pad characters";
    Protocol, "protocol", "ProtocolError", "unknown protocol";
    RawSize, "raw-size", "ConversionError", "size does not fit the code's lead bytes";
    SoftPart, "soft-part", "UnexpectedCodeError", "soft part of a code is not Base64";
    Trailing, "trailing", "DeserializeError", "bytes after the end of the body";
    Truncated, "truncated", "ShortageError", "input ends too early";
    UnknownCode, "unknown-code", "UnexpectedCodeError", "code is in no table";
    Utf8, "utf8", "DeserializeError", "text is not UTF-8";
    ValueForm, "value-form", "ValidationError", "value of a typed primitive is malformed";
    Version, "version", "VersionError", "no valid version string at its place";
    WrongCode, "wrong-code", "ValidationError", "well-formed primitive of a code not allowed here";
}
