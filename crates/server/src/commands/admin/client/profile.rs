//! Profiles: named shops with an address and a token, so that a token stands in no command line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::commands::Error;

/// An address and, if the shop's own secret is not at hand, a token for it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) url: String,
    pub(super) token: Option<String>,
}

/// Reads a profile from the file of this user.
pub(super) fn find(name: &str) -> Result<Profile, Error> {
    let file = file().ok_or_else(|| Error::Usage("no home folder is known: set HOME, or use --url".to_owned()))?;
    let unusable =
        |reason: String| Error::Usage(format!("the profiles in {} cannot be used: {reason}", file.display()));
    check_mode(&file).map_err(unusable)?;
    let text = std::fs::read_to_string(&file).map_err(|error| unusable(error.to_string()))?;
    let profiles: BTreeMap<String, toml::Value> =
        toml::from_str(&text).map_err(|error| unusable(error.message().to_owned()))?;
    let known: Vec<&str> = profiles.keys().map(String::as_str).collect();
    let unknown = || unusable(format!("{name:?} is not in it; it has {}", known.join(", ")));
    let profile = profiles.get(name).cloned().ok_or_else(unknown)?;
    profile.try_into().map_err(|error: toml::de::Error| unusable(format!("{name:?}: {}", error.message())))
}

fn file() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let settings = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))?;
    Some(settings.join("doorbuster/profiles.toml"))
}

/// A token of an admin opens the whole shop.
#[cfg(unix)]
fn check_mode(file: &std::path::Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = std::fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 == 0 { Ok(()) } else { Err("other users can read them; run `chmod 600` on the file".to_owned()) }
}

#[cfg(not(unix))]
fn check_mode(_file: &std::path::Path) -> Result<(), String> {
    Ok(())
}
