//! A folder that becomes an archive: every file and folder has a mode of its own, whatever the umask.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::tools::root;

pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    pub(super) fn new(root: &Path) -> io::Result<Tree> {
        let tree = Tree { root: root.to_owned() };
        tree.folder("")?;
        Ok(tree)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes a folder and those above it, within the tree.
    pub(super) fn folder(&self, path: &str) -> io::Result<PathBuf> {
        let mut folder = self.root.clone();
        fs::create_dir_all(&folder)?;
        set_mode(&folder, 0o755)?;
        for part in Path::new(path) {
            folder.push(part);
            fs::create_dir_all(&folder)?;
            set_mode(&folder, 0o755)?;
        }
        Ok(folder)
    }

    pub(super) fn write(&self, path: &str, content: &[u8], mode: u32) -> io::Result<()> {
        self.folder(path.rsplit_once('/').map_or("", |(folder, _)| folder))?;
        let file = self.root.join(path);
        fs::write(&file, content)?;
        set_mode(&file, mode)
    }

    pub(super) fn copy(&self, from: &Path, path: &str, mode: u32) -> io::Result<()> {
        self.write(path, &read(from)?, mode)
    }

    /// Copies the files of a folder of the repository; folders inside it are left out.
    pub(super) fn copy_files(&self, from: &str, path: &str) -> io::Result<()> {
        for file in files(&root().join(from))? {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.copy(&file, &format!("{path}/{name}"), 0o644)?;
        }
        Ok(())
    }

    pub(super) fn set_modes(&self, folder: &Path, mode: u32) -> io::Result<()> {
        files(folder)?.iter().try_for_each(|file| set_mode(file, mode))
    }
}

/// Returns the files of a folder in the order of their names.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = vec![];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

pub(super) fn read(file: &Path) -> io::Result<Vec<u8>> {
    fs::read(file).map_err(|error| io::Error::other(format!("{}: {error}", file.display())))
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}
