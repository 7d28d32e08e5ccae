//! Security: tokens, passwords, secrets, limits on attempts and rates.

pub mod auth;
pub mod login_attempts;
pub mod passwords;
pub mod rate_limits;
pub mod secret;
pub mod weakness;
