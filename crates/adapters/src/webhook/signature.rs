//! Signatures after Standard Webhooks: HMAC-SHA256 of `id.timestamp.body`, one for each live secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The start of a secret's text.
const PREFIX: &str = "whsec_";

/// Returns the header's value: a signature for each secret, between spaces.
///
/// # Errors
///
/// If a secret is not `whsec_` and base 64.
pub(super) fn header<'s>(
    secrets: impl Iterator<Item = &'s str>,
    id: &str,
    seconds: i64,
    body: &str,
) -> Result<String, String> {
    let signatures = secrets.map(|secret| {
        let key = secret.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
        let key = key.ok_or_else(|| "the endpoint's secret is not whsec_ and base 64; rotate it".to_owned())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    });
    Ok(signatures.collect::<Result<Vec<String>, String>>()?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn the_specifications_example_is_signed() {
        let body = r#"{"test": 2432232314}"#;
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signed = header([secret].into_iter(), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed.as_deref(), Ok("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn every_live_secret_signs() {
        let signed = header(["whsec_MTIz", "whsec_NDU2"].into_iter(), "a", 1, "{}").unwrap();
        assert_eq!(signed.split(' ').count(), 2);
        assert!(header(["plain"].into_iter(), "a", 1, "{}").is_err());
    }
}
