//! Clients of other systems over HTTP.

use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Response, Url};

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

/// Reads the address that a setting names.
pub(crate) fn address(setting: &str, url: &str) -> Result<Url, String> {
    let url = Url::parse(url).map_err(|_| format!("{setting} must be an address, such as https://example.com/path"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{setting} must begin with http:// or https://"));
    }
    Ok(url)
}

/// Returns the body of an answer; `None` if it is longer than `bytes_max`.
pub(crate) async fn body(mut answer: Response, bytes_max: usize) -> Result<Option<Vec<u8>>, String> {
    let mut body = vec![];
    while let Some(chunk) = answer.chunk().await.map_err(with_causes)? {
        body.extend_from_slice(&chunk);
        if body.len() > bytes_max {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

/// Returns the beginning of an answer's body. One that ends early does not change what the status said.
pub(crate) async fn beginning(mut answer: Response, bytes_max: usize) -> Vec<u8> {
    let mut body = vec![];
    while body.len() < bytes_max
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        body.extend_from_slice(&chunk[..chunk.len().min(bytes_max - body.len())]);
    }
    body
}

/// Returns in plain words the reason why there was no answer; an error without such words as its text and causes. It
/// never has the address, which may contain a password.
pub(crate) fn with_causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    if let Some(reason) = unreachable::reason(&error) {
        return reason.to_owned();
    }
    if error.is_timeout() {
        return "no answer in time: the request timed out".to_owned();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    tls::explained(&text, "the file that SSL_CERT_FILE names, or in this machine's store").unwrap_or(text)
}
