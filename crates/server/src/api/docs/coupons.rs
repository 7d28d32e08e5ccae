//! Coupons: campaigns, issue, requests.

use crate::api::coupons::{IssuedBody, RequestedBody};
use crate::api::response::render;
use crate::http::Code;
use crate::http::headers::Prefer;
use crate::openapi::{Answer, Header, Link, Operation, Tag};

/// Why a campaign gives nothing.
const REFUSED: [Code; 6] = [
    Code::CouponNotFound,
    Code::CouponPaused,
    Code::CouponNotStarted,
    Code::CouponExpired,
    Code::CouponAlreadyIssued,
    Code::CouponSoldOut,
];

fn requested() -> Answer {
    Answer::json::<RequestedBody>(202, "Taken in. The result is pushed to the customer, and can be asked for.")
        .header(Header::Location)
        .header(Header::RetryAfter)
        .link(Link::new("request", "getCouponRequest", "requestId", "$response.body#/requestId"))
}

fn decided() -> Answer {
    Answer::json::<render::RequestBody>(
        200,
        "The request with its result, when `Prefer: wait` was given and it came in time.",
    )
    .header(Header::Location)
    .link(Link::new("request", "getCouponRequest", "requestId", "$response.body#/requestId"))
}

pub(in crate::api) fn issue() -> Operation {
    Prefer::describe(Operation::new(Tag::Coupons, "issueCoupon", "Get a coupon of a campaign"))
        .says("First come, first served: issue numbers run from 1 to the campaign's quantity, without gap or repeat.")
        .says("On a campaign that queues this answers 202 as `POST /api/coupons/issue` does: the mode decides when, not how.")
        .says("Checked in the order not found, paused, not started, expired, already issued, sold out.")
        .answers(Answer::json::<IssuedBody>(201, "The coupon is yours."))
        .answers(requested())
        .answers(decided())
        .refuses(REFUSED)
}

pub(in crate::api) fn request() -> Operation {
    Prefer::describe(Operation::new(Tag::Coupons, "requestCoupon", "Ask for a coupon"))
        .says("Always a request that is followed up, whatever the campaign's mode; also of a campaign that does not exist.")
        .answers(requested())
        .answers(decided())
        .refuses([Code::AuthForbidden])
}

pub(in crate::api) fn get_request() -> Operation {
    let request = Answer::json::<render::RequestBody>(200, "How it stands, and its result.");
    Operation::new(Tag::Coupons, "getCouponRequest", "A request for a coupon")
        .says("A request is answered once, and keeps its answer. What another customer asked for answers 404.")
        .answers(request)
}

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Coupons, "listCampaigns", "All campaigns")
        .says("Every campaign, also those that are over, have not begun, or are paused.")
        .gives("A page of campaigns with what remains of them.")
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Coupons, "getCampaign", "A campaign")
        .says("Its terms, and how many coupons it has left at this moment.")
        .gives("The campaign; `issued` and `remaining` are never cached.")
        .link(200, Link::new("issue", "issueCoupon", "id", "$response.body#/couponId"))
}

pub(in crate::api) fn list_own() -> Operation {
    Operation::new(Tag::Coupons, "listOwnCoupons", "Own coupons")
        .says("Each with the number it was issued with, and whether it can still be used.")
        .gives("A page of own coupons, newest first.")
}

pub(in crate::api) fn create() -> Operation {
    let created = Answer::json::<render::CampaignBody>(201, "The campaign.")
        .link(Link::new("campaign", "getCampaign", "id", "$response.body#/couponId"))
        .link(Link::new("change", "changeCampaign", "id", "$response.body#/couponId"))
        .link(Link::new("issue", "issueCoupon", "id", "$response.body#/couponId"));
    Operation::new(Tag::Administration, "createCampaign", "Create a campaign")
        .says("Coupons are issued from `issueStartsAt` until `issueEndsAt`, and can be used until `validUntil`.")
        .answers(created)
}

pub(in crate::api) fn change() -> Operation {
    Operation::new(Tag::Administration, "changeCampaign", "Change a campaign")
        .says("Pauses it, moves the end of its issue period, raises its quantity.")
        .gives("The campaign as it is now.")
}
