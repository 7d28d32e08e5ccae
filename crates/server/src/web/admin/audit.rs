//! The audit: every law, checked on one snapshot when an operator asks for it.

use app::audit::{Audit, Inspection};
use app::commands::Command;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemars::JsonSchema;
use serde::Deserialize;

use super::forms::{Act, Field, act_unkeyed};
use super::frame::Operator;
use crate::api::Shop;
use crate::api::shop::audit::{PlannedRepair, inspect};
use crate::api::texts::dashboard;
use crate::http::Problem;
use crate::http::query::Query;
use crate::web::format::count;

const REPAIRS_SHOWN: usize = 100;

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RunQuery {
    /// Whether to run it: an audit of a large store takes a while.
    #[serde(default)]
    run: bool,
}

/// `GET /admin/audit`.
pub(crate) async fn page(
    State(shop): State<Shop>,
    operator: Operator,
    Query(query): Query<RunQuery>,
) -> Result<Response, Problem> {
    let report = if query.run { Some(report(&shop, &operator).await?) } else { None };
    let content = html! {
        h1 { (operator.say(dashboard::AUDIT)) }
        p.soft { (operator.say(dashboard::AUDIT_SAYS)) }
        form method="get" action="/admin/audit" { input type="hidden" name="run" value="true"; div.row { button { (operator.say(dashboard::RUN_AUDIT)) } } }
        @if let Some(report) = report { (report) }
    };
    Ok(operator.page(operator.say(dashboard::AUDIT), content))
}

async fn report(shop: &Shop, operator: &Operator) -> Result<Markup, Problem> {
    let Inspection { audit, repairs } = inspect(shop).await?;
    let violations = i64::try_from(audit.violations).unwrap_or(i64::MAX);
    Ok(html! {
        p.say.good[audit.is_clean()].bad[!audit.is_clean()] {
            @if audit.is_clean() { (operator.say(dashboard::ALL_HOLDS)) } @else { (dashboard::NOT_ALL_HOLDS.with(count(violations)).of(operator.0.language)) }
        }
        @if !audit.is_clean() || !repairs.is_empty() { (repair(operator, &repairs)) }
        (laws(operator, &audit))
    })
}

fn laws(operator: &Operator, audit: &Audit) -> Markup {
    html! {
        div.card.scroll { table {
            thead { tr { th { (operator.say(dashboard::LAW)) } th {} th.end { (operator.say(dashboard::CHECKED)) } th.end { (operator.say(dashboard::VIOLATIONS)) } } }
            tbody { @for law in &audit.laws { tr {
                td.num.faint { (law.law) }
                td { (law.name) @for example in &law.examples { br; span.code.bad { (example) } } }
                td.num.end { (law.checked) }
                td.num.end.bad[law.violations > 0] { (law.violations) }
            } } }
        } }
    }
}

/// What a repair would do, and the call that does it.
fn repair(operator: &Operator, repairs: &[Command]) -> Markup {
    let more = repairs.len().saturating_sub(REPAIRS_SHOWN);
    html! {
        section.card { h2 { (operator.say(dashboard::REPAIR)) }
            @if repairs.is_empty() { p.soft { (operator.say(dashboard::NO_REPAIR)) " " a href="/docs/audit" { (operator.say(dashboard::LAWS_SAY)) } } } @else {
                p.soft { (operator.say(dashboard::WOULD_REPAIR)) }
                div.scroll { table { thead { tr { th { (operator.say(dashboard::LAW)) } th {} } } tbody { @for one in repairs.iter().take(REPAIRS_SHOWN).map(PlannedRepair::of) {
                    tr { td.num.faint { (one.law) } td.code { (one.what) } }
                } } } }
                @if more > 0 { p.faint { (dashboard::AND_MORE.with(more).of(operator.0.language)) } }
                @if operator.is_admin() { (act_unkeyed(operator, &Act {
                    label: dashboard::REPAIR,
                    says: dashboard::REPAIR_SAYS,
                    method: "POST",
                    path: "/api/admin/audit/repair",
                    fields: vec![Field::reason()],
                    is_grave: true,
                })) }
            }
        }
    }
}
