//! The servers behind an address: the connection to them, and the history that their data belongs to.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use tokio::time::timeout;

use super::address::{Address, Named};
use super::info::field;
use super::line::Line;
use super::open_error::OpenError;
use super::place::Place;

mod nodes;
mod sentinels;

use sentinels::Sentinels;

pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest pause of a connection that was lost, before it is opened again.
pub(super) const PROBE_EVERY: Duration = Duration::from_millis(100);
/// Time-out of the connections to all nodes of a cluster, of which some may be unreachable.
const CLUSTER_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time-out of the connection to one node.
const NODE_CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// Attempts after a node said that another one has the slot, and the longest pause before one, in milliseconds.
const REDIRECTIONS_MAX: u32 = 3;
const REDIRECTION_PAUSE_MAX_MS: u64 = 10;
/// Concurrent calls before further ones wait.
const CALLS_MAX: usize = 1_024;

/// The connection in use.
#[derive(Clone)]
pub(super) struct Reached {
    pub(super) line: Line,
    /// Servers at which channels are subscribed; of a cluster, a message reaches every node.
    pub(super) listen_at: Vec<Client>,
}

/// The result of a probe.
pub(super) enum Found {
    Same,
    /// A new connection, or other data than before, which may be empty or older.
    Other(Reached),
}

pub(super) struct Servers {
    place: Place,
    address: Address,
    timeout: Duration,
    way: Way,
    line: Option<Line>,
    /// The host of the connection, where sentinels name it.
    host: String,
    /// The replication ids of all primaries. Each start and each promotion of a server makes a new one.
    history: Option<String>,
}

enum Way {
    One(Client),
    Cluster(Box<ClusterClient>),
    Sentinels(Sentinels),
}

impl Servers {
    /// Reads the address and the files of TLS; nothing is sent yet.
    pub(super) fn new(place: &Place, timeout: Duration) -> Result<Servers, OpenError> {
        let address = place.parsed()?;
        let way = match &address.named {
            Named::One => Way::One(place.client_of(&address.url(&address.hosts[0]))?),
            Named::Cluster => Way::Cluster(Box::new(cluster_client(place, &address, timeout)?)),
            Named::Sentinels { primary, .. } => Way::Sentinels(Sentinels::new(place, &address, primary)?),
        };
        let place = place.clone();
        Ok(Servers { place, address, timeout, way, line: None, host: String::new(), history: None })
    }

    /// Opens the connection if there is none, and asks all primaries.
    pub(super) async fn probe(&mut self) -> Result<Found, String> {
        let (line, is_new) = self.connect().await?;
        let asked = timeout(CONNECT_TIMEOUT, History::of(line.clone())).await;
        let history = match asked.unwrap_or_else(|_elapsed| Err(Lost::Silent("no answer in time".to_owned()))) {
            Ok(history) => history,
            Err(Lost::Silent(why)) => {
                // The connection to a server opens itself again.
                if matches!(line, Line::Cluster(_)) {
                    self.line = None;
                }
                return Err(why);
            }
            Err(Lost::Replica) => {
                self.line = None;
                return Err("it is a replica, which takes no writes".to_owned());
            }
        };
        if !is_new && self.history.as_ref() == Some(&history.ids) {
            return Ok(Found::Same);
        }
        let listen_at = match &self.way {
            Way::One(client) => Ok(vec![client.clone()]),
            Way::Cluster(_) => self.clients(&history.hosts),
            Way::Sentinels(_) => self.clients(std::slice::from_ref(&self.host)),
        };
        if listen_at.is_err() {
            // The next probe begins again.
            self.line = None;
        }
        self.history = Some(history.ids);
        Ok(Found::Other(Reached { line, listen_at: listen_at? }))
    }

    /// Opens a connection to each primary.
    pub(super) async fn primaries(&mut self) -> Result<Vec<MultiplexedConnection>, String> {
        let clients = match &mut self.way {
            Way::One(client) => vec![client.clone()],
            Way::Cluster(client) => {
                let mut line = connected(client).await?;
                let hosts: Vec<String> =
                    nodes::ask_primaries(&mut line, redis::cmd("PING")).await?.into_keys().collect();
                self.clients(&hosts)?
            }
            Way::Sentinels(sentinels) => {
                let host = sentinels.ask().await?;
                self.clients(&[host])?
            }
        };
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(self.timeout));
        let mut lines = vec![];
        for client in clients {
            let line = client.get_multiplexed_async_connection_with_config(&config).await;
            lines.push(line.map_err(|error| error.to_string())?);
        }
        Ok(lines)
    }

    fn clients(&self, hosts: &[String]) -> Result<Vec<Client>, String> {
        let open = |host: &String| self.place.client_of(&self.address.url(host)).map_err(|error| error.to_string());
        hosts.iter().map(open).collect()
    }

    /// Returns the connection, and true if it is new.
    async fn connect(&mut self) -> Result<(Line, bool), String> {
        if let Way::Sentinels(sentinels) = &mut self.way {
            match sentinels.ask().await {
                Ok(host) if host == self.host => {}
                Ok(host) => {
                    self.line = None;
                    self.host = host;
                }
                Err(why) if self.line.is_none() => return Err(why),
                // The primary is known, and used without them.
                Err(_unreachable) => {}
            }
        }
        if let Some(line) = &self.line {
            return Ok((line.clone(), false));
        }
        let line = match &self.way {
            Way::One(client) => self.manager(client.clone())?,
            Way::Cluster(client) => Line::Cluster(connected(client).await?),
            Way::Sentinels(_) => {
                let client = self.place.client_of(&self.address.url(&self.host)).map_err(|error| error.to_string())?;
                self.manager(client)?
            }
        };
        self.line = Some(line.clone());
        Ok((line, true))
    }

    fn manager(&self, client: Client) -> Result<Line, String> {
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(self.timeout))
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(10))
            .set_max_delay(PROBE_EVERY)
            .set_pipeline_buffer_size(CALLS_MAX);
        let manager = ConnectionManager::new_lazy_with_config(client, config).map_err(|error| error.to_string())?;
        Ok(Line::Server(manager))
    }
}

fn cluster_client(place: &Place, address: &Address, timeout: Duration) -> Result<ClusterClient, OpenError> {
    let mut builder = ClusterClient::builder(address.urls())
        .connection_timeout(NODE_CONNECT_TIMEOUT)
        .response_timeout(timeout)
        .retries(REDIRECTIONS_MAX)
        .min_retry_wait(1)
        .max_retry_wait(REDIRECTION_PAUSE_MAX_MS);
    if let Some(certificates) = place.certificates(address.is_encrypted())? {
        builder = builder.certs(certificates);
    }
    builder.build().map_err(|_| OpenError::Address("its parts do not belong to one cluster"))
}

async fn connected(client: &ClusterClient) -> Result<ClusterConnection, String> {
    let opened = timeout(CLUSTER_CONNECT_TIMEOUT, client.get_async_connection()).await;
    opened.map_err(|_elapsed| "no answer in time".to_owned())?.map_err(|error| error.to_string())
}

enum Lost {
    Silent(String),
    /// It was demoted, or was never a primary.
    Replica,
}

/// The history of the data that the primaries have.
struct History {
    ids: String,
    /// Their `host:port`, of a cluster.
    hosts: Vec<String>,
}

impl History {
    async fn of(line: Line) -> Result<History, Lost> {
        let mut info = redis::cmd("INFO");
        info.arg("replication");
        match line {
            Line::Server(mut line) => {
                let ponged: Result<String, RedisError> = redis::cmd("PING").query_async(&mut line).await;
                ponged.map_err(|error| Lost::Silent(error.to_string()))?;
                let answer = nodes::said(info.query_async(&mut line).await).map_err(Lost::Silent)?;
                Ok(History { ids: id(&answer)?, hosts: vec![] })
            }
            Line::Cluster(mut line) => {
                nodes::ping_primaries(&mut line).await.map_err(Lost::Silent)?;
                let answers = nodes::ask_primaries(&mut line, info).await.map_err(Lost::Silent)?;
                let mut history = History { ids: String::new(), hosts: vec![] };
                for (host, answer) in answers {
                    let answer = nodes::said(Ok(answer)).map_err(Lost::Silent)?;
                    history.ids.push_str(&format!("{host} {} ", id(&answer)?));
                    history.hosts.push(host);
                }
                Ok(history)
            }
        }
    }
}

/// Returns the id of a primary's history; an empty one if the server does not say, and then only failed calls show a loss.
fn id(replication: &str) -> Result<String, Lost> {
    if field(replication, "role") == "slave" {
        return Err(Lost::Replica);
    }
    Ok(field(replication, "master_replid").to_owned())
}
