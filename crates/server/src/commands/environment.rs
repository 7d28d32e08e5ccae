//! Settings and environment variables of a command.

use super::error::Error;
use crate::cli::SettingsArgs;
use crate::config::Config;

/// Loads the settings of a command. Options of the command line win.
pub(super) fn settings(args: &SettingsArgs) -> Result<Config, Error> {
    let mut config = Config::load(args.config.as_deref(), utf8_environment())?;
    if let Some(data_dir) = &args.data_dir {
        config.server.data_dir.clone_from(data_dir);
    }
    Ok(config)
}

/// Returns the environment without variables that are not UTF-8, because no setting is one of them.
pub(super) fn utf8_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
