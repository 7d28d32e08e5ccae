//! What customers and admins read, on connections of their own: each sees every commit that was answered before.

mod accounts;
mod catalogue;
mod coupons;
mod dead_letters;
mod fulfilment;
mod modes;
mod notices;
mod orders;
mod outbox;

use app::ports::StoreError;
use app::ports::views::{Reading, Views};
use domain::ids::UserId;
use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, Result};

use super::cells::find;

/// A few read-only connections. A read takes microseconds, so it is done where it is asked for.
pub struct SqliteViews {
    idle: Mutex<Vec<Connection>>,
    freed: Condvar,
}

/// A connection that goes back when it was used.
struct Borrowed<'a> {
    views: &'a SqliteViews,
    connection: Option<Connection>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.views.idle.lock().extend(self.connection.take());
        self.views.freed.notify_one();
    }
}

impl SqliteViews {
    pub(super) const fn new(connections: Vec<Connection>) -> SqliteViews {
        SqliteViews { idle: Mutex::new(connections), freed: Condvar::new() }
    }

    fn borrow(&self) -> Borrowed<'_> {
        let mut idle = self.idle.lock();
        self.freed.wait_while(&mut idle, |idle| idle.is_empty());
        Borrowed { views: self, connection: idle.pop() }
    }

    /// Reads with several statements what one moment looked like.
    fn read<'a, T: 'a>(&'a self, read: impl FnOnce(&Connection) -> Result<T> + Send + 'a) -> Reading<'a, T> {
        Box::pin(async move {
            let borrowed = self.borrow();
            let connection = borrowed.connection.as_ref().expect("a borrowed connection stays until it goes back");
            at_one_moment(connection, read).map_err(|error| StoreError(error.to_string()))
        })
    }
}

impl Views for SqliteViews {}

fn at_one_moment<T>(connection: &Connection, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let found = read(connection);
    connection.prepare_cached("COMMIT")?.execute([])?;
    found
}

/// A user's rows, each with the one before it.
#[derive(Clone, Copy)]
struct Chain {
    /// Names the newest row of a user.
    newest: &'static str,
    /// Names the row before one of a user's.
    previous: &'static str,
}

impl Chain {
    /// Where a page begins: with the newest row, or before the given one. Another user's row begins nothing.
    fn begin(self, connection: &Connection, user: UserId, before: Option<i64>) -> Result<Option<i64>> {
        let found: Option<Option<i64>> = match before {
            None => find(connection, self.newest, [user.0])?,
            Some(before) => find(connection, self.previous, (before, user.0))?,
        };
        Ok(found.flatten())
    }
}

/// Follows a chain from its newest link: each answers with an item and the one before it.
fn follow<K: Copy, T>(
    newest: Option<K>,
    limit: usize,
    mut link: impl FnMut(K) -> Result<Option<(T, Option<K>)>>,
) -> Result<Vec<T>> {
    let (mut found, mut next) = (vec![], newest);
    while let Some(key) = next.filter(|_| found.len() < limit) {
        let Some((item, previous)) = link(key)? else { break };
        found.push(item);
        next = previous;
    }
    Ok(found)
}

fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
