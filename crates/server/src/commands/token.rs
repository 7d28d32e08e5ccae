//! `doorbuster token`: prints a signed token.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::{Error, print, settings};
use crate::cli::TokenArgs;
use crate::security::auth::{Principal, Tokens};
use crate::security::secret::Secret;

pub(super) fn run(args: &TokenArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    let secret = Secret::find(config.auth.secret(), &config.server.data_dir)?;
    let ttl = args.ttl.map_or(config.auth.token_ttl(), Duration::from_secs);
    let principal = Principal { user_id: args.user, role: args.role.into() };
    let token = Tokens::new(secret.as_bytes()).mint(principal, ttl);
    if args.json {
        return print(&json!({"accessToken": token, "expiresIn": ttl.as_secs()}).to_string());
    }
    print(&token)
}
