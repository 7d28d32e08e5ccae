//! OpenAPI texts: campaigns, issuing coupons, coupon requests.

use crate::api::coupons::{IssuedBody, RequestedBody};
use crate::api::products::proof::NDJSON;
use crate::api::response::render;
use crate::http::Code;
use crate::http::headers::Prefer;
use crate::openapi::{Answer, Header, Link, Operation, Tag};

/// The codes with which a campaign refuses to issue a coupon.
const REFUSED: [Code; 6] = [
    Code::CouponNotFound,
    Code::CouponPaused,
    Code::CouponNotStarted,
    Code::CouponExpired,
    Code::CouponAlreadyIssued,
    Code::CouponSoldOut,
];

fn requested() -> Answer {
    Answer::json::<RequestedBody>(
        202,
        "Accepted and durable. The result is pushed to the customer as a notice, and can be polled at `Location`.",
    )
    .header(Header::Location)
    .header(Header::RetryAfter)
    .link(Link::new("request", "getCouponRequest", "requestId", "$response.body#/requestId"))
}

fn decided() -> Answer {
    Answer::json::<render::RequestBody>(
        200,
        "The request with its result, if `Prefer: wait` was sent and the result was known in time.",
    )
    .header(Header::Location)
    .link(Link::new("request", "getCouponRequest", "requestId", "$response.body#/requestId"))
}

pub(in crate::api) fn issue() -> Operation {
    Prefer::describe(Operation::new(Tag::Coupons, "issueCoupon", "Issue a coupon to yourself"))
        .paragraph("First come, first served: issue numbers run from 1 to the campaign's quantity, without gap or repeat.")
        .paragraph("If the campaign's `issueMode` is `queued` or `stream`, the answer is 202, as of `POST /api/coupons/issue`, and the coupon is decided later under the same rules.")
        .paragraph("If several errors apply, the first of these is returned: not found, paused, not started, expired, already issued, sold out.")
        .answers(Answer::json::<IssuedBody>(201, "The coupon was issued to you."))
        .answers(requested())
        .answers(decided())
        .refuses(REFUSED)
}

pub(in crate::api) fn request() -> Operation {
    Prefer::describe(Operation::new(Tag::Coupons, "requestCoupon", "Request a coupon"))
        .paragraph("Always answers with a request to poll, whatever the campaign's `issueMode`. A refusal is the request's `resultCode`, \
             also if the campaign does not exist.")
        .answers(requested())
        .answers(decided())
        .refuses([Code::AuthForbidden])
}

pub(in crate::api) fn get_own_request() -> Operation {
    get_request().paragraph("The request of another customer answers 404.")
}

pub(in crate::api) fn get_request() -> Operation {
    let request = Answer::json::<render::RequestBody>(200, "The request's status and, once it is decided, its result.");
    Operation::new(Tag::Coupons, "getCouponRequest", "Get a coupon request")
        .paragraph("A request is decided once, and its result never changes.")
        .answers(request)
}

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Coupons, "listCampaigns", "List campaigns")
        .paragraph("Includes campaigns that have ended, have not started, or are paused.")
        .returns("A page of campaigns, each with the number of coupons left.")
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Coupons, "getCampaign", "Get a campaign")
        .paragraph("Returns the campaign's terms and the number of coupons it has left.")
        .returns("The campaign. `issued` and `remaining` are never cached.")
        .link(200, Link::new("issue", "issueCoupon", "id", "$response.body#/couponId"))
}

pub(in crate::api) fn list_own() -> Operation {
    Operation::new(Tag::Coupons, "listOwnCoupons", "List your coupons")
        .paragraph("Each coupon has its issue number and whether it can still be used.")
        .returns("A page of your coupons, newest first.")
}

pub(in crate::api) fn list_found() -> Operation {
    Operation::new(Tag::Administration, "listAnyCampaigns", "Search campaigns")
        .paragraph("Every filter that is given must fit.")
        .returns("A page of campaigns, by number.")
}

pub(in crate::api) fn get_any() -> Operation {
    Operation::new(Tag::Administration, "getAnyCampaign", "Get a campaign for a change")
        .paragraph("With the count of issued coupons as it is now.")
        .returns("The campaign.")
}

pub(in crate::api) fn create() -> Operation {
    let created = Answer::json::<render::CampaignBody>(201, "The campaign.")
        .link(Link::new("campaign", "getCampaign", "id", "$response.body#/couponId"))
        .link(Link::new("change", "changeCampaign", "id", "$response.body#/couponId"))
        .link(Link::new("issue", "issueCoupon", "id", "$response.body#/couponId"));
    Operation::new(Tag::Administration, "createCampaign", "Create a campaign")
        .paragraph("Coupons are issued from `issueStartsAt` until `issueEndsAt`, and can be used until `validUntil`.")
        .answers(created)
}

pub(in crate::api) fn change() -> Operation {
    Operation::new(Tag::Administration, "changeCampaign", "Change a campaign")
        .paragraph("Pauses or resumes it, moves the end of its issue period, or raises its quantity. An absent field is not changed.")
        .returns("The changed campaign.")
}

pub(in crate::api) fn proof() -> Operation {
    const LINES: &str = "{\"couponId\":1,\"name\":\"Saturday\",\"startsAt\":\"2026-11-21T12:00:00Z\",\"endsAt\":\"2026-11-21T13:00:00Z\",\"entries\":0,\"head\":\"…\"}\n";
    Operation::new(Tag::Coupons, "getCouponProof", "Get the proof of a campaign")
        .paragraph(
            "A line of JSON about the campaign, then one for each issued coupon in the order of decision. Each line has the hash of \
             the line before, and customers are hashes. `doorbuster verify` checks it.",
        )
        .answers(Answer::text(200, "The whole chain.", NDJSON, LINES))
}

pub(in crate::api) fn own_receipt() -> Operation {
    receipt().paragraph("The coupon of another customer answers 404.")
}

pub(in crate::api) fn receipt() -> Operation {
    Operation::new(Tag::Coupons, "getCouponReceipt", "Get the receipt of a coupon")
        .paragraph("The coupon's line in the proof of its campaign.")
        .returns("The receipt.")
}
