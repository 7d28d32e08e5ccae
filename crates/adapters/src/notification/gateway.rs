//! A gateway for SMS, push messages and e-mail over HTTP: one POST for each notification.

use std::time::Duration;

use app::events::wire_time;
use app::notifications::channels::{Channels, Letter, Unsent};
use app::ports::BoxFuture;
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};

use crate::http_client;

/// The characters of an error's answer that are kept.
const SHOWN_MAX: usize = 300;

pub struct Gateway {
    client: Client,
    url: Url,
    token: Option<String>,
}

impl Gateway {
    /// Prepares calls to an address. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the address is not one of HTTP, or this machine has no certificates.
    pub fn new(url: &str, token: Option<String>, timeout: Duration) -> Result<Gateway, String> {
        let url = http_client::address("notifications.gateway_url", url)?;
        Ok(Gateway { client: http_client::build(http_client::builder(timeout))?, url, token })
    }

    async fn post(&self, letter: &Letter) -> Result<(), Unsent> {
        let mut request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("idempotency-key", &letter.idempotency_key)
            .body(body(letter));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| Unsent::Failed(http_client::with_causes(error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let answer = response.text().await.unwrap_or_default();
        let shown: String = answer.chars().take(SHOWN_MAX).collect();
        let reason = format!("the gateway answered {status}: {shown}");
        // Every other status may be about the gateway, its address or its token, and not about this letter.
        let is_refused = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY);
        Err(if is_refused { Unsent::Refused(reason) } else { Unsent::Failed(reason) })
    }
}

fn body(letter: &Letter) -> String {
    let data: Value = serde_json::from_str(&letter.data).unwrap_or_default();
    let body = json!({
        "channel": letter.channel.name(),
        "to": &*letter.to,
        "template": letter.template,
        "language": letter.language.name(),
        "title": letter.title,
        "text": letter.text,
        "data": data,
        "occurredAt": wire_time::format(letter.at),
    });
    body.to_string()
}

impl Channels for Gateway {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), Unsent>> {
        Box::pin(self.post(letter))
    }
}
