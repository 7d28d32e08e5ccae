//! Dead-letter endpoints: list, edit, resend, drop.

use std::sync::Arc;

use app::commands::answer::changed::Changed;
use app::commands::{Command, FailedDelivery};
use app::events::wire_time;
use app::state::rows::{Act, DeadLetter};
use axum::extract::State;
use domain::ids::DeadLetterId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::checks::check_reason;
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::Submission;
use crate::api::response::refusals::letter_not_found;
use crate::api::response::refusals::unavailable;
use crate::api::response::render::Page;
use crate::api::response::replies::{Shown, left_behind, shown};
use crate::api::response::{examples, shapes};
use crate::api::texts::values;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::path::{self, Id};
use crate::http::query::Query;
use crate::http::{Problem, Violations};
use crate::openapi::words;

/// The most characters of an edited payload.
const PAYLOAD_CHARS_MAX: usize = 50_000;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct LettersQuery {
    /// Whether handled and dropped letters are listed as well. Default: `false`, only open ones.
    #[serde(default)]
    all: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EditDeadLetter", example = examples::edit_letter())]
pub(crate) struct EditBody {
    /// The event's new JSON, as a string. It must be an event of the letter's type.
    #[schemars(length(max = PAYLOAD_CHARS_MAX))]
    payload: String,
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ActOnDeadLetter", example = examples::act_on_letter())]
pub(crate) struct ActBody {
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: String,
}

/// A dead letter: the event, where it came from, and its failures.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeadLetter", example = examples::letter())]
pub(crate) struct DeadLetterBody {
    letter_id: i64,
    #[schemars(with = "words::DeadLetterStatusWord")]
    status: &'static str,
    /// The consumer group that could not handle the event.
    group: &'static str,
    topic: &'static str,
    partition: i32,
    offset: i64,
    /// Absent if the record had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    key: String,
    r#type: String,
    /// The event's JSON, as received or as last edited.
    payload: String,
    /// The W3C trace context of the request that caused the event. Absent if it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[schemars(with = "words::Moment")]
    occurred_at: String,
    /// The number of failed attempts.
    attempts: i64,
    /// The error of the last attempt.
    error: String,
    #[schemars(with = "words::Moment")]
    first_failed_at: String,
    #[schemars(with = "words::Moment")]
    last_failed_at: String,
    /// How often the letter was sent again.
    resends: i64,
    /// When the letter is retried automatically. Absent if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    resend_at: Option<String>,
    acts: Vec<DeadLetterActBody>,
}

/// An action of an operator, with its reason.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeadLetterAct")]
struct DeadLetterActBody {
    #[schemars(with = "words::Moment")]
    at: String,
    #[schemars(with = "words::ActWord")]
    act: Act,
    reason: String,
    /// The payload that an edit replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_before: Option<String>,
}

fn body(letter: &DeadLetter) -> DeadLetterBody {
    let DeadLetter { message, trouble, .. } = letter;
    let act = |act: &app::state::rows::DeadLetterAct| DeadLetterActBody {
        at: wire_time::format(act.at),
        act: act.act,
        reason: act.reason.to_string(),
        payload_before: act.payload_before.as_ref().map(ToString::to_string),
    };
    DeadLetterBody {
        letter_id: letter.id.0,
        status: letter.status.name(),
        group: letter.group.name(),
        topic: message.topic.name(),
        partition: message.partition,
        offset: message.offset,
        event_id: (message.id.0 != 0).then(|| app::events::outbox::uuid(message.id.0)),
        key: message.key.to_string(),
        r#type: message.kind.to_string(),
        payload: message.payload.to_string(),
        traceparent: message.trace.map(|trace| trace.to_string()),
        occurred_at: wire_time::format(message.at),
        attempts: trouble.attempts,
        error: trouble.error.to_string(),
        first_failed_at: wire_time::format(trouble.first_failed),
        last_failed_at: wire_time::format(trouble.last_failed),
        resends: letter.resends,
        resend_at: letter.due.map(wire_time::format),
        acts: letter.acts.iter().map(act).collect(),
    }
}

/// `GET /api/admin/dead-letters`, newest first.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(which): Query<LettersQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DeadLetterBody>>, Problem> {
    let filter = if which.all { "all" } else { "open" };
    let page = query.page(&shop, List { name: "dead-letters", owner: None, filter })?;
    let letters = shop.submitter.views.letters(!which.all, page.after.map(DeadLetterId), page.fetch());
    let letters = letters.await.map_err(unavailable)?;
    Ok(Json(page.of(letters, |letter| letter.id.0, body)))
}

/// `GET /api/admin/dead-letters/{id}`.
pub(crate) async fn get(State(shop): State<Shop>, id: Id<path::DeadLetter>) -> Result<Json<DeadLetterBody>, Problem> {
    read(&shop, DeadLetterId(id.0)).await.map(|letter| Json(body(&letter)))
}

/// `PATCH /api/admin/dead-letters/{id}`.
pub(crate) async fn edit(
    State(shop): State<Shop>,
    id: Id<path::DeadLetter>,
    submission: Submission<EditBody>,
) -> Result<Shown<DeadLetterBody>, Problem> {
    let EditBody { payload, reason } = &submission.body;
    let mut violations = Violations::default();
    let reason = check_reason(reason, &mut violations);
    if payload.chars().count() > PAYLOAD_CHARS_MAX {
        violations.push("#/payload", "length", values::CHARACTERS_MAX.with(PAYLOAD_CHARS_MAX));
    }
    violations.into_result()?;
    let letter = DeadLetterId(id.0);
    let edit = FailedDelivery::Edit { letter, payload: payload.as_str().into(), reason };
    act(&shop, letter, Command::FailedDelivery(edit), &submission).await
}

/// `POST /api/admin/dead-letters/{id}/resend`. The returned letter has the result.
pub(crate) async fn resend(
    State(shop): State<Shop>,
    id: Id<path::DeadLetter>,
    submission: Submission<ActBody>,
) -> Result<Shown<DeadLetterBody>, Problem> {
    let reason = checked_reason(&submission.body)?;
    let letter = read(&shop, DeadLetterId(id.0)).await?;
    let command = FailedDelivery::resend(&letter, &reason, &shop.submitter.codec);
    act(&shop, letter.id, command, &submission).await
}

/// `POST /api/admin/dead-letters/{id}/drop`.
pub(crate) async fn drop(
    State(shop): State<Shop>,
    id: Id<path::DeadLetter>,
    submission: Submission<ActBody>,
) -> Result<Shown<DeadLetterBody>, Problem> {
    let reason = checked_reason(&submission.body)?;
    let letter = Box::new(read(&shop, DeadLetterId(id.0)).await?);
    act(&shop, letter.id, Command::FailedDelivery(FailedDelivery::Drop { letter, reason }), &submission).await
}

async fn act<T>(
    shop: &Shop,
    letter: DeadLetterId,
    command: Command,
    submission: &Submission<T>,
) -> Result<Shown<DeadLetterBody>, Problem> {
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let (now, replayed) = left_behind(reply)?;
    let letter = read(shop, letter).await?;
    let letter = if let Some(Changed::DeadLetter(then)) = now { then.restore(letter) } else { letter };
    Ok(shown(body(&letter), replayed))
}

async fn read(shop: &Shop, id: DeadLetterId) -> Result<DeadLetter, Problem> {
    shop.submitter.views.letter(id).await.map_err(unavailable)?.ok_or_else(letter_not_found)
}

fn checked_reason(body: &ActBody) -> Result<Arc<str>, Problem> {
    let mut violations = Violations::default();
    let reason = check_reason(&body.reason, &mut violations);
    violations.into_result().map(|()| reason)
}
