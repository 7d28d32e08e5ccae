//! Deletes all keys of a shop that is no longer served.

use std::time::Duration;

use redis::RedisError;
use redis::aio::MultiplexedConnection;

use super::connection::key;
use super::open_error::OpenError;
use super::place::Place;
use super::servers::Servers;

/// Time-out of a call: a large database is searched.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Deletes the keys on every primary.
pub async fn forget(place: &Place, shop: &str) -> Result<(), OpenError> {
    let lost = |why: String| place.explained(&why);
    for mut line in Servers::new(place, TIMEOUT)?.primaries().await.map_err(lost)? {
        unlink_all(&mut line, shop).await.map_err(|error| lost(error.to_string()))?;
    }
    Ok(())
}

async fn unlink_all(line: &mut MultiplexedConnection, shop: &str) -> Result<(), RedisError> {
    let pattern = format!("{}*", key(shop, ""));
    let mut cursor = 0_u64;
    loop {
        let scan = redis::cmd("SCAN").arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(1_000).to_owned();
        let (next, keys): (u64, Vec<String>) = scan.query_async(line).await?;
        // One command for each key, because the keys of one command would have to share a slot.
        let mut unlink = redis::pipe();
        keys.iter().for_each(|key| _ = unlink.cmd("UNLINK").arg(key).ignore());
        if !keys.is_empty() {
            let () = unlink.query_async(line).await?;
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
    }
}
