//! The keys that encrypt the secrets of webhooks at rest: XChaCha20-Poly1305 with a random nonce. The stored form is
//! `sealed:`, the key's id, `:`, and the base 64 of nonce and ciphertext.

use std::sync::Arc;

use app::webhooks::secret_keys::{SecretKeys, Unreadable};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};

const SEALED: &str = "sealed:";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const ID_BYTES: usize = 4;
/// A key with fewer was not made by a random generator.
const DIFFERENT_MIN: usize = 6;
/// Binds a ciphertext to its purpose, so that no other encrypted cell can be put in its place.
const PURPOSE: &[u8] = b"doorbuster webhook secret";

/// The keys by which secrets are read; the first one encrypts. Without a key, secrets are stored as they are.
#[derive(Clone, Default)]
pub struct Keys(Arc<[Key]>);

struct Key {
    id: Arc<str>,
    cipher: XChaCha20Poly1305,
}

impl Keys {
    /// Reads keys of 64 hexadecimal digits, between commas.
    ///
    /// # Errors
    ///
    /// Which key is wrong, without the key.
    pub fn parse(text: &str) -> Result<Keys, String> {
        let keys = text
            .split(',')
            .enumerate()
            .map(|(place, word)| Key::parse(word.trim()).map_err(|why| format!("key {} {why}", place + 1)));
        keys.collect::<Result<Arc<[Key]>, String>>().map(Keys)
    }

    /// Returns the id of the key that encrypts.
    pub fn newest(&self) -> Option<&str> {
        self.0.first().map(|key| &*key.id)
    }

    /// Returns the form in which a secret is stored.
    ///
    /// # Errors
    ///
    /// If there are no random bytes.
    pub fn seal(&self, secret: &str) -> Result<Arc<str>, String> {
        self.0.first().map_or_else(|| Ok(secret.into()), |key| key.seal(secret))
    }
}

/// Returns the id of the key that encrypted a stored secret; `None` for one in plain text.
pub fn key_of(stored: &str) -> Option<&str> {
    stored.strip_prefix(SEALED).map(|rest| rest.split_once(':').map_or(rest, |(id, _)| id))
}

impl SecretKeys for Keys {
    fn encrypts(&self) -> bool {
        !self.0.is_empty()
    }

    fn open(&self, stored: &str) -> Result<Arc<str>, Unreadable> {
        let Some(id) = key_of(stored) else {
            return if super::is_one(stored) { Ok(stored.into()) } else { Err(Unreadable::UnknownForm) };
        };
        let key = self.0.iter().find(|key| &*key.id == id).ok_or_else(|| Unreadable::UnknownKey { key: id.into() })?;
        let sealed = stored.rsplit(':').next().unwrap_or_default();
        key.open(sealed).ok_or_else(|| Unreadable::Damaged { key: id.into() })
    }

    fn renewed(&self, stored: &str) -> Result<Option<Arc<str>>, String> {
        if self.newest().is_none() || key_of(stored) == self.newest() {
            return Ok(None);
        }
        self.open(stored).ok().map(|secret| self.seal(&secret)).transpose()
    }
}

impl Key {
    fn parse(word: &str) -> Result<Key, String> {
        let bytes = bytes_of(word).ok_or("must have 64 hexadecimal digits; make one with `openssl rand -hex 32`")?;
        if bytes.iter().collect::<std::collections::BTreeSet<_>>().len() < DIFFERENT_MIN {
            return Err(format!(
                "has fewer than {DIFFERENT_MIN} different bytes; make one with `openssl rand -hex 32`"
            ));
        }
        let hash = Sha256::new().chain_update(PURPOSE).chain_update(bytes).finalize();
        let id: String = hash.iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect();
        Ok(Key { id: id.into(), cipher: XChaCha20Poly1305::new(&bytes.into()) })
    }

    fn seal(&self, secret: &str) -> Result<Arc<str>, String> {
        let mut nonce = [0_u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
        let payload = Payload { msg: secret.as_bytes(), aad: PURPOSE };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|error| error.to_string())?;
        let sealed = STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat());
        Ok(format!("{SEALED}{}:{sealed}", self.id).into())
    }

    fn open(&self, sealed: &str) -> Option<Arc<str>> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let secret = self.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: PURPOSE }).ok()?;
        String::from_utf8(secret).ok().map(Arc::from)
    }
}

fn bytes_of(hex: &str) -> Option<[u8; KEY_BYTES]> {
    let is_hex = hex.len() == 2 * KEY_BYTES && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
    let mut bytes = [0; KEY_BYTES];
    for (place, byte) in bytes.iter_mut().enumerate().filter(|_| is_hex) {
        *byte = u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    is_hex.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const NEW: &str = "F0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f";
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn keys(text: &str) -> Keys {
        Keys::parse(text).unwrap()
    }

    #[test]
    fn a_secret_is_read_by_its_key_only() {
        let (old, new, both) = (keys(OLD), keys(NEW), keys(&format!("{NEW}, {OLD}")));
        let stored = old.seal(SECRET).unwrap();
        assert!(!stored.contains("MfKQ9r8G") && key_of(&stored) == old.newest(), "{stored}");
        assert_ne!(stored, old.seal(SECRET).unwrap(), "each has a nonce of its own");
        assert_eq!((old.open(&stored).as_deref(), both.open(&stored).as_deref()), (Ok(SECRET), Ok(SECRET)));
        let key: Arc<str> = old.newest().unwrap().into();
        for without in [&new, &Keys::default()] {
            assert_eq!(without.open(&stored), Err(Unreadable::UnknownKey { key: Arc::clone(&key) }));
        }
        let renewed = both.renewed(&stored).unwrap().unwrap();
        assert_eq!((key_of(&renewed), new.open(&renewed).as_deref()), (new.newest(), Ok(SECRET)));
        assert_eq!((both.renewed(&renewed), new.renewed(&stored)), (Ok(None), Ok(None)));
    }

    #[test]
    fn plain_secrets_are_read_and_stay_plain_without_a_key() {
        let (none, one) = (Keys::default(), keys(OLD));
        assert_eq!((none.seal(SECRET).as_deref(), none.open(SECRET).as_deref()), (Ok(SECRET), Ok(SECRET)));
        assert_eq!((one.open(SECRET).as_deref(), none.renewed(SECRET)), (Ok(SECRET), Ok(None)));
        assert_eq!(key_of(&one.renewed(SECRET).unwrap().unwrap()), one.newest());
    }

    #[test]
    fn a_changed_cell_is_damaged_and_never_a_secret() {
        let keys = keys(OLD);
        let stored = keys.seal(SECRET).unwrap();
        let id = key_of(&stored).unwrap();
        for wrong in
            [format!("sealed:{id}"), format!("sealed:{id}:"), format!("sealed:{id}:AAAA"), format!("{stored}A")]
        {
            assert_eq!(keys.open(&wrong), Err(Unreadable::Damaged { key: id.into() }), "{wrong}");
        }
        let mut flipped = stored.to_string().into_bytes();
        let last = flipped.len() - 3;
        flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
        assert!(keys.open(&String::from_utf8(flipped).unwrap()).is_err());
        assert_eq!(keys.open(""), Err(Unreadable::UnknownForm));
        assert!(keys.open("sealed:").is_err());
    }

    #[test]
    fn a_wrong_key_is_refused_without_being_shown() {
        for wrong in ["", "abc", &OLD[1..], &OLD.replace('0', "g"), &"00".repeat(32), &format!("{OLD},")] {
            let why = Keys::parse(wrong).err().unwrap();
            assert!(why.starts_with("key ") && !why.contains("0102"), "{why}");
        }
    }
}
