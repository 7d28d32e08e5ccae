use app::conformance::{CASES, ready};

use crate::fixture::Embedded;

#[test]
fn the_store_and_its_log_keep_their_promises() {
    for (name, case) in CASES {
        // Visible only when the next case fails.
        eprintln!("{name}");
        ready(case(&mut Embedded::new()));
    }
}
