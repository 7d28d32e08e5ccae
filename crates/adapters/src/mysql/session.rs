//! One connection that is made when it is needed, and made anew when it was lost.

use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder, Row, Value};

use super::failure::{Failure, Result};
use super::sql::Script;

/// A server that says nothing for so long is given up. Longer than any lock is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Statements sent at once; the server takes at least four times as much.
const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// What each statement of a script answered, in order.
pub(super) type Answers = Vec<Vec<Vec<Value>>>;

/// What every connection is told first. Text is compared byte by byte, and nothing is cut to fit.
const SETUP: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', \
                     innodb_lock_wait_timeout = 3, wait_timeout = 28800";

/// A process that is stopped in the middle of a transaction must not keep its locks for ever: the server ends the connection,
/// well before the others have tried as often as they do. Between transactions a connection may lie idle.
const LIMIT_PAUSES: &str = "SET SESSION wait_timeout = 5, net_read_timeout = 5, net_write_timeout = 5";
const ALLOW_PAUSES: &str = "SET SESSION wait_timeout = 28800";
const READ_COMMITTED: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

pub(super) fn options(opts: &Opts) -> OptsBuilder {
    let setup = vec![SETUP.to_owned(), READ_COMMITTED.to_owned()];
    OptsBuilder::from_opts(opts.clone()).tcp_nodelay(true).prefer_socket(false).stmt_cache_size(0).setup(setup)
}

pub(super) struct Session {
    opts: Opts,
    connection: Option<Conn>,
    /// The server's name for the connection that was lost last, which may still hold locks there.
    lost: Option<u32>,
    statements: u64,
}

impl Session {
    pub(super) fn new(opts: &Opts) -> Session {
        Session { opts: options(opts).into(), connection: None, lost: None, statements: 0 }
    }

    pub(super) const fn opts(&self) -> &Opts {
        &self.opts
    }

    /// Statements sent since it was asked last.
    pub(super) const fn take_statements(&mut self) -> u64 {
        std::mem::replace(&mut self.statements, 0)
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Sends statements and collects their answers. After a failure the ones behind it were not looked at.
    pub(super) async fn run(&mut self, script: &Script) -> Result<Answers> {
        self.statements += script.statements.len() as u64;
        let done = run_on(self.connect().await?, script).await;
        if matches!(done, Err(Failure::Lost(_))) {
            self.give_up();
        }
        done
    }

    /// One statement that answers with rows.
    pub(super) async fn ask(&mut self, statement: &str) -> Result<Vec<Vec<Value>>> {
        let mut answers = self.run(&Script { statements: vec![statement.to_owned()] }).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// The same for a statement that stands alone and may run twice: a connection that lay idle may have been lost.
    pub(super) async fn ask_alone(&mut self, statement: &str) -> Result<Vec<Vec<Value>>> {
        let was_connected = self.is_connected();
        match self.ask(statement).await {
            Err(Failure::Lost(_)) if was_connected => self.ask(statement).await,
            done => done,
        }
    }

    /// A statement that stands alone, and the number that it made. Where it has to run twice, a number is lost.
    pub(super) async fn number(&mut self, statement: &str) -> Result<i64> {
        self.ask_alone(statement).await?;
        let number = self.connection.as_ref().and_then(Conn::last_insert_id);
        number
            .and_then(|number| i64::try_from(number).ok())
            .ok_or_else(|| Failure::Refused("no number was made".into()))
    }

    /// Lets go of the connection, whatever it is in the middle of.
    pub(super) fn give_up(&mut self) {
        self.lost = self.connection.take().map(|connection| connection.id()).or(self.lost);
    }

    async fn connect(&mut self) -> Result<&mut Conn> {
        if self.connection.is_none() {
            let connecting = tokio::time::timeout(CONNECT_PATIENCE, Conn::new(self.opts.clone())).await;
            let mut connection =
                connecting.map_err(|_elapsed| Failure::Lost("the server does not answer".to_owned()))??;
            if let Some(lost) = self.lost.take() {
                // It is over there, too, or will be: its locks must not wait for the server to find that out.
                let _ = connection.query_drop(format!("KILL {lost}")).await;
            }
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or_else(|| Failure::Lost("there is no connection".to_owned()))
    }
}

/// Begins a transaction that takes several messages.
pub(super) fn begin(script: &mut Script) {
    script.add(LIMIT_PAUSES);
    script.add("START TRANSACTION");
}

pub(super) fn commit(script: &mut Script) {
    script.add("COMMIT");
    script.add(ALLOW_PAUSES);
}

pub(super) fn roll_back(script: &mut Script) {
    script.add("ROLLBACK");
    script.add(ALLOW_PAUSES);
}

/// As many statements as fit into a message, at least one.
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

/// Sends statements over a connection that somebody else looks after.
pub(super) async fn run_on(connection: &mut Conn, script: &Script) -> Result<Answers> {
    let mut answers = Answers::with_capacity(script.statements.len());
    let mut statements = script.statements.as_slice();
    while !statements.is_empty() {
        let (message, count) = message(statements);
        let before = answers.len();
        let done = tokio::time::timeout(PATIENCE, exchange(connection, &message, &mut answers)).await;
        done.unwrap_or_else(|_elapsed| Err(Failure::Lost("the server does not answer".to_owned())))?;
        answers.resize(before + count, vec![]);
        statements = &statements[count..];
    }
    Ok(answers)
}

async fn exchange(connection: &mut Conn, message: &str, answers: &mut Answers) -> Result<()> {
    let mut result = connection.query_iter(message).await?;
    while !result.is_empty() {
        let rows: Vec<Row> = result.collect().await?;
        answers.push(rows.into_iter().map(Row::unwrap).collect());
    }
    // A statement that failed counts as the end of the answers, too: only asking for more brings its error.
    let _nothing: Vec<Row> = result.collect().await?;
    Ok(())
}
