//! The signature of a callback: `t=…,v1=…`, an HMAC-SHA256 over the time and the body's bytes.

use app::payments::provider::CallbackError;
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub(super) const HEADER: &str = "stripe-signature";

/// Callbacks signed further from now, in seconds, are refused, so that a recorded one cannot be replayed later.
const TOLERANCE_S: u64 = 300;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// The secrets that sign callbacks. While a secret is replaced there are several, and each is valid.
#[derive(Clone, Default)]
pub struct Secrets(Vec<Box<str>>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Parses secrets separated by commas; empty ones are skipped.
    pub fn parse(text: &str) -> Secrets {
        Secrets(text.split(',').map(str::trim).filter(|secret| !secret.is_empty()).map(Box::from).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the header for a body, made with the first secret, which is the newest.
    pub(super) fn sign(&self, body: &[u8], now: Timestamp) -> Option<String> {
        let seconds = (now.micros() / MICROS_PER_SECOND).to_string();
        let code = mac(self.0.first()?, &seconds, body).finalize().into_bytes();
        let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("t={seconds},v1={hex}"))
    }

    /// Checks that the body was signed with one of the secrets, and recently.
    pub(super) fn verify(&self, header: &str, body: &[u8], now: Timestamp) -> Result<(), CallbackError> {
        let (mut moment, mut codes) = (None, vec![]);
        for part in header.split(',') {
            match part.trim().split_once('=') {
                Some(("t", text)) => moment = Some(text),
                Some(("v1", text)) => codes.extend(bytes_of_hex(text)),
                // Other schemes, such as the one for tests, prove nothing.
                Some(_) | None => {}
            }
        }
        let moment = moment.ok_or(CallbackError::Forged)?;
        let is_signed = |secret: &str| {
            let expected = mac(secret, moment, body);
            // In constant time: an attacker must not learn how much of a guess is right.
            codes.iter().any(|code| expected.clone().verify_slice(code).is_ok())
        };
        if !self.0.iter().any(|secret| is_signed(secret)) {
            return Err(CallbackError::Forged);
        }
        let seconds: i64 = moment.parse().map_err(|_| CallbackError::Forged)?;
        let apart = seconds.abs_diff(now.micros() / MICROS_PER_SECOND);
        if apart > TOLERANCE_S { Err(CallbackError::Stale) } else { Ok(()) }
    }
}

fn mac(secret: &str, moment: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key may have any length");
    mac.update(moment.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = b"{\"id\":\"evt_1\"}";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * MICROS_PER_SECOND)
    }

    fn signed(secret: &str, seconds: i64) -> String {
        Secrets::parse(secret).sign(BODY, at(seconds)).unwrap()
    }

    #[test]
    fn the_signature_follows_the_scheme() {
        // Made with `printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test`.
        let expected = "c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
        assert_eq!(signed("whsec_test", 1_700_000_000), format!("t=1700000000,v1={expected}"));
    }

    #[test]
    fn one_of_several_secrets_is_enough() {
        let both = Secrets::parse("new, old");
        for secret in ["new", "old"] {
            assert_eq!(both.verify(&signed(secret, 100), BODY, at(100)), Ok(()));
        }
        assert_eq!(both.verify(&signed("other", 100), BODY, at(100)), Err(CallbackError::Forged));
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let header = signed("new", 100) + ",v0=00," + &signed("old", 100)["t=100,".len()..];
        assert_eq!(Secrets::parse("old").verify(&header, BODY, at(100)), Ok(()));
    }

    #[test]
    fn five_minutes_are_tolerated_either_way() {
        let secrets = Secrets::parse("s");
        for (now, expected) in
            [(1_300, Ok(())), (1_301, Err(CallbackError::Stale)), (700, Ok(())), (699, Err(CallbackError::Stale))]
        {
            assert_eq!(secrets.verify(&signed("s", 1_000), BODY, at(now)), expected, "at {now}");
        }
    }

    #[test]
    fn without_a_secret_every_callback_is_refused() {
        assert_eq!(Secrets::default().verify(&signed("s", 100), BODY, at(100)), Err(CallbackError::Forged));
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_panic_and_is_a_forgery(header in ".{0,80}") {
            prop_assert_eq!(Secrets::parse("s").verify(&header, BODY, at(0)), Err(CallbackError::Forged));
        }

        #[test]
        fn a_body_with_one_bit_changed_is_a_forgery(place in 0..BODY.len(), bit in 0_u8..8) {
            let mut body = BODY.to_vec();
            body[place] ^= 1 << bit;
            let verified = Secrets::parse("s").verify(&signed("s", 100), &body, at(100));
            prop_assert_eq!(verified, Err(CallbackError::Forged));
        }
    }
}
