//! Moves old events to files: writes the files first, and then removes the events from the store in bounded commits. Each step
//! can be repeated, so a process that is killed leaves nothing half done.

pub(crate) mod files;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use app::audit::{Archived, EventFacts, Needed, Snapshot, archive, inspect};
use app::commands::Command;
use app::events::wire_time;
use app::ports::StoreError;
use app::state::rows::Removal;
use axum::extract::State;
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::files::Writing;
use crate::api::Shop;
use crate::api::request::submission::Unkeyed;
use crate::api::response::refusals::{problem, unavailable};
use crate::api::texts::operators;
use crate::http::json::Json;
use crate::http::{Code, Problem};
use crate::openapi::words;

/// The events of a file, and of a commit that removes them.
const STEP_EVENTS: i64 = 5_000;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ArchiveRequest")]
pub(crate) struct ArchiveRequest {
    /// Events from before this time are archived.
    #[schemars(with = "words::Moment")]
    before: String,
}

/// What was archived.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Archive")]
pub(crate) struct ArchiveBody {
    /// The number of events that were moved to files now.
    archived: i64,
    /// The number of events in all files.
    total: i64,
    /// Older events are in files only.
    #[schemars(with = "Option<words::Moment>")]
    archived_before: Option<String>,
    /// Where the files are, on the machine of the server.
    folder: String,
    /// The new files.
    files: Vec<String>,
}

/// `POST /api/admin/archive`.
pub(crate) async fn archive_events(
    State(shop): State<Shop>,
    Unkeyed(submission): Unkeyed<ArchiveRequest>,
) -> Result<Json<ArchiveBody>, Problem> {
    let before = wire_time::parse(&submission.body.before)
        .map_err(|_| Problem::invalid("#/before", "not_a_time", crate::api::texts::values::TIME))?;
    let (snapshots, now, folder) = (shop.snapshots.clone(), shop.submitter.clock.now(), shop.archive.clone());
    // Two at once would take each other's files for leftovers. The thread holds the turn, also when the client is gone.
    let turn = Arc::clone(&shop.archiving).lock_owned().await;
    let prepare = move || {
        let audit = inspect(snapshots()?.as_mut(), now)?.audit;
        if !audit.is_clean() {
            return Err(NotArchived::Unclean(audit.violations));
        }
        Plan::write(snapshots()?.as_mut(), before.min(now), folder).map(|plan| (plan, turn))
    };
    let (plan, _turn) = match tokio::task::spawn_blocking(prepare).await {
        Ok(plan) => plan.map_err(NotArchived::problem)?,
        Err(_panicked) => return Err(Problem::new(Code::Internal, operators::AUDIT_FAILED)),
    };
    for removal in plan.removals {
        shop.submitter.submit(Command::Remove(removal), None).await.result.map_err(|refusal| problem(&refusal))?;
    }
    let (begun, done) = (plan.begun, plan.archived);
    tracing::info!(events = done.events() - begun, "Archived {} events", done.events() - begun);
    Ok(Json(ArchiveBody {
        archived: done.events() - begun,
        total: done.events(),
        archived_before: (done.events() > 0).then(|| wire_time::format(done.before())),
        folder: plan.folder.display().to_string(),
        files: plan.files,
    }))
}

/// The reason why nothing was archived.
enum NotArchived {
    Unclean(u64),
    Needed(Needed),
    Store(StoreError),
    Files(PathBuf, io::Error),
}

impl From<StoreError> for NotArchived {
    fn from(error: StoreError) -> NotArchived {
        NotArchived::Store(error)
    }
}

impl NotArchived {
    fn problem(self) -> Problem {
        match self {
            NotArchived::Unclean(violations) => {
                Problem::new(Code::ArchiveRefused, operators::ARCHIVE_UNCLEAN.with(violations))
            }
            NotArchived::Needed(Needed { by, since }) => {
                Problem::new(Code::ArchiveRefused, operators::ARCHIVE_NEEDED.with(wire_time::format(since)).with(by))
            }
            NotArchived::Store(error) => unavailable(error),
            NotArchived::Files(folder, error) => {
                tracing::error!("The archive in {} could not be written: {error}", folder.display());
                Problem::new(Code::Internal, operators::ARCHIVE_UNWRITTEN)
            }
        }
    }
}

/// Files that are complete and on the disk, and what remains to be done in the store.
struct Plan {
    folder: PathBuf,
    /// The number of events that were archived before.
    begun: i64,
    archived: Archived,
    files: Vec<String>,
    removals: Vec<Removal>,
}

/// A plan while events come by.
struct Draft {
    plan: Plan,
    before: Timestamp,
    writing: Option<Writing>,
    /// The position of the event that was written last.
    through: i64,
    /// The event that came last. It is written when another one follows: the last event of a store stays.
    waiting: Option<EventFacts>,
    /// True once an event came that stays.
    is_over: bool,
}

impl Plan {
    /// Writes the files of all events from before a moment, if nothing needs these events.
    fn write(snapshot: &mut dyn Snapshot, before: Timestamp, folder: PathBuf) -> Result<Plan, NotArchived> {
        let in_the_way = snapshot.needed()?.into_iter().filter(|needed| needed.since < before);
        if let Some(needed) = in_the_way.min_by_key(|needed| needed.since) {
            return Err(NotArchived::Needed(needed));
        }
        let failed = |error: io::Error| NotArchived::Files(folder.clone(), error);
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let archived = snapshot.archived()?.unwrap_or_default();
        let begun = archived.events();
        let plan = Plan { folder: folder.clone(), begun, archived, files: vec![], removals: vec![] };
        let mut draft = Draft { plan, before, writing: None, through: 0, waiting: None, is_over: false };
        let mut written = Ok(());
        snapshot.events(&mut |event| {
            if written.is_ok() && !draft.is_over {
                written = draft.take(event);
            }
        })?;
        written.and_then(|()| draft.conclude()).map_err(failed)
    }
}

impl Draft {
    fn take(&mut self, event: EventFacts) -> io::Result<()> {
        if let Some(last) = self.waiting.take() {
            self.write(&last)?;
        }
        self.is_over = event.at >= self.before;
        self.waiting = Some(event).filter(|_| !self.is_over);
        Ok(())
    }

    fn write(&mut self, event: &EventFacts) -> io::Result<()> {
        archive(event, &mut self.plan.archived);
        let number = self.plan.archived.events();
        let writing = match &mut self.writing {
            Some(writing) => writing,
            None => self.writing.insert(Writing::begin(&self.plan.folder, number)?),
        };
        writing.add(number, event)?;
        self.through = event.position;
        if number % STEP_EVENTS == 0 { self.close() } else { Ok(()) }
    }

    /// Completes a file, and notes the commit that removes its events.
    fn close(&mut self) -> io::Result<()> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        let archived = &self.plan.archived;
        self.plan.files.push(writing.finish(archived.events())?);
        self.plan.removals.push(Removal {
            through: self.through,
            events: archived.events(),
            before: archived.before(),
            archived: Arc::from(serde_json::to_string(archived)?),
        });
        Ok(())
    }

    fn conclude(mut self) -> io::Result<Plan> {
        if self.is_over && self.writing.is_some() {
            self.plan.archived.reach(self.before);
        }
        self.close()?;
        files::clear(&self.plan.folder, self.plan.begun, &self.plan.files)?;
        Ok(self.plan)
    }
}
