//! The folder and settings of one measurement.

use std::path::Path;

use crate::cli::{BenchArgs, ExecutorArg, SynchronousArg};
use crate::commands::admin::audit;
use crate::commands::bench::progress::progress;
use crate::commands::bench::temporary_folder::TemporaryFolder;
use crate::commands::{Error, environment as shell};
use crate::config::{Config, Synchronous};

#[derive(Debug)]
pub(super) struct Place {
    folder: TemporaryFolder,
    secret: String,
    config: Config,
    /// Environment variables that replace those of this process in its child processes.
    environment: Vec<(&'static str, String)>,
}

impl Place {
    pub(super) fn make(args: &BenchArgs) -> Result<Place, Error> {
        Place::with(args, "bench", args.executor.map(ExecutorArg::variable).into_iter().collect())
    }

    /// Like [`Place::make`], with some environment variables replaced.
    pub(super) fn with(args: &BenchArgs, name: &str, environment: Vec<(&'static str, String)>) -> Result<Place, Error> {
        let mut number = [0_u8; 24];
        getrandom::fill(&mut number).map_err(|error| Error::Failed(error.to_string()))?;
        let secret: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = TemporaryFolder::make(name)?;
        let set = environment.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
        let mut config = Config::load(None, shell()?.into_iter().chain(set))?;
        folder.path().clone_into(&mut config.server.data_dir);
        if let Some(synchronous) = args.synchronous {
            config.store.synchronous = match synchronous {
                SynchronousArg::Full => Synchronous::Full,
                SynchronousArg::Off => Synchronous::Off,
            };
        }
        Ok(Place { folder, secret, config, environment })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn environment(&self) -> &[(&'static str, String)] {
        &self.environment
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Audits the store; returns the number of violations.
    pub(super) fn audit(&self) -> Result<i64, Error> {
        progress("auditing");
        let audit = audit::examine(&self.config)?;
        Ok(i64::try_from(audit.violations).unwrap_or(i64::MAX))
    }
}
