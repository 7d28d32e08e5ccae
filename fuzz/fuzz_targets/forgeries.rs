//! Records forged of a small shop's own, as the bytes say: the shop ends as it ends without them, and the audit is clean.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(complaint) = sim::forgery::trial::hold(bytes) {
        panic!("{complaint}");
    }
});
