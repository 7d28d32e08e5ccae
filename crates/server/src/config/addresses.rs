//! The form of addresses in settings, checked before anything is started, so that `doorbuster config` refuses what `serve`
//! would refuse.

use super::error::Error;
use crate::security::email::is_email;

/// Checks `host:port`. Names are resolved only when the address is used.
pub(super) fn check_listen(key: &'static str, given: &str) -> Result<(), Error> {
    let is_name = |host: &str| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    let has_port = |(host, port): (&str, &str)| is_name(host) && port.parse::<u16>().is_ok();
    let is_address = given.parse::<std::net::SocketAddr>().is_ok() || given.rsplit_once(':').is_some_and(has_port);
    if is_address { Ok(()) } else { Err(Error::Listen { key, given: given.to_owned() }) }
}

pub(super) fn check_email(given: &str) -> Result<(), Error> {
    if is_email(given) { Ok(()) } else { Err(Error::Email { given: given.to_owned() }) }
}

/// Checks the payment provider's address, to which the account's secret key is sent.
pub(super) fn check_provider(given: &str) -> Result<(), Error> {
    let refused = || Error::PaymentUrl;
    let (scheme, rest) = given.split_once("://").ok_or_else(refused)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let is_here = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
    let is_safe = scheme == "https" || (scheme == "http" && is_here);
    if is_safe && !name.is_empty() { Ok(()) } else { Err(refused()) }
}
