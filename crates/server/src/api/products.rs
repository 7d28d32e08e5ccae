//! Product endpoints: catalogue, ranking, and administration (S-06, S-07).

mod details;
pub(crate) mod drops;
pub(crate) mod joining;
pub(crate) mod listing;
pub(crate) mod proof;
pub(crate) mod waiting;

use std::sync::Arc;

use app::commands::answer::Answer;
use app::commands::answer::changed::Changed;
use app::commands::{Command, Idempotency, Tag};
use app::ports;
use app::state::rows::Details;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ids::ProductId;
use domain::limits::{DESCRIPTION_CHARS_MAX, IDENTITY_CHARS_MAX, IMAGE_URL_CHARS_MAX, PRICE_MAX, STOCK_MAX};
use domain::money::Money;
use domain::stock::{Product as StoredProduct, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::details::{Attributes, GivenDetails, given};
use super::Shop;
use super::request::if_match::IfMatch;
use super::request::submission::Submission;
use super::response::examples;
use super::response::refusals::product_not_found;
use super::response::render::{self, Page};
use crate::api::request::checks::{check_name, check_text, is_blank};
use crate::api::response::refusals::unavailable;
use crate::api::response::replies::{Shown, left_behind, shown};
use crate::api::texts::values;
use crate::http::json::Json;
use crate::http::path::{Id, Product};
use crate::http::query::Query;
use crate::http::{Problem, Violations};
use crate::openapi::words;

/// The most characters of a reason for changing stock.
const REASON_CHARS_MAX: usize = 500;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "RegisterProduct", example = examples::register_product())]
pub(crate) struct RegisterBody {
    /// 1 to 200 characters.
    #[schemars(regex(pattern = words::NAME))]
    name: String,
    /// In the currency's smallest unit.
    #[schemars(range(min = 0, max = PRICE_MAX.amount()))]
    price: i64,
    /// Units on hand.
    #[schemars(range(min = 0, max = STOCK_MAX))]
    stock: i64,
    /// The merchant's number of the product; unique in the shop.
    #[serde(default)]
    #[schemars(length(min = 1, max = IDENTITY_CHARS_MAX))]
    sku: Option<String>,
    /// The product's id in another system; unique in the shop.
    #[serde(default)]
    #[schemars(length(min = 1, max = IDENTITY_CHARS_MAX))]
    external_id: Option<String>,
    #[serde(default)]
    #[schemars(length(min = 1, max = DESCRIPTION_CHARS_MAX))]
    description: Option<String>,
    /// The address of a picture. Pages of the shop show those with `https`.
    #[serde(default)]
    #[schemars(length(max = IMAGE_URL_CHARS_MAX), regex(pattern = words::WEB_ADDRESS))]
    image_url: Option<String>,
    /// At most 50 members and 8 KiB.
    #[serde(default)]
    attributes: Option<Attributes>,
}

/// The changes. An absent field is not changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "ChangeProduct", example = examples::change_product())]
pub(crate) struct ChangeBody {
    /// In the currency's smallest unit.
    #[serde(default)]
    #[schemars(range(min = 0, max = PRICE_MAX.amount()))]
    price: Option<i64>,
    #[serde(default)]
    #[schemars(with = "Option<words::ProductStatusWord>")]
    status: Option<Status>,
    /// The merchant's number of the product; unique in the shop. `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(min = 1, max = IDENTITY_CHARS_MAX))]
    sku: Option<Option<String>>,
    /// The product's id in another system; unique in the shop. `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(min = 1, max = IDENTITY_CHARS_MAX))]
    external_id: Option<Option<String>>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(min = 1, max = DESCRIPTION_CHARS_MAX))]
    description: Option<Option<String>>,
    /// The address of a picture. `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(max = IMAGE_URL_CHARS_MAX), regex(pattern = words::WEB_ADDRESS))]
    image_url: Option<Option<String>>,
    /// All attributes; earlier ones that are not among them are gone. `null` takes them away.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Attributes>")]
    attributes: Option<Option<Attributes>>,
}

impl RegisterBody {
    fn details(&self) -> GivenDetails<'_> {
        GivenDetails {
            sku: self.sku.as_deref().map(Some),
            external_id: self.external_id.as_deref().map(Some),
            description: self.description.as_deref().map(Some),
            image_url: self.image_url.as_deref().map(Some),
            attributes: self.attributes.as_ref().map(Some),
        }
    }
}

impl ChangeBody {
    fn details(&self) -> GivenDetails<'_> {
        GivenDetails {
            sku: self.sku.as_ref().map(Option::as_deref),
            external_id: self.external_id.as_ref().map(Option::as_deref),
            description: self.description.as_ref().map(Option::as_deref),
            image_url: self.image_url.as_ref().map(Option::as_deref),
            attributes: self.attributes.as_ref().map(Option::as_ref),
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AdjustStock", example = examples::adjust_stock())]
pub(crate) struct AdjustBody {
    /// Units received (positive) or written off (negative).
    #[schemars(range(min = -STOCK_MAX, max = STOCK_MAX), extend("not" = serde_json::json!({"const": 0})))]
    delta: i64,
    #[schemars(length(max = REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PopularQuery {
    /// The period over which sales are counted. Default: `3d`.
    #[serde(default)]
    window: Window,
    /// The number of products. Default: 5.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

/// The days over which sales are counted. Days are those of the shop's time zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
enum Window {
    #[serde(rename = "today")]
    Today,
    #[default]
    #[serde(rename = "3d")]
    ThreeDays,
    #[serde(rename = "all")]
    All,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PopularProduct", example = examples::popular_product())]
pub(crate) struct PopularBody {
    product_id: i64,
    name: String,
    /// Units sold in the period.
    sold: i64,
}

/// `GET /api/products/{id}`.
pub(crate) async fn get(State(shop): State<Shop>, id: Id<Product>) -> Result<Json<render::ProductBody>, Problem> {
    read(&shop, ProductId(id.0)).await.map(|(product, details)| Json(render::product(&product, &details)))
}

/// `GET /api/admin/products/{id}`.
pub(crate) async fn get_stocked(
    State(shop): State<Shop>,
    id: Id<Product>,
) -> Result<Shown<render::StockedProductBody>, Problem> {
    read(&shop, ProductId(id.0)).await.map(|(product, details)| tagged(&product, &details, false))
}

/// `GET /api/products/popular`: best-selling first.
pub(crate) async fn popular(
    State(shop): State<Shop>,
    Query(query): Query<PopularQuery>,
) -> Result<Json<Page<PopularBody>>, Problem> {
    const LIMIT_DEFAULT: u32 = 5;
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=100).contains(&limit) {
        return Err(Problem::invalid_parameter("limit", "out_of_range", values::FROM_TO.with(1).with(100)));
    }
    let today = shop.calendar.day(shop.submitter.clock.now());
    let (since, window) = match query.window {
        Window::Today => (Some(today), ports::Window::Day(today)),
        Window::ThreeDays => (Some(today - 2), ports::Window::ThreeDays(today)),
        Window::All => (None, ports::Window::All),
    };
    let ranked = match &shop.submitter.ranking {
        Some(ranking) => ranking.popular(window, limit as usize).await,
        None => None,
    };
    let popular = match ranked {
        Some(popular) => popular,
        None => shop.submitter.views.popular(since, limit as usize).await.map_err(unavailable)?,
    };
    let data = popular
        .into_iter()
        .map(|product| PopularBody { product_id: product.product.0, name: product.name, sold: product.sold })
        .collect();
    Ok(Json(Page { data, next_cursor: None }))
}

/// `POST /api/admin/products`.
pub(crate) async fn register(
    State(shop): State<Shop>,
    submission: Submission<RegisterBody>,
) -> Result<Response, Problem> {
    let body = &submission.body;
    let mut violations = Violations::default();
    let name = check_name(&body.name, &mut violations);
    check_price(body.price, &mut violations);
    if !(0..=STOCK_MAX).contains(&body.stock) {
        violations.push("#/stock", "out_of_range", values::FROM_TO.with(0).with(STOCK_MAX));
    }
    let details = body.details().check(&mut violations);
    violations.into_result()?;
    let command = Command::RegisterProduct { name, price: Money::won(body.price), stock: body.stock, details };
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let product = reply.result.as_ref().ok().and_then(Answer::product);
    let ((product, details), replayed) = match left_behind(reply)? {
        (Some(Changed::Described(product, details)), replayed) => ((product, details), replayed),
        // An older version kept the answer.
        (_, replayed) => (read(&shop, product.ok_or_else(product_not_found)?).await?, replayed),
    };
    Ok((StatusCode::CREATED, tagged(&product, &details, replayed)).into_response())
}

/// `PATCH /api/admin/products/{id}`.
pub(crate) async fn change(
    State(shop): State<Shop>,
    id: Id<Product>,
    seen: IfMatch,
    submission: Submission<ChangeBody>,
) -> Result<Shown<render::StockedProductBody>, Problem> {
    let mut violations = Violations::default();
    if let Some(price) = submission.body.price {
        check_price(price, &mut violations);
    }
    let details = submission.body.details().check(&mut violations);
    violations.into_result()?;
    let product = ProductId(id.0);
    let price = submission.body.price.map(Money::won);
    let command = Command::ChangeProduct { product, price, status: submission.body.status, details };
    let ((product, details), replayed) = changed(&shop, product, seen.guard(command), submission.idempotency).await?;
    Ok(tagged(&product, &details, replayed))
}

/// `POST /api/admin/products/{id}/stock`: a delivery or a write-off.
pub(crate) async fn adjust(
    State(shop): State<Shop>,
    id: Id<Product>,
    seen: IfMatch,
    submission: Submission<AdjustBody>,
) -> Result<Response, Problem> {
    let AdjustBody { delta, reason } = &submission.body;
    let mut violations = Violations::default();
    if *delta == 0 || !(-STOCK_MAX..=STOCK_MAX).contains(delta) {
        let detail = values::FROM_TO_NOT_ZERO.with(-STOCK_MAX).with(STOCK_MAX);
        violations.push("#/delta", "out_of_range", detail);
    }
    if is_blank(reason) || reason.chars().count() > REASON_CHARS_MAX {
        violations.push("#/reason", "length", values::CHARACTERS.with(1).with(REASON_CHARS_MAX));
    }
    check_text("#/reason", reason, &mut violations);
    violations.into_result()?;
    let product = ProductId(id.0);
    let command = Command::AdjustStock { product, delta: *delta, reason: Arc::from(reason.as_str()) };
    let (product, replayed) =
        match left_behind(shop.submitter.submit(seen.guard(command), submission.idempotency).await)? {
            (Some(Changed::Product(product)), replayed) => (product, replayed),
            (_, replayed) => (read(&shop, product).await?.0, replayed),
        };
    Ok(shown(render::stock(&product), replayed).into_response())
}

/// Submits the command. Returns the product as the command left it, and whether the answer is a repeat.
async fn changed(
    shop: &Shop,
    id: ProductId,
    command: Command,
    idempotency: Option<Idempotency>,
) -> Result<((StoredProduct, Details), bool), Problem> {
    match left_behind(shop.submitter.submit(command, idempotency).await)? {
        (Some(Changed::Described(product, details)), replayed) => Ok(((product, details), replayed)),
        (Some(Changed::Product(product)), replayed) => {
            let (_, details) = read(shop, id).await?;
            Ok(((product, details), replayed))
        }
        (_, replayed) => Ok((read(shop, id).await?, replayed)),
    }
}

fn tagged(product: &StoredProduct, details: &Details, replayed: bool) -> Shown<render::StockedProductBody> {
    shown(render::stocked_product(product, details), replayed).tagged(Tag::of_product(product, details))
}

async fn read(shop: &Shop, id: ProductId) -> Result<(StoredProduct, Details), Problem> {
    shop.submitter.views.described(id).await.map_err(unavailable)?.ok_or_else(product_not_found)
}

fn check_price(price: i64, violations: &mut Violations) {
    if !(0..=PRICE_MAX.amount()).contains(&price) {
        violations.push("#/price", "out_of_range", values::FROM_TO_WON.with(0).with(PRICE_MAX.amount()));
    }
}
