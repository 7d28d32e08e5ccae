//! Reads for customers and admins, on connections of their own: each read sees every commit that was answered before
//! it.

mod accounts;
mod alerts;
mod catalogue;
mod change_feed;
mod coupons;
mod dead_letters;
mod drops;
mod events;
mod fulfilment;
mod issues;
mod modes;
mod notices;
mod notifications;
mod order_read_batcher;
mod order_rows;
mod orders;
mod outbox;
mod people;
mod read;
mod statistics;
mod webhooks;

use std::io;
use std::sync::Arc;

use app::ports::StoreError;
use app::ports::views::{Reading, Views};
use mysql_async::{Opts, Pool, PoolConstraints, PoolOpts};

use self::order_read_batcher::OrderReadBatcher;
use self::read::{answers_of, ask, at_one_moment, each, first};
use super::background::Background;
use super::cells::readable;
use super::failure::{Failure, Result};
use super::session::{Answers, options};
use super::sql::{Script, statement};
use crate::left_out::{LeftOut, Limits};
use crate::records::FromCells;

/// Reads come from any thread, so their connections live in the background.
pub struct MysqlViews {
    pool: Pool,
    orders: Arc<OrderReadBatcher>,
    background: Background,
    left_out: Arc<LeftOut>,
}

impl MysqlViews {
    pub(super) fn new(opts: &Opts, readers: usize, left_out: Arc<LeftOut>) -> io::Result<MysqlViews> {
        let background = Background::start("readers")?;
        // A pool opens connections on demand, and closes those above its minimum when they are returned.
        let readers = readers.max(1);
        let constraints = PoolConstraints::new(readers, readers).unwrap_or_default();
        // A connection in the middle of a transaction is never returned, so none has to be reset.
        let pooling = PoolOpts::default().with_constraints(constraints).with_reset_connection(false);
        // A pool manages its connections on the runtime where it was made.
        let made = background.handle().enter();
        let pool = Pool::new(options(opts).pool_opts(pooling));
        drop(made);
        Ok(MysqlViews { pool, orders: Arc::default(), background, left_out })
    }

    /// Reads with several statements at one moment.
    fn read<'a, T: 'a>(
        &'a self,
        statements: impl IntoIterator<Item = String>,
        read: impl FnOnce(Answers) -> Result<T> + Send + 'a,
    ) -> Reading<'a, T> {
        let statements: Vec<String> = statements.into_iter().collect();
        // The failure of a script does not say which statement found the row.
        let named = statements.first().filter(|_| statements.len() == 1).cloned().unwrap_or_default();
        let script = at_one_moment(statements);
        Box::pin(async move { Ok(read(self.ask(script).await?).map_err(|failure| failure.named(&named, None))?) })
    }

    /// Reads at most `limit` rows of one statement, and leaves out those that cannot be read.
    fn list<'a, T: FromCells + 'a>(
        &'a self,
        limit: usize,
        select: impl Fn(i64) -> String + Send + 'a,
    ) -> Reading<'a, Vec<T>> {
        Box::pin(async move {
            let mut limits = Limits::of(limit);
            loop {
                let select = select(limits.sql());
                let answers = self.ask(Script::of(vec![select.clone()])).await?;
                let found = readable(answers.into_iter().flatten().collect(), &select)?;
                match found.page(limits, &self.left_out) {
                    Ok(page) => return Ok(page),
                    Err(more) => limits = more,
                }
            }
        })
    }

    async fn ask(&self, script: Script) -> std::result::Result<Answers, StoreError> {
        let call = self.background.handle().spawn(ask(self.pool.clone(), script)).await;
        let answers = call.unwrap_or_else(|_| Err(Failure::Refused("the views are closed".to_owned())));
        Ok(answers?)
    }
}

impl Views for MysqlViews {
    fn take_left_out(&self) -> Vec<String> {
        self.left_out.take_news()
    }
}

/// A chain: the table of its links, the link's column, and the column of the previous link.
#[derive(Clone, Copy)]
struct Chain {
    table: &'static str,
    link: &'static str,
    previous: &'static str,
    /// The column of `customer` with a user's newest link.
    newest: &'static str,
}

impl Chain {
    /// `WITH RECURSIVE chain (link, depth)`: a user's newest links, starting before the given one. A link of another
    /// user yields an empty chain.
    fn of(self, user: i64, before: Option<i64>, limit: i64) -> String {
        let Chain { table, link, previous, newest } = self;
        let start = match before {
            None => statement(&format!("SELECT {newest}, 1 FROM customer WHERE user_id = ?"), &[&user]),
            Some(before) => {
                let start = format!("SELECT {previous}, 1 FROM {table} WHERE {link} = ? AND user_id = ?");
                statement(&start, &[&before, &user])
            }
        };
        format!(
            "WITH RECURSIVE chain (link, depth) AS ({start} UNION ALL SELECT {previous}, depth + 1 FROM chain \
             JOIN {table} ON {link} = chain.link WHERE depth < {limit}) "
        )
    }
}

fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn by_id(select: &str, column: &str, id: i64) -> [String; 1] {
    [format!("{select} WHERE {column} = {id}")]
}

/// Rows by number, starting after the given one.
fn page(select: &str, column: &str, after: Option<i64>, limit: i64) -> String {
    let after = after.unwrap_or(i64::MIN);
    let rest = statement("> ? ORDER BY ", &[&after]);
    format!("{select} WHERE {column} {rest}{column} LIMIT {limit}")
}
