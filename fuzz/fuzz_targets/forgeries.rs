//! Plays a small shop with forged records, selected by the bytes: it must end in the same state as without them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(complaint) = sim::forgery::trial::hold(bytes) {
        panic!("{complaint}");
    }
});
