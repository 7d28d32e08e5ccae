//! Reads Redis's version and memory limits for `doorbuster doctor`.

use std::time::Duration;

use super::place::{OpenError, Place};

const PATIENCE: Duration = Duration::from_secs(3);

/// Facts about a server.
pub struct Examined {
    pub version: String,
    /// 0 means no limit.
    pub maxmemory: u64,
    pub policy: String,
    /// It is a node of a cluster.
    pub is_of_cluster: bool,
}

/// Asks a server. `INFO` has all of it, and managed servers that refuse `CONFIG` allow it.
pub async fn examine(place: &Place) -> Result<Examined, OpenError> {
    let client = place.client()?;
    let asked = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("INFO").query_async::<String>(&mut connection).await
    };
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    let lost = |text: String| OpenError::Lost(place.explained(&text));
    let info =
        answered.map_err(|_elapsed| lost("no answer in time".to_owned()))?.map_err(|error| lost(error.to_string()))?;
    let value =
        |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default();
    Ok(Examined {
        version: value("redis_version").trim().to_owned(),
        maxmemory: value("maxmemory").trim().parse().unwrap_or_default(),
        policy: value("maxmemory_policy").trim().to_owned(),
        is_of_cluster: value("redis_mode").trim() == "cluster",
    })
}
