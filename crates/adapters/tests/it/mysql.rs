//! The shop on the real MariaDB or MySQL.

mod crowd;
mod lost;
mod proxy;
mod throughput;
mod views;

use adapters::mysql::{self, MysqlRepartitionStore, MysqlSnapshot, OpenError};
use app::conformance::CASES;

use crate::database::{Database, runtime};

#[test]
fn the_shared_store_and_its_log_keep_their_promises() {
    for (name, case) in CASES {
        // Visible only when the next case fails.
        eprintln!("{name}");
        let Some(mut database) = Database::new("the_shared_store_and_its_log_keep_their_promises") else { return };
        runtime().block_on(case(&mut database));
    }
}

/// A program beside the processes that serve a database does not change its schema.
#[test]
fn a_database_with_an_older_schema_is_not_read() {
    let Some(database) = Database::new("a_database_with_an_older_schema_is_not_read") else { return };
    let url = database.url();
    let refused = || {
        let read = runtime().block_on(mysql::read(&url)).err();
        let switched = runtime().block_on(MysqlRepartitionStore::open(&url)).err();
        [read, MysqlSnapshot::open(&url).err(), switched].map(|error| error.expect("it is refused"))
    };
    for error in refused() {
        assert!(matches!(error, OpenError::NoShop), "{error}");
    }
    runtime().block_on(async { drop(database.opened().await) });
    assert_eq!(database.execute("DELETE FROM refinery_schema_history ORDER BY version DESC LIMIT 1"), 1);
    for error in refused() {
        assert!(matches!(error, OpenError::SchemaTooOld { .. }), "{error}");
    }
}
