//! Operators who look at the dashboard beside the load: each reads its first page once a second, as a browser that shows it does.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval_at};

use crate::Error;
use crate::connection::Connection;

const EVERY: Duration = Duration::from_secs(1);

/// Waits for `work` while viewers look; fails if a page does not arrive.
pub(crate) async fn beside<T>(viewers: Viewers<'_>, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut looking = JoinSet::new();
    for number in 0..viewers.count {
        // Spread over the second.
        let wait = EVERY * u32::from(number) / u32::from(viewers.count);
        looking.spawn(look(viewers.address, viewers.request(), wait));
    }
    tokio::select! {
        done = work => done,
        Some(Ok(failed)) = looking.join_next() => Err(failed),
    }
}

/// The viewers of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Viewers<'a> {
    pub(crate) address: SocketAddr,
    /// The token of an admin.
    pub(crate) token: &'a str,
    pub(crate) count: u16,
}

impl Viewers<'_> {
    fn request(self) -> Vec<u8> {
        let token = self.token;
        format!("GET /admin HTTP/1.1\r\nhost: bench\r\naccept: text/html\r\naccept-encoding: gzip\r\ncookie: doorbuster_session={token}\r\n\r\n").into_bytes()
    }
}

/// Looks until it is dropped; returns an error.
async fn look(address: SocketAddr, request: Vec<u8>, wait: Duration) -> Error {
    let mut turns = interval_at((std::time::Instant::now() + wait).into(), EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut connection = match Connection::open(address).await {
        Ok(connection) => connection,
        Err(failed) => return failed,
    };
    loop {
        turns.tick().await;
        match connection.exchange(&request).await {
            Ok(page) if page.status == 200 => {}
            Ok(page) => {
                let body = String::from_utf8_lossy(page.body).into_owned();
                return Error::Refused { what: "GET /admin".to_owned(), status: page.status, body };
            }
            Err(failed) => return failed,
        }
    }
}
