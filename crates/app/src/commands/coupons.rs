//! Campaigns and coupons, issued at once or on request (C-01…C-07, C-12…C-17, C-33).

use std::sync::Arc;

use domain::coupon::{self, Campaign, Holding};
use domain::ids::{CampaignId, RequestId, UserId};

use crate::commands::answer::changed::Changed;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Halt, Handled, Step, Unit};
use crate::commands::order::request;
use crate::commands::{CreateCampaign, notices};
use crate::events::event::{
    CampaignChanged, CampaignCreated, CouponIssued, CouponRequested, CouponResult, Event, ResultCode,
};
use crate::state::rows::{CouponLink, CustomerKey, Decision, Granted, HoldingKey, Request, RequestStatus};

pub(crate) fn create(unit: &mut Unit<'_>, wanted: &CreateCampaign) -> Handled {
    let id = unit.ids.campaign();
    unit.rows.campaigns.known_absent(id);
    let campaign = Campaign {
        id,
        name: wanted.name.clone(),
        discount: wanted.discount,
        quantity: wanted.quantity,
        issued: 0,
        issue_per_user_max: wanted.issue_per_user_max,
        issue_starts_at: wanted.issue_starts_at,
        issue_ends_at: wanted.issue_ends_at,
        valid_until: wanted.valid_until,
        issue_mode: wanted.issue_mode,
        queue_key: wanted.queue_key,
        paused: false,
        created_at: unit.now,
        updated_at: unit.now,
    };
    unit.publish(Event::CampaignCreated(CampaignCreated {
        coupon_id: id,
        name: campaign.name.clone(),
        discount: campaign.discount,
        total_quantity: campaign.quantity,
        max_issue_per_user: campaign.issue_per_user_max,
        issue_mode: campaign.issue_mode,
        issue_starts_at: campaign.issue_starts_at,
        issue_ends_at: campaign.issue_ends_at,
        valid_until: campaign.valid_until,
    }))?;
    unit.rows.campaigns.put(id, campaign);
    Ok(Answer::CampaignCreated { campaign: id })
}

pub(crate) fn change(unit: &mut Unit<'_>, id: CampaignId, change: &coupon::Change) -> Handled {
    let campaign = campaign(unit, id)?;
    let changed = coupon::change(&campaign, change, unit.now).map_err(|rejection| match rejection {
        coupon::ChangeRejection::QuantityLowered { quantity } => Refusal::CampaignQuantityLowered { quantity },
        coupon::ChangeRejection::WindowOutOfOrder => Refusal::CampaignWindowOutOfOrder,
    })?;
    if changed != campaign {
        unit.publish(Event::CampaignChanged(CampaignChanged {
            coupon_id: id,
            paused: changed.paused,
            total_quantity: changed.quantity,
            issue_ends_at: changed.issue_ends_at,
        }))?;
        unit.rows.campaigns.put(id, changed.clone());
    }
    Ok(Answer::changed(Changed::Campaign(changed)))
}

/// Issues at once, or takes a request where the campaign says so: the mode decides when.
pub(crate) fn issue(unit: &mut Unit<'_>, id: CampaignId, user: UserId) -> Handled {
    let campaign = campaign(unit, id)?;
    if campaign.issue_mode.takes_requests() {
        return request(unit, id, user);
    }
    let granted = give(unit, &campaign, user, None)?.map_err(Refusal::from)?;
    Ok(Answer::CouponIssued {
        campaign: id,
        coupon: granted.code,
        issue_number: granted.issue_number,
        issued_at: unit.now,
    })
}

/// Writes the request down and answers at once. A direct campaign decides it in the same commit.
pub(crate) fn request(unit: &mut Unit<'_>, id: CampaignId, user: UserId) -> Handled {
    let campaign = unit.rows.campaigns.get(id)?;
    let queue_key = campaign.map_or(coupon::QueueKey::Campaign, |campaign| campaign.queue_key);
    let is_direct = campaign.is_none_or(|campaign| !campaign.issue_mode.takes_requests());
    let customer = unit.customer(user)?;
    unit.rows.customers.put(CustomerKey(user), customer);

    let request = unit.ids.request();
    let code = unit.settings.codec.request(request);
    unit.rows.requests.known_absent(request);
    let row = Request {
        id: request,
        user,
        campaign: id,
        status: RequestStatus::Pending,
        decision: None,
        created_at: unit.now,
        updated_at: unit.now,
    };
    unit.rows.requests.put(request, row);
    if is_direct {
        decide_request(unit, request, id, user)?;
    } else {
        unit.publish(Event::CouponRequested(CouponRequested {
            request_id: code.clone(),
            user_id: user,
            coupon_id: id,
            queue_key,
            requested_at: unit.now,
        }))?;
    }
    Ok(Answer::CouponRequested { request, code })
}

/// Decides a waiting request, once.
pub(crate) fn decide_request(unit: &mut Unit<'_>, id: RequestId, of: CampaignId, user: UserId) -> Step {
    let Some(mut request) = unit.rows.requests.get(id)?.cloned() else {
        return Err(request::forged("this shop has no such request"));
    };
    if (request.campaign, request.user) != (of, user) {
        return Err(request::forged("the request is for another coupon, or of another customer"));
    }
    if request.status != RequestStatus::Pending {
        unit.skip();
        return Ok(());
    }
    let campaign = unit.rows.campaigns.get(of)?.cloned();
    let (code, granted) = match &campaign {
        None => (ResultCode::CouponNotFound, None),
        Some(campaign) => match give(unit, campaign, user, Some(id))? {
            Ok(granted) => (ResultCode::Success, Some(granted)),
            Err(rejection) => (result_code(rejection), None),
        },
    };
    let succeeded = granted.is_some();
    request.status = if succeeded { RequestStatus::Completed } else { RequestStatus::Failed };
    request.updated_at = unit.now;
    let result = CouponResult {
        request_id: unit.settings.codec.request(id),
        user_id: user,
        coupon_id: of,
        queue_key: campaign.as_ref().map_or(coupon::QueueKey::Campaign, |campaign| campaign.queue_key),
        success: succeeded,
        result_code: code,
        message: Arc::from(code.message()),
        coupon_history_id: granted.as_ref().map(|granted| granted.code.clone()),
        issue_number: granted.as_ref().map(|granted| granted.issue_number),
        processed_at: unit.now,
        processing_time_ms: u64::try_from((unit.now - request.created_at).as_millis()).unwrap_or(u64::MAX),
    };
    let quantity = campaign.map_or(0, |campaign| campaign.quantity);
    request.decision = Some(Decision { code, granted, quantity, at: unit.now });
    unit.rows.requests.put(id, request);
    unit.publish(Event::CouponResult(result))
}

/// Tells the user how his request ended, good or bad, and marks it so (C-17, C-33).
pub(crate) fn deliver_result(unit: &mut Unit<'_>, id: RequestId, result: &CouponResult) -> Step {
    let Some(mut request) = unit.rows.requests.get(id)?.cloned() else {
        return Err(request::forged("this shop has no such request"));
    };
    let is_of_request = (request.campaign, request.user) == (result.coupon_id, result.user_id);
    let Some(decision) = request.decision.as_ref().filter(|_| is_of_request) else {
        return Err(request::forged("the request was not decided so"));
    };
    if request.status == RequestStatus::Notified {
        unit.skip();
        return Ok(());
    }
    let granted = decision.granted.as_ref().map(|granted| (&granted.code, granted.issue_number));
    if decision.code != result.result_code || granted != result.coupon_history_id.as_ref().zip(result.issue_number) {
        return Err(request::forged("the request was not decided so"));
    }
    notices::coupon_result(unit, result)?;
    request.status = RequestStatus::Notified;
    request.updated_at = unit.now;
    unit.rows.requests.put(id, request);
    Ok(())
}

/// Gives the user a coupon, if [`coupon::decide`] says so.
fn give(
    unit: &mut Unit<'_>,
    campaign: &Campaign,
    user: UserId,
    request: Option<RequestId>,
) -> Step<Result<Granted, coupon::Rejection>> {
    let key = HoldingKey { campaign: campaign.id, user };
    let mut campaign = campaign.clone();
    let mut holding = unit.rows.holdings.get(key)?.cloned().unwrap_or(Holding::empty(campaign.id, user));
    let mut customer = unit.customer(user)?;
    let id = unit.ids.coupon();
    let code = unit.settings.codec.coupon(id);
    let event = match coupon::decide(&campaign, &holding, &coupon::Command::Issue { id, code }, unit.now) {
        Ok(event) => event,
        Err(rejection) => return Ok(Err(rejection)),
    };
    coupon::evolve(&mut campaign, &mut holding, &event);
    let issued =
        holding.coupons.last().cloned().ok_or_else(|| Halt::broken("a coupon that was just issued is held"))?;
    unit.rows.campaigns.put(campaign.id, campaign.clone());
    unit.rows.holdings.put(key, holding);
    unit.rows.coupon_links.push(CouponLink { coupon: id, previous: customer.last_coupon });
    customer.last_coupon = Some(id);
    unit.rows.customers.put(CustomerKey(user), customer);
    unit.publish(Event::CouponIssued(CouponIssued {
        user_coupon_id: issued.code.clone(),
        user_id: user,
        coupon_id: campaign.id,
        coupon_name: campaign.name.clone(),
        issue_number: issued.issue_number,
        request_id: request.map(|request| unit.settings.codec.request(request)),
        issued_at: unit.now,
    }))?;
    let granted = Granted { coupon: id, code: issued.code, issue_number: issued.issue_number };
    Ok(Ok(granted))
}

fn campaign(unit: &Unit<'_>, id: CampaignId) -> Step<Campaign> {
    unit.rows.campaigns.get(id)?.cloned().ok_or(Halt::Refused(Refusal::CouponNotFound))
}

/// The sources have no word for a paused campaign; like one that has not started, it may issue later.
const fn result_code(rejection: coupon::Rejection) -> ResultCode {
    match rejection {
        coupon::Rejection::Paused => ResultCode::Paused,
        coupon::Rejection::NotStarted => ResultCode::NotStarted,
        coupon::Rejection::Expired | coupon::Rejection::NotUsable => ResultCode::Expired,
        coupon::Rejection::AlreadyIssued => ResultCode::AlreadyIssued,
        coupon::Rejection::SoldOut => ResultCode::OutOfStock,
    }
}
