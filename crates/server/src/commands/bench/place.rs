//! A folder for one measurement, with the settings that hold in it.

use std::path::{Path, PathBuf};

use super::Error;
use crate::cli::{BenchArgs, SettingsArgs, SynchronousArg};
use crate::commands::settings;
use crate::config::{Config, Synchronous};

/// Removed with everything in it when the measurement is over.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    secret: String,
    config: Config,
}

impl Place {
    pub(super) fn make(args: &BenchArgs) -> Result<Place, Error> {
        let mut number = [0_u8; 24];
        getrandom::fill(&mut number).map_err(|error| Error::Usage(error.to_string()))?;
        let secret: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = std::env::temp_dir().join(format!("doorbuster-bench-{}", std::process::id()));
        let mut config = settings(&SettingsArgs { data_dir: Some(folder.clone()), config: None })?;
        if let Some(synchronous) = args.synchronous {
            config.store.synchronous = match synchronous {
                SynchronousArg::Full => Synchronous::Full,
                SynchronousArg::Off => Synchronous::Off,
            };
        }
        std::fs::create_dir(&folder)?;
        Ok(Place { folder, secret, config })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            super::progress(&format!("{} could not be removed: {error}", self.folder.display()));
        }
    }
}
