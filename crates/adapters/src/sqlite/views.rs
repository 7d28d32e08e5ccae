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

use app::ports::views::{Reading, Views};
use domain::ids::UserId;
use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, Result};

use super::best_sellers::BestSellers;
use super::cells::{find, store_error, why_unreadable};
use crate::left_out::{Found, LeftOut};

/// A pool of read-only connections. A read takes microseconds, so it runs on the caller's thread.
pub struct SqliteViews {
    idle: Mutex<Vec<Connection>>,
    freed: Condvar,
    /// `None` beside another process's engine.
    best_sellers: Option<Arc<BestSellers>>,
    left_out: Arc<LeftOut>,
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
    pub(super) const fn new(
        connections: Vec<Connection>,
        best_sellers: Option<Arc<BestSellers>>,
        left_out: Arc<LeftOut>,
    ) -> SqliteViews {
        SqliteViews { idle: Mutex::new(connections), freed: Condvar::new(), best_sellers, left_out }
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
            at_one_moment(connection, read).map_err(store_error)
        })
    }

    /// Reads at most `limit` rows, and leaves out those that cannot be read.
    fn list<'a, T: 'a>(
        &'a self,
        limit: usize,
        read: impl Fn(&Connection, i64) -> Result<Found<T>> + Send + 'a,
    ) -> Reading<'a, Vec<T>> {
        self.read(move |connection| self.left_out.page(limit, |limit| read(connection, limit)))
    }
}

impl Views for SqliteViews {
    fn take_left_out(&self) -> Vec<String> {
        self.left_out.take_news()
    }
}

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

    /// Follows the chain from a row on. A row that cannot be read is left out, and the one before it is next.
    fn readable<T>(
        self,
        connection: &Connection,
        at: ChainPlace<'_>,
        limit: usize,
        link: impl Fn(i64) -> Result<Option<(T, Option<i64>)>>,
    ) -> Result<Vec<T>> {
        let (mut found, mut next) = (vec![], at.first);
        while let Some(key) = next.filter(|_| found.len() < limit) {
            match link(key).map_err(why_unreadable) {
                Ok(None) => break,
                Ok(Some((item, previous))) => {
                    found.push(item);
                    next = previous;
                }
                Err(Ok(why)) => {
                    at.left_out.note(vec![why]);
                    next = find::<Option<i64>>(connection, self.previous, (key, at.user.0))?.flatten();
                }
                Err(Err(error)) => return Err(error),
            }
        }
        Ok(found)
    }
}

/// The row of a user's chain from which it is read.
#[derive(Clone, Copy)]
struct ChainPlace<'a> {
    user: UserId,
    first: Option<i64>,
    left_out: &'a LeftOut,
}

fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
