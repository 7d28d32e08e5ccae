//! Copies the store's log into its file, so that the log can start over: most of it beside the writer.
//!
//! A copy reads and syncs megabytes. On the writer's own connection no batch could be decided meanwhile. So a second
//! connection copies what was committed earlier, and the writer copies only what was added since.

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
use crate::sqlite::connection::BUSY_TIMEOUT;

/// A log this many times its intended length has met readers at every copy: from here on each copy waits a moment for
/// them.
const TOO_LONG_FACTOR: i32 = 8;
const READERS_TIMEOUT: Duration = Duration::from_millis(20);
/// The part of a full log that the writer copies itself: one in this many.
const REST_DIVISOR: i32 = 16;
/// The part of a full log below which another round beside the writer is not worth it: one in this many.
const NEGLIGIBLE_DIVISOR: i32 = 64;
const ROUNDS_MAX: usize = 4;

/// The length of the log, in pages.
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

/// The thread that copies, and how it is woken.
#[derive(Debug)]
pub(in crate::sqlite) struct LogCopy {
    /// Dropped to end the thread.
    wake: Option<SyncSender<i32>>,
    thread: Option<JoinHandle<()>>,
    is_copying: Arc<AtomicBool>,
}

impl LogCopy {
    /// Starts a thread that copies with a connection of its own whenever it is woken. `synced` is the file to sync
    /// after each copy, if copies are synced; it stays open as long as the process lives, because closing it would
    /// release the locks that SQLite holds on it for every connection of this process.
    pub(in crate::sqlite) fn start(connection: Connection, synced: Option<File>) -> std::io::Result<LogCopy> {
        let (wake, woken) = sync_channel(1);
        let is_copying = Arc::new(AtomicBool::new(false));
        let of_thread = Arc::clone(&is_copying);
        let synced = ManuallyDrop::new(synced);
        let run = move || copy_whenever(&connection, synced.as_ref(), &woken, &of_thread);
        let thread = std::thread::Builder::new().name("log-copy".to_owned()).spawn(run)?;
        Ok(LogCopy { wake: Some(wake), thread: Some(thread), is_copying })
    }

    /// Copies or starts a copy, if one is due; called between two transactions of the writer. `pages` is the intended
    /// length of the log; once all of it is copied, the next commit starts it over at its full size.
    pub(super) fn tend(&self, writer: &Connection, pages: i32) -> Result<()> {
        if self.is_copying.load(Ordering::Acquire) {
            return Ok(());
        }
        let length = length(writer)?;
        if length.all < pages || length.all == length.copied {
            return Ok(());
        }
        if length.all >= TOO_LONG_FACTOR * pages {
            writer.busy_timeout(READERS_TIMEOUT)?;
            copy(writer, CheckpointMode::RESTART)?;
            return writer.busy_timeout(BUSY_TIMEOUT);
        }
        if length.rest() <= pages / REST_DIVISOR {
            return copy(writer, CheckpointMode::PASSIVE);
        }
        self.begin(pages / NEGLIGIBLE_DIVISOR);
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
            // A panic of the thread has been reported; what was not copied is in the log.
            let _ = thread.join();
        }
    }
}

fn copy_whenever(connection: &Connection, synced: Option<&File>, woken: &Receiver<i32>, is_copying: &AtomicBool) {
    for little in woken {
        // The writer meets a disk error as well, and handles it.
        let _ = copy_most(connection, synced, little);
        is_copying.store(false, Ordering::Release);
    }
}

/// Leaves as little as possible to the writer: each round copies what was added during the one before. SQLite would
/// sync the file only with the last page, and the writer would wait for everything that was copied.
fn copy_most(connection: &Connection, synced: Option<&File>, little: i32) -> Result<()> {
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

/// Copies the log of an earlier process, so that it starts over with the next commit. On a full disk the ballast is
/// released for it; what cannot be copied even so stays in the log.
pub(in crate::sqlite) fn copy_at_start(writer: &Connection, ballast: &Ballast) {
    let copied = copy(writer, CheckpointMode::PASSIVE);
    if copied.is_err() && ballast.release() {
        let _ = copy(writer, CheckpointMode::PASSIVE);
    }
}

/// Copies all of the log, and truncates it unless a reader uses it. Returns the number of pages it had.
pub(super) fn make_room(writer: &Connection) -> Result<i32> {
    let pages = length(writer)?.all;
    writer.busy_timeout(READERS_TIMEOUT)?;
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
        // A long reader, such as an audit: the log is copied another time.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
        Err(error) => Err(error),
    }
}
