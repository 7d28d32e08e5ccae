//! Parses any bytes as any request body: the result is a body or a client error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::api::request::bodies::BODIES;
use server::http::language::Language;

fuzz_target!(|bytes: &[u8]| {
    for (name, read) in BODIES {
        if let Err(problem) = read(bytes) {
            assert!(problem.status().is_client_error(), "{name}: {problem:?}");
            assert!(!problem.detail(Language::Korean).is_empty(), "{name}: {problem:?}");
        }
    }
});
