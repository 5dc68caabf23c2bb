//! Key pairs. Secrets are derived from the seed where they are needed, zeroized when dropped, and never handed out.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use kelpipe_cesr::indexer;
use zeroize::Zeroizing;

/// A primitive of 44 characters: a key, an AID, a SAID or a key digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text44([u8; 44]);

impl Text44 {
    /// What stands in a SAID's place while it is computed.
    pub const DUMMY: Text44 = Text44([b'#'; 44]);

    /// The primitive of the one-letter `code` with 32 bytes of value.
    pub fn new(code: u8, raw: &[u8; 32]) -> Text44 {
        const CHARS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut bytes = [0; 33];
        bytes[1..].copy_from_slice(raw);
        let mut text = [0; 44];
        for (three, four) in bytes.chunks_exact(3).zip(text.chunks_exact_mut(4)) {
            let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
            for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
                four[at] = CHARS[(bits >> shift & 63) as usize];
            }
        }
        text[0] = code;
        Text44(text)
    }

    /// The Blake3-256 digest of `bytes`.
    pub fn digest(bytes: &[u8]) -> Text44 {
        Text44::new(b'E', blake3::hash(bytes).as_bytes())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As bytes.
    pub fn as_bytes(&self) -> &[u8; 44] {
        &self.0
    }
}

impl fmt::Display for Text44 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Text44 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where all secrets of a run come from.
pub struct Secrets(Zeroizing<[u8; 32]>);

impl Secrets {
    /// The secrets of a seed.
    pub fn new(seed: u64) -> Secrets {
        Secrets(Zeroizing::new(blake3::derive_key(
            "kelpipe gen 1 secrets",
            &seed.to_le_bytes(),
        )))
    }

    /// Key `number` of `owner`: the same every time.
    pub fn key(&self, owner: u64, number: u64, code: u8) -> Key {
        let mut input = [0; 16];
        input[..8].copy_from_slice(&owner.to_le_bytes());
        input[8..].copy_from_slice(&number.to_le_bytes());
        let secret = Zeroizing::new(*blake3::keyed_hash(&self.0, &input).as_bytes());
        let signing = SigningKey::from_bytes(&secret);
        let public = Text44::new(code, signing.verifying_key().as_bytes());
        Key { signing, public }
    }
}

/// A key pair. Its secret part is zeroized on drop.
#[derive(Clone)]
pub struct Key {
    signing: SigningKey,
    public: Text44,
}

impl Key {
    /// The public key; of a witness or another non-transferable signer also its AID.
    pub fn public(&self) -> Text44 {
        self.public
    }

    /// What a rotation is committed to before the key is shown.
    pub fn commitment(&self) -> Text44 {
        Text44::digest(self.public.as_bytes())
    }

    /// Appends the signature over `bytes` as that of the key at `index`, which was at `ondex` of the prior next keys.
    /// `None`: it was not among them.
    ///
    /// # Panics
    /// For a place beyond those that the code can say: more keys than a plan may have.
    pub fn sign_indexed(&self, bytes: &[u8], index: usize, ondex: Option<usize>, out: &mut String) {
        let code = match ondex {
            None => "B",
            Some(ondex) if ondex == index => "A",
            Some(_) => "2A",
        };
        let raw = self.signing.sign(bytes).to_bytes();
        let ondex = ondex.map(|ondex| ondex as u32);
        indexer::encode(code, index as u32, ondex, &raw, out)
            .expect("fewer keys than the code can say");
    }

    /// Appends the signature over `bytes` as a primitive of its own.
    ///
    /// # Panics
    /// Never: a signature has the size of its code.
    pub fn sign(&self, bytes: &[u8], out: &mut String) {
        let raw = self.signing.sign(bytes).to_bytes();
        kelpipe_cesr::primitive::encode("0B", &raw, out)
            .expect("a signature has the size of its code");
    }
}
