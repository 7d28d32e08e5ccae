//! Pages of products: the catalogue, and for admins with counters and filters.

use app::ports::views::WantedProducts;
use app::state::rows::Details;
use axum::extract::State;
use domain::ids::ProductId;
use domain::limits::{IDENTITY_CHARS_MAX, NAME_CHARS_MAX};
use domain::stock::{Product, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::api::Shop;
use crate::api::request::filters::search;
use crate::api::request::pages::{Page, PageQuery};
use crate::api::response::refusals::unavailable;
use crate::api::response::render;
use crate::http::Problem;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::openapi::words;

/// The statuses as customers see them.
pub(crate) const SHOWN: [&str; Status::ALL.len() + 1] = ["ON_SALE", "SOLD_OUT", "PAUSED", "DISCONTINUED"];

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductsQuery {
    /// Only products with this text in the name or SKU, in any case.
    #[serde(default)]
    #[schemars(length(min = 1, max = NAME_CHARS_MAX))]
    q: Option<String>,
    /// Only the product with this SKU.
    #[serde(default)]
    #[schemars(length(min = 1, max = IDENTITY_CHARS_MAX))]
    sku: Option<String>,
    /// Only the product with this id in another system.
    #[serde(default)]
    #[schemars(length(min = 1, max = IDENTITY_CHARS_MAX))]
    external_id: Option<String>,
    /// Only products with this status.
    #[serde(default)]
    #[schemars(with = "Option<words::ShownProductStatusWord>")]
    status: Option<ShownStatus>,
}

#[derive(Clone, Copy, Debug)]
struct ShownStatus(&'static str);

impl<'de> Deserialize<'de> for ShownStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ShownStatus, D::Error> {
        let name = String::deserialize(deserializer)?;
        let shown = SHOWN.into_iter().find(|shown| *shown == name);
        shown.map(ShownStatus).ok_or_else(|| D::Error::unknown_variant("", &SHOWN))
    }
}

/// `GET /api/products`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<render::Page<render::ProductBody>>, Problem> {
    let page = query.page(&shop, List { name: "products", owner: None, filter: "" })?;
    let products = found(&shop, WantedProducts::default(), &page).await?;
    Ok(Json(page.of(products, |(product, _)| product.id.0, |(product, details)| render::product(product, details))))
}

/// `GET /api/admin/products`.
pub(crate) async fn list_stocked(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
    Query(wanted): Query<ProductsQuery>,
) -> Result<Json<render::Page<render::StockedProductBody>>, Problem> {
    let wanted = WantedProducts {
        text: search("q", wanted.q, NAME_CHARS_MAX)?,
        sku: search("sku", wanted.sku, IDENTITY_CHARS_MAX)?,
        external_id: search("externalId", wanted.external_id, IDENTITY_CHARS_MAX)?,
        status_shown: wanted.status.map(|status| status.0),
    };
    let filter = format!("{wanted:?}");
    let page = query.page(&shop, List { name: "admin/products", owner: None, filter: &filter })?;
    let products = found(&shop, wanted, &page).await?;
    let body = |(product, details): &(Product, Details)| render::stocked_product(product, details);
    Ok(Json(page.of(products, |(product, _)| product.id.0, body)))
}

async fn found(shop: &Shop, wanted: WantedProducts, page: &Page<'_>) -> Result<Vec<(Product, Details)>, Problem> {
    let after = page.after.map(ProductId);
    shop.submitter.views.find_products(wanted, after, page.fetch()).await.map_err(unavailable)
}
