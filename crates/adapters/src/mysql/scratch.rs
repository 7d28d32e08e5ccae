//! A temporary database for one measurement.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder};

use super::opening::{OpenError, parse};

/// Creates the database that an address names; fails if it exists, since it then belongs to somebody else.
pub async fn create(url: &str) -> Result<(), OpenError> {
    on_server(url, "CREATE DATABASE").await
}

/// Drops the database with everything in it.
pub async fn delete(url: &str) -> Result<(), OpenError> {
    on_server(url, "DROP DATABASE").await
}

async fn on_server(url: &str, action: &str) -> Result<(), OpenError> {
    let opts = parse(url)?;
    let name = opts.db_name().unwrap_or_default().replace('`', "``");
    let mut connection = Conn::new(OptsBuilder::from_opts(opts).db_name(None::<&str>)).await?;
    connection.query_drop(format!("{action} `{name}`")).await?;
    // The statement has succeeded; how the connection ends does not matter.
    let _ = connection.disconnect().await;
    Ok(())
}
