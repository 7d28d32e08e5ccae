//! A consumer group: its offset in each partition, and a reset, whose effect is shown before it can be confirmed.

use app::events::outbox::uuid;
use app::events::topic::Topic;
use app::log::groups::{Passed, Planned, Standing, standings};
use app::log::reactions::Group;
use app::state::rows::Partition;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use crate::api::Shop;
use crate::api::messaging::groups::{ResetBody, plan};
use crate::api::response::refusals::unavailable;
use crate::api::texts::{Text, dashboard, operators};
use crate::http::Problem;
use crate::http::language::Language;
use crate::http::path::{ConsumerGroup, Name};
use crate::web::admin::forms::{Act, Field, act_leading};
use crate::web::admin::frame::Operator;
use crate::web::admin::systems::filters::Filters;
use crate::web::format::{count, time};

/// What a reset goes to. Exactly one of them is named.
const TARGETS: [&str; 3] = ["toTime", "toOffset", "toCommitted"];
/// The members of a reset that the form names.
const NAMED: [&str; 5] = ["toTime", "toOffset", "toCommitted", "topic", "partition"];

/// The effect of a reset, if one is asked for.
enum Rehearsed {
    Nothing,
    Refused(String),
    Planned(Vec<Planned>, ResetBody),
}

/// `GET /admin/messages/groups/{group}`: with a target in the query, what a reset to it would do.
pub(crate) async fn page(
    State(shop): State<Shop>,
    operator: Operator,
    name: Name<ConsumerGroup>,
    filters: Filters,
) -> Result<Response, Problem> {
    let Some(group) = shop.log.groups().find(|group| group.name() == name.0) else {
        return Ok(operator.nothing());
    };
    let standings = standings(group, shop.submitter.views.as_ref(), shop.log.book.as_ref());
    let standings = standings.await.map_err(unavailable)?;
    let rehearsed = if operator.is_admin() {
        rehearse(&shop, group, &filters, operator.0.language).await?
    } else {
        Rehearsed::Nothing
    };
    // A dry run reads the log: its page stays as it is, and has the effect in front.
    let is_live = matches!(rehearsed, Rehearsed::Nothing);
    let content = html! {
        p.label { (operator.say(dashboard::GROUPS)) }
        h1.code { (group.name()) }
        @if is_live { div.live #standings data-live="2000" { (offsets(&operator, &standings)) } }
        @if group.is_trailing() {
            p.soft { (operator.say(operators::GROUP_TRAILING)) }
        } @else if operator.is_admin() {
            section { h2 { (operator.say(dashboard::RESET_GROUP)) } p.soft { (operator.say(dashboard::RESET_LOOK_SAYS)) } (form(&operator, group, &standings, &filters)) }
            (effect(&operator, group, &rehearsed))
        }
        @if !is_live { (offsets(&operator, &standings)) }
    };
    Ok(operator.page(group.name(), content))
}

/// A name for people: the store's own log has no topics.
fn place(partition: Partition) -> String {
    let topic = partition.topic.map_or_else(String::new, |topic| format!("{} ", topic.name()));
    format!("{topic}{}", partition.number)
}

fn offsets(operator: &Operator, standings: &[Standing]) -> Markup {
    let lost = standings.iter().map(Standing::lost).sum();
    let has_committed = standings.iter().any(|standing| standing.extent.committed.is_some());
    html! {
        div.figures {
            (operator.figure(dashboard::LAG, standings.iter().map(Standing::lag).sum()))
            @if lost > 0 { (operator.figure(dashboard::LOST, lost)) }
        }
        div.card.scroll { table {
            thead { tr {
                th { (operator.say(dashboard::PARTITION)) } th.end { (operator.say(dashboard::OFFSET)) }
                th.end { (operator.say(dashboard::OFFSET_BEGIN)) } th.end { (operator.say(dashboard::OFFSET_END)) }
                @if has_committed { th.end { (operator.say(dashboard::COMMITTED)) } }
                th.end { (operator.say(dashboard::LAG)) }
            } }
            tbody { @for standing in standings { tr {
                td.code { (place(standing.key.partition)) }
                td.num.end { (count(standing.offset)) }
                td.num.end { (count(standing.extent.begin)) }
                td.num.end { (count(standing.extent.end)) }
                @if has_committed { td.num.end { @if let Some(committed) = standing.extent.committed { (count(committed)) } } }
                td.num.end.bad[standing.lost() > 0] { (count(standing.lag())) }
            } } }
        } }
    }
}

fn form(operator: &Operator, group: Group, standings: &[Standing], filters: &Filters) -> Markup {
    let has_topics = standings.iter().any(|standing| standing.key.partition.topic.is_some());
    let has_committed = standings.iter().any(|standing| standing.extent.committed.is_some());
    let number = |name: &str, label| {
        html! { label { (operator.say(label)) input type="number" name=(name) min="0" value=[filters.get(name)]; } }
    };
    html! {
        form.card.search method="get" action=(path(group)) {
            (filters.field("toTime", operator.say(dashboard::TO_TIME), "datetime-local"))
            (number("toOffset", dashboard::TO_OFFSET))
            @if has_committed {
                label { (operator.say(dashboard::TO_COMMITTED))
                    select name="toCommitted" {
                        option value="" { "—" }
                        option value="true" selected[filters.get("toCommitted").is_some()] { (operator.say(dashboard::COMMITTED)) }
                    }
                }
            }
            @if has_topics { (filters.choice("topic", operator.say(dashboard::TOPIC), group.topics().into_iter().map(Topic::name))) }
            (number("partition", dashboard::PARTITION))
            div.row { button.small { (operator.say(dashboard::SHOW_RESET)) } }
        }
    }
}

fn path(group: Group) -> String {
    format!("/admin/messages/groups/{}", group.name())
}

/// Asks what a reset would do, as its dry run does. A failure of the shop stays one.
async fn rehearse(shop: &Shop, group: Group, filters: &Filters, language: Language) -> Result<Rehearsed, Problem> {
    let refused = |text: Text| Ok(Rehearsed::Refused(text.of(language).to_owned()));
    match TARGETS.iter().filter(|target| filters.get(target).is_some()).count() {
        0 => return Ok(Rehearsed::Nothing),
        1 => {}
        _ => return refused(dashboard::ONE_TARGET),
    }
    let Some(body) = filters.read::<ResetBody>() else { return refused(dashboard::FILTER_UNKNOWN) };
    match plan(shop, group, &body).await {
        Ok((planned, _)) => Ok(Rehearsed::Planned(planned, body)),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => Ok(Rehearsed::Refused(why(&problem, language))),
    }
}

/// The first value that is refused says more than the whole: its member of the body is a field of the form.
fn why(problem: &Problem, language: Language) -> String {
    let first = problem.violations().first().map(|violation| violation.detail.of(language));
    first.unwrap_or_else(|| problem.detail(language)).into_owned()
}

fn effect(operator: &Operator, group: Group, rehearsed: &Rehearsed) -> Markup {
    match rehearsed {
        Rehearsed::Nothing => html! {},
        Rehearsed::Refused(why) => html! { p.say.bad role="alert" { (why) } },
        Rehearsed::Planned(planned, _) if planned.is_empty() => {
            html! { p.say.good role="status" { (operator.say(dashboard::ALREADY_THERE)) } }
        }
        Rehearsed::Planned(planned, body) => html! {
            section { h2 { (operator.say(dashboard::WOULD_DO)) } (moves(operator, planned)) }
            section.card { h2 { (operator.say(dashboard::ACTIONS)) } (confirm(operator, group, body)) }
            @for one in planned.iter().filter(|one| !one.passage.shown.is_empty()) {
                section.card.scroll {
                    h2 { (operator.say(dashboard::FIRST_EVENTS)) ": " (operator.say(dashboard::PARTITION)) " " (place(one.moved.key.partition)) }
                    (passed(operator, &one.passage.shown))
                }
            }
        },
    }
}

fn moves(operator: &Operator, planned: &[Planned]) -> Markup {
    html! {
        div.card.scroll { table {
            thead { tr {
                th { (operator.say(dashboard::PARTITION)) } th { (operator.say(dashboard::MEANS)) } th.end { (operator.say(dashboard::EVENTS)) }
                th.end { (operator.say(dashboard::OFFSET)) } th.end { (operator.say(dashboard::NEW_OFFSET)) }
            } }
            tbody { @for one in planned { tr {
                td.code { (place(one.moved.key.partition)) }
                td { (means(operator, one)) }
                td.num.end { (events(operator, one)) }
                td.num.end { (count(one.moved.from)) }
                td.num.end { (count(one.moved.to)) }
            } } }
        } }
    }
}

fn means(operator: &Operator, one: &Planned) -> Markup {
    let is_without_effect = one.passage.events == 0 && one.passage.is_whole;
    html! {
        @if is_without_effect { "—" }
        @else if one.moved.to > one.moved.from { span.chip.bad { (operator.say(dashboard::SKIPS)) } }
        @else { span.chip.warn { (operator.say(dashboard::REPEATS)) } }
    }
}

fn events(operator: &Operator, one: &Planned) -> String {
    let events = count(i64::try_from(one.passage.events).unwrap_or(i64::MAX));
    if one.passage.is_whole { events } else { dashboard::AT_LEAST.with(events).of(operator.0.language).into_owned() }
}

fn passed(operator: &Operator, shown: &[Passed]) -> Markup {
    html! {
        table {
            thead { tr {
                th { (operator.say(dashboard::OFFSET)) } th { (operator.say(dashboard::AT)) } th { (operator.say(dashboard::TYPE)) }
                th { (operator.say(dashboard::KEY)) } th { (operator.say(dashboard::FIND_ORDER)) }
            } }
            tbody { @for passed in shown { tr {
                td.num { (count(passed.offset)) }
                td.soft { (time(passed.at)) }
                td { (passed.kind.name()) br; span.faint.code { (uuid(passed.id.0)) } }
                td.code { (passed.key) }
                td { @if let Some(order) = &passed.order { a.code href=(format!("/admin/orders/{order}")) { (order) } } }
            } } }
        }
    }
}

/// The call that does what was shown, to the same target.
fn confirm(operator: &Operator, group: Group, body: &ResetBody) -> Markup {
    let body = serde_json::to_value(body).unwrap_or_default();
    let target = NAMED.map(|name| (name, &body[name])).into_iter().filter(|(_, value)| !value.is_null());
    let target: Vec<(&'static str, String)> =
        target.map(|(name, value): (_, &Value)| (name, value.to_string())).collect();
    let mut fields: Vec<Field<'_>> = target.iter().map(|(name, json)| Field::fixed(name, json)).collect();
    fields.extend([Field::fixed("dryRun", "false"), Field::reason()]);
    let reset = Act {
        label: dashboard::RESET_GROUP,
        says: dashboard::RESET_SAYS,
        method: "POST",
        path: &format!("/api/admin/groups/{}/reset", group.name()),
        fields,
        is_grave: true,
    };
    act_leading(operator, &reset, &path(group))
}
