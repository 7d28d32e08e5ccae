//! The scripted provider's ledger where processes share a database: each knows the payments that another one
//! executed.

use app::payments::provider::{Ask, Call, Operation, ProviderError, Script, ScriptSetting};
use mysql_async::{Conn, Pool, PoolConstraints, PoolOpts, Value};

use super::background::Background;
use super::cells::from_row;
use super::encryption;
use super::failure::{Failure, Result};
use super::session::{Answers, options, run_on};
use super::sql::{Script as Statements, statement};
use crate::payment::ledger::{Entry, Ledger, Page, Play, Played};
use crate::records::{Cells, FromCells};

/// Each connection serves one call at a time, and the ledger's lock lets one call through.
const CONNECTIONS_MAX: usize = 4;
/// Locks the ledger: its only row is locked first by every call that writes.
const LOCK: &str = "SELECT script, deed, times FROM scripted_script WHERE id = 1 FOR UPDATE";
const READ_SCRIPT: &str = "SELECT script, deed, times FROM scripted_script WHERE id = 1";

pub struct MysqlProviderLedger {
    pool: Pool,
    background: Background,
}

impl MysqlProviderLedger {
    /// Opens the ledger in the database of this address, whose tables must exist.
    pub fn open(url: &str) -> std::result::Result<MysqlProviderLedger, String> {
        let opts = encryption::options(url).map_err(|why| format!("the address of the database is invalid: {why}"))?;
        let background = Background::start("provider").map_err(|error| error.to_string())?;
        let constraints = PoolConstraints::new(1, CONNECTIONS_MAX).unwrap_or_default();
        let pooling = PoolOpts::default().with_constraints(constraints).with_reset_connection(false);
        let made = background.handle().enter();
        let pool = Pool::new(options(&opts).pool_opts(pooling));
        drop(made);
        Ok(MysqlProviderLedger { pool, background })
    }

    /// Runs in the background, because callers' runtimes are short-lived.
    fn run<'a, T: Send + 'static>(
        &'a self,
        work: impl Future<Output = std::result::Result<T, ProviderError>> + Send + 'static,
    ) -> Call<'a, T> {
        let done = self.background.handle().spawn(work);
        Box::pin(async move {
            done.await.unwrap_or_else(|_| Err(ProviderError::Unknown("the provider's ledger was closed".into())))
        })
    }
}

impl Ledger for MysqlProviderLedger {
    fn turn<'a>(&'a self, ask: &'a Ask, play: Play) -> Call<'a, Played> {
        self.run(turn(self.pool.clone(), ask.clone(), play))
    }

    fn set(&self, setting: Option<ScriptSetting>) -> Call<'_, ()> {
        self.run(set(self.pool.clone(), setting))
    }

    fn setting(&self) -> Call<'_, Option<ScriptSetting>> {
        let pool = self.pool.clone();
        self.run(async move {
            let mut answers = ask(&pool, vec![READ_SCRIPT.to_owned()]).await.map_err(unread)?;
            setting_of(answers.pop().unwrap_or_default()).map_err(unread)
        })
    }
}

async fn turn(pool: Pool, operation: Ask, play: Play) -> std::result::Result<Played, ProviderError> {
    let mut connection = pool.get_conn().await.map_err(|error| unread(error.into()))?;
    match turn_on(&mut connection, &operation, play).await {
        Ok(played) => played,
        Err(error) => {
            // It may hold the lock.
            let _ = connection.disconnect().await;
            Err(error)
        }
    }
}

/// Fails with the connection in the middle of a transaction if the outer result is an error.
async fn turn_on(
    connection: &mut Conn,
    ask: &Ask,
    play: Play,
) -> std::result::Result<std::result::Result<Played, ProviderError>, ProviderError> {
    let page = read(connection, ask).await.map_err(unread)?;
    let turn = play(ask, &page);
    let mut statements: Vec<String> = turn.entry.iter().map(write).collect();
    if turn.setting != page.setting {
        statements.push(write_setting(turn.setting));
    }
    statements.push("COMMIT".to_owned());
    // The outcome of the commit is unknown, and must be queried.
    run_on(connection, &Statements::of(statements)).await.map_err(|error| ProviderError::Unknown(words(&error)))?;
    Ok(turn.answer)
}

async fn set(pool: Pool, setting: Option<ScriptSetting>) -> std::result::Result<(), ProviderError> {
    let begin = "START TRANSACTION".to_owned();
    ask(&pool, vec![begin, LOCK.to_owned(), write_setting(setting), "COMMIT".to_owned()])
        .await
        .map_err(unread)
        .map(drop)
}

async fn ask(pool: &Pool, statements: Vec<String>) -> Result<Answers> {
    let mut connection = pool.get_conn().await?;
    let done = run_on(&mut connection, &Statements::of(statements)).await;
    if done.is_err() {
        let _ = connection.disconnect().await;
    }
    done
}

async fn read(connection: &mut Conn, ask: &Ask) -> Result<Page> {
    let operation =
        "SELECT deed_key, deed, reference, amount, declined, looks_left FROM scripted_deed WHERE deed_key = ?";
    let sums = "SELECT deed, CAST(SUM(amount) AS SIGNED) FROM scripted_deed \
                WHERE reference = ? AND declined IS NULL GROUP BY deed";
    let reference = ask.reference.as_deref().unwrap_or_default();
    let statements = vec![
        "START TRANSACTION".to_owned(),
        LOCK.to_owned(),
        statement(operation, &[&ask.key]),
        statement(sums, &[&reference]),
    ];
    let mut answers = run_on(connection, &Statements::of(statements)).await?;
    let (sums, operations) = (answers.pop().unwrap_or_default(), answers.pop().unwrap_or_default());
    let mut page = Page { setting: setting_of(answers.pop().unwrap_or_default())?, ..Page::default() };
    page.entry = operations.into_iter().next().map(from_row).transpose()?;
    for row in sums {
        let Sum(operation, amount) = from_row(row)?;
        page.sums.add(operation, amount);
    }
    Ok(page)
}

fn setting_of(rows: Vec<Vec<Value>>) -> Result<Option<ScriptSetting>> {
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let Setting(setting) = from_row(row)?;
    Ok(setting)
}

fn write(entry: &Entry) -> String {
    let sql = "INSERT INTO scripted_deed (deed_key, deed, reference, amount, declined, looks_left) \
               VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE declined = VALUES(declined), looks_left = VALUES(looks_left)";
    let looks = i64::from(entry.looks_left);
    statement(sql, &[&entry.key, &entry.operation.name(), &entry.reference, &entry.amount, &entry.declined, &looks])
}

fn write_setting(setting: Option<ScriptSetting>) -> String {
    let (script, operation) = (
        setting.map(|setting| setting.script.name()),
        setting.and_then(|setting| setting.operation).map(Operation::name),
    );
    let times = setting.and_then(|setting| setting.times);
    statement("UPDATE scripted_script SET script = ?, deed = ?, times = ? WHERE id = 1", &[&script, &operation, &times])
}

impl FromCells for Entry {
    fn from_cells<C: Cells>(cells: &mut C) -> std::result::Result<Entry, C::Error> {
        Ok(Entry {
            key: cells.text()?,
            operation: cells.word(&Operation::ALL, Operation::name)?,
            reference: cells.text()?,
            amount: cells.money()?,
            declined: cells.optional_text()?,
            looks_left: u32::try_from(cells.take::<i64>()?).unwrap_or(0),
        })
    }
}

/// An operation and the amount executed of it.
struct Sum(Operation, i64);

impl FromCells for Sum {
    fn from_cells<C: Cells>(cells: &mut C) -> std::result::Result<Sum, C::Error> {
        Ok(Sum(cells.word(&Operation::ALL, Operation::name)?, cells.take()?))
    }
}

struct Setting(Option<ScriptSetting>);

impl FromCells for Setting {
    fn from_cells<C: Cells>(cells: &mut C) -> std::result::Result<Setting, C::Error> {
        let script = cells.optional_word(&Script::ALL, Script::name)?;
        let operation = cells.optional_word(&Operation::ALL, Operation::name)?;
        let times = cells.take::<Option<i64>>()?.and_then(|times| u32::try_from(times).ok());
        Ok(Setting(script.map(|script| ScriptSetting { script, operation, times })))
    }
}

/// Nothing was written yet.
fn unread(error: Failure) -> ProviderError {
    ProviderError::NotExecuted(words(&error))
}

fn words(error: &Failure) -> String {
    format!("the provider's ledger failed: {error}")
}
