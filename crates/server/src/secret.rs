//! The secret that signs tokens and cursors: from the environment, or made once and kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const SECRET_FILE: &str = "auth.secret";
const MADE_BYTES: usize = 32;
/// Below the length of the hash, a secret is easier to guess than the signature.
const ADVISED_BYTES: usize = 32;

#[derive(Clone)]
pub struct Secret(Vec<u8>);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the secret file {path} cannot be used: {cause}")]
    Unusable { path: PathBuf, cause: io::Error },
    #[error("the secret file {0} is empty; delete it to have a new one made, which ends all tokens")]
    Empty(PathBuf),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl Secret {
    /// The secret given by the operator, else the one of this data folder, made if there is none.
    pub fn load(given: Option<&str>, data_dir: &Path) -> Result<Secret, Error> {
        let secret = match given {
            Some(given) => Secret(given.as_bytes().to_vec()),
            None => Secret::of_folder(data_dir)?,
        };
        if secret.0.len() < ADVISED_BYTES {
            let length = secret.0.len();
            tracing::warn!("The auth secret has {length} bytes; use at least {ADVISED_BYTES}");
        }
        Ok(secret)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn of_folder(data_dir: &Path) -> Result<Secret, Error> {
        let path = data_dir.join(SECRET_FILE);
        let unusable = |cause| Error::Unusable { path: path.clone(), cause };
        if !path.exists() {
            make(data_dir, &path).map_err(unusable)?;
        }
        let text = fs::read_to_string(&path).map_err(unusable)?;
        let secret = text.trim();
        if secret.is_empty() {
            return Err(Error::Empty(path));
        }
        Ok(Secret(secret.as_bytes().to_vec()))
    }
}

/// Written aside and linked into place, so that a crash leaves no half secret and of two processes
/// that make one at the same time both use the first.
fn make(data_dir: &Path, path: &Path) -> io::Result<()> {
    let mut bytes = [0; MADE_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    fs::create_dir_all(data_dir)?;
    let aside = data_dir.join(format!("{SECRET_FILE}.{}", std::process::id()));
    let _leftover = fs::remove_file(&aside);
    let mut file = for_owner_only(&aside)?;
    writeln!(file, "{}", URL_SAFE_NO_PAD.encode(bytes))?;
    file.sync_all()?;
    let linked = fs::hard_link(&aside, path);
    fs::remove_file(&aside)?;
    match linked {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => Err(cause),
        Ok(()) | Err(_) => File::open(data_dir)?.sync_all(),
    }
}

fn for_owner_only(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("doorbuster-secret-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_secret_is_made_once_and_for_the_owner_only() {
        let folder = folder("made");
        let first = Secret::load(None, &folder).unwrap();
        let second = Secret::load(None, &folder).unwrap();
        assert_eq!(first.as_bytes(), second.as_bytes());
        assert_eq!(first.as_bytes().len(), 43);
        #[cfg(unix)]
        {
            let metadata = fs::metadata(folder.join(SECRET_FILE)).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left behind");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_given_secret_is_used_and_not_kept() {
        let folder = folder("given");
        assert_eq!(Secret::load(Some("short"), &folder).unwrap().as_bytes(), b"short");
        assert!(!folder.exists());
    }

    #[test]
    fn an_empty_file_is_not_a_secret() {
        let folder = folder("empty");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(SECRET_FILE), "\n").unwrap();
        assert!(matches!(Secret::load(None, &folder), Err(Error::Empty(_))));
        fs::remove_dir_all(&folder).unwrap();
    }
}
