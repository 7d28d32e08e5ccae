//! Clients of other systems over HTTP.

use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder};

use crate::{tls, unreachable};

/// Returns a client that follows no redirect: another address must not receive a key, a password or a signed body.
pub(crate) fn builder(timeout: Duration) -> ClientBuilder {
    tls::install_provider();
    let client = Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none());
    let roots = tls::roots();
    if !roots.are_bundled {
        return client;
    }
    // The library reads the machine's authorities itself, and fails where there are none.
    client.tls_certs_only(roots.certificates.iter().filter_map(|root| Certificate::from_der(root).ok()))
}

pub(crate) fn build(builder: ClientBuilder) -> Result<Client, String> {
    builder.build().map_err(|error| format!("creating the HTTP client failed: {error}"))
}

/// Returns in plain words why there was no answer; an error that is not a usual one with its causes.
pub(crate) fn with_causes(error: &reqwest::Error) -> String {
    if let Some(reason) = unreachable::reason(error) {
        return reason.to_owned();
    }
    if error.is_timeout() {
        return "no answer in time: the request timed out".to_owned();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    tls::explained(&text, "the file that SSL_CERT_FILE names, or in this machine's store").unwrap_or(text)
}
