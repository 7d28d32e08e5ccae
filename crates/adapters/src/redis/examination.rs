//! Reads the version and memory limits of Redis for `doorbuster doctor`.

use std::time::Duration;

use redis::RedisError;
use redis::aio::MultiplexedConnection;

use super::address::Named;
use super::info::field;
use super::open_error::OpenError;
use super::place::Place;
use super::servers::Servers;

/// Time-out of a call, and of all answers together.
const TIMEOUT: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(5);

/// Facts about the servers behind an address.
pub struct Examined {
    /// The address names a cluster.
    pub is_cluster: bool,
    /// One, or those of a cluster.
    pub primaries: Vec<ExaminedServer>,
}

/// Facts about a server.
pub struct ExaminedServer {
    pub version: String,
    /// 0 means no limit.
    pub maxmemory: u64,
    pub policy: String,
    /// `standalone`, `cluster` or `sentinel`.
    pub mode: String,
    pub is_replica: bool,
}

/// Asks every primary. `INFO` has all of it, and managed servers that refuse `CONFIG` allow it.
pub async fn examine(place: &Place) -> Result<Examined, OpenError> {
    let is_cluster = place.parsed()?.named == Named::Cluster;
    let mut servers = Servers::new(place, TIMEOUT)?;
    let asked = async {
        let mut primaries = vec![];
        for mut line in servers.primaries().await? {
            primaries.push(info(&mut line).await.map_err(|error| error.to_string())?);
        }
        Ok(primaries)
    };
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    let primaries = answered.unwrap_or_else(|_elapsed| Err("no answer in time".to_owned()));
    let primaries = primaries.map_err(|why: String| place.explained(&why))?;
    Ok(Examined { is_cluster, primaries })
}

async fn info(line: &mut MultiplexedConnection) -> Result<ExaminedServer, RedisError> {
    let info = redis::cmd("INFO").query_async::<String>(line).await?;
    let value = |name: &str| field(&info, name);
    Ok(ExaminedServer {
        version: value("redis_version").to_owned(),
        maxmemory: value("maxmemory").parse().unwrap_or_default(),
        policy: value("maxmemory_policy").to_owned(),
        mode: value("redis_mode").to_owned(),
        is_replica: value("role") == "slave",
    })
}
