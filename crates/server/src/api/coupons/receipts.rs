//! The chain of a campaign: receipts of its coupons, and its proof.

use std::convert::Infallible;
use std::sync::Arc;

use app::events::wire_time;
use app::ports::StoreError;
use app::ports::views::{UserCoupon, Views};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use domain::coupon::chain::{ISSUED, Link};
use domain::ids::CampaignId;
use futures_util::stream;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::find;
use crate::api::Shop;
use crate::api::orders::owner::Whose;
use crate::api::products::proof::streamed;
use crate::api::response::drop_examples as examples;
use crate::api::response::refusals::unavailable;
use crate::api::texts::details;
use crate::http::json::Json;
use crate::http::path::{self, Id, IssuedCoupon};
use crate::http::{Code, Problem};
use crate::live::coupon_chains::Reader;

/// The link of a coupon in the chain of its campaign.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CouponReceipt", example = examples::coupon_receipt())]
pub(crate) struct ReceiptBody {
    coupon_id: i64,
    user_coupon_id: String,
    /// The issue number.
    number: i64,
    hash: String,
    previous_hash: String,
    /// The hash of the newest link. Keep it: later proofs contain it.
    head: String,
}

/// `GET /api/coupons/{id}/receipts/{userCouponId}`, and for admins `GET /api/admin/coupons/{id}/receipts/{userCouponId}`.
pub(crate) async fn receipt(
    State(shop): State<Shop>,
    whose: Whose,
    issued: IssuedCoupon,
) -> Result<Json<ReceiptBody>, Problem> {
    let views = shop.submitter.views.as_ref();
    let campaign = find(&shop, CampaignId(issued.campaign)).await?;
    let none = || Problem::new(Code::CouponNotFound, details::NO_SUCH_ID.with(&issued.code));
    let id = shop.submitter.codec.coupon_id(&issued.code).ok_or_else(none)?;
    let held = views.coupon(id).await.map_err(unavailable)?;
    let is_visible = |held: &UserCoupon| held.campaign == campaign.id && whose.includes(held.user);
    let number = held.filter(is_visible).ok_or_else(none)?.coupon.issue_number;

    let reader = shop.coupon_chains.of(&shop.submitter.codec, campaign.id);
    // The coupon may be newer than the campaign that was read.
    let (_, head) = reader.advance(views, campaign.issued.max(number), number).await.map_err(unavailable)?;
    let late =
        || unavailable(StoreError::Failed(format!("issue {number} of campaign {} is not read yet", campaign.id)));
    let segment = reader.segment(number).await.ok_or_else(late)?;
    let links = reader.links_of(views, &segment).await.map_err(unavailable)?;
    let link = links.into_iter().find(|link| link.number == number).ok_or_else(none)?;
    let Link { number, hash, previous, .. } = link;
    Ok(Json(ReceiptBody {
        coupon_id: campaign.id.0,
        user_coupon_id: issued.code,
        number,
        hash,
        previous_hash: previous,
        head,
    }))
}

/// `GET /api/coupons/{id}/proof`: a line about the campaign, then one for each issue.
pub(crate) async fn proof(State(shop): State<Shop>, id: Id<path::Campaign>) -> Result<Response, Problem> {
    let campaign = find(&shop, CampaignId(id.0)).await?;
    let reader = shop.coupon_chains.of(&shop.submitter.codec, campaign.id);
    let views = Arc::clone(&shop.submitter.views);
    // A proof has every receipt that was given out before, also by another process.
    let advanced = reader.advance(views.as_ref(), campaign.issued, campaign.issued).await;
    let (entries, head) = advanced.map_err(unavailable)?;
    let header = json!({
        "couponId": campaign.id.0,
        "name": *campaign.name,
        "startsAt": wire_time::format(campaign.issue_starts_at),
        "endsAt": wire_time::format(campaign.issue_ends_at),
        "entries": entries,
        "head": head,
    });
    let pages = Pages { views, reader, last: entries, after: 0 };
    Ok(streamed(format!("{header}\n"), stream::unfold(pages, Pages::next)))
}

/// The links that are not sent yet, up to the last one of the header.
struct Pages {
    views: Arc<dyn Views>,
    reader: Reader,
    last: i64,
    after: i64,
}

impl Pages {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Pages)> {
        if self.after >= self.last {
            return None;
        }
        let segment = self.reader.segment(self.after + 1).await?;
        let links = match self.reader.links_of(self.views.as_ref(), &segment).await {
            Ok(links) => links,
            Err(error) => {
                // The answer is cut off, which its checker finds.
                tracing::error!("The proof of a campaign ends because the store could not be read: {error}");
                return None;
            }
        };
        let page: String = links.iter().filter(|link| link.number <= self.last).map(line).collect();
        self.after = segment.last;
        Some((Ok(Bytes::from(page)), self))
    }
}

fn line(link: &Link) -> String {
    let Link { number, at, customer, previous, hash } = link;
    let line = json!({
        "number": number, "at": wire_time::format(*at), "customer": customer, "kind": ISSUED, "subject": number, "hash": hash,
        "previousHash": previous,
    });
    format!("{line}\n")
}
