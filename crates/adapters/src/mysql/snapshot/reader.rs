//! Reads statements row by row over one connection.

use std::sync::mpsc::{SyncSender, sync_channel};

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Value};

use crate::mysql::background::Background;
use crate::mysql::failure::{Failure, Result};

/// The most rows in the channel.
const ROWS_AHEAD: usize = 1_024;

/// The connection, whose rows are sent from the background.
pub(super) struct Reader {
    background: Background,
    /// `None` while a statement is read.
    connection: Option<Conn>,
}

/// A message from the background task.
enum Message {
    Row(Vec<Value>),
    End(Conn, Result<()>),
}

impl Reader {
    /// Makes a reader of a connection whose rows `background` sends.
    pub(super) const fn new(background: Background, connection: Conn) -> Reader {
        Reader { background, connection: Some(connection) }
    }

    /// Calls `each` with every row of a statement as it arrives.
    pub(super) fn each(&mut self, select: &str, mut each: impl FnMut(Vec<Value>) -> Result<()>) -> Result<()> {
        let gone = || Failure::Lost("the audit's connection was lost".to_owned());
        let connection = self.connection.take().ok_or_else(gone)?;
        let (sender, receiver) = sync_channel(ROWS_AHEAD);
        self.background.handle().spawn(send_rows(connection, select.to_owned(), sender));
        let mut read = Ok(());
        loop {
            match receiver.recv().map_err(|_| gone())? {
                Message::Row(row) if read.is_ok() => read = each(row),
                Message::Row(_) => {}
                Message::End(connection, done) => {
                    self.connection = Some(connection);
                    return done.and(read);
                }
            }
        }
    }

    pub(super) fn all(&mut self, select: &str) -> Result<Vec<Vec<Value>>> {
        let mut rows = vec![];
        self.each(select, |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }
}

/// The only task of its runtime, so it may block until its reader takes rows.
async fn send_rows(mut connection: Conn, select: String, sender: SyncSender<Message>) {
    let done = async {
        let mut result = connection.query_iter(select).await?;
        // A reader that is gone needs no rows.
        result.for_each(|row| drop(sender.send(Message::Row(row.unwrap())))).await?;
        Ok(())
    };
    let done = done.await;
    let _ = sender.send(Message::End(connection, done));
}
