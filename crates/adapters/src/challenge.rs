//! A CAPTCHA or a proof of work that another service checks: one form by POST for each token, as hCaptcha, reCAPTCHA and
//! Turnstile take it.

use std::net::IpAddr;
use std::time::Duration;

use app::ports::drops::{Challenge, Checking};
use reqwest::{Client, Url};
use serde_json::Value;

use crate::http_client;

/// The largest answer that is read.
const ANSWER_MAX: usize = 64 * 1024;

pub struct SiteVerify {
    client: Client,
    url: Url,
    secret: Option<String>,
}

impl SiteVerify {
    /// Prepares calls to an address. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the address is not one of HTTP, or this machine has no certificates.
    pub fn new(url: &str, secret: Option<String>, timeout: Duration) -> Result<SiteVerify, String> {
        let url = http_client::address("drops.challenge_url", url)?;
        Ok(SiteVerify { client: http_client::build(http_client::builder(timeout))?, url, secret })
    }

    async fn ask(&self, token: &str, address: Option<IpAddr>) -> Result<bool, String> {
        let address = address.map(|address| address.to_string());
        let mut form = vec![("response", token)];
        form.extend(self.secret.as_deref().map(|secret| ("secret", secret)));
        form.extend(address.as_deref().map(|address| ("remoteip", address)));
        let sent = self.client.post(self.url.clone()).form(&form).send().await;
        let response = sent.map_err(http_client::with_causes)?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("the service answered {status}"));
        }
        let answer = http_client::body(response, ANSWER_MAX).await?.ok_or("the service's answer is too long")?;
        let answer: Value =
            serde_json::from_slice(&answer).map_err(|error| format!("its answer is no JSON: {error}"))?;
        answer["success"].as_bool().ok_or_else(|| "its answer has no `success`".to_owned())
    }
}

impl Challenge for SiteVerify {
    fn check<'a>(&'a self, token: &'a str, address: Option<IpAddr>) -> Checking<'a> {
        Box::pin(self.ask(token, address))
    }
}
