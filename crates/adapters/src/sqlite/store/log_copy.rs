//! Copies the store's log into its file, so that the log can start over: most of it beside the writer.
//!
//! A copy reads and syncs megabytes. On the writer's own connection all of it would be time in which nothing is decided.
//! So a second connection copies what is long committed, and the writer copies only what came meanwhile.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode, Result};

use crate::sqlite::ballast::Ballast;
use crate::sqlite::opening::BUSY_TIMEOUT;

/// A log so many times as long as it should be has met readers at every copy: from here on those are waited for, each
/// time a moment.
const TOO_LONG: i32 = 8;
const READERS_PATIENCE: Duration = Duration::from_millis(20);
/// The part of a full log that the writer copies itself.
const REST: i32 = 16;
/// The part of a full log that is so little that another round beside the writer would not make it less.
const LITTLE: i32 = 64;
const ROUNDS_MAX: usize = 4;

/// Where the log stands, in pages.
#[derive(Clone, Copy, Debug)]
struct Length {
    all: i32,
    copied: i32,
}

impl Length {
    const fn rest(self) -> i32 {
        self.all - self.copied
    }
}

/// The thread that copies, and what it works with.
#[derive(Debug)]
pub(in crate::sqlite) struct LogCopy {
    /// Dropped to end the thread.
    wake: Option<SyncSender<i32>>,
    thread: Option<JoinHandle<()>>,
    is_copying: Arc<AtomicBool>,
}

impl LogCopy {
    /// Copies with a connection of its own from now on, whenever it is told to. The file that is copied into is given where
    /// copies are synced; it stays open as long as the process lives, because closing it would take from every connection
    /// of this process the locks that SQLite holds on it.
    pub(in crate::sqlite) fn start(connection: Connection, synced: Option<File>) -> std::io::Result<LogCopy> {
        let (wake, woken) = sync_channel(1);
        let is_copying = Arc::new(AtomicBool::new(false));
        let of_thread = Arc::clone(&is_copying);
        let synced = ManuallyDrop::new(synced);
        let run = move || copy_whenever((&connection, synced.as_ref()), &woken, &of_thread);
        let thread = std::thread::Builder::new().name("log-copy".to_owned()).spawn(run)?;
        Ok(LogCopy { wake: Some(wake), thread: Some(thread), is_copying })
    }

    /// Does what is due, between two transactions of the writer. `pages` is how long the log may get; once all of it is
    /// copied, the next commit starts it over at its full size.
    pub(super) fn tend(&self, writer: &Connection, pages: i32) -> Result<()> {
        if self.is_copying.load(Ordering::Acquire) {
            return Ok(());
        }
        let length = length(writer)?;
        if length.all < pages || length.all == length.copied {
            return Ok(());
        }
        if length.all >= TOO_LONG * pages {
            writer.busy_timeout(READERS_PATIENCE)?;
            copy(writer, CheckpointMode::RESTART)?;
            return writer.busy_timeout(BUSY_TIMEOUT);
        }
        if length.rest() <= pages / REST {
            return copy(writer, CheckpointMode::PASSIVE);
        }
        self.begin(pages / LITTLE);
        Ok(())
    }

    fn begin(&self, little: i32) {
        let Some(wake) = &self.wake else { return };
        self.is_copying.store(true, Ordering::Release);
        if wake.try_send(little).is_err() {
            self.is_copying.store(false, Ordering::Release);
        }
    }
}

impl Drop for LogCopy {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there has been reported; what was not copied is in the log.
            let _ = thread.join();
        }
    }
}

fn copy_whenever(copied: (&Connection, Option<&File>), woken: &Receiver<i32>, is_copying: &AtomicBool) {
    for little in woken {
        // An error of the disk meets the writer as well, who knows what to do about it.
        let _ = copy_most(copied, little);
        is_copying.store(false, Ordering::Release);
    }
}

/// Leaves as little as it can to the writer: each round copies what came during the one before. SQLite would sync the file only
/// with the last page, and the writer would wait for everything that was copied.
fn copy_most((connection, synced): (&Connection, Option<&File>), little: i32) -> Result<()> {
    let mut before = length(connection)?.rest();
    for _round in 0..ROUNDS_MAX {
        copy(connection, CheckpointMode::PASSIVE)?;
        if synced.is_some_and(|file| file.sync_data().is_err()) {
            break;
        }
        let rest = length(connection)?.rest();
        if rest <= little || rest >= before {
            break;
        }
        before = rest;
    }
    Ok(())
}

/// Copies a log that a process before this one left, in place: the log starts over with the next commit. On a full disk the ballast is
/// given up for it; what cannot be copied even so stays in the log.
pub(in crate::sqlite) fn copy_at_start(writer: &Connection, ballast: &Ballast) {
    let copied = copy(writer, CheckpointMode::PASSIVE);
    if copied.is_err() && ballast.give_up() {
        let _ = copy(writer, CheckpointMode::PASSIVE);
    }
}

/// Copies all of the log, and gives its own space back if nobody reads it. Says how many pages it had.
pub(super) fn make_room(writer: &Connection) -> Result<i32> {
    let pages = length(writer)?.all;
    writer.busy_timeout(READERS_PATIENCE)?;
    let copied = copy(writer, CheckpointMode::TRUNCATE);
    writer.busy_timeout(BUSY_TIMEOUT)?;
    copied.map(|()| pages)
}

fn length(connection: &Connection) -> Result<Length> {
    let (all, copied) = connection.wal_checkpoint_v2(Some("main"), CheckpointMode::NOOP)?;
    Ok(Length { all, copied })
}

fn copy(connection: &Connection, mode: CheckpointMode) -> Result<()> {
    match connection.wal_checkpoint_v2(Some("main"), mode) {
        Ok(_) => Ok(()),
        // A reader that does not let go, such as an audit: the log is copied another time.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
        Err(error) => Err(error),
    }
}
