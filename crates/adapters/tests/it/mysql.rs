//! The shop on the real MariaDB or MySQL.

mod crowd;
mod lost;
mod proxy;
mod throughput;
mod views;

use app::conformance::CASES;

use crate::database::{Database, runtime};

#[test]
fn the_shared_store_and_its_log_keep_their_promises() {
    for (name, case) in CASES {
        // Seen only when the case after it fails.
        eprintln!("{name}");
        let Some(mut database) = Database::new("the_shared_store_and_its_log_keep_their_promises") else { return };
        runtime().block_on(case(&mut database));
    }
}
