//! Parses any text as a cursor: only cursors that the server would issue are accepted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::http::cursor::{Cursors, List};

fuzz_target!(|bytes: &[u8]| {
    let cursors = Cursors::new(b"a secret of the fuzzer");
    let list = List { name: "orders", owner: Some(7), filter: "" };
    // The bytes as a cursor; then the first eight as the key of a valid cursor, in which one byte is changed.
    let text = String::from_utf8_lossy(bytes);
    match cursors.decode(list, &text) {
        Ok(key) => assert_eq!(cursors.encode(list, key), text),
        Err(problem) => assert!(problem.status().is_client_error()),
    }
    let Some((key, [at, change, ..])) = bytes.split_first_chunk::<8>() else { return };
    let key = i64::from_be_bytes(*key);
    let ours = cursors.encode(list, key);
    assert_eq!(cursors.decode(list, &ours).ok(), Some(key));
    let mut changed = ours.clone().into_bytes();
    let at = usize::from(*at) % changed.len();
    changed[at] = *change;
    let changed = String::from_utf8_lossy(&changed);
    assert!(changed == ours || cursors.decode(list, &changed).is_err(), "{changed}");
});
