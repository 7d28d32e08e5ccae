//! A folder for one measurement, with the settings that hold in it.

use std::path::Path;

use super::Error;
use crate::cli::{BenchArgs, SettingsArgs, SynchronousArg};
use crate::commands::settings;
use crate::commands::temporary_folder::TemporaryFolder;
use crate::config::{Config, Synchronous};

#[derive(Debug)]
pub(super) struct Place {
    folder: TemporaryFolder,
    secret: String,
    config: Config,
}

impl Place {
    pub(super) fn make(args: &BenchArgs) -> Result<Place, Error> {
        let mut number = [0_u8; 24];
        getrandom::fill(&mut number).map_err(|error| Error::Usage(error.to_string()))?;
        let secret: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = TemporaryFolder::make("bench")?;
        let mut config = settings(&SettingsArgs { data_dir: Some(folder.path().to_owned()), config: None })?;
        if let Some(synchronous) = args.synchronous {
            config.store.synchronous = match synchronous {
                SynchronousArg::Full => Synchronous::Full,
                SynchronousArg::Off => Synchronous::Off,
            };
        }
        Ok(Place { folder, secret, config })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }
}
