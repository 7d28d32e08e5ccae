//! Sends signed requests to receivers.

use std::sync::Arc;
use std::time::Duration;

use app::ports::BoxFuture;
use app::webhooks::sender::{Response, Sender, UnfitUrl, WebhookRequest};
use domain::limits::WEBHOOK_RESPONSE_BYTES;
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::guard::{Allowed, GuardedResolver, LookUp, check, system};
use super::signature;
use crate::http_client::{self, with_causes};

/// Idle connections to one receiver.
const IDLE_MAX: usize = 4;

/// The limits of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time-out of a whole attempt.
    pub timeout: Duration,
    /// Allows receivers with private addresses, and HTTP.
    pub allow_private: bool,
}

pub struct HttpSender {
    client: Client,
    allowed: Allowed,
}

impl HttpSender {
    /// # Errors
    ///
    /// If the HTTP client cannot be created.
    pub fn new(limits: Limits) -> Result<HttpSender, String> {
        HttpSender::resolving(limits, system())
    }

    fn resolving(limits: Limits, look_up: LookUp) -> Result<HttpSender, String> {
        let allowed = if limits.allow_private { Allowed::Any } else { Allowed::Public };
        let client = http_client::builder(limits.timeout)
            // A proxy would dial an address that was not checked.
            .no_proxy()
            .dns_resolver(Arc::new(GuardedResolver { allowed, look_up }))
            .pool_max_idle_per_host(IDLE_MAX)
            .user_agent(concat!("Doorbuster/", env!("CARGO_PKG_VERSION")));
        Ok(HttpSender { client: http_client::build(client)?, allowed })
    }

    async fn post(&self, request: &WebhookRequest) -> Result<Response, String> {
        // Again: a literal address is dialled without a look-up, and the setting may have changed.
        let url = check(&request.url, self.allowed).map_err(|unfit| unfit.to_string())?;
        let seconds = request.at.micros().div_euclid(1_000_000);
        let secrets = request.secrets.iter().map(|secret| &**secret);
        let signature = signature::header(secrets, &request.id, seconds, &request.body)?;
        let mut posting = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &request.id)
            .header("webhook-timestamp", seconds.to_string())
            .body(request.body.to_string());
        if let Some(trace) = request.trace {
            posting = posting.header("traceparent", trace.to_string());
        }
        // Without a secret there is nothing to verify.
        if !request.secrets.is_empty() {
            posting = posting.header("webhook-signature", signature);
        }
        let response = posting.send().await.map_err(with_causes)?;
        let (status, retry_after) = (response.status().as_u16(), retry_after(response.headers(), request));
        let body = http_client::beginning(response, WEBHOOK_RESPONSE_BYTES).await;
        let body = String::from_utf8_lossy(&body).replace('\0', "\u{fffd}");
        Ok(Response { status, body, retry_after })
    }
}

impl Sender for HttpSender {
    fn check(&self, url: &str) -> Result<(), UnfitUrl> {
        check(url, self.allowed).map(drop)
    }

    fn send<'a>(&'a self, request: &'a WebhookRequest) -> BoxFuture<'a, Result<Response, String>> {
        Box::pin(self.post(request))
    }
}

/// Reads `Retry-After`: seconds, or a date.
fn retry_after(headers: &HeaderMap, request: &WebhookRequest) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_microsecond();
    Some(domain::time::Timestamp::from_micros(date) - request.at)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(500);

    /// Answers one request and returns it; `None` if no connection is opened.
    async fn receive(listener: TcpListener, answer: &'static str) -> Option<String> {
        let (mut stream, _) = tokio::time::timeout(PATIENCE, listener.accept()).await.ok()?.ok()?;
        let mut request = vec![0; 4_096];
        let read = stream.read(&mut request).await.ok()?;
        stream.write_all(answer.as_bytes()).await.ok()?;
        Some(String::from_utf8_lossy(&request[..read]).into_owned())
    }

    fn request(url: String) -> WebhookRequest {
        WebhookRequest {
            url: url.into(),
            id: "0192f3a1-7bcd-7000-8000-000000000001".to_owned(),
            at: domain::time::Timestamp::from_micros(1_614_265_330_500_000),
            secrets: vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()],
            body: "{\"type\":\"webhook.test\"}".into(),
            trace: None,
        }
    }

    fn sender(allow_private: bool) -> HttpSender {
        HttpSender::new(Limits { timeout: PATIENCE, allow_private }).unwrap()
    }

    async fn exchange(answer: &'static str) -> (Result<Response, String>, Option<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, request) = (sender(true), request(url));
        tokio::join!(sender.send(&request), receive(listener, answer))
    }

    #[tokio::test]
    async fn a_request_has_the_headers_of_the_standard() {
        let (answer, request) = exchange("HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(answer.unwrap().status, 204);
        let request = request.unwrap().to_ascii_lowercase();
        for header in [
            "post /hook http/1.1",
            "content-type: application/json",
            "webhook-id: 0192f3a1-7bcd-7000-8000-000000000001",
            "webhook-timestamp: 1614265330",
            "webhook-signature: v1,",
            "user-agent: doorbuster/",
        ] {
            assert!(request.contains(header), "{header} is not in {request}");
        }
        assert!(request.ends_with("\r\n\r\n{\"type\":\"webhook.test\"}"));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_like_any_other() {
        let answer = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(exchange(answer).await.0.unwrap().status, 302);
    }

    #[tokio::test]
    async fn a_pause_is_read_in_both_forms() {
        let seconds = "HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 3\r\n\r\nno!";
        let answer = exchange(seconds).await.0.unwrap();
        assert_eq!((answer.retry_after, answer.body.as_str()), (Some(Duration::from_secs(7)), "no!"));
        let date = "HTTP/1.1 503 No\r\nretry-after: Thu, 25 Feb 2021 15:02:20 GMT\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(exchange(date).await.0.unwrap().retry_after, Some(Duration::from_micros(9_500_000)));
    }

    #[tokio::test]
    async fn a_slow_receiver_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let error = sender(true).send(&request(url)).await.unwrap_err();
        assert!(error.contains("timed out"), "{error}");
    }

    #[tokio::test]
    async fn a_name_that_leads_into_the_own_network_is_not_dialled() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let look_up: LookUp = Arc::new(move |_| Box::pin(async move { Ok(vec![address]) }));
        let limits = Limits { timeout: PATIENCE, allow_private: false };
        let sender = HttpSender::resolving(limits, look_up).unwrap();
        let sent = request(format!("https://hooks.example.com:{}/", address.port()));
        let (answer, request) = tokio::join!(sender.send(&sent), receive(listener, ""));
        assert!(answer.unwrap_err().contains("not public"));
        assert_eq!(request, None);
    }
}
