//! A temporary folder, deleted when it is dropped.

use std::io;
use std::path::{Path, PathBuf};

use crate::commands::output::terminal::note;

/// Deleted with its contents when this is dropped, unless it is kept.
#[derive(Debug)]
pub(in crate::commands) struct TemporaryFolder(Option<PathBuf>);

impl TemporaryFolder {
    /// Creates the folder; fails if it exists, because another process may own it.
    pub(in crate::commands) fn make(what: &str) -> io::Result<TemporaryFolder> {
        let path = std::env::temp_dir().join(format!("doorbuster-{what}-{}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(TemporaryFolder(Some(path)))
    }

    pub(in crate::commands) fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or_else(|| Path::new(""))
    }

    /// Keeps the folder.
    pub(in crate::commands) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let Some(path) = self.0.take() else { return };
        if let Err(error) = std::fs::remove_dir_all(&path) {
            note(&format!("{} could not be removed: {error}", path.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_deleted_unless_it_is_kept() {
        let folder = TemporaryFolder::make("gone").unwrap();
        let path = folder.path().to_owned();
        std::fs::write(path.join("something"), "in it").unwrap();
        drop(folder);
        assert!(!path.exists());

        let folder = TemporaryFolder::make("kept").unwrap();
        let path = folder.path().to_owned();
        folder.keep();
        assert!(path.exists());
        std::fs::remove_dir(&path).unwrap();
    }
}
