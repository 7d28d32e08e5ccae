//! Opens a folder that a database is moved into.

use std::path::Path;

use rusqlite::Connection;

use super::opening::{OpenError, Options, Vfs, check_sqlite, run_migrations, writer};

/// Opens a folder for a move into it, which `create` records before anything else is there. The caller has locked it.
pub(crate) fn open_for_move(folder: &Path, create: &str) -> Result<Connection, OpenError> {
    check_sqlite()?;
    let mut writer = writer(folder, Options { vfs: Vfs::System, cache_mib: 64, ..Options::default() })?;
    writer.pragma_update(None, "synchronous", "normal")?;
    writer.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    writer.execute_batch(create)?;
    run_migrations(&mut writer)?;
    Ok(writer)
}
