//! What every file of a release is named and dated by.

use std::io;
use std::process::Command;

use super::tools::{root, said};

pub(super) struct Release {
    pub(super) version: &'static str,
    /// The platform, as Rust names it.
    pub(super) target: String,
    /// Seconds since 1970, of the commit: equal sources give equal archives.
    pub(super) epoch: u64,
}

impl Release {
    pub(super) fn of_this_commit() -> io::Result<Release> {
        let compiler = said(Command::new("rustc").arg("-vV"))?;
        let target = compiler.lines().find_map(|line| line.strip_prefix("host: "));
        let target = target.ok_or_else(|| io::Error::other("rustc names no host"))?.to_owned();
        let epoch = match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(given) => given,
            Err(_) => said(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root()))?,
        };
        let epoch = epoch.trim().parse().map_err(|_| io::Error::other("SOURCE_DATE_EPOCH is not a number"))?;
        Ok(Release { version: env!("CARGO_PKG_VERSION"), target, epoch })
    }
}
