//! `doorbuster config`: prints the settings.

use std::process::ExitCode;

use super::{Error, print, settings};
use crate::cli::ConfigArgs;
use crate::config::DEFAULT_TOML;

pub(super) fn run(args: &ConfigArgs) -> Result<ExitCode, Error> {
    if args.default {
        return print(DEFAULT_TOML.trim_end());
    }
    let config = settings(&args.settings)?;
    if args.json {
        return print(&config.to_json().to_string());
    }
    print(config.to_toml().trim_end())
}
