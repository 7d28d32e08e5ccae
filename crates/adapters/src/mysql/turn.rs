//! The turn of one process among those that share a database.

use app::ports::StoreError;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::background::Background;
use super::failure::{Failure, Result};
use super::opening::parse;
use super::session::options;

/// A lock of the database server, held by a connection of its own: it ends with the process, whichever way that ends.
pub struct Turn {
    url: String,
    name: &'static str,
    background: Background,
    connection: Option<Conn>,
}

impl Turn {
    /// `name` tells the turns of one database apart.
    pub fn new(url: &str, name: &'static str) -> std::io::Result<Turn> {
        Ok(Turn { url: url.to_owned(), name, background: Background::start("turn")?, connection: None })
    }

    /// Returns true if this process has the turn, and takes it if no other has.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    pub fn take(&mut self) -> std::result::Result<bool, StoreError> {
        self.try_take().map_err(StoreError::from)
    }

    fn try_take(&mut self) -> Result<bool> {
        let (url, name, connection) = (self.url.clone(), self.name, self.connection.take());
        let taken = self.background.wait_for(async move {
            let mut connection = match connection {
                Some(connection) => connection,
                None => {
                    let opts = parse(&url).map_err(|error| Failure::Refused(error.to_string()))?;
                    Conn::new(options(&opts)).await?
                }
            };
            // Taken again by the connection that has it, which the server counts.
            let ask = format!("SELECT coalesce(GET_LOCK(left(concat(database(), '/{name}'), 64), 0), 0)");
            let taken: Option<i64> = connection.query_first(ask).await?;
            Ok::<_, Failure>((connection, taken == Some(1)))
        })??;
        let (connection, is_taken) = taken;
        self.connection = Some(connection);
        Ok(is_taken)
    }
}
