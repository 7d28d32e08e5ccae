//! The secret that signs tokens and cursors: given by the environment, or generated once and stored.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::system::io_error;

pub(crate) const SECRET_FILE: &str = "auth.secret";
const MADE_BYTES: usize = 32;
const MARK_BYTES: usize = 16;

#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    /// True if a shop is served with it, so that other processes must use the same one.
    serves: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the secret file {path} cannot be used: {}", io_error::of(cause))]
    Unusable { path: PathBuf, cause: io::Error },
    #[error("the secret file {0} is empty; delete it to have a new one generated, which invalidates all tokens")]
    Empty(PathBuf),
    #[error(
        "no auth secret was found ({0} does not exist): set DOORBUSTER_AUTH_SECRET to the server's, or name its data folder with --data-dir"
    )]
    Missing(PathBuf),
    #[error("the system's random generator failed: {0}")]
    NoRandomness(getrandom::Error),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl Secret {
    /// Returns the given secret, else that of the data folder, which is generated if it is missing.
    pub fn load(given: Option<&str>, data_dir: &Path) -> Result<Secret, Error> {
        let path = data_dir.join(SECRET_FILE);
        if given.is_none() && !path.exists() {
            make(data_dir, &path).map_err(|cause| Error::Unusable { path, cause })?;
        }
        Ok(Secret { serves: true, ..Secret::find(given, data_dir)? })
    }

    /// Like [`Secret::load`], but generates none: for commands that call a shop, which accepts only its own secret.
    pub fn find(given: Option<&str>, data_dir: &Path) -> Result<Secret, Error> {
        match given {
            Some(given) => Ok(Secret { bytes: given.as_bytes().to_vec(), serves: false }),
            None => Secret::of_folder(data_dir),
        }
    }

    /// Generates a secret for this process only, for a command that opens the shop itself.
    pub fn of_this_process() -> Result<Secret, Error> {
        let mut bytes = vec![0; MADE_BYTES];
        getrandom::fill(&mut bytes).map_err(Error::NoRandomness)?;
        Ok(Secret { bytes, serves: false })
    }

    /// Returns why a folder's secret file is unsafe: other users can read it. `None` if it is safe or missing.
    pub fn open_to_others(data_dir: &Path) -> Option<String> {
        #[cfg(unix)]
        {
            let path = data_dir.join(SECRET_FILE);
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).ok()?.permissions()) & 0o777;
            (mode & 0o077 != 0).then(|| {
                format!(
                    "the secret file {} can be read by other users (its mode is {mode:o}), and anyone who has read it can sign \
                     tokens of any customer and admin; delete it to have a new one generated, which invalidates all tokens, or \
                     run `chmod 600` if no one has read it",
                    path.display()
                )
            })
        }
        #[cfg(not(unix))]
        {
            let _ = data_dir;
            None
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns a hash that lets a store recognise the secret without revealing it; `None` if no shop is served with it.
    pub fn mark(&self) -> Option<String> {
        let mut keyed = Hmac::<Sha256>::new_from_slice(&self.bytes).ok().filter(|_| self.serves)?;
        keyed.update(b"doorbuster mark of the secret");
        let mark = keyed.finalize().into_bytes();
        Some(mark.iter().take(MARK_BYTES).map(|byte| format!("{byte:02x}")).collect())
    }

    fn of_folder(data_dir: &Path) -> Result<Secret, Error> {
        let path = data_dir.join(SECRET_FILE);
        let unusable = |cause| Error::Unusable { path: path.clone(), cause };
        if !path.exists() {
            return Err(Error::Missing(path));
        }
        let text = fs::read_to_string(&path).map_err(unusable)?;
        let secret = text.trim();
        if secret.is_empty() {
            return Err(Error::Empty(path));
        }
        Ok(Secret { bytes: secret.as_bytes().to_vec(), serves: false })
    }
}

/// Written to a temporary file and linked into place, so that a crash leaves no partial secret, and two processes that
/// generate one at the same time use the same one.
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
    fn a_command_finds_a_secret_and_never_generates_one() {
        let folder = folder("missing");
        let missing = Secret::find(None, &folder).unwrap_err().to_string();
        assert!(missing.contains("DOORBUSTER_AUTH_SECRET") && missing.contains("--data-dir"), "{missing}");
        assert!(!folder.exists(), "nothing was made");
        assert_eq!(Secret::find(Some("given"), &folder).unwrap().as_bytes(), b"given");
    }

    #[test]
    fn a_mark_identifies_a_secret_without_revealing_it() {
        let mark = |given| Secret::load(Some(given), Path::new("/nowhere")).unwrap().mark().unwrap();
        assert_eq!(mark("one"), mark("one"));
        assert_ne!(mark("one"), mark("two"));
        assert_eq!(mark("one").len(), 2 * MARK_BYTES);
        assert_eq!(Secret::of_this_process().unwrap().mark(), None);
    }

    #[test]
    fn a_secret_is_generated_once_and_readable_by_its_owner_only() {
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
    fn a_given_secret_is_used_and_not_stored() {
        let folder = folder("given");
        assert_eq!(Secret::load(Some("short"), &folder).unwrap().as_bytes(), b"short");
        assert!(!folder.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_others_can_read_is_reported() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = folder("open");
        assert_eq!(Secret::open_to_others(&folder), None, "there is none");
        Secret::load(None, &folder).unwrap();
        assert_eq!(Secret::open_to_others(&folder), None);
        for mode in [0o666, 0o640, 0o604] {
            fs::set_permissions(folder.join(SECRET_FILE), fs::Permissions::from_mode(mode)).unwrap();
            let why = Secret::open_to_others(&folder).unwrap();
            assert!(why.contains(&format!("{mode:o}")) && why.contains("chmod 600"), "{why}");
        }
        fs::remove_dir_all(&folder).unwrap();
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
