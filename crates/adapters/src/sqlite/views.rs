//! Reads for customers and admins, on connections of their own: each read sees every commit that was answered before
//! it.

mod accounts;
mod alerts;
mod catalogue;
mod coupons;
mod dead_letters;
mod drops;
mod events;
mod fulfilment;
mod issues;
mod modes;
mod notices;
mod notifications;
mod orders;
mod outbox;
mod people;
mod statistics;
mod webhooks;

use std::sync::Arc;

use app::ports::StoreError;
use app::ports::views::{Reading, Views};
use domain::ids::UserId;
use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, Result};

use super::best_sellers::BestSellers;
use super::cells::find;

/// A pool of read-only connections. A read takes microseconds, so it runs on the caller's thread.
pub struct SqliteViews {
    idle: Mutex<Vec<Connection>>,
    freed: Condvar,
    /// `None` beside another process's engine.
    best_sellers: Option<Arc<BestSellers>>,
}

/// A connection that returns to the pool when it is dropped.
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
    pub(super) const fn new(connections: Vec<Connection>, best_sellers: Option<Arc<BestSellers>>) -> SqliteViews {
        SqliteViews { idle: Mutex::new(connections), freed: Condvar::new(), best_sellers }
    }

    fn borrow(&self) -> Borrowed<'_> {
        let mut idle = self.idle.lock();
        self.freed.wait_while(&mut idle, |idle| idle.is_empty());
        Borrowed { views: self, connection: idle.pop() }
    }

    /// Reads with several statements at one moment.
    fn read<'a, T: 'a>(&'a self, read: impl FnOnce(&Connection) -> Result<T> + Send + 'a) -> Reading<'a, T> {
        Box::pin(async move {
            let borrowed = self.borrow();
            let connection = borrowed.connection.as_ref().expect("a borrowed connection is there until it is dropped");
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

/// A chain of a user's rows, each of which names the previous one.
#[derive(Clone, Copy)]
struct Chain {
    /// Selects the newest row of a user.
    newest: &'static str,
    /// Selects the row before one of a user's.
    previous: &'static str,
}

impl Chain {
    /// Returns the first row of a page: the newest one, or the one before `before`. A row of another user yields none.
    fn first(self, connection: &Connection, user: UserId, before: Option<i64>) -> Result<Option<i64>> {
        let found: Option<Option<i64>> = match before {
            None => find(connection, self.newest, [user.0])?,
            Some(before) => find(connection, self.previous, (before, user.0))?,
        };
        Ok(found.flatten())
    }
}

/// Follows a chain from its newest link: `link` returns an item and the previous link.
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
