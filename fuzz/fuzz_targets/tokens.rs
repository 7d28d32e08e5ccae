//! Verifies any text as a token, and any header and claims signed with our own key: only tokens of valid users are accepted.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use server::security::auth::Tokens;
use sha2::Sha256;

const SECRET: &[u8] = b"a secret of the fuzzer, long enough to be accepted";
static TOKENS: LazyLock<Tokens> = LazyLock::new(|| Tokens::new(SECRET));

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    assert!(TOKENS.verify(&text).is_err(), "{text} is not signed");
    // The first line is the header, the rest the claims.
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    let Ok(principal) = TOKENS.verify(&token) else { return };
    assert!(principal.user_id > 0);
    let header: serde_json::Value = serde_json::from_slice(header).expect("what is accepted is JSON");
    assert_eq!(header["alg"], "HS256");
    assert!(header.get("crit").is_none_or(serde_json::Value::is_null), "a critical extension is not ignored");
});
