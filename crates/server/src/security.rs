//! Security: tokens, passwords, secrets, limits on attempts and rates.

pub mod api_keys;
pub mod auth;
mod bucket_map;
pub(crate) mod email;
pub mod join_guard;
pub mod login_attempts;
pub mod passwords;
pub mod provider_login;
pub mod rate_limits;
pub mod secret;
pub mod session_cookie;
pub mod weakness;
pub mod webhook_secrets;
