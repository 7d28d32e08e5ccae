//! Endpoints of the processing mode: the current one, its changes, and what the sources recommend (O-24).

use app::commands::answer::changed::Changed;
use app::commands::{ChangeModes, Command, Tag};
use app::events::wire_time;
use app::state::rows::ModesChange;
use axum::extract::State;
use domain::order::{Choice, Modes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shop;
use super::request::if_match::IfMatch;
use super::request::pages::PageQuery;
use super::request::submission::Submission;
use super::response::render::Page;
use super::response::{examples, shapes};
use crate::api::request::checks::check_reason;
use crate::api::response::refusals::unavailable;
use crate::api::response::replies::{Shown, left_behind, shown};
use crate::api::texts::values;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::http::{Problem, Violations};
use crate::openapi::words;

const PERCENT_MAX: i64 = 100;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeModes", example = examples::change_modes())]
pub(crate) struct ChangeBody {
    #[schemars(with = "words::ChoiceWord")]
    mode: Choice,
    /// The percentage of users whose orders the gradual mode processes in parallel. Default: unchanged.
    #[serde(default)]
    #[schemars(range(min = 0, max = PERCENT_MAX))]
    percent: Option<i64>,
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: String,
}

/// The current setting.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Modes", example = examples::modes())]
pub(crate) struct ModesBody {
    #[schemars(with = "words::ChoiceWord")]
    mode: &'static str,
    /// The percentage of users whose orders the gradual mode processes in parallel.
    percent: u8,
    /// The last change. Absent while the configured setting is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<ChangedBody>,
    recommendation: [Advice; 3],
}

/// A change of the setting.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ModesChange", example = examples::modes_change())]
pub(crate) struct ChangedBody {
    /// The number of the change, from 1.
    version: i64,
    from: ChoiceBody,
    to: ChoiceBody,
    /// The admin's user id. Absent if the canary rule made the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by: Option<i64>,
    reason: String,
    #[schemars(with = "words::Moment")]
    changed_at: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ModesValue")]
struct ChoiceBody {
    #[schemars(with = "words::ChoiceWord")]
    mode: &'static str,
    percent: u8,
}

/// When a mode is recommended.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ModeAdvice")]
struct Advice {
    #[schemars(with = "words::ModeWord")]
    mode: &'static str,
    when: &'static [&'static str],
}

const ADVICE: [Advice; 3] = [
    Advice {
        mode: "parallel",
        when: &[
            "answers are needed within 500 ms",
            "more than 1,000 orders come in a second",
            "more than 10,000 customers are there at once",
        ],
    },
    Advice {
        mode: "sequential",
        when: &[
            "99.99 % of orders must be consistent at every moment",
            "a payment is part of the steps",
            "every step must be followed one by one, as for an audit",
        ],
    },
    Advice {
        mode: "atomic",
        when: &["stock, coupons and points are all this shop's own: nothing is ever compensated"],
    },
];

/// `GET /api/admin/modes`.
pub(crate) async fn get(State(shop): State<Shop>) -> Result<Shown<ModesBody>, Problem> {
    read(&shop, false).await
}

async fn read(shop: &Shop, replayed: bool) -> Result<Shown<ModesBody>, Problem> {
    let newest = shop.submitter.views.mode_changes(None, 1).await.map_err(unavailable)?;
    let body = in_force(newest.first().map_or(shop.modes, |change| change.modes), newest.first());
    Ok(shown(body, replayed).tagged(Tag::of_modes(newest.first())))
}

fn in_force(modes: Modes, change: Option<&ModesChange>) -> ModesBody {
    let ChoiceBody { mode, percent } = choice(modes);
    ModesBody { mode, percent, changed: change.map(changed), recommendation: ADVICE }
}

/// `PUT /api/admin/modes`. Applies to every order that is decided after the answer; on other processes, within one second.
pub(crate) async fn put(
    State(shop): State<Shop>,
    seen: IfMatch,
    submission: Submission<ChangeBody>,
) -> Result<Shown<ModesBody>, Problem> {
    let ChangeBody { mode, percent, reason } = &submission.body;
    let mut violations = Violations::default();
    let reason = check_reason(reason, &mut violations);
    if percent.is_some_and(|percent| !(0..=PERCENT_MAX).contains(&percent)) {
        violations.push("#/percent", "out_of_range", values::FROM_TO.with(0).with(PERCENT_MAX));
    }
    violations.into_result()?;
    let percent = percent.and_then(|percent| u8::try_from(percent).ok());
    let wanted = ChangeModes { choice: *mode, percent, by: Some(submission.user()), reason };
    let command = seen.guard(Command::ChangeModes(Box::new(wanted)));
    match left_behind(shop.submitter.submit(command, submission.idempotency).await)? {
        (Some(Changed::Modes(change)), replayed) => {
            Ok(shown(in_force(change.modes, Some(&change)), replayed).tagged(Tag::of_modes(Some(&change))))
        }
        (_, replayed) => read(&shop, replayed).await,
    }
}

/// `GET /api/admin/modes/changes`: who changed it, when, from what to what, and why; newest first.
pub(crate) async fn changes(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ChangedBody>>, Problem> {
    let page = query.page(&shop, List { name: "admin/modes/changes", owner: None, filter: "" })?;
    let changes = shop.submitter.views.mode_changes(page.after, page.fetch()).await.map_err(unavailable)?;
    Ok(Json(page.of(changes, |change| change.version, changed)))
}

fn changed(change: &ModesChange) -> ChangedBody {
    ChangedBody {
        version: change.version,
        from: choice(change.before),
        to: choice(change.modes),
        changed_by: change.by.map(|admin| admin.0),
        reason: change.reason.to_string(),
        changed_at: wire_time::format(change.at),
    }
}

const fn choice(modes: Modes) -> ChoiceBody {
    ChoiceBody { mode: modes.choice.name(), percent: modes.percent }
}
