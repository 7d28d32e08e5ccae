//! Dead letters that an operator drops: what waits for their event ends, or the letter stays until it is sent again.

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, CreateCampaign, FailedDelivery};
use app::events::event::ResultCode;
use app::events::topic::Topic;
use app::log::group::Group;
use app::state::rows::{DeadLetter, DeadLetterStatus, OrderKey, ParkKey, PaymentKey, Request, RequestStatus};
use app::state::settings::Executor;
use domain::coupon::IssueMode;
use domain::ids::RequestId;
use domain::order::{Outcome, Status};
use domain::payment::Method;

use crate::fulfilment::{agree, awaiting, pay, process};
use crate::shop::{ANN, CODEC, Shop, campaign_of};

/// Delivers events until none is left.
fn deliver(shop: &mut Shop) {
    loop {
        let events = shop.next_events();
        if events.is_empty() && !shop.engine.has_deferred() {
            return;
        }
        shop.batch(events);
    }
}

/// Returns the newest letter.
fn letter(shop: &Shop) -> DeadLetter {
    shop.disk.read(|state| state.letters.values().next_back().unwrap().clone())
}

fn drop_it(shop: &mut Shop, letter: &DeadLetter) -> Result<Answer, Refusal> {
    let drop = FailedDelivery::Drop { letter: Box::new(letter.clone()), reason: "it need not be handled".into() };
    shop.decide([Command::FailedDelivery(drop)]).remove(0).result
}

fn resend(shop: &mut Shop, letter: &DeadLetter) {
    assert!(shop.decide([FailedDelivery::resend(letter, "its row was mended", &CODEC)])[0].result.is_ok());
    deliver(shop);
}

fn request(shop: &Shop, id: RequestId) -> Request {
    shop.disk.read(|state| state.requests[&id].clone())
}

/// A shop whose campaign cannot be read, with a request for its coupon that became a dead letter.
fn undecided() -> (Shop, RequestId) {
    let mut shop = Shop::open(Executor::Log);
    let campaign = shop.campaign(CreateCampaign { issue_mode: IssueMode::Queued, ..campaign_of(5) });
    let asked = shop.decide([Command::RequestCoupon { campaign, user: ANN }]).remove(0).result.unwrap();
    let Answer::CouponRequested { request: id, .. } = asked else { panic!("{asked:?}") };
    shop.faults.damage(campaign);
    shop.faults.damage(ParkKey::new(Group::CouponRequest, Topic::CouponRequests, &campaign.0.to_string()));
    deliver(&mut shop);
    assert_eq!((letter(&shop).group, request(&shop, id).status), (Group::CouponRequest, RequestStatus::Pending));
    (shop, id)
}

fn has_ended(shop: &Shop, id: RequestId) -> bool {
    let request = request(shop, id);
    let code = request.decision.as_ref().map(|decision| decision.code);
    let is_told =
        shop.state().notices.values().any(|notice| {
            notice.user == ANN && notice.kind == "coupon.refused" && notice.data.contains("SYSTEM_ERROR")
        });
    (request.status, code, is_told) == (RequestStatus::Notified, Some(ResultCode::SystemError), true)
}

#[test]
fn a_coupon_request_whose_event_is_dropped_ends_and_its_customer_is_told() {
    let (mut shop, id) = undecided();
    let open = letter(&shop);
    assert!(drop_it(&mut shop, &open).is_ok(), "the campaign is not needed for it");
    assert_eq!(request(&shop, id).status, RequestStatus::Failed);
    deliver(&mut shop);
    assert!(has_ended(&shop, id), "{:?}", request(&shop, id));
    shop.faults.heal();
    // The event itself comes too late.
    shop.forget_offsets();
    shop.quiet();
    assert!(has_ended(&shop, id) && letter(&shop).status == DeadLetterStatus::Dropped);
}

/// What waits is what the event was delivered for, and not what an operator has made of it.
#[test]
fn a_request_ends_also_if_its_event_was_edited() {
    let (mut shop, id) = undecided();
    let open = letter(&shop);
    let payload = open.message.payload.replace(&format!("\"userId\":{ANN}"), "\"userId\":77").into();
    let edit = FailedDelivery::Edit { letter: open.id, payload, reason: "a guess".into() };
    assert!(shop.decide([Command::FailedDelivery(edit)])[0].result.is_ok());
    let edited = letter(&shop);
    assert_ne!(edited.message.payload, open.message.payload);
    assert!(drop_it(&mut shop, &edited).is_ok());
    deliver(&mut shop);
    assert!(has_ended(&shop, id), "{:?}", request(&shop, id));
    shop.faults.heal();
    shop.quiet();
}

/// The letter was written under the log executor, and is dropped under the inline one.
#[test]
fn a_request_ends_under_the_other_executor_as_well() {
    let (shop, id) = undecided();
    let mut inline = Shop::on(Executor::Inline, shop.state());
    // Its groups have not read everything; that is the switch's matter.
    inline.is_audited = false;
    let open = letter(&inline);
    assert!(drop_it(&mut inline, &open).is_ok());
    assert!(has_ended(&inline, id), "{:?}", request(&inline, id));
}

#[test]
fn a_payment_that_waits_for_its_event_keeps_the_letter() {
    let mut shop = Shop::open(Executor::Log);
    let (_, order) = awaiting(&mut shop);
    let id = order.id();
    shop.decide([Command::Pay { order: id, method: Method::Card, means: None, amount_shown: None }]);
    shop.faults.damage(PaymentKey(id));
    shop.faults.damage(ParkKey::new(Group::Payment, Topic::PaymentEvents, order.created.number.as_str()));
    deliver(&mut shop);
    let open = letter(&shop);
    assert_eq!(open.group, Group::Payment);
    assert_eq!(drop_it(&mut shop, &open), Err(Refusal::Damaged), "nobody can tell what waits");
    shop.faults.heal();
    assert_eq!(drop_it(&mut shop, &open), Err(Refusal::DeadLetterAwaited));
    resend(&mut shop, &open);
    agree(&mut shop, id);
    assert_eq!(shop.order(id).outcome, Outcome::Completed);

    // Nothing waits for the same event again.
    let (group, message, error) = (Group::Payment, Box::new(open.message), "a copy".into());
    shop.decide([Command::FailedDelivery(FailedDelivery::GiveUp { group, message, error })]);
    let copy = letter(&shop);
    assert!(drop_it(&mut shop, &copy).is_ok());
    shop.quiet();
}

/// An order that is paid with its processing, and one that was paid before.
#[test]
fn an_order_that_waits_to_be_processed_keeps_the_letter() {
    for is_paid in [false, true] {
        let mut shop = Shop::open(Executor::Log);
        let (_, order) = awaiting(&mut shop);
        let id = order.id();
        if is_paid {
            pay(&mut shop, id).unwrap();
            agree(&mut shop, id);
        }
        assert!(shop.decide([process(id)])[0].result.is_ok());
        shop.faults.damage(OrderKey(id));
        let number = order.created.number.as_str();
        shop.faults.damage(ParkKey::new(Group::OrderProcessing, Topic::OrderProcessing, number));
        deliver(&mut shop);
        let open = letter(&shop);
        assert_eq!(open.group, Group::OrderProcessing);
        shop.faults.heal();
        assert_eq!(drop_it(&mut shop, &open), Err(Refusal::DeadLetterAwaited));
        resend(&mut shop, &open);
        agree(&mut shop, id);
        shop.quiet();
        assert_eq!(shop.order(id).status, Status::Preparing);
    }
}
