//! Puts a backup into an empty folder: complete, or not at all.
//!
//! Everything is written into a folder inside, synced, and only then renamed to its place, the store last. A restore that
//! was killed leaves that inner folder; no shop is served beside it, and the next restore begins again.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::checksum;
use super::error::BackupError;
use crate::sqlite::connection::DATABASE_FILE;
use crate::sqlite::opening::OpenError;
use crate::sqlite::page_sums::{SUMS_FILE, sum_up_closed};
use crate::sqlite::snapshot::SqliteSnapshot;

/// The inner folder.
const INNER: &str = ".restoring";

/// Returns whether a restore into a folder was interrupted.
pub fn is_restoring(folder: &Path) -> bool {
    folder.join(INNER).exists() && !folder.join(DATABASE_FILE).exists()
}

/// A backup that lies beside its place.
pub struct Restoring {
    folder: PathBuf,
    /// The files beside the store.
    files: Vec<String>,
    pub sha256: String,
    pub bytes: u64,
}

impl Restoring {
    /// Checks that a backup can be put into a folder, which may have files of the given names only. Changes nothing.
    pub fn check(file: &Path, folder: &Path, allowed: &[&str]) -> Result<(), BackupError> {
        let of_file = |error| BackupError::File(file.to_owned(), error);
        if checksum::claimed(file).map_err(of_file)?.is_none() {
            return Err(BackupError::NoBackup(file.to_owned()));
        }
        match foreign(folder, allowed).map_err(|error| BackupError::File(folder.to_owned(), error))? {
            Some(found) => Err(BackupError::NotEmpty { folder: folder.to_owned(), found }),
            None => Ok(()),
        }
    }

    /// Lays the contents of a backup beside their place. The caller holds the folder's lock.
    pub fn lay_out(file: &Path, folder: &Path, allowed: &[&str]) -> Result<Restoring, BackupError> {
        Restoring::check(file, folder, allowed)?;
        let of_folder = |error| BackupError::File(folder.to_owned(), error);
        clear(folder, allowed).map_err(of_folder)?;
        let inner = folder.join(INNER);
        DirBuilder::new().mode(0o700).create(&inner).map_err(of_folder)?;
        // From here on the folder is known as one that a restore has begun to fill.
        sync(folder).map_err(of_folder)?;
        let laid_out = fill(file, folder, &inner);
        if laid_out.is_err() {
            // The error matters; what remains is known as interrupted.
            let _ = fs::remove_dir_all(&inner);
        }
        laid_out
    }

    /// Opens the store as an audit reads it.
    pub fn snapshot(&self) -> Result<SqliteSnapshot, OpenError> {
        SqliteSnapshot::open(&self.folder.join(INNER))
    }

    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Moves everything to its place, the store last: from then on the folder is a shop.
    pub fn finish(self) -> Result<(), BackupError> {
        let inner = self.folder.join(INNER);
        let of_folder = |error| BackupError::File(self.folder.clone(), error);
        let beside = self.files.iter().map(String::as_str).chain([SUMS_FILE]);
        for name in beside.filter(|name| inner.join(name).exists()) {
            fs::rename(inner.join(name), self.folder.join(name)).map_err(of_folder)?;
        }
        sync(&self.folder).map_err(of_folder)?;
        fs::rename(inner.join(DATABASE_FILE), self.folder.join(DATABASE_FILE)).map_err(of_folder)?;
        sync(&self.folder).map_err(of_folder)?;
        fs::remove_dir_all(inner).map_err(of_folder)?;
        sync(&self.folder).map_err(of_folder)
    }

    /// Removes what was laid out.
    pub fn abandon(self) -> Result<(), BackupError> {
        fs::remove_dir_all(self.folder.join(INNER)).map_err(|error| BackupError::File(self.folder.clone(), error))
    }
}

/// Fills the inner folder.
fn fill(file: &Path, folder: &Path, inner: &Path) -> Result<Restoring, BackupError> {
    let of_folder = |error| BackupError::File(folder.to_owned(), error);
    let store = inner.join(DATABASE_FILE);
    let of_store = |error| BackupError::File(store.clone(), error);
    let mut source = File::open(file).map_err(|error| BackupError::File(file.to_owned(), error))?;
    let mut copy = create(&store).map_err(of_store)?;
    let sha256 = checksum::compare(&mut source, file, &mut copy)?;
    drop(copy);
    let files = take_files_out(&store, inner)?;
    File::open(&store).and_then(|store| store.sync_all()).map_err(of_store)?;
    sum_up_closed(inner).map_err(of_folder)?;
    sync(inner).map_err(of_folder)?;
    let bytes = fs::metadata(&store).map_err(of_store)?.len();
    Ok(Restoring { folder: folder.to_owned(), files, sha256, bytes })
}

/// Writes the files beside the store next to it, and takes them out of it.
fn take_files_out(store: &Path, inner: &Path) -> Result<Vec<String>, BackupError> {
    let connection = Connection::open(store)?;
    connection.pragma_update(None, "journal_mode", "memory")?;
    let mut names: Vec<String> = vec![];
    {
        let mut pieces = connection.prepare("SELECT name, content FROM backup_file ORDER BY name, piece")?;
        let mut pieces = pieces.query([])?;
        let mut open: Option<File> = None;
        while let Some(piece) = pieces.next()? {
            let name: String = piece.get(0)?;
            // A name of a file alone, so that a crafted backup reaches no other folder.
            let name = Path::new(&name).file_name().unwrap_or_default().to_string_lossy().into_owned();
            let path = inner.join(&name);
            let of_file = |error| BackupError::File(path.clone(), error);
            if names.last() != Some(&name) {
                open = Some(create(&path).map_err(of_file)?);
                names.push(name);
            }
            if let Some(file) = &mut open {
                file.write_all(piece.get_ref(1)?.as_blob().unwrap_or_default()).map_err(of_file)?;
                file.sync_all().map_err(of_file)?;
            }
        }
    }
    connection.execute_batch("DROP TABLE backup_file")?;
    Ok(names)
}

/// Returns a file that is in a folder, does not belong there and was not left by an interrupted restore.
fn foreign(folder: &Path, allowed: &[&str]) -> io::Result<Option<String>> {
    if is_restoring(folder) {
        return Ok(None);
    }
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !allowed.contains(&name.as_str()) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Removes what an interrupted restore left. No shop was served here since, because serving refuses such a folder.
fn clear(folder: &Path, allowed: &[&str]) -> io::Result<()> {
    if !is_restoring(folder) {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        // The inner folder goes last: until then the folder is known as one that is being restored.
        if name != INNER && !allowed.iter().any(|allowed| name == *allowed) {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir_all(folder.join(INNER))
}

fn create(path: &Path) -> io::Result<File> {
    File::options().create_new(true).write(true).mode(0o600).open(path)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
