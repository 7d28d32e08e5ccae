//! Clients of other systems over HTTP.

use std::time::Duration;

use reqwest::{Client, ClientBuilder};

/// Returns a client that follows no redirect: another address must not receive a key, a password or a signed body.
pub(crate) fn builder(timeout: Duration) -> ClientBuilder {
    // Fails when a provider is installed already, which is fine.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none())
}

pub(crate) fn build(builder: ClientBuilder) -> Result<Client, String> {
    builder.build().map_err(|error| format!("creating the HTTP client failed: {error}"))
}

/// Returns an error with its causes.
pub(crate) fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}
