//! A database that is there for one measurement.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder};

use super::opening::{OpenError, parse};

/// Makes the database that an address names; one that is there already is somebody else's.
pub async fn create(url: &str) -> Result<(), OpenError> {
    on_server(url, "CREATE DATABASE").await
}

/// Drops it with everything in it.
pub async fn delete(url: &str) -> Result<(), OpenError> {
    on_server(url, "DROP DATABASE").await
}

async fn on_server(url: &str, what: &str) -> Result<(), OpenError> {
    let opts = parse(url)?;
    let name = opts.db_name().unwrap_or_default().replace('`', "``");
    let mut connection = Conn::new(OptsBuilder::from_opts(opts).db_name(None::<&str>)).await?;
    connection.query_drop(format!("{what} `{name}`")).await?;
    // It is done, however the goodbye goes.
    let _ = connection.disconnect().await;
    Ok(())
}
