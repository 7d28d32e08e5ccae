//! Fingerprints of requests that contain a password: keyed, so that passwords cannot be guessed from the store.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

#[derive(Clone)]
pub struct Fingerprints {
    keyed: Hmac<Sha256>,
}

impl Fingerprints {
    /// Derives a key from the secret, which may serve other purposes too.
    pub fn new(secret: &[u8]) -> Fingerprints {
        let mut derive = keyed(secret);
        derive.update(b"doorbuster fingerprints");
        Fingerprints { keyed: keyed(&derive.finalize().into_bytes()) }
    }

    /// Returns the fingerprint of these parts. Each part is preceded by its length, so that parts cannot run together.
    pub(in crate::api) fn of(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("HMAC takes keys of any length")
}
