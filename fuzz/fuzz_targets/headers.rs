//! Parses any bytes as the headers that our own code reads.
#![no_main]

use axum::http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use server::http::headers::{IdempotencyKey, Prefer};
use server::http::trace::TraceId;

fuzz_target!(|bytes: &[u8]| {
    let mut headers = HeaderMap::new();
    for value in bytes.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        for name in ["idempotency-key", "prefer", "traceparent"] {
            headers.append(name, value.clone());
        }
    }
    match IdempotencyKey::of(&headers) {
        Ok(IdempotencyKey(Some(key))) => {
            assert!((1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
        }
        Ok(IdempotencyKey(None)) => assert!(!headers.contains_key("idempotency-key")),
        Err(problem) => assert!(problem.status().is_client_error()),
    }
    let prefer = Prefer::of(&headers);
    assert!(prefer.wait.is_none_or(|wait| wait.as_secs() <= 30));
    let _applied = prefer.applied();
    assert_eq!(TraceId::of(&headers).as_str().len(), 32);
});
