//! The admin address of the server that holds a data folder, for commands that must not write beside it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::commands::Error;
use crate::system::data_dir::{ADDRESS_FILE, for_owner_only};

/// Writes down where the server of this folder serves admins.
pub(in crate::commands) fn announce(data_dir: &Path, address: &str) -> std::io::Result<()> {
    let file = address_file(data_dir);
    for_owner_only(&file)?;
    fs::write(file, address)
}

/// Returns where the server of this folder serves admins.
pub(in crate::commands) fn address(data_dir: &Path) -> Result<String, Error> {
    let file = address_file(data_dir);
    let text =
        fs::read_to_string(&file).map_err(|cause| Error::Unreachable { address: file.display().to_string(), cause })?;
    Ok(text.trim().to_owned())
}

fn address_file(data_dir: &Path) -> PathBuf {
    data_dir.join(ADDRESS_FILE)
}
