//! The proof of a drop, and the receipts of its orders.

use std::convert::Infallible;
use std::sync::Arc;

use app::events::wire_time;
use app::ports::views::Views;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::drops::{self, Link, commitment, hex};
use domain::ids::DropId;
use futures_util::{Stream, StreamExt as _, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::api::Shop;
use crate::api::orders::owner::Whose;
use crate::api::response::drop_examples as examples;
use crate::api::response::refusals::{drop_not_found, receipt_not_found, unavailable};
use crate::api::texts::details;
use crate::http::json::Json;
use crate::http::path::{self, Id, Name};
use crate::http::query::Query;
use crate::http::{Code, Problem};
use crate::live::drop_heads::Head;
use crate::openapi::words;

pub(in crate::api) const NDJSON: &str = "application/x-ndjson";
/// Links read at once.
const PAGE: usize = 500;

/// The link of an order in the chain of its drop.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DropReceipt", example = examples::receipt())]
pub(crate) struct ReceiptBody {
    drop_id: i64,
    number: i64,
    hash: String,
    previous_hash: String,
    /// The hash of the newest link. Keep it: later proofs contain it.
    head: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReceiptQuery {
    /// The drop whose receipt is wanted, for an order of several drops. Default: the first one.
    #[schemars(range(min = 1))]
    drop_id: Option<i64>,
}

/// `GET /api/orders/{n}/receipt`.
pub(crate) async fn receipt(
    State(shop): State<Shop>,
    whose: Whose,
    Name(number, _): Name<path::Order>,
    Query(query): Query<ReceiptQuery>,
) -> Result<Json<ReceiptBody>, Problem> {
    let order = whose.order(&shop, &number).await?;
    let views = &shop.submitter.views;
    let links = views.links_of(order.id()).await.map_err(unavailable)?;
    let is_wanted = |link: &&Link| query.drop_id.is_none_or(|drop| link.drop == DropId(drop));
    let link = links.iter().find(is_wanted).cloned().ok_or_else(|| no_receipt(query.drop_id, &links))?;
    let drop = views.drop_by_id(link.drop).await.map_err(unavailable)?.ok_or_else(receipt_not_found)?;
    let Link { number, hash, previous, .. } = link;
    Ok(Json(ReceiptBody { drop_id: drop.id.0, number, hash, previous_hash: previous, head: drop.chain.head }))
}

/// Names the drops that the order has instead of the wanted one.
fn no_receipt(wanted: Option<i64>, links: &[Link]) -> Problem {
    let drops: Vec<String> = links.iter().map(|link| link.drop.to_string()).collect();
    match wanted {
        Some(wanted) if !drops.is_empty() => {
            let detail = details::RECEIPT_OF_OTHER_DROP.with(wanted).with(drops.join(", "));
            Problem::new(Code::ReceiptNotFound, detail)
        }
        Some(_) | None => receipt_not_found(),
    }
}

/// The ends of the chains of all drops at one moment, under one hash.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DropRoot", example = examples::root())]
pub(crate) struct RootBody {
    #[schemars(with = "words::Moment")]
    at: String,
    /// SHA-256 of a line `dropId entries head` for each drop, in the order of `drops`.
    root: String,
    /// The drops whose chains have entries, oldest first.
    drops: Vec<HeadBody>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct HeadBody {
    drop_id: i64,
    entries: i64,
    /// The hash of the newest link.
    head: String,
}

impl From<Head> for HeadBody {
    fn from(Head { drop, entries, head }: Head) -> HeadBody {
        HeadBody { drop_id: drop.0, entries, head }
    }
}

/// `GET /api/drops/root`.
pub(crate) async fn root(State(shop): State<Shop>) -> Result<Json<RootBody>, Problem> {
    let at = shop.submitter.clock.now();
    let heads = shop.drops.heads.read(&*shop.submitter.views).await.map_err(unavailable)?;
    let with_entries = heads.into_iter().filter(|head| head.entries > 0);
    let drops: Vec<HeadBody> = with_entries.map(HeadBody::from).collect();
    let lines: String =
        drops.iter().map(|HeadBody { drop_id, entries, head }| format!("{drop_id} {entries} {head}\n")).collect();
    Ok(Json(RootBody { at: wire_time::format(at), root: hex(&Sha256::digest(lines).into()), drops }))
}

/// `GET /api/drops/{id}/proof`: a line about the drop, then one for each link.
pub(crate) async fn get(State(shop): State<Shop>, id: Id<path::Drop>) -> Result<Response, Problem> {
    let views = Arc::clone(&shop.submitter.views);
    let drop = views.drop_by_id(DropId(id.0)).await.map_err(unavailable)?.ok_or_else(drop_not_found)?;
    let pages = Pages { views, drop: drop.id, last: drop.chain.links, after: 0 };
    Ok(streamed(header(&drop), stream::unfold(pages, Pages::next)))
}

/// Answers with the line about a chain, then with its links.
pub(in crate::api) fn streamed(
    header: String,
    pages: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
) -> Response {
    let header = stream::once(std::future::ready(Ok(Bytes::from(header))));
    ([(CONTENT_TYPE, NDJSON)], Body::from_stream(header.chain(pages))).into_response()
}

/// The seed is shown once the drop has opened, or ended before. Until then its commitment shows that it is chosen already.
fn header(drop: &drops::Drop) -> String {
    let mut header = json!({
        "dropId": drop.id.0,
        "name": *drop.name,
        "startsAt": wire_time::format(drop.starts_at),
        "endsAt": wire_time::format(drop.ends_at),
        "seedCommitment": commitment(&drop.seed),
        "entries": drop.chain.links,
        "head": drop.chain.head,
    });
    if drop.has_opened() {
        header["seed"] = hex(&drop.seed).into();
    }
    if let Some(drawn) = drop.drawn() {
        header["drawn"] = drawn.into();
    }
    format!("{header}\n")
}

/// The links that are not sent yet, up to the last one of the header.
struct Pages {
    views: Arc<dyn Views>,
    drop: DropId,
    last: i64,
    after: i64,
}

impl Pages {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Pages)> {
        let links = match self.views.drop_links(self.drop, self.after, PAGE).await {
            Ok(links) => links,
            Err(error) => {
                // The answer is cut off, which its checker finds.
                tracing::error!("The proof of a drop ends because the store could not be read: {error}");
                return None;
            }
        };
        let page: String = links.iter().filter(|link| link.number <= self.last).map(line).collect();
        self.after = links.last()?.number;
        (!page.is_empty()).then(|| (Ok(Bytes::from(page)), self))
    }
}

fn line(link: &Link) -> String {
    let Link { number, at, customer, kind, subject, previous, hash, .. } = link;
    let (at, kind) = (wire_time::format(*at), kind.name());
    let line = json!({
        "number": number, "at": at, "customer": customer, "kind": kind, "subject": subject, "hash": hash,
        "previousHash": previous,
    });
    format!("{line}\n")
}
