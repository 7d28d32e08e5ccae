//! Campaigns and coupons, issued at once or on request (C-01…C-07, C-12…C-17, C-33).

use std::sync::Arc;

use domain::coupon::{self, Campaign, Holding};
use domain::ids::{CampaignId, RequestId, UserId};

use crate::commands::answer::changed::Changed;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Halt, Handled};
use crate::commands::order::request;
use crate::commands::{CreateCampaign, notices};
use crate::events::event::{
    CampaignChanged, CampaignCreated, CouponIssued, CouponRequested, CouponResult, Event, ResultCode,
};
use crate::state::rows::{CouponLink, CustomerKey, Decision, Granted, HoldingKey, Request, RequestStatus};

pub(crate) fn create(context: &mut Context<'_>, wanted: &CreateCampaign) -> Answered {
    let id = context.ids.campaign();
    context.rows.campaigns.known_absent(id);
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
        created_at: context.now,
        updated_at: context.now,
    };
    context.publish(Event::CampaignCreated(CampaignCreated {
        coupon_id: id,
        name: campaign.name.clone(),
        discount: campaign.discount,
        total_quantity: campaign.quantity,
        max_issue_per_user: campaign.issue_per_user_max,
        issue_mode: campaign.issue_mode,
        queue_key: Some(campaign.queue_key),
        issue_starts_at: campaign.issue_starts_at,
        issue_ends_at: campaign.issue_ends_at,
        valid_until: campaign.valid_until,
    }))?;
    context.rows.campaigns.put(id, campaign.clone());
    Ok(Answer::changed(Changed::Campaign(campaign)))
}

pub(crate) fn change(context: &mut Context<'_>, id: CampaignId, change: &coupon::Change) -> Answered {
    let campaign = campaign(context, id)?;
    let changed = coupon::change(&campaign, change, context.now).map_err(|rejection| match rejection {
        coupon::ChangeRejection::QuantityLowered { quantity } => Refusal::CampaignQuantityLowered { quantity },
        coupon::ChangeRejection::WindowOutOfOrder => Refusal::CampaignWindowOutOfOrder,
    })?;
    if changed != campaign {
        context.publish(Event::CampaignChanged(CampaignChanged {
            coupon_id: id,
            paused: changed.paused,
            total_quantity: changed.quantity,
            issue_ends_at: changed.issue_ends_at,
        }))?;
        context.rows.campaigns.put(id, changed.clone());
    }
    Ok(Answer::changed(Changed::Campaign(changed)))
}

/// Issues at once, or takes a request if the campaign's mode says so.
pub(crate) fn issue(context: &mut Context<'_>, id: CampaignId, user: UserId) -> Answered {
    let campaign = campaign(context, id)?;
    if campaign.issue_mode.takes_requests() {
        return request(context, id, user);
    }
    let granted = give(context, &campaign, user, None)?.map_err(Refusal::from)?;
    Ok(Answer::CouponIssued {
        campaign: id,
        coupon: granted.code,
        issue_number: granted.issue_number,
        issued_at: context.now,
    })
}

/// Writes the request and answers at once. A direct campaign decides it in the same commit.
pub(crate) fn request(context: &mut Context<'_>, id: CampaignId, user: UserId) -> Answered {
    let campaign = context.rows.campaigns.get(id)?;
    let queue_key = campaign.map_or(coupon::QueueKey::Campaign, |campaign| campaign.queue_key);
    let is_direct = campaign.is_none_or(|campaign| !campaign.issue_mode.takes_requests());
    let customer = context.customer(user)?;
    context.rows.customers.put(CustomerKey(user), customer);

    let request = context.ids.request();
    let code = context.settings.codec.request(request);
    context.rows.requests.known_absent(request);
    let row = Request {
        id: request,
        user,
        campaign: id,
        status: RequestStatus::Pending,
        decision: None,
        created_at: context.now,
        updated_at: context.now,
    };
    context.rows.requests.put(request, row);
    if is_direct {
        decide_request(context, request, id, user)?;
    } else {
        context.publish(Event::CouponRequested(CouponRequested {
            request_id: code.clone(),
            user_id: user,
            coupon_id: id,
            queue_key,
            requested_at: context.now,
        }))?;
    }
    Ok(Answer::CouponRequested { request, code })
}

/// Ends a waiting request without a coupon: an operator drops its event, so that nothing will decide it.
pub(crate) fn give_up_request(context: &mut Context<'_>, asked: &CouponRequested) -> Handled {
    let Some(id) = context.settings.codec.request_id(asked.request_id.as_str()) else { return Ok(()) };
    let waits = |request: &&Request| {
        request.status == RequestStatus::Pending && (request.campaign, request.user) == (asked.coupon_id, asked.user_id)
    };
    let Some(request) = context.rows.requests.get(id)?.filter(waits).cloned() else { return Ok(()) };
    let decision = Decision { code: ResultCode::SystemError, granted: None, quantity: 0, at: context.now };
    conclude(context, request, asked.queue_key, decision)
}

/// Decides a waiting request, once.
pub(crate) fn decide_request(context: &mut Context<'_>, id: RequestId, of: CampaignId, user: UserId) -> Handled {
    let Some(request) = context.rows.requests.get(id)?.cloned() else {
        return Err(request::forged("this shop has no such request"));
    };
    if (request.campaign, request.user) != (of, user) {
        return Err(request::forged("the request is for another coupon or by another customer"));
    }
    if request.status != RequestStatus::Pending {
        context.skip();
        return Ok(());
    }
    let campaign = context.rows.campaigns.get(of)?.cloned();
    let (code, granted) = match &campaign {
        None => (ResultCode::CouponNotFound, None),
        Some(campaign) => match give(context, campaign, user, Some(id))? {
            Ok(granted) => (ResultCode::Success, Some(granted)),
            Err(rejection) => (result_code(rejection), None),
        },
    };
    let queue_key = campaign.as_ref().map_or(coupon::QueueKey::Campaign, |campaign| campaign.queue_key);
    let quantity = campaign.map_or(0, |campaign| campaign.quantity);
    conclude(context, request, queue_key, Decision { code, granted, quantity, at: context.now })
}

/// Writes the decision on a waiting request, and publishes its result.
fn conclude(
    context: &mut Context<'_>,
    mut request: Request,
    queue_key: coupon::QueueKey,
    decision: Decision,
) -> Handled {
    let Decision { code, granted, .. } = &decision;
    let result = CouponResult {
        request_id: context.settings.codec.request(request.id),
        user_id: request.user,
        coupon_id: request.campaign,
        queue_key,
        success: granted.is_some(),
        result_code: *code,
        message: Arc::from(code.message()),
        coupon_history_id: granted.as_ref().map(|granted| granted.code.clone()),
        issue_number: granted.as_ref().map(|granted| granted.issue_number),
        processed_at: context.now,
        processing_time_ms: u64::try_from((context.now - request.created_at).as_millis()).unwrap_or(u64::MAX),
    };
    request.status = if granted.is_some() { RequestStatus::Completed } else { RequestStatus::Failed };
    request.updated_at = context.now;
    request.decision = Some(decision);
    context.rows.requests.put(request.id, request);
    context.publish(Event::CouponResult(result))
}

/// Marks the result of a request as delivered, and writes its notice (C-17, C-33).
pub(crate) fn deliver_result(context: &mut Context<'_>, id: RequestId, result: &CouponResult) -> Handled {
    let Some(mut request) = context.rows.requests.get(id)?.cloned() else {
        return Err(request::forged("this shop has no such request"));
    };
    let is_of_request = (request.campaign, request.user) == (result.coupon_id, result.user_id);
    let Some(decision) = request.decision.as_ref().filter(|_| is_of_request) else {
        return Err(request::forged("the request was decided differently"));
    };
    if request.status == RequestStatus::Notified {
        context.skip();
        return Ok(());
    }
    let granted = decision.granted.as_ref().map(|granted| (&granted.code, granted.issue_number));
    if decision.code != result.result_code || granted != result.coupon_history_id.as_ref().zip(result.issue_number) {
        return Err(request::forged("the request was decided differently"));
    }
    notices::coupon_result(context, result)?;
    request.status = RequestStatus::Notified;
    request.updated_at = context.now;
    context.rows.requests.put(id, request);
    Ok(())
}

/// Issues a coupon to the user, if [`coupon::decide`] allows it.
fn give(
    context: &mut Context<'_>,
    campaign: &Campaign,
    user: UserId,
    request: Option<RequestId>,
) -> Handled<Result<Granted, coupon::Rejection>> {
    let key = HoldingKey { campaign: campaign.id, user };
    let mut campaign = campaign.clone();
    let mut holding = context.rows.holdings.get(key)?.cloned().unwrap_or(Holding::empty(campaign.id, user));
    let mut customer = context.customer(user)?;
    let id = context.ids.coupon();
    let code = context.settings.codec.coupon(id);
    let event = match coupon::decide(&campaign, &holding, &coupon::Command::Issue { id, code }, context.now) {
        Ok(event) => event,
        Err(rejection) => return Ok(Err(rejection)),
    };
    coupon::evolve(&mut campaign, &mut holding, &event);
    let issued =
        holding.coupons.last().cloned().ok_or_else(|| Halt::broken("an issued coupon is in its user's holding"))?;
    context.rows.campaigns.put(campaign.id, campaign.clone());
    context.rows.holdings.put(key, holding);
    context.rows.coupon_links.push(CouponLink { coupon: id, previous: customer.last_coupon });
    customer.last_coupon = Some(id);
    context.rows.customers.put(CustomerKey(user), customer);
    context.publish(Event::CouponIssued(CouponIssued {
        user_coupon_id: issued.code.clone(),
        user_id: user,
        coupon_id: campaign.id,
        coupon_name: campaign.name.clone(),
        issue_number: issued.issue_number,
        request_id: request.map(|request| context.settings.codec.request(request)),
        issued_at: context.now,
    }))?;
    let granted = Granted { coupon: id, code: issued.code, issue_number: issued.issue_number };
    Ok(Ok(granted))
}

fn campaign(context: &Context<'_>, id: CampaignId) -> Handled<Campaign> {
    context.rows.campaigns.get(id)?.cloned().ok_or(Halt::Refused(Refusal::CouponNotFound))
}

/// The sources have no code for a paused campaign; like one that has not started, it may issue later.
const fn result_code(rejection: coupon::Rejection) -> ResultCode {
    match rejection {
        coupon::Rejection::Paused => ResultCode::Paused,
        coupon::Rejection::NotStarted => ResultCode::NotStarted,
        coupon::Rejection::Expired | coupon::Rejection::NotUsable => ResultCode::Expired,
        coupon::Rejection::AlreadyIssued => ResultCode::AlreadyIssued,
        coupon::Rejection::SoldOut => ResultCode::OutOfStock,
    }
}
