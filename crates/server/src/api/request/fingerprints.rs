//! Fingerprints of requests that hold a password: keyed, so that the store gives nobody a password to guess at.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

#[derive(Clone)]
pub struct Fingerprints {
    keyed: Hmac<Sha256>,
}

impl Fingerprints {
    /// The secret may serve other purposes too: a key of its own is derived from it.
    pub fn new(secret: &[u8]) -> Fingerprints {
        let mut derive = keyed(secret);
        derive.update(b"doorbuster fingerprints");
        Fingerprints { keyed: keyed(&derive.finalize().into_bytes()) }
    }

    /// A length before each part keeps them apart.
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
