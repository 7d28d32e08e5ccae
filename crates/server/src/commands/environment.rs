//! Settings and environment variables of a command.

use super::error::Error;
use crate::cli::SettingsArgs;
use crate::config::{self, Config};
use crate::wiring::upkeep;

/// Loads the settings of a command. Options of the command line win. Addresses are refused here, so that every command
/// refuses the same ones in the same words.
pub(super) fn settings(args: &SettingsArgs) -> Result<Config, Error> {
    let mut config = Config::load(args.config.as_deref(), environment()?)?;
    if let Some(data_dir) = &args.data_dir {
        config.server.data_dir.clone_from(data_dir);
    }
    upkeep::check_addresses(&config)?;
    Ok(config)
}

/// Returns the variables of the environment that are text. A variable of the shop that is not UTF-8 is refused, because the
/// shop would otherwise start without it.
pub(super) fn environment() -> Result<Vec<(String, String)>, config::Error> {
    let mut found = vec![];
    for (name, value) in std::env::vars_os() {
        let Ok(variable) = name.into_string() else { continue };
        match value.into_string() {
            Ok(text) => found.push((variable, text)),
            Err(_) if config::is_read(&variable) => return Err(config::Error::NotText { variable }),
            Err(_) => {}
        }
    }
    Ok(found)
}
