//! Events to an HTTP endpoint: one POST for each batch, compressed. ClickHouse takes it with `FORMAT JSONEachRow`.

use std::io::Write as _;
use std::time::Duration;

use app::log::trailing::analytics::{Lines, Sink};
use app::ports::BoxFuture;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Client, Url};

use crate::http_client;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The characters of an error's answer that are logged.
const SHOWN_MAX: usize = 300;

pub struct HttpSink {
    client: Client,
    url: Url,
}

impl HttpSink {
    /// Prepares calls to an address, which may contain user and password. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the address is not one of HTTP.
    pub fn new(url: &str, timeout: Duration) -> Result<HttpSink, String> {
        let url = http_client::address("analytics.url", url)?;
        let client = http_client::build(http_client::builder(timeout).connect_timeout(CONNECT_TIMEOUT))?;
        Ok(HttpSink { client, url })
    }

    async fn send(&self, lines: &Lines) -> Result<(), String> {
        let body = compressed(&lines.text).map_err(|error| error.to_string())?;
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/x-ndjson")
            .header("content-encoding", "gzip")
            .header("idempotency-key", &lines.name)
            .body(body);
        let response = request.send().await.map_err(http_client::with_causes)?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let answer = response.text().await.unwrap_or_default();
        let shown: String = answer.chars().take(SHOWN_MAX).collect();
        Err(format!("it answered {status}: {shown}"))
    }
}

fn compressed(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

impl Sink for HttpSink {
    fn name(&self) -> &'static str {
        "http"
    }

    fn take<'a>(&'a mut self, lines: &'a Lines) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.send(lines))
    }
}
