//! Coupon endpoints: campaigns, issuing at once or by request, own coupons (C-05…C-07, C-12…C-18).

pub(crate) mod listing;
pub(crate) mod receipts;

use std::time::Duration;

use app::commands::answer::changed::Changed;
use app::commands::answer::{Answer, Refusal, Reply};
use app::commands::{Command, CreateCampaign, Tag};
use app::events::event::ResultCode;
use app::events::wire_time;
use app::state::rows::{Request, RequestStatus};
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::coupon::{Campaign as StoredCampaign, Change, IssueMode, QueueKey};
use domain::ids::{CampaignId, Code as RequestCode, CouponId, RequestId, UserId};
use domain::limits::{CAMPAIGN_QUANTITY_MAX, ISSUE_PER_USER_MAX};
use domain::money::Money;
use domain::pricing::Discount;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shop;
use super::orders::owner::Whose;
use super::request::if_match::IfMatch;
use super::request::pages::PageQuery;
use super::request::submission::Submission;
use super::response::refusals::{coupon_not_found, problem, request_not_found};
use super::response::render::{self, Page};
use super::response::{examples, shapes};
use crate::api::request::checks::{check_moment, check_name, check_reason_if_given};
use crate::api::request::submission::Empty;
use crate::api::response::refusals::unavailable;
use crate::api::response::replies::{Shown, accepted, applied, left_behind, mark_replayed, shown};
use crate::api::texts::{self, values};
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::language::Language;
use crate::http::path::{Campaign, CouponRequest, Id, Name};
use crate::http::query::Query;
use crate::http::{Problem, Violations};
use crate::live::waiting::{Known, Subject};
use crate::openapi::words;
use crate::security::auth::Customer;

/// A campaign to create. `issueStartsAt` is before `issueEndsAt`, which is not after `validUntil`. All of them may be in the past.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CreateCampaign", example = examples::create_campaign())]
pub(crate) struct CampaignBody {
    /// 1 to 200 characters.
    #[schemars(regex(pattern = words::NAME))]
    name: String,
    #[schemars(with = "shapes::Discount")]
    discount: DiscountBody,
    /// Coupons to issue in all.
    #[schemars(range(min = 1, max = CAMPAIGN_QUANTITY_MAX))]
    total_quantity: i64,
    /// The most coupons of the campaign that one user gets. Default: 1.
    #[serde(default)]
    #[schemars(range(min = 1, max = ISSUE_PER_USER_MAX))]
    max_issue_per_user: Option<i64>,
    #[schemars(with = "words::Moment")]
    issue_starts_at: String,
    #[schemars(with = "words::Moment")]
    issue_ends_at: String,
    /// When the issued coupons expire.
    #[schemars(with = "words::Moment")]
    valid_until: String,
    /// Default: `direct`.
    #[serde(default)]
    #[schemars(with = "Option<words::IssueModeWord>")]
    issue_mode: Option<IssueMode>,
    /// Default: `campaign`.
    #[serde(default)]
    #[schemars(with = "Option<words::QueueKeyWord>")]
    queue_key: Option<QueueKey>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DiscountBody {
    r#type: DiscountType,
    value: i64,
    #[serde(default)]
    max_amount: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum DiscountType {
    Fixed,
    Percent,
}

/// The changes. An absent field is not changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ChangeCampaign", example = examples::change_campaign())]
pub(crate) struct ChangeBody {
    /// `true` while the campaign issues no coupons.
    #[serde(default)]
    paused: Option<bool>,
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    issue_ends_at: Option<String>,
    /// Can only be raised.
    #[serde(default)]
    #[schemars(range(min = 1, max = CAMPAIGN_QUANTITY_MAX))]
    total_quantity: Option<i64>,
    /// Recorded in the trail.
    #[serde(default)]
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RequestCoupon", example = examples::request_coupon())]
pub(crate) struct RequestCouponBody {
    /// The campaign. If it does not exist, the request's result is `COUPON_NOT_FOUND`.
    coupon_id: i64,
    /// Must be the token's user, or absent.
    #[serde(default)]
    user_id: Option<i64>,
}

/// The coupon that was issued to the user.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "IssuedCoupon", example = examples::issued_coupon())]
pub(crate) struct IssuedBody {
    success: bool,
    coupon_id: i64,
    user_coupon_id: String,
    /// 1 to N in the order of decision, without gap or repeat.
    issue_number: i64,
    /// In the language of `Accept-Language`.
    message: &'static str,
    #[schemars(with = "words::Moment")]
    issued_at: String,
}

/// The request is accepted; its result is decided later.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RequestedCoupon", example = examples::requested_coupon())]
pub(crate) struct RequestedBody {
    request_id: String,
    #[schemars(with = "words::Pending")]
    status: &'static str,
}

/// `POST /api/admin/coupons`.
pub(crate) async fn create(
    State(shop): State<Shop>,
    submission: Submission<CampaignBody>,
) -> Result<Response, Problem> {
    let command = Command::CreateCampaign(Box::new(campaign(&submission.body)?));
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let campaign = reply.result.as_ref().ok().and_then(Answer::campaign);
    let (campaign, replayed) = match left_behind(reply)? {
        (Some(Changed::Campaign(campaign)), replayed) => (campaign, replayed),
        // An older version kept the answer.
        (_, replayed) => (find(&shop, campaign.ok_or_else(coupon_not_found)?).await?, replayed),
    };
    let mut response = (StatusCode::CREATED, Json(render::campaign(&campaign))).into_response();
    mark_replayed(&mut response, replayed);
    Ok(response)
}

pub(super) fn campaign(body: &CampaignBody) -> Result<CreateCampaign, Problem> {
    let mut violations = Violations::default();
    let name = check_name(&body.name, &mut violations);
    let discount = discount(&body.discount, &mut violations);
    if !(1..=CAMPAIGN_QUANTITY_MAX).contains(&body.total_quantity) {
        let detail = values::FROM_TO.with(1).with(CAMPAIGN_QUANTITY_MAX);
        violations.push("#/totalQuantity", "out_of_range", detail);
    }
    let issue_per_user_max = body.max_issue_per_user.unwrap_or(1);
    if !(1..=ISSUE_PER_USER_MAX).contains(&issue_per_user_max) {
        violations.push("#/maxIssuePerUser", "out_of_range", values::FROM_TO.with(1).with(ISSUE_PER_USER_MAX));
    }
    let issue_starts_at = check_moment("#/issueStartsAt", &body.issue_starts_at, &mut violations);
    let issue_ends_at = check_moment("#/issueEndsAt", &body.issue_ends_at, &mut violations);
    let valid_until = check_moment("#/validUntil", &body.valid_until, &mut violations);
    if violations.is_empty() && issue_ends_at <= issue_starts_at {
        violations.push("#/issueEndsAt", "out_of_order", values::LATER_THAN.with("issueStartsAt"));
    }
    if violations.is_empty() && valid_until < issue_ends_at {
        violations.push("#/validUntil", "out_of_order", values::NOT_BEFORE.with("issueEndsAt"));
    }
    violations.into_result()?;
    Ok(CreateCampaign {
        name,
        discount,
        quantity: body.total_quantity,
        issue_per_user_max,
        issue_starts_at,
        issue_ends_at,
        valid_until,
        issue_mode: body.issue_mode.unwrap_or(IssueMode::Direct),
        queue_key: body.queue_key.unwrap_or(QueueKey::Campaign),
    })
}

fn discount(body: &DiscountBody, violations: &mut Violations) -> Discount {
    const FIXED_MAX: i64 = domain::limits::PRICE_MAX.amount();
    if body.max_amount.is_some_and(|cap| !(1..=FIXED_MAX).contains(&cap)) {
        violations.push("#/discount/maxAmount", "out_of_range", values::FROM_TO.with(1).with(FIXED_MAX));
    }
    match body.r#type {
        DiscountType::Fixed => {
            if !(1..=FIXED_MAX).contains(&body.value) {
                violations.push("#/discount/value", "out_of_range", values::FROM_TO_WON.with(1).with(FIXED_MAX));
            }
            if body.max_amount.is_some() {
                violations.push("#/discount/maxAmount", "conflict", values::ONLY_PERCENT_CAPPED);
            }
            Discount::Fixed { value: Money::won(body.value) }
        }
        DiscountType::Percent => {
            if !(1..=100).contains(&body.value) {
                violations.push("#/discount/value", "out_of_range", values::FROM_TO_PERCENT.with(1).with(100));
            }
            Discount::Percent { value: body.value, max_amount: body.max_amount.map(Money::won) }
        }
    }
}

/// `PATCH /api/admin/coupons/{id}`.
pub(crate) async fn change(
    State(shop): State<Shop>,
    id: Id<Campaign>,
    seen: IfMatch,
    submission: Submission<ChangeBody>,
) -> Result<Shown<render::CampaignBody>, Problem> {
    let body = &submission.body;
    let mut violations = Violations::default();
    if body.total_quantity.is_some_and(|quantity| !(1..=CAMPAIGN_QUANTITY_MAX).contains(&quantity)) {
        let detail = values::FROM_TO.with(1).with(CAMPAIGN_QUANTITY_MAX);
        violations.push("#/totalQuantity", "out_of_range", detail);
    }
    let issue_ends_at = body.issue_ends_at.as_deref().map(|text| check_moment("#/issueEndsAt", text, &mut violations));
    check_reason_if_given(body.reason.as_deref(), &mut violations);
    violations.into_result()?;
    let change = Change { paused: body.paused, issue_ends_at, quantity: body.total_quantity };
    let campaign = CampaignId(id.0);
    let command = seen.guard(Command::ChangeCampaign { campaign, change });
    match left_behind(shop.submitter.submit(command, submission.idempotency).await)? {
        (Some(Changed::Campaign(campaign)), replayed) => Ok(tagged(&campaign, replayed)),
        (_, replayed) => Ok(tagged(&find(&shop, campaign).await?, replayed)),
    }
}

fn tagged(campaign: &StoredCampaign, replayed: bool) -> Shown<render::CampaignBody> {
    shown(render::campaign(campaign), replayed).tagged(Tag::of_campaign(campaign))
}

async fn read(shop: &Shop, id: CampaignId) -> Result<render::CampaignBody, Problem> {
    find(shop, id).await.map(|campaign| render::campaign(&campaign))
}

async fn find(shop: &Shop, id: CampaignId) -> Result<StoredCampaign, Problem> {
    shop.submitter.views.campaign(id).await.map_err(unavailable)?.ok_or_else(coupon_not_found)
}

/// `GET /api/coupons/{id}`.
pub(crate) async fn get(State(shop): State<Shop>, id: Id<Campaign>) -> Result<Json<render::CampaignBody>, Problem> {
    read(&shop, CampaignId(id.0)).await.map(Json)
}

/// `GET /api/admin/coupons/{id}`.
pub(crate) async fn get_any(
    State(shop): State<Shop>,
    id: Id<Campaign>,
) -> Result<Shown<render::CampaignBody>, Problem> {
    find(&shop, CampaignId(id.0)).await.map(|campaign| tagged(&campaign, false))
}

/// `GET /api/users/me/coupons`, newest first.
pub(crate) async fn list_own(
    State(shop): State<Shop>,
    Customer(principal): Customer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<render::UserCouponBody>>, Problem> {
    let list = List { name: "users/me/coupons", owner: Some(principal.user_id), filter: "" };
    let page = query.page(&shop, list)?;
    let (user, before) = (UserId(principal.user_id), page.after.map(CouponId));
    let coupons = shop.submitter.views.coupons_of(user, before, page.fetch()).await.map_err(unavailable)?;
    let now = shop.submitter.clock.now();
    Ok(Json(page.of(coupons, |held| held.coupon.id.0, |held| render::user_coupon(held, &shop.submitter.codec, now))))
}

/// `POST /api/coupons/{id}/issue` (C-05…C-07, C-18): answers with the result, unless the campaign queues requests.
pub(crate) async fn issue(
    State(shop): State<Shop>,
    id: Id<Campaign>,
    language: Language,
    submission: Submission<Empty>,
) -> Result<Response, Problem> {
    let campaign = CampaignId(id.0);
    let answered = issue_to(&shop, campaign, &submission, language).await;
    if let Err(problem) = &answered {
        shop.submitter.refusals.note(campaign, problem.code());
    }
    answered
}

async fn issue_to(
    shop: &Shop,
    campaign: CampaignId,
    submission: &Submission<Empty>,
    language: Language,
) -> Result<Response, Problem> {
    refuse_early(shop, campaign, submission).await?;
    let command = Command::IssueCoupon { campaign, user: submission.user() };
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    answer(shop, reply, submission, language).await
}

/// `POST /api/coupons/issue` (C-12): always answers with a request to poll.
pub(crate) async fn request(
    State(shop): State<Shop>,
    language: Language,
    submission: Submission<RequestCouponBody>,
) -> Result<Response, Problem> {
    submission.check_user(submission.body.user_id)?;
    let command = Command::RequestCoupon { campaign: CampaignId(submission.body.coupon_id), user: submission.user() };
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    answer(&shop, reply, &submission, language).await
}

/// Refuses early if the gate says so. A request with a key passes if its user may hold a coupon: it may be the repeat of a
/// request that got one, and must then get the same answer.
async fn refuse_early(shop: &Shop, campaign: CampaignId, submission: &Submission<Empty>) -> Result<(), Problem> {
    let submitter = &shop.submitter;
    match submitter.gate.advice(campaign, submission.user(), submitter.clock.now()).get().await {
        None => Ok(()),
        Some(early) if submission.idempotency.is_some() && !early.holds_none => Ok(()),
        Some(early) => Err(problem(&Refusal::from(early.rejection))),
    }
}

async fn answer<T>(
    shop: &Shop,
    reply: Reply,
    submission: &Submission<T>,
    language: Language,
) -> Result<Response, Problem> {
    let replayed = reply.replayed;
    #[expect(clippy::wildcard_enum_match_arm, reason = "the two commands that ask for a coupon have two answers")]
    let mut response = match reply.result.map_err(|refusal| problem(&refusal))? {
        Answer::CouponIssued { campaign, coupon, issue_number, issued_at } => {
            let body = IssuedBody {
                success: true,
                coupon_id: campaign.0,
                user_coupon_id: coupon.to_string(),
                issue_number,
                message: texts::coupons::of_result(ResultCode::Success).of(language),
                issued_at: wire_time::format(issued_at),
            };
            (StatusCode::CREATED, Json(body)).into_response()
        }
        Answer::CouponRequested { request, code } => {
            requested(shop, request, &code, submission.prefer.wait, language).await?
        }
        other => unreachable!("asking for a coupon is not answered with {other:?}"),
    };
    response.headers_mut().extend(language.headers());
    applied(&mut response, submission.prefer);
    mark_replayed(&mut response, replayed);
    Ok(response)
}

async fn requested(
    shop: &Shop,
    id: RequestId,
    code: &RequestCode,
    wait: Option<Duration>,
    language: Language,
) -> Result<Response, Problem> {
    let decided = match wait {
        Some(wait) => outcome(shop, id, wait).await?,
        None => None,
    };
    let mut response = match decided {
        Some(request) => Json(render::request(&request, &shop.submitter.codec, language)).into_response(),
        None => {
            let body = RequestedBody { request_id: code.to_string(), status: RequestStatus::Pending.name() };
            accepted(body, shop.estimates.of_request())
        }
    };
    let location = format!("/api/requests/{code}");
    let location = HeaderValue::try_from(location).expect("a request's code is letters and digits");
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// Waits for the request's decision; `None` if it is not decided in time.
async fn outcome(shop: &Shop, id: RequestId, wait: Duration) -> Result<Option<Request>, Problem> {
    let look = || shop.submitter.views.request(id);
    let is_done = |request: &Request| request.status != RequestStatus::Pending;
    let subject = Subject::Request(id);
    let decided =
        shop.submitter.waiting.until(subject, Known::Nothing, wait, look, is_done).await.map_err(unavailable)?;
    decided.iter().for_each(|request| shop.estimates.note_request(request));
    Ok(decided)
}

/// `GET /api/requests/{requestId}` (C-15…C-17), and for admins `GET /api/admin/requests/{requestId}`.
pub(crate) async fn get_request(
    State(shop): State<Shop>,
    whose: Whose,
    Name(code, _): Name<CouponRequest>,
    language: Language,
) -> Result<Response, Problem> {
    let id = shop.submitter.codec.request_id(&code).ok_or_else(request_not_found)?;
    let request = shop.submitter.views.request(id).await.map_err(unavailable)?;
    let request = request.filter(|request| whose.includes(request.user)).ok_or_else(request_not_found)?;
    shop.estimates.note_request(&request);
    Ok((language.headers(), Json(render::request(&request, &shop.submitter.codec, language))).into_response())
}
