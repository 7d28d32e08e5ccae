//! Secrets of webhooks: `whsec_` and the base 64 of 24 to 64 bytes, and how they are stored.

pub mod keys;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PREFIX: &str = "whsec_";
const BYTES_NEW: usize = 32;

/// Returns a new secret.
pub fn random() -> Result<Arc<str>, getrandom::Error> {
    let mut bytes = [0_u8; BYTES_NEW];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(bytes)).into())
}

/// Returns true if the text is a secret.
pub fn is_one(text: &str) -> bool {
    let bytes = text.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    bytes.is_some_and(|bytes| (24..=64).contains(&bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_24_to_64_bytes() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        assert!(is_one(&of(24)) && is_one(&of(64)) && is_one("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        for wrong in [of(23), of(65), of(32).replace("whsec_", ""), "whsec_!".to_owned(), String::new()] {
            assert!(!is_one(&wrong), "{wrong}");
        }
        assert!(is_one(&random().unwrap()));
        assert_ne!(random().unwrap(), random().unwrap());
    }
}
