//! One engine's session with a store under test.

use domain::time::Timestamp;

use super::{Fixture, Opened};
use crate::ports::{Commit, CommitError, CommitId, EventLog, Store, Trail};
use crate::state::rows::{Key, OffsetKey, OffsetMove, Rows};

/// 2026-11-21T09:30:00Z.
pub(super) const NOON: Timestamp = Timestamp::from_micros(1_795_253_400_000_000);
pub(super) const ENGINE: u32 = 7;

pub(super) struct Session<'f> {
    fixture: &'f mut dyn Fixture,
    opened: Option<Opened>,
    commits: i64,
}

impl<'f> Session<'f> {
    pub(super) async fn start(fixture: &'f mut dyn Fixture) -> Session<'f> {
        let opened = Some(fixture.open().await);
        Session { fixture, opened, commits: 0 }
    }

    /// Reopens the store, as a new process does.
    pub(super) async fn reopen(&mut self) {
        self.opened = None;
        self.opened = Some(self.fixture.open().await);
    }

    pub(super) fn store(&mut self) -> &mut dyn Store {
        &mut *self.opened.as_mut().expect("a session is open").store
    }

    pub(super) fn log(&mut self) -> &mut dyn EventLog {
        &mut *self.opened.as_mut().expect("a session is open").log
    }

    pub(super) fn trail(&mut self) -> &mut dyn Trail {
        &mut *self.opened.as_mut().expect("a session is open").trail
    }

    /// Begins a transaction, unless one is open, and reads rows.
    pub(super) async fn load(&mut self, keys: &[Key]) -> Rows {
        let mut rows = Rows::default();
        self.store().load(keys, &mut rows).await.expect("the store can be read");
        rows
    }

    /// Reads rows and ends the transaction.
    pub(super) async fn look(&mut self, keys: &[Key]) -> Rows {
        let rows = self.load(keys).await;
        self.store().rollback().await.expect("a transaction can be rolled back");
        rows
    }

    pub(super) const fn last_id(&self) -> CommitId {
        CommitId { engine: ENGINE, number: self.commits }
    }

    pub(super) async fn try_commit(&mut self, rows: &Rows, offsets: &[OffsetMove]) -> Result<(), CommitError> {
        self.commits += 1;
        let id = self.last_id();
        let durability = self.store().commit(Commit { id, rows, offsets, now: NOON }).await?;
        durability.reach().map(drop).map_err(CommitError::Broken)
    }

    pub(super) async fn commit(&mut self, rows: &Rows) {
        self.try_commit(rows, &[]).await.expect("the commit is valid");
    }

    /// Loads rows, changes them and commits.
    pub(super) async fn change(&mut self, keys: &[Key], change: impl FnOnce(&mut Rows)) {
        let mut rows = self.load(keys).await;
        change(&mut rows);
        self.commit(&rows).await;
    }

    pub(super) async fn position(&mut self, key: OffsetKey) -> i64 {
        self.log().position(key).await.expect("the store can be read")
    }
}
