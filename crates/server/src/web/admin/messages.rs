//! Consumer groups with their lag, and the events that they could not handle.

use app::log::groups::{Standing, standings};
use app::log::reactions::Group;
use app::ports::StoreError;
use app::state::rows::DeadLetter;
use app::state::settings::Executor;
use axum::extract::State;
use axum::response::Response;
use domain::ids::DeadLetterId;
use maud::{Markup, html};

use super::forms::{Act, Field, Kind, act};
use super::frame::Operator;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::dashboard;
use crate::http::Problem;
use crate::http::path::{self, Id};
use crate::web::format::{count, time};

pub(crate) mod groups;
pub(crate) mod topics;

const LETTERS_SHOWN: usize = 100;

/// `GET /admin/messages`.
pub(crate) async fn list(State(shop): State<Shop>, operator: Operator) -> Result<Response, Problem> {
    let letters = shop.submitter.views.letters(true, None, LETTERS_SHOWN).await.map_err(unavailable)?;
    let lags = lags(&shop).await;
    let is_inline = shop.log.carrier.executor() == Executor::Inline;
    let content = html! {
        h1 { (operator.say(dashboard::MESSAGES)) }
        section { h2 { (operator.say(dashboard::OPEN_LETTERS)) }
            @if letters.is_empty() { p.good { (operator.say(dashboard::NO_LETTERS)) } } @else {
                div.card.scroll { table {
                    thead { tr {
                        th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::GROUP)) } th { (operator.say(dashboard::TYPE)) }
                        th { (operator.say(dashboard::KEY)) } th { (operator.say(dashboard::ERROR)) } th.end { (operator.say(dashboard::ATTEMPTS)) }
                    } }
                    tbody { @for letter in &letters { tr {
                        td.num { a href=(format!("/admin/messages/{}", letter.id.0)) { (letter.id.0) } }
                        td.code { (letter.group.name()) }
                        td { (letter.message.kind) }
                        td.code { (letter.message.key) }
                        td.bad { (letter.trouble.error) }
                        td.num.end { (count(letter.trouble.attempts)) }
                    } } }
                } }
            }
        }
        section {
            div.spread { h2 { (operator.say(dashboard::GROUPS)) } a href="/admin/messages/topics" { (operator.say(dashboard::TOPICS)) } }
            @if is_inline { p.soft { (operator.say(dashboard::GROUPS_INLINE)) } }
            div.card.scroll.live data-live="2000" #groups { (of_groups(&operator, lags.as_deref())) }
        }
    };
    Ok(operator.page(operator.say(dashboard::MESSAGES), content))
}

/// Shows the lag of each group. While the brokers are away, the letters are needed all the same.
fn of_groups(operator: &Operator, lags: Result<&[(Group, i64)], &StoreError>) -> Markup {
    html! {
        @match lags {
            Err(_) => p.bad { (operator.say(dashboard::OFFSETS_AWAY)) },
            Ok(lags) => table {
                thead { tr { th { (operator.say(dashboard::GROUP)) } th.end { (operator.say(dashboard::LAG)) } } }
                tbody { @for (group, lag) in lags { tr {
                    td { a.code href=(format!("/admin/messages/groups/{}", group.name())) { (group.name()) } }
                    td.num.end { (count(*lag)) }
                } } }
            }
        }
    }
}

/// Returns the lag of each group that has offsets.
async fn lags(shop: &Shop) -> Result<Vec<(Group, i64)>, StoreError> {
    let mut lags = vec![];
    for group in shop.log.groups() {
        let standings = standings(group, shop.submitter.views.as_ref(), shop.log.book.as_ref()).await?;
        lags.push((group, standings.iter().map(Standing::lag).sum()));
    }
    Ok(lags)
}

/// `GET /admin/messages/{id}`.
pub(crate) async fn page(
    State(shop): State<Shop>,
    operator: Operator,
    id: Id<path::DeadLetter>,
) -> Result<Response, Problem> {
    let Some(letter) = shop.submitter.views.letter(DeadLetterId(id.0)).await.map_err(unavailable)? else {
        return Ok(operator.nothing());
    };
    let content = html! {
        p.label { (letter.group.name()) " · " (letter.message.topic.name()) }
        div.spread { h1 { (letter.message.kind) } span.chip.bad[letter.status.is_open()] { (letter.status.name()) } }
        p.say.bad { (letter.trouble.error) }
        p.soft { (operator.say(dashboard::SINCE)) " " (time(letter.trouble.first_failed)) " · " (operator.say(dashboard::ATTEMPTS)) " " (count(letter.trouble.attempts)) }
        section.card { h2 { (operator.say(dashboard::PAYLOAD)) } pre.code { (pretty(&letter.message.payload)) } }
        @if letter.status.is_open() {
            section.card { h2 { (operator.say(dashboard::ACTIONS)) } (actions(&operator, &letter)) }
        }
    };
    Ok(operator.page(&letter.message.kind, content))
}

/// Indents JSON; other text stays as it is.
pub(crate) fn pretty(payload: &str) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_str(payload).ok();
    parsed.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| payload.to_owned())
}

fn actions(operator: &Operator, letter: &DeadLetter) -> Markup {
    let path = format!("/api/admin/dead-letters/{}", letter.id.0);
    let [resend, drop] = ["resend", "drop"].map(|verb| format!("{path}/{verb}"));
    let payload = Field::new("payload", dashboard::PAYLOAD, Kind::Long(&letter.message.payload));
    let edit = Act {
        label: dashboard::EDIT,
        says: dashboard::EDIT_SAYS,
        method: "PATCH",
        path: &path,
        fields: vec![payload, Field::reason()],
        is_grave: false,
    };
    let is_editable = letter.group.takes_edits() && !letter.is_hopeless();
    let acts = [
        Act {
            label: dashboard::RESEND,
            says: dashboard::RESEND_SAYS,
            method: "POST",
            path: &resend,
            fields: vec![Field::reason()],
            is_grave: false,
        },
        Act {
            label: dashboard::DROP,
            says: dashboard::DROP_SAYS,
            method: "POST",
            path: &drop,
            fields: vec![Field::reason()],
            is_grave: true,
        },
    ];
    html! {
        @if is_editable { (act(operator, &edit)) }
        @for one in &acts { (act(operator, one)) }
    }
}
