//! Pages of campaigns: those of the shop, and for admins with filters.

use app::ports::views::WantedCampaigns;
use axum::extract::State;
use domain::ids::CampaignId;
use domain::limits::NAME_CHARS_MAX;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::Shop;
use crate::api::request::filters::search;
use crate::api::request::pages::PageQuery;
use crate::api::response::refusals::unavailable;
use crate::api::response::render::{self, Page};
use crate::http::Problem;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::query::Query;

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct CampaignsQuery {
    /// Only campaigns with this text in the name, in any case.
    #[serde(default)]
    #[schemars(length(min = 1, max = NAME_CHARS_MAX))]
    q: Option<String>,
    /// Only paused campaigns, or only those that are not.
    #[serde(default)]
    paused: Option<bool>,
}

/// `GET /api/coupons`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<render::CampaignBody>>, Problem> {
    let page = query.page(&shop, List { name: "coupons", owner: None, filter: "" })?;
    let after = page.after.map(CampaignId);
    let campaigns = shop.submitter.views.campaigns(after, page.fetch()).await.map_err(unavailable)?;
    Ok(Json(page.of(campaigns, |campaign| campaign.id.0, render::campaign)))
}

/// `GET /api/admin/coupons`.
pub(crate) async fn list_found(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
    Query(wanted): Query<CampaignsQuery>,
) -> Result<Json<Page<render::CampaignBody>>, Problem> {
    let wanted = WantedCampaigns { text: search("q", wanted.q, NAME_CHARS_MAX)?, paused: wanted.paused };
    let filter = format!("{wanted:?}");
    let page = query.page(&shop, List { name: "admin/coupons", owner: None, filter: &filter })?;
    let after = page.after.map(CampaignId);
    let campaigns = shop.submitter.views.find_campaigns(wanted, after, page.fetch()).await.map_err(unavailable)?;
    Ok(Json(page.of(campaigns, |campaign| campaign.id.0, render::campaign)))
}
