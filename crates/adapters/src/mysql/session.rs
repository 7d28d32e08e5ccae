//! One connection, made when it is needed and replaced when it was lost.

use std::collections::BTreeMap;
use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder, Params, Row, Statement, Value};
use rustc_hash::FxHashMap;

use super::failure::{Failure, Result};
use super::sql::{BOUND_ROWS, Bound, Script};

/// Time-out of a message to the server; longer than the lock wait time-out.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes sent in one message; the server accepts at least four times as much.
const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// The rows of each statement of a script, in order.
pub(super) type Answers = Vec<Vec<Vec<Value>>>;

/// Settings of every connection. Text is compared byte by byte, and values are never truncated.
const SETUP: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', \
                     innodb_lock_wait_timeout = 3, wait_timeout = 28800";

/// A process that is stopped in the middle of a transaction must not keep its locks: the server ends the connection,
/// well before other processes run out of retries. Between transactions a connection may be idle.
const LIMIT_IDLE_TIME: &str = "SET SESSION wait_timeout = 5, net_read_timeout = 5, net_write_timeout = 5";
const ALLOW_IDLE_TIME: &str = "SET SESSION wait_timeout = 28800";
const READ_COMMITTED: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

pub(super) fn options(opts: &Opts) -> OptsBuilder {
    let setup = vec![SETUP.to_owned(), READ_COMMITTED.to_owned()];
    OptsBuilder::from_opts(opts.clone()).tcp_nodelay(true).prefer_socket(false).stmt_cache_size(0).setup(setup)
}

/// The prepared statements of a connection, by their text's parts and their number of rows.
type Prepared = FxHashMap<(&'static str, &'static str, usize), Statement>;

pub(super) struct Session {
    opts: Opts,
    connection: Option<Conn>,
    prepared: Prepared,
    /// The server's id of the connection that was lost last, which may still hold locks there.
    lost: Option<u32>,
    /// A statement that runs first on every new connection.
    beginning: Option<String>,
    statements: u64,
}

impl Session {
    pub(super) fn new(opts: &Opts) -> Session {
        Session {
            opts: options(opts).into(),
            connection: None,
            prepared: Prepared::default(),
            lost: None,
            beginning: None,
            statements: 0,
        }
    }

    pub(super) const fn opts(&self) -> &Opts {
        &self.opts
    }

    /// Runs a statement on this connection and on each that replaces it.
    pub(super) async fn begin_with(&mut self, statement: String) -> Result<()> {
        self.ask(&statement).await?;
        self.beginning = Some(statement);
        Ok(())
    }

    /// Returns the number of statements sent since the last call.
    pub(super) const fn take_statements(&mut self) -> u64 {
        std::mem::replace(&mut self.statements, 0)
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Sends statements and collects their answers. Statements after a failed one are not executed.
    pub(super) async fn run(&mut self, script: &Script) -> Result<Answers> {
        debug_assert!(script.bound.is_empty(), "rows of prepared statements are written");
        self.send(&script.statements, BTreeMap::new()).await
    }

    /// Like [`Session::run`], also for rows of prepared statements.
    pub(super) async fn write(&mut self, script: Script) -> Result<Answers> {
        self.send(&script.statements, script.bound).await
    }

    async fn send(&mut self, statements: &[String], bound: BTreeMap<usize, Bound>) -> Result<Answers> {
        self.statements += statements.len() as u64;
        self.connect().await?;
        let connection =
            self.connection.as_mut().ok_or_else(|| Failure::Lost("the database is not connected".to_owned()))?;
        let done = run_prepared(connection, &mut self.prepared, statements, bound).await;
        if matches!(done, Err(Failure::Lost(_))) {
            self.give_up();
        }
        done
    }

    /// Runs one statement that returns rows.
    pub(super) async fn ask(&mut self, statement: &str) -> Result<Vec<Vec<Value>>> {
        let mut answers = self.run(&Script::of(vec![statement.to_owned()])).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Runs a statement outside a transaction that may run twice: it is repeated on a new connection if an idle one was
    /// lost.
    pub(super) async fn ask_alone(&mut self, statement: &str) -> Result<Vec<Vec<Value>>> {
        let was_connected = self.is_connected();
        match self.ask(statement).await {
            Err(Failure::Lost(_)) if was_connected => self.ask(statement).await,
            done => done,
        }
    }

    /// Runs a statement like `ask_alone` and returns the number that it generated. If it runs twice, a number is lost.
    pub(super) async fn number(&mut self, statement: &str) -> Result<i64> {
        self.ask_alone(statement).await?;
        let number = self.connection.as_ref().and_then(Conn::last_insert_id);
        number
            .and_then(|number| i64::try_from(number).ok())
            .ok_or_else(|| Failure::Refused("the statement generated no number".into()))
    }

    /// Drops the connection, even in the middle of a transaction.
    pub(super) fn give_up(&mut self) {
        self.prepared.clear();
        self.lost = self.connection.take().map(|connection| connection.id()).or(self.lost);
    }

    async fn connect(&mut self) -> Result<()> {
        if self.connection.is_none() {
            let connecting = tokio::time::timeout(CONNECT_TIMEOUT, Conn::new(self.opts.clone())).await;
            let mut connection =
                connecting.map_err(|_elapsed| Failure::Lost("the database does not answer".to_owned()))??;
            if let Some(lost) = self.lost.take() {
                // The server may not know yet that the connection is lost; its locks must not wait for that.
                let _ = connection.query_drop(format!("KILL {lost}")).await;
            }
            if let Some(beginning) = &self.beginning {
                connection.query_drop(beginning).await?;
            }
            self.prepared.clear();
            self.connection = Some(connection);
        }
        Ok(())
    }
}

/// Begins a transaction that takes several messages.
pub(super) fn begin(script: &mut Script) {
    script.add(LIMIT_IDLE_TIME);
    script.add("START TRANSACTION");
}

pub(super) fn commit(script: &mut Script) {
    script.add("COMMIT");
    script.add(ALLOW_IDLE_TIME);
}

pub(super) fn roll_back(script: &mut Script) {
    script.add("ROLLBACK");
    script.add(ALLOW_IDLE_TIME);
}

/// Joins as many statements as fit into a message, at least one; returns their number, too.
fn message(statements: &[String]) -> (String, usize) {
    let mut message = String::new();
    let mut count = 0;
    for statement in statements {
        if count > 0 && message.len() + statement.len() > MESSAGE_BYTES {
            break;
        }
        if count > 0 {
            message.push(';');
        }
        message.push_str(statement);
        count += 1;
    }
    (message, count)
}

/// Sends statements over a connection that the caller manages.
pub(super) async fn run_on(connection: &mut Conn, script: &Script) -> Result<Answers> {
    debug_assert!(script.bound.is_empty(), "a session prepares statements");
    run_prepared(connection, &mut Prepared::default(), &script.statements, BTreeMap::new()).await
}

async fn run_prepared(
    connection: &mut Conn,
    prepared: &mut Prepared,
    statements: &[String],
    mut bound: BTreeMap<usize, Bound>,
) -> Result<Answers> {
    let mut answers = Answers::with_capacity(statements.len());
    while answers.len() < statements.len() {
        let done = answers.len();
        if let Some(rows) = bound.remove(&done) {
            in_time(execute(connection, prepared, rows)).await?;
            answers.push(vec![]);
            continue;
        }
        let end = bound.range(done..).next().map_or(statements.len(), |(next, _)| *next);
        let (message, count) = message(&statements[done..end]);
        in_time(exchange(connection, &message, &mut answers)).await?;
        answers.resize(done + count, vec![]);
    }
    Ok(answers)
}

async fn in_time(work: impl Future<Output = Result<()>>) -> Result<()> {
    let done = tokio::time::timeout(ANSWER_TIMEOUT, work).await;
    done.unwrap_or_else(|_elapsed| Err(Failure::Lost("the database does not answer".to_owned())))
}

/// Writes rows with a prepared statement. Those of the usual sizes are kept.
async fn execute(connection: &mut Conn, prepared: &mut Prepared, mut bound: Bound) -> Result<()> {
    let key = (bound.head, bound.tail, bound.rows);
    let is_kept = BOUND_ROWS.contains(&bound.rows);
    let text = if prepared.contains_key(&key) { String::new() } else { bound.text() };
    let values = Params::Positional(std::mem::take(&mut bound.values));
    if let Some(statement) = prepared.get(&key) {
        return Ok(connection.exec_drop(statement, values).await?);
    }
    let statement = connection.prep(text).await?;
    connection.exec_drop(&statement, values).await?;
    if is_kept {
        prepared.insert(key, statement);
    } else {
        connection.close(statement).await?;
    }
    Ok(())
}

async fn exchange(connection: &mut Conn, message: &str, answers: &mut Answers) -> Result<()> {
    let mut result = connection.query_iter(message).await?;
    while !result.is_empty() {
        let rows: Vec<Row> = result.collect().await?;
        answers.push(rows.into_iter().map(Row::unwrap).collect());
    }
    // A failed statement ends the answers, too: its error appears only when more are requested.
    let _nothing: Vec<Row> = result.collect().await?;
    Ok(())
}
