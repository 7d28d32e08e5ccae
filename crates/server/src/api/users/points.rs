//! Points endpoints: charge, balance, history.

use app::commands::Command;
use app::commands::answer::Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::ids::{EntryId, UserId};
use domain::limits::{CHARGE_MAX, NUMBER_MAX};
use domain::money::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::acts;
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::Submission;
use crate::api::response::examples;
use crate::api::response::refusals::problem;
use crate::api::response::refusals::unavailable;
use crate::api::response::render::{self, Page};
use crate::api::response::replies::mark_replayed;
use crate::api::texts::{details, values};
use crate::api::users::staff::role_in_force;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::http::{Code, Problem};
use crate::runtime::submitter::deeds;
use crate::security::auth::{Customer, Role};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ChargePoints", example = examples::charge_points())]
pub(crate) struct ChargeBody {
    /// Points to add; one point is worth one of the currency's smallest unit.
    #[schemars(range(min = 1, max = CHARGE_MAX.amount()))]
    amount: i64,
    /// The user whose points are charged; for admins only. Default: the token's user.
    #[serde(default)]
    #[schemars(range(min = 1))]
    user_id: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Balance", example = examples::balance())]
pub(crate) struct BalanceBody {
    /// In points.
    balance: i64,
}

/// `POST /api/points/charge`.
pub(crate) async fn charge(State(shop): State<Shop>, submission: Submission<ChargeBody>) -> Result<Response, Problem> {
    let is_admin = role_in_force(&shop, submission.principal).await? == Role::Admin;
    if !is_admin {
        submission.check_user(submission.body.user_id)?;
    }
    if !is_admin && !shop.customers_may_charge {
        return Err(Problem::new(Code::PointsChargeForbidden, details::POINTS_CHARGE_FORBIDDEN));
    }
    let amount = Money::won(submission.body.amount);
    if amount <= Money::ZERO || amount > CHARGE_MAX {
        let detail = values::FROM_TO.with(1).with(CHARGE_MAX.amount());
        return Err(Problem::invalid("#/amount", "out_of_range", detail));
    }
    let user = submission.body.user_id.map_or(submission.user(), UserId);
    if !(1..=NUMBER_MAX).contains(&user.0) {
        return Err(Problem::invalid("#/userId", "out_of_range", values::FROM_TO.with(1).with(NUMBER_MAX)));
    }
    let charging = shop.submitter.submit(Command::ChargePoints { user, amount }, submission.idempotency);
    let reply = if user == submission.user() {
        charging.await
    } else {
        let gift = acts::gift(submission.principal, user, amount.amount());
        deeds::during(gift, charging).await.0
    };
    let Answer::PointsCharged { balance } = reply.result.map_err(|refusal| problem(&refusal))? else {
        unreachable!("charging points is answered with the balance");
    };
    let mut response = Json(BalanceBody { balance: balance.amount() }).into_response();
    mark_replayed(&mut response, reply.replayed);
    Ok(response)
}

/// `GET /api/points`.
pub(crate) async fn balance(
    State(shop): State<Shop>,
    Customer(principal): Customer,
) -> Result<Json<BalanceBody>, Problem> {
    let balance = shop.submitter.views.balance(UserId(principal.user_id)).await.map_err(unavailable)?;
    Ok(Json(BalanceBody { balance: balance.amount() }))
}

/// `GET /api/points/history`, newest first.
pub(crate) async fn history(
    State(shop): State<Shop>,
    Customer(principal): Customer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<render::EntryBody>>, Problem> {
    let list = List { name: "points/history", owner: Some(principal.user_id), filter: "" };
    let page = query.page(&shop, list)?;
    let (user, before) = (UserId(principal.user_id), page.after.map(EntryId));
    let entries = shop.submitter.views.entries_of(user, before, page.fetch()).await.map_err(unavailable)?;
    Ok(Json(page.of(entries, |entry| entry.id.0, |entry| render::entry(entry, &shop.submitter.codec))))
}
