//! Errors of commands.

use std::io;
use std::path::PathBuf;

use super::output::refusal::Refusal;
use crate::security::secret;
use crate::system::{data_dir, io_error, logging, shown_url};
use crate::{config, wiring};

/// A command failed. [`Error::report`] adds what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Logging(#[from] logging::Error),
    #[error(transparent)]
    DataDir(#[from] data_dir::Error),
    #[error(transparent)]
    Secret(#[from] secret::Error),
    #[error("cannot listen on {address}: {}", io_error::of(cause))]
    Listen { address: String, cause: io::Error },
    #[error("the listener's certificate cannot be used: {0}")]
    Certificate(String),
    #[error("{}", io_error::of(.0))]
    Io(#[from] io::Error),
    #[error("no doorbuster server answers at {address}: {}", io_error::of(cause))]
    Unreachable { address: String, cause: io::Error },
    #[error(transparent)]
    Wiring(#[from] wiring::Error),
    #[error("refused on an address that other machines can reach: {0}")]
    Weak(String),
    #[error("the first admin could not be created: {0}")]
    Admin(String),
    #[error(transparent)]
    Store(#[from] app::ports::StoreError),
    #[error("the measurement failed: {0}")]
    Bench(#[from] ::bench::Error),
    #[error(transparent)]
    Demo(#[from] crate::commands::demo_shop::Error),
    #[error("{file}: {why}")]
    Script { file: String, why: String },
    #[error("{0}")]
    Usage(String),
    #[error("the running server did not carry it out: {0}")]
    Running(String),
    #[error("{0}")]
    Refused(Refusal),
    #[error("{0}")]
    Failed(String),
    #[error("interrupted")]
    Interrupted(Left),
}

/// What an interrupted command leaves behind.
#[derive(Debug)]
pub enum Left {
    Nothing,
    /// The shop in a folder, as far as the command came.
    Shop(PathBuf),
    /// What was written to a shop that others serve.
    Written {
        url: String,
    },
}

impl Left {
    /// Returns what to do about it.
    pub(super) fn advice(&self) -> String {
        match self {
            Left::Nothing => "nothing was left behind; run the command again".to_owned(),
            Left::Shop(folder) => {
                let folder = folder.display();
                format!(
                    "{folder} has the shop as far as the command came: serve it with `doorbuster serve --data-dir {folder}`, or delete it"
                )
            }
            Left::Written { url } => {
                format!("what was written to the shop at {} stays there; run the command again", shown_url::of(url))
            }
        }
    }
}
