//! Reads with the connections of a pool, and the rows of their answers.

use mysql_async::{Pool, Value};

use crate::mysql::cells::from_row;
use crate::mysql::failure::{Failure, Result};
use crate::mysql::session::{Answers, run_on};
use crate::mysql::sql::Script;
use crate::records::FromCells;

/// An idle connection may have been lost, so a read is tried a second time.
pub(super) async fn ask(pool: Pool, script: Script) -> Result<Answers> {
    match ask_once(&pool, &script).await {
        Err(Failure::Lost(_)) => ask_once(&pool, &script).await,
        done => done,
    }
}

async fn ask_once(pool: &Pool, script: &Script) -> Result<Answers> {
    let mut connection = pool.get_conn().await?;
    let done = run_on(&mut connection, script).await;
    if done.is_err() {
        // It may be in the middle of a transaction.
        let _ = connection.disconnect().await;
    }
    done
}

pub(super) fn at_one_moment(statements: Vec<String>) -> Script {
    if statements.len() == 1 {
        return Script::of(statements);
    }
    let begin = ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"];
    // COMMIT comes last and returns no rows, so it does not shift the answers.
    let framed = begin.into_iter().map(str::to_owned).chain(statements).chain(["COMMIT".to_owned()]);
    Script::of(framed.collect())
}

/// Returns the rows of the statements themselves, without those of the transaction around them.
pub(super) fn answers_of(answers: Answers) -> impl Iterator<Item = Vec<Vec<Value>>> {
    let frame = if answers.len() > 1 { 2 } else { 0 };
    answers.into_iter().skip(frame)
}

/// Reads each row of a single statement.
pub(super) fn each<T: FromCells>(answers: Answers) -> Result<Vec<T>> {
    answers.into_iter().flatten().map(from_row).collect()
}

/// Reads the first row, if there is one.
pub(super) fn first<T: FromCells>(answers: Answers) -> Result<Option<T>> {
    answers.into_iter().flatten().next().map(from_row).transpose()
}
