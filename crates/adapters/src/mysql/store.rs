//! The store in a server that several processes write to: a transaction per batch, ordered by the locks of its rows.

mod alerts;
mod api_keys;
mod commit;
mod details;
mod drops;
mod executor;
mod failed_delivery;
mod fulfilment;
mod load;
mod locking_read;
mod notifications;
mod offsets;
mod transaction;
mod upsert;
mod webhooks;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::events::outbox::{SHARDS, ShardHead};
use app::ports::{BoxFuture, Commit, CommitError, CommitId, DueTimer, Durability, LoadError, Store, StoreError};
use app::state::ids::Sequence;
use app::state::rows::{Key, Rows};
use domain::ids::{CampaignId, OrderId, UserId};
use domain::time::Timestamp;
use mysql_async::Opts;

use super::cells::{MysqlCells, from_row};
use super::commits_seen::CommitsSeen;
use super::failure::{Failure, Result};
use super::outbox::MysqlOutbox;
use super::server_clock::ServerClock;
use super::session::{self, Session};
use super::sql::{Script, statement};
use crate::left_out::LeftOut;
use crate::records::Cells as _;

pub(super) use executor::{engine_lock, stored_carrier, stored_currency};
pub(super) use locking_read::pairs;
pub(super) use offsets::{SELECT_HEADS, heads};
use transaction::{Before, Halt};

/// How long a lost commit is looked up before its outcome counts as unknown. Every caller waits for it meanwhile, so it
/// is no longer than any request may take; a server that restarts is often back by then.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
const LOOKUP_PAUSE: Duration = Duration::from_millis(200);

pub struct MysqlStore {
    session: Session,
    is_begun: bool,
    before: Before,
    commits_seen: Arc<CommitsSeen>,
    clock: Arc<ServerClock>,
    left_out: Arc<LeftOut>,
    /// The commit whose outcome is unknown.
    in_doubt: Option<CommitId>,
}

impl MysqlStore {
    pub(super) fn new(
        opts: &Opts,
        commits_seen: Arc<CommitsSeen>,
        clock: Arc<ServerClock>,
        left_out: Arc<LeftOut>,
    ) -> MysqlStore {
        let session = Session::new(opts);
        let before = Before::default();
        MysqlStore { session, is_begun: false, before, commits_seen, clock, left_out, in_doubt: None }
    }

    pub(super) const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Returns the outbox for a relay.
    pub fn outbox(&self, holder: u32) -> MysqlOutbox {
        MysqlOutbox::new(self.session.opts(), holder)
    }

    /// Reads the server's clock.
    pub(super) async fn read_clock(&mut self) -> Result<()> {
        let rows = self.session.ask(load::MOMENT).await?;
        self.clock.set(load::moment(rows.into_iter().next())?.1);
        Ok(())
    }

    /// Returns a script that begins the transaction, unless one is open.
    fn script(&mut self) -> Script {
        let mut script = Script::default();
        if !self.is_begun || !self.session.is_connected() {
            self.before = Before::default();
            session::begin(&mut script);
        }
        self.is_begun = true;
        script
    }

    async fn read(&mut self, keys: &[Key], rows: &mut Rows) -> Result<()> {
        if self.is_begun && !self.session.is_connected() {
            return Err(Failure::Contended("the connection was lost, which rolled back the transaction".to_owned()));
        }
        let mut script = self.script();
        if keys.is_empty() {
            return if script.is_empty() { Ok(()) } else { self.session.run(&script).await.map(|_| ()) };
        }
        let keys = failed_delivery::without_idle_groups(keys, &mut self.session, &mut script, rows).await?;
        let load = load::Load::new(&keys, &mut script);
        script.add(load::MOMENT);
        let mut answers = self.session.run(&script).await?;
        let moment = answers.pop().unwrap_or_default();
        let (latest, server) = load::moment(moment.into_iter().next())?;
        rows.decided_until = rows.decided_until.max(latest);
        self.clock.set(server);
        load.read(answers, rows, &mut self.before, &script)
    }

    async fn write(&mut self, commit: &Commit<'_>) -> std::result::Result<Option<[ShardHead; SHARDS]>, Halt> {
        if self.is_begun && !self.session.is_connected() {
            return Err(
                Failure::Contended("the connection was lost, which rolled back the transaction".to_owned()).into()
            );
        }
        let mut script = self.script();
        let (offsets, held) = (commit.offsets, &commit.rows.held);
        if !offsets.is_empty() || !held.is_empty() {
            let index_of_offsets = (!offsets.is_empty()).then(|| script.add(commit::select_offsets(offsets)));
            let index_of_held = (!held.is_empty()).then(|| script.add(commit::select_held(held)));
            let mut answers = self.session.run(&script).await?;
            let mut answer =
                |place: Option<usize>| place.map(|place| std::mem::take(&mut answers[place])).unwrap_or_default();
            script = Script::default();
            commit::write_offsets(&mut script, answer(index_of_offsets), offsets)?;
            commit::compare_held(answer(index_of_held).len(), held)?;
        }
        let mut writes = Script::default();
        commit::write_rows(&mut writes, commit, &self.before);
        script.append(writes);
        let mut sealed = None;
        if let Some(lock) = offsets::lock(commit) {
            let place = script.add(lock);
            let mut answers = self.session.write(std::mem::take(&mut script)).await?;
            let mut heads = offsets::heads(std::mem::take(&mut answers[place]))?;
            let mut events = Script::default();
            offsets::write_events(&mut events, commit, &mut heads);
            script.append(events);
            sealed = Some(heads);
        }
        commit::record_commit(&mut script, commit);
        session::commit(&mut script);
        match self.session.write(script).await {
            Ok(_) => Ok(sealed),
            Err(Failure::Lost(error)) => Err(Halt::InDoubt(error)),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Rolls back an open transaction.
    async fn end(&mut self) {
        let was_begun = std::mem::take(&mut self.is_begun);
        self.before = Before::default();
        // Where the rollback cannot be sent, the transaction ends with its connection.
        if was_begun && self.session.is_connected() {
            let mut script = Script::default();
            session::roll_back(&mut script);
            if self.session.run(&script).await.is_err() {
                self.session.give_up();
            }
        }
    }

    async fn conclude(&mut self, id: CommitId, halt: Halt) -> CommitError {
        self.end().await;
        match halt {
            Halt::Moved(key) => CommitError::Moved(key),
            Halt::Failed(Failure::Constraint(error)) => CommitError::Constraint(error),
            // COMMIT was not sent, so the server rolls back.
            Halt::Failed(Failure::Contended(error) | Failure::Lost(error) | Failure::Untrusted(error)) => {
                CommitError::Contended(error)
            }
            Halt::Failed(
                failure @ (Failure::Denied(_) | Failure::ReadOnly(_) | Failure::Refused(_) | Failure::Unreadable(_)),
            ) => CommitError::Unknown(failure.to_string()),
            Halt::InDoubt(error) => {
                self.in_doubt = Some(id);
                CommitError::Unknown(error)
            }
        }
    }

    /// Resolves a commit whose outcome is unknown. The row of the commit decides, by who writes it first: a commit that
    /// is still under way then finds the row taken and fails.
    async fn resolve_commit(&mut self, id: CommitId) -> Result<bool> {
        let void = "INSERT INTO engine_commit (engine, number, committed_at) VALUES (?, ?, NULL)";
        let void = statement(void, &[&id.engine, &id.number]);
        let deadline = Instant::now() + LOOKUP_TIMEOUT;
        loop {
            match self.session.ask(&void).await {
                Ok(_) => return Ok(false),
                Err(Failure::Constraint(_)) => return self.look_up(id).await,
                Err(failure) if Instant::now() > deadline => return Err(failure),
                Err(_) => tokio::time::sleep(LOOKUP_PAUSE).await,
            }
        }
    }

    async fn look_up(&mut self, id: CommitId) -> Result<bool> {
        let found = "SELECT COUNT(*) FROM engine_commit WHERE engine = ? AND number >= ? AND committed_at IS NOT NULL";
        let rows = self.session.ask(&statement(found, &[&id.engine, &id.number])).await?;
        MysqlCells::of(rows.into_iter().next().unwrap_or_default()).take()
    }

    async fn take_numbers(&mut self, sequence: Sequence, count: i64) -> Result<Range<i64>> {
        if self.is_begun {
            // Within a transaction a rollback would return them to the sequence.
            return Err(Failure::Refused("numbers cannot be leased within a transaction".to_owned()));
        }
        let take = "UPDATE sequence SET next_number = LAST_INSERT_ID(next_number + ?) WHERE name = ?";
        let end = self.session.number(&statement(take, &[&count, &sequence.name()])).await?;
        Ok(end - count..end)
    }
}

impl Store for MysqlStore {
    fn load<'a>(
        &'a mut self,
        keys: &'a [Key],
        rows: &'a mut Rows,
    ) -> BoxFuture<'a, std::result::Result<(), LoadError>> {
        Box::pin(async move {
            let was_connected = self.session.is_connected();
            let Err(failure) = self.read(keys, rows).await else { return Ok(()) };
            self.end().await;
            match &failure {
                Failure::Contended(error) => Err(LoadError::Contended(error.clone())),
                // The server ended this connection alone: a new one may work.
                Failure::Lost(error) if was_connected => Err(LoadError::Contended(error.clone())),
                Failure::Lost(_)
                | Failure::Untrusted(_)
                | Failure::Denied(_)
                | Failure::ReadOnly(_)
                | Failure::Constraint(_)
                | Failure::Refused(_)
                | Failure::Unreadable(_) => Err(StoreError::from(failure).into()),
            }
        })
    }

    fn commit<'a>(&'a mut self, commit: Commit<'a>) -> BoxFuture<'a, std::result::Result<Durability, CommitError>> {
        Box::pin(async move {
            let id = commit.id;
            match self.write(&commit).await {
                Ok(sealed) => {
                    self.is_begun = false;
                    self.before = Before::default();
                    self.commits_seen.observe(sealed.iter().flatten());
                    Ok(Durability::Reached)
                }
                Err(halt) => Err(self.conclude(id, halt).await),
            }
        })
    }

    fn rollback(&mut self) -> BoxFuture<'_, std::result::Result<(), StoreError>> {
        Box::pin(async move {
            self.end().await;
            Ok(())
        })
    }

    fn committed(&mut self, id: CommitId) -> BoxFuture<'_, std::result::Result<bool, StoreError>> {
        Box::pin(async move {
            let is_in_doubt = self.in_doubt == Some(id);
            let found = if is_in_doubt { self.resolve_commit(id).await? } else { self.look_up(id).await? };
            self.in_doubt = None;
            Ok(found)
        })
    }

    fn lease(&mut self, sequence: Sequence, count: i64) -> BoxFuture<'_, std::result::Result<Range<i64>, StoreError>> {
        Box::pin(async move { Ok(self.take_numbers(sequence, count).await?) })
    }

    fn due_timers(
        &mut self,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, std::result::Result<Vec<DueTimer>, StoreError>> {
        Box::pin(async move {
            let due = "SELECT order_id, due_at FROM timer WHERE due_at <= ? ORDER BY due_at, order_id LIMIT ?";
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = self.session.ask_alone(&statement(due, &[&now, &limit])).await?;
            let timers = rows.into_iter().map(|row| {
                let mut cells = MysqlCells::of(row);
                Ok(DueTimer::Order { order: OrderId(cells.take()?), due: cells.at()? })
            });
            let mut due: Vec<DueTimer> = timers.collect::<Result<_>>()?;
            due.extend(drops::due(&mut self.session, now, limit).await?);
            due.extend(failed_delivery::due_keys(&mut self.session, now, limit, &self.left_out).await?);
            due.extend(failed_delivery::due_letters(&mut self.session, now, limit, &self.left_out).await?);
            due.extend(self.left_out.take_news().into_iter().map(DueTimer::Unreadable));
            Ok(due)
        })
    }

    fn holders(&mut self, campaign: CampaignId) -> BoxFuture<'_, std::result::Result<Vec<(UserId, i64)>, StoreError>> {
        Box::pin(async move {
            let holders = "SELECT user_id, COUNT(*) FROM coupon WHERE campaign_id = ? GROUP BY user_id";
            let rows = self.session.ask_alone(&statement(holders, &[&campaign.0])).await?;
            let holders = rows.into_iter().map(|row| from_row(row).map(|(user, count)| (UserId(user), count)));
            Ok(holders.collect::<Result<_>>()?)
        })
    }

    fn take_statements(&mut self) -> u64 {
        self.session.take_statements()
    }
}
