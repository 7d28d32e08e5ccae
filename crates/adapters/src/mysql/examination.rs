//! Reads a database server's variables and clock, and the webhooks' secrets, for `doorbuster doctor`.

use std::collections::BTreeMap;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::opening::{OpenError, parse};
use super::session;
use crate::selects::SELECT_WEBHOOK_SECRETS;

/// The variables that decide what a commit survives, and how much fits through a connection.
const VARIABLES: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'innodb_flush_log_at_trx_commit', 'innodb_doublewrite', \
                         'log_bin', 'sync_binlog', 'max_connections', 'max_allowed_packet', 'default_storage_engine')";

/// Facts about a server.
pub struct Examined {
    pub variables: BTreeMap<String, String>,
    /// The server's clock, in microseconds since 1970.
    pub now_us: i64,
    pub is_encrypted: bool,
    /// The secrets of webhook endpoints, as they are stored.
    pub webhook_secrets: Vec<String>,
}

/// Asks the server of a database. Changes nothing.
pub async fn examine(url: &str) -> Result<Examined, OpenError> {
    let mut connection = Conn::new(session::options(&parse(url)?)).await?;
    let variables: Vec<(String, String)> = connection.query(VARIABLES).await?;
    let clock = "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)";
    let now_us: Option<i64> = connection.query_first(clock).await?;
    let cipher: Option<(String, String)> = connection.query_first("SHOW SESSION STATUS LIKE 'Ssl_cipher'").await?;
    // A database without a shop has no such table.
    let webhook_secrets: Vec<String> = connection.query(SELECT_WEBHOOK_SECRETS).await.unwrap_or_default();
    let _ = connection.disconnect().await;
    Ok(Examined {
        variables: variables.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect(),
        now_us: now_us.unwrap_or_default(),
        is_encrypted: cipher.is_some_and(|(_, cipher)| !cipher.is_empty()),
        webhook_secrets,
    })
}
