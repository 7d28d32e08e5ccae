//! Requests to the API, and which of their failures leave the outcome unknown.

use std::time::Duration;

use app::payments::provider::ProviderError;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::wire::{self, Failed, Failure};
use crate::http_client::{self, with_causes};

/// Time-out of connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer accepted. Answers have a few kilobytes; a page of a hundred refunds is the largest.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

pub(super) struct Api {
    client: Client,
    base: String,
    key: String,
}

/// An answer with a certain outcome.
pub(super) enum Reply {
    Done(Vec<u8>),
    Refused(Failure),
}

impl Api {
    pub(super) fn new(url: &str, key: String, timeout: Duration) -> Result<Api, String> {
        let base = url.trim_end_matches('/').to_owned();
        let parsed = Url::parse(&base)
            .map_err(|_| "payment.url must be an address such as https://api.stripe.com".to_owned())?;
        let is_here = parsed.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"));
        if parsed.scheme() != "https" && !(parsed.scheme() == "http" && is_here) {
            return Err("payment.url must begin with https://, because the secret key is sent to it".to_owned());
        }
        let client = http_client::build(http_client::builder(timeout).connect_timeout(CONNECT_TIMEOUT))?;
        Ok(Api { client, base, key })
    }

    pub(super) async fn post(
        &self,
        path: &str,
        fields: &[(&'static str, String)],
        key: &str,
    ) -> Result<Reply, ProviderError> {
        let url = format!("{}{path}", self.base);
        self.send(self.client.post(url).header("idempotency-key", key).form(fields)).await
    }

    pub(super) async fn get(&self, path: &str, query: &[(&'static str, String)]) -> Result<Reply, ProviderError> {
        let url = Url::parse_with_params(&format!("{}{path}", self.base), query);
        let url =
            url.map_err(|error| ProviderError::NotExecuted(format!("the provider's address is invalid: {error}")))?;
        self.send(self.client.get(url)).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Reply, ProviderError> {
        let response = request.bearer_auth(&self.key).send().await.map_err(not_answered)?;
        let status = response.status();
        if let Some(error) = status_error(status) {
            return Err(error);
        }
        let body = body(response).await?;
        if status.is_success() {
            return Ok(Reply::Done(body));
        }
        Ok(Reply::Refused(wire::read::<Failed>(&body)?.error))
    }
}

/// A request that was never sent has done nothing; any other may have arrived, and have been executed before the answer
/// was lost.
fn not_answered(error: reqwest::Error) -> ProviderError {
    let is_not_sent = error.is_connect() || error.is_builder();
    let why = with_causes(error);
    if is_not_sent { ProviderError::NotExecuted(why) } else { ProviderError::Unknown(why) }
}

/// Returns the error that a status means without its body; `None` when the body decides.
fn status_error(status: StatusCode) -> Option<ProviderError> {
    let not_done = |why: &str| Some(ProviderError::NotExecuted(format!("{why} ({status})")));
    let unknown = |why: &str| Some(ProviderError::Unknown(format!("{why} ({status})")));
    match status {
        StatusCode::TOO_MANY_REQUESTS => not_done("the provider limits our rate"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => not_done("the provider refuses our key"),
        // The same key is in use by a concurrent request, which may be executed.
        StatusCode::CONFLICT => unknown("the provider is handling the same request"),
        status if status.is_server_error() => unknown("the provider failed"),
        status if status.is_redirection() || status.is_informational() => {
            unknown("something other than the provider's API answered")
        }
        _ => None,
    }
}

async fn body(response: Response) -> Result<Vec<u8>, ProviderError> {
    let body = http_client::body(response, ANSWER_BYTES_MAX).await.map_err(ProviderError::Unknown)?;
    body.ok_or_else(|| ProviderError::Unknown("the provider's answer is too long".to_owned()))
}
