//! `doorbuster audit`

use std::process::ExitCode;

use super::Error;
use crate::cli::AuditArgs;

pub(super) fn run(_args: &AuditArgs) -> Result<ExitCode, Error> {
    Err(Error::NotBuilt)
}
