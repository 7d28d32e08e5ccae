//! Consumer-group endpoints: offsets, lag, reset.

use std::sync::Arc;

use app::commands::answer::moved::{EventPassed, PartitionMoved};
use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, Idempotency};
use app::events::topic::Topic;
use app::events::wire_time;
use app::log::groups::{self, Extent, Planned, Standing, Target, Unplanned, Wanted};
use app::log::reactions::Group;
use app::state::rows::{OffsetMove, Partition};
use app::state::settings::Executor;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::request::checks::check_reason;
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::Submission;
use crate::api::response::examples;
use crate::api::response::refusals::problem;
use crate::api::response::refusals::unavailable;
use crate::api::response::render::Page;
use crate::api::response::replies::{Shown, shown};
use crate::api::texts::{operators, values};
use crate::api::{Log, Shop};
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::path::{ConsumerGroup, Name};
use crate::http::query::Query;
use crate::http::{Code, Problem, Violations};
use crate::openapi::words;
use crate::runtime::submitter::deeds;

/// The offsets and the lag of all consumer groups.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Groups", example = examples::groups())]
pub(crate) struct GroupsBody {
    #[schemars(with = "words::CarrierWord")]
    carrier: &'static str,
    data: Vec<GroupBody>,
    /// The `cursor` of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = examples::CURSOR)]
    next_cursor: Option<String>,
}

/// A consumer group.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Group")]
struct GroupBody {
    group: &'static str,
    /// Records that the group has not read yet.
    lag: i64,
    /// Records that were deleted before the group read them.
    lost: i64,
    partitions: Vec<PartitionBody>,
}

/// A group's offset and lag in one partition.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GroupPartition")]
struct PartitionBody {
    /// Absent for the store's own log, which has no topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'static str>,
    partition: i32,
    /// The offset of the first record that the group has not read, from the store.
    offset: i64,
    /// The first offset that still exists.
    begin: i64,
    /// The offset after the last record.
    end: i64,
    /// The group's offset as the broker's own tools show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    committed: Option<i64>,
    lag: i64,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ResetGroup", example = examples::reset_group())]
pub(crate) struct ResetBody {
    /// An offset. `topic` and `partition` must name one partition.
    #[schemars(range(min = 0))]
    to_offset: Option<i64>,
    /// The offset of the first event that is not older than this time.
    #[schemars(with = "Option<words::Moment>")]
    to_time: Option<String>,
    /// `true`: the offset that the broker's own tools have set.
    to_committed: Option<bool>,
    /// Default: all topics of the group.
    topic: Option<String>,
    /// Default: all partitions.
    #[schemars(range(min = 0))]
    partition: Option<i32>,
    /// Whether the answer only shows what would happen. Default: `true`.
    dry_run: Option<bool>,
    /// Required if `dryRun` is `false`. Written to the log.
    reason: Option<String>,
}

/// The effect of moving a consumer group.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GroupReset", example = examples::group_reset())]
pub(crate) struct ResetDone {
    group: &'static str,
    /// Whether the group was moved.
    is_done: bool,
    /// The partitions in which the group moves.
    partitions: Vec<MoveBody>,
}

/// A group's move in one partition.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GroupMove")]
struct MoveBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    partition: i32,
    from: i64,
    to: i64,
    #[schemars(with = "words::MoveWord")]
    means: &'static str,
    /// The number of the group's events between `from` and `to`.
    events: usize,
    /// Whether all of them were counted; otherwise `events` is a lower bound.
    is_whole: bool,
    /// The first of these events.
    shown: Vec<PassedBody>,
}

/// An event that is skipped or repeated.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GroupEvent")]
struct PassedBody {
    offset: i64,
    event_id: String,
    r#type: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_number: Option<String>,
    #[schemars(with = "words::Moment")]
    occurred_at: String,
}

fn topic(partition: Partition) -> Option<&'static str> {
    partition.topic.map(Topic::name)
}

fn group_body(group: Group, standings: &[Standing]) -> GroupBody {
    let partition = |standing: &Standing| PartitionBody {
        topic: topic(standing.key.partition),
        partition: standing.key.partition.number,
        offset: standing.offset,
        begin: standing.extent.begin,
        end: standing.extent.end,
        committed: standing.extent.committed,
        lag: standing.lag(),
    };
    GroupBody {
        group: group.name(),
        lag: standings.iter().map(Standing::lag).sum(),
        lost: standings.iter().map(Standing::lost).sum(),
        partitions: standings.iter().map(partition).collect(),
    }
}

fn move_body(moved: PartitionMoved) -> MoveBody {
    let means = if moved.skips() { "SKIPS" } else { "REPEATS" };
    let shown = |passed: EventPassed| PassedBody {
        offset: passed.offset,
        event_id: passed.id,
        r#type: passed.kind,
        key: passed.key,
        order_number: passed.order,
        occurred_at: wire_time::format(passed.at),
    };
    MoveBody {
        topic: moved.topic,
        partition: moved.partition,
        from: moved.from,
        to: moved.to,
        means,
        events: moved.events,
        is_whole: moved.is_whole,
        shown: moved.shown.into_iter().map(shown).collect(),
    }
}

fn reset_body(group: Group, is_done: bool, partitions: Vec<PartitionMoved>) -> ResetDone {
    ResetDone { group: group.name(), is_done, partitions: partitions.into_iter().map(move_body).collect() }
}

/// Returns what the answer of an earlier request says.
fn repeated(group: Group, answer: Answer) -> Shown<ResetDone> {
    // An older version kept only that the group was moved.
    let (is_done, partitions) = if let Answer::GroupMoved { partitions } = answer {
        (!partitions.is_empty(), partitions)
    } else {
        (true, vec![])
    };
    shown(reset_body(group, is_done, partitions), true)
}

/// `GET /api/admin/groups`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<GroupsBody>, Problem> {
    let mut data = vec![];
    for group in shop.log.groups() {
        let standings = groups::standings(group, shop.submitter.views.as_ref(), shop.log.book.as_ref());
        data.push(group_body(group, &standings.await.map_err(unavailable)?));
    }
    let Page { data, next_cursor } = query.part(&shop, List { name: "admin/groups", owner: None, filter: "" }, data)?;
    Ok(Json(GroupsBody { carrier: shop.log.carrier.name(), data, next_cursor }))
}

/// `POST /api/admin/groups/{group}/reset`.
pub(crate) async fn reset(
    State(shop): State<Shop>,
    name: Name<ConsumerGroup>,
    submission: Submission<ResetBody>,
) -> Result<Shown<ResetDone>, Problem> {
    let group =
        Group::from_name(&name.0).ok_or_else(|| Problem::new(Code::GroupNotFound, operators::GROUP_NOT_FOUND))?;
    // A repeat must not plan: the group has moved, and the log may have lost the offset.
    if let Some(answer) = kept(&shop, submission.idempotency).await? {
        deeds::drop_it();
        return Ok(repeated(group, answer));
    }
    let (planned, reason) = plan(&shop, group, &submission.body).await?;
    let moves: Vec<OffsetMove> = planned.iter().map(|planned| planned.moved).collect();
    let partitions: Vec<PartitionMoved> = planned.into_iter().map(PartitionMoved::from).collect();
    let Some(reason) = reason else { return Ok(shown(reset_body(group, false, partitions), false)) };
    let command = Command::MoveGroup { moves: moves.clone(), partitions: partitions.clone() };
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let answer = reply.result.map_err(|refusal| problem(&refusal))?;
    if reply.replayed {
        return Ok(repeated(group, answer));
    }
    let is_done = !moves.is_empty();
    if is_done {
        tracing::warn!(group = group.name(), "A group was moved by hand in {} partitions: {reason}", moves.len());
        if let Err(error) = shop.log.book.publish_offsets(moves).await {
            // Only the broker's tools show an old offset until the group commits its next one.
            tracing::warn!("The group's new offsets could not be committed at the broker: {error}");
        }
    }
    Ok(shown(reset_body(group, is_done, partitions), false))
}

/// Returns the answer that was given to this request before.
async fn kept(shop: &Shop, idempotency: Option<Idempotency>) -> Result<Option<Answer>, Problem> {
    let Some(Idempotency { key, fingerprint }) = idempotency else { return Ok(None) };
    match shop.submitter.views.answer(key).await.map_err(unavailable)? {
        Some(stored) if stored.fingerprint != fingerprint => Err(problem(&Refusal::IdempotencyMismatch)),
        stored => Ok(stored.map(|stored| stored.answer)),
    }
}

/// Returns what a reset would do and, unless it is a dry run, its reason.
pub(crate) async fn plan(
    shop: &Shop,
    group: Group,
    body: &ResetBody,
) -> Result<(Vec<Planned>, Option<Arc<str>>), Problem> {
    if group.is_trailing() {
        return Err(unplanned(Unplanned::Trailing, body));
    }
    let Log { carrier, book, .. } = &shop.log;
    if carrier.executor() == Executor::Inline {
        return Err(Problem::new(Code::GroupInline, operators::GROUP_INLINE));
    }
    let (wanted, reason) = check(group, body)?;
    let planned = groups::plan(wanted, shop.submitter.views.as_ref(), book.as_ref()).await;
    Ok((planned.map_err(|why| unplanned(why, body))?, reason))
}

/// Returns the requested move and, unless it is a dry run, the reason.
fn check(group: Group, body: &ResetBody) -> Result<(Wanted, Option<Arc<str>>), Problem> {
    let mut violations = Violations::default();
    let target = match (body.to_offset, &body.to_time, body.to_committed) {
        (Some(offset), None, None) => Some(Target::Offset(offset)),
        (None, Some(moment), None) => {
            let moment = wire_time::parse(moment).map(Target::Time);
            moment.inspect_err(|_| violations.push("#/toTime", "not_a_moment", values::TIME)).ok()
        }
        (None, None, Some(true)) => Some(Target::Committed),
        _ => {
            violations.push("#", "one_of", operators::TARGET_ONE_OF);
            None
        }
    };
    let topic = body.topic.as_deref().map(Topic::from_name);
    if topic == Some(None) {
        violations.push("#/topic", "not_known", operators::TOPIC_UNKNOWN);
    }
    let is_dry = body.dry_run.unwrap_or(true);
    if is_dry {
        deeds::drop_it();
    }
    let reason = (!is_dry).then(|| check_reason(body.reason.as_deref().unwrap_or_default(), &mut violations));
    violations.into_result()?;
    let to = target.unwrap_or(Target::Committed);
    Ok((Wanted { group, to, topic: topic.flatten(), partition: body.partition }, reason))
}

fn unplanned(why: Unplanned, body: &ResetBody) -> Problem {
    match why {
        Unplanned::Trailing => Problem::new(Code::GroupTrailing, operators::GROUP_TRAILING),
        Unplanned::NoPartition => {
            let pointer = match (body.partition, &body.topic) {
                (Some(_), _) => "#/partition",
                (None, Some(_)) => "#/topic",
                (None, None) => "#",
            };
            Problem::invalid(pointer, "not_known", operators::GROUP_PARTITION_UNKNOWN)
        }
        Unplanned::ManyPartitions => Problem::invalid("#/toOffset", "ambiguous", operators::GROUP_OFFSET_AMBIGUOUS),
        Unplanned::Outside(Extent { partition, begin, end, .. }) => {
            let log = partition.topic.map_or("log", Topic::name);
            let detail = operators::GROUP_OFFSET_OUTSIDE.with(log).with(partition.number).with(begin).with(end);
            let pointer = if body.to_committed.is_some() { "#/toCommitted" } else { "#/toOffset" };
            Problem::invalid(pointer, "out_of_range", detail)
        }
        Unplanned::NothingCommitted => Problem::invalid("#/toCommitted", "not_set", operators::GROUP_NOTHING_COMMITTED),
        Unplanned::Store(error) => unavailable(error),
    }
}
