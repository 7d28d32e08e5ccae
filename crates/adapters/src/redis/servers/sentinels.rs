//! Asks sentinels for the primary.
//!
//! The library's own client asks each time over new connections to the primary, and takes the first answer. Here
//! connections are kept, and of different answers the one of the newest fail-over counts.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future;
use redis::aio::MultiplexedConnection;
use redis::{Client, RedisError};

use crate::redis::address::Address;
use crate::redis::open_error::OpenError;
use crate::redis::place::Place;

/// Time-out of a sentinel's answer, including the connection.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

pub(super) struct Sentinels {
    primary: String,
    sentinels: Vec<Sentinel>,
}

struct Sentinel {
    host: String,
    client: Client,
    line: Option<MultiplexedConnection>,
}

impl Sentinels {
    pub(super) fn new(place: &Place, address: &Address, primary: &str) -> Result<Sentinels, OpenError> {
        let open = |host: &String| {
            let url = address.url_of_sentinel(host).unwrap_or_default();
            Ok(Sentinel { host: host.clone(), client: place.client_of(&url)?, line: None })
        };
        let sentinels = address.hosts.iter().map(open).collect::<Result<Vec<Sentinel>, OpenError>>()?;
        Ok(Sentinels { primary: primary.to_owned(), sentinels })
    }

    /// Returns the primary's `host:port`, or why no sentinel names it.
    pub(super) async fn ask(&mut self) -> Result<String, String> {
        let name = self.primary.as_str();
        let answers = future::join_all(self.sentinels.iter_mut().map(|sentinel| sentinel.ask(name))).await;
        let mut newest: Option<(u64, String)> = None;
        let mut why = String::new();
        for answer in answers {
            match answer {
                Ok((epoch, host)) if newest.as_ref().is_none_or(|(other, _)| epoch > *other) => {
                    newest = Some((epoch, host));
                }
                Ok(_) => {}
                Err(error) => why = error,
            }
        }
        newest.map(|(_, host)| host).ok_or(why)
    }
}

impl Sentinel {
    /// Returns the number of the last fail-over, and the primary.
    async fn ask(&mut self, name: &str) -> Result<(u64, String), String> {
        let answered = tokio::time::timeout(ANSWER_TIMEOUT, self.answer(name)).await;
        let failed = |why: String| format!("the sentinel {}: {why}", self.host);
        let found = answered.map_err(|_elapsed| failed("no answer in time".to_owned()))?;
        let found = found.map_err(|error| failed(error.to_string()))?;
        let value = |key: &str| found.get(key).map(String::as_str).unwrap_or_default();
        let (host, port) = (value("ip"), value("port"));
        if host.is_empty() || port.is_empty() {
            return Err(failed(format!("it names no primary of the name {name}")));
        }
        let host = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Ok((value("config-epoch").parse().unwrap_or_default(), host))
    }

    async fn answer(&mut self, name: &str) -> Result<HashMap<String, String>, RedisError> {
        // A connection that fails, or whose answer is not awaited, is not used again.
        let mut line = match self.line.take() {
            Some(line) => line,
            None => self.client.get_multiplexed_async_connection().await?,
        };
        let answer = redis::cmd("SENTINEL").arg("MASTER").arg(name).query_async(&mut line).await?;
        self.line = Some(line);
        Ok(answer)
    }
}
