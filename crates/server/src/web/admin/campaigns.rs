//! Coupon campaigns: the list, and one campaign with its changes.

use axum::extract::State;
use axum::response::Response;
use domain::coupon::Campaign;
use domain::ids::CampaignId;
use maud::{Markup, html};

use super::forms::{Act, Field, Kind, act};
use super::frame::Operator;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{dashboard, pages};
use crate::http::Problem;
use crate::http::path::{self, Id};
use crate::web::coupons::Phase;
use crate::web::format::{count, time, worth};

const SHOWN: usize = 200;

/// `GET /admin/coupons`.
pub(crate) async fn list(State(shop): State<Shop>, operator: Operator) -> Result<Response, Problem> {
    let campaigns = shop.submitter.views.campaigns(None, SHOWN).await.map_err(unavailable)?;
    let content = html! {
        h1 { (operator.say(dashboard::CAMPAIGNS)) }
        (act(&operator, &new(&operator)))
        @if campaigns.is_empty() { div.empty { p { (operator.say(pages::NO_CAMPAIGNS)) } } } @else {
            div.card.scroll.live data-live="2000" #campaigns { table {
                thead { tr {
                    th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::NAME)) } th { (operator.say(dashboard::STATUS)) } th { (operator.say(dashboard::VALUE)) }
                    th.end { (operator.say(dashboard::ISSUED)) } th.end { (operator.say(dashboard::LEFT)) } th.end { (operator.say(dashboard::ENDS)) }
                } }
                tbody { @for campaign in &campaigns {
                    tr {
                        td.num.faint { (campaign.id.0) }
                        td { a href=(format!("/admin/coupons/{}", campaign.id.0)) { (campaign.name) } }
                        td { (phase(&operator, campaign)) }
                        td.num { (worth(campaign.discount, operator.0.language)) }
                        td.num.end { (count(campaign.issued)) }
                        td.num.end { (count(campaign.remaining())) }
                        td.soft.end { (time(campaign.issue_ends_at)) }
                    }
                } }
            } }
        }
    };
    Ok(operator.page(operator.say(dashboard::CAMPAIGNS), content))
}

fn new<'a>(operator: &'a Operator) -> Act<'a> {
    let kinds = vec![("FIXED", operator.say(dashboard::FIXED)), ("PERCENT", operator.say(dashboard::PERCENT))];
    Act {
        label: dashboard::NEW_CAMPAIGN,
        says: dashboard::NEW_CAMPAIGN_SAYS,
        method: "POST",
        path: "/api/admin/coupons",
        fields: vec![
            Field::new("name", dashboard::NAME, Kind::Text),
            Field::new("discount.type", dashboard::KIND, Kind::Choice(kinds)),
            Field::new("discount.value", dashboard::VALUE, Kind::Number(None)),
            Field::new("totalQuantity", dashboard::QUANTITY, Kind::Number(None)),
            Field::new("issueStartsAt", dashboard::STARTS, Kind::Moment),
            Field::new("issueEndsAt", dashboard::ENDS, Kind::Moment),
            Field::new("validUntil", dashboard::VALID_UNTIL, Kind::Moment),
        ],
        is_grave: false,
    }
}

fn phase(operator: &Operator, campaign: &Campaign) -> Markup {
    let (class, text) = match Phase::of(campaign, operator.0.now) {
        Phase::Open => ("chip good", pages::NOW_ON),
        Phase::Upcoming => ("chip", pages::STARTS_SOON),
        Phase::Paused => ("chip warn", pages::PAUSED),
        Phase::AllTaken => ("chip bad", pages::ALL_TAKEN),
        Phase::Ended => ("chip", pages::ENDED),
    };
    html! { span class=(class) { (operator.say(text)) } }
}

/// `GET /admin/coupons/{id}`.
pub(crate) async fn page(
    State(shop): State<Shop>,
    operator: Operator,
    id: Id<path::Campaign>,
) -> Result<Response, Problem> {
    let Some(campaign) = shop.submitter.views.campaign(CampaignId(id.0)).await.map_err(unavailable)? else {
        return Ok(operator.nothing());
    };
    let content = html! {
        div.live data-live="1000" #campaign {
            h1 { (campaign.name) }
            div.row { (phase(&operator, &campaign)) span.price { (worth(campaign.discount, operator.0.language)) } }
            div.figures {
                (operator.figure(dashboard::QUANTITY, campaign.quantity))
                (operator.figure(dashboard::ISSUED, campaign.issued))
                (operator.figure(dashboard::LEFT, campaign.remaining()))
            }
            p.soft { (operator.say(dashboard::STARTS)) " " (time(campaign.issue_starts_at)) " · " (operator.say(dashboard::ENDS)) " " (time(campaign.issue_ends_at)) }
        }
        section.card { h2 { (operator.say(dashboard::ACTIONS)) } (actions(&operator, &campaign)) }
    };
    Ok(operator.page(&campaign.name, content))
}

fn actions(operator: &Operator, campaign: &Campaign) -> Markup {
    let path = format!("/api/admin/coupons/{}", campaign.id.0);
    let patch = |label, says, fields, is_grave| Act { label, says, method: "PATCH", path: &path, fields, is_grave };
    let pause = if campaign.paused {
        patch(dashboard::RESUME, dashboard::RESUME_SAYS_CAMPAIGN, vec![Field::fixed("paused", "false")], false)
    } else {
        patch(dashboard::PAUSE, dashboard::PAUSE_SAYS, vec![Field::fixed("paused", "true"), Field::reason()], true)
    };
    let quantity = Field::new("totalQuantity", dashboard::QUANTITY, Kind::Number(Some(campaign.quantity)));
    let raise = patch(dashboard::RAISE, dashboard::RAISE_SAYS, vec![quantity], false);
    html! { (act(operator, &pause)) (act(operator, &raise)) }
}
