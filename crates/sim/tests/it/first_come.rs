//! Many requests for a few coupons: exactly the quantity is issued, in the order of decision.

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, CreateCampaign};
use app::events::event::ResultCode;
use app::state::rows::{Request, RequestStatus};
use app::state::settings::Executor;
use domain::coupon::{Change, IssueMode, QueueKey};
use domain::ids::{CampaignId, UserId};
use sim::planned_fault::CommitFault;

use crate::post::essence;
use crate::shop::{ANN, BOB, EXECUTORS, HOUR, NOON, Shop, campaign_of};

const CROWD: i64 = 40;
const QUANTITY: i64 = 12;

fn crowd() -> impl Iterator<Item = UserId> {
    (1..=CROWD).map(UserId)
}

/// The issue modes whose requests a consumer decides.
const QUEUES: [IssueMode; 2] = [IssueMode::Queued, IssueMode::Stream];

fn queued(issue_mode: IssueMode, quantity: i64, queue_key: QueueKey) -> CreateCampaign {
    CreateCampaign { issue_mode, queue_key, ..campaign_of(quantity) }
}

/// Each queued issue mode under each executor.
fn queues() -> impl Iterator<Item = (Executor, IssueMode)> {
    EXECUTORS.into_iter().flat_map(|executor| QUEUES.map(|mode| (executor, mode)))
}

fn raise(shop: &mut Shop, campaign: CampaignId, quantity: i64) {
    let change = Change { quantity: Some(quantity), ..Change::default() };
    shop.run(Command::ChangeCampaign { campaign, change }).unwrap();
}

fn number(answer: &Result<Answer, Refusal>) -> Option<i64> {
    match answer {
        Ok(Answer::CouponIssued { issue_number, .. }) => Some(*issue_number),
        _ => None,
    }
}

/// Found by the simulator: an admin's change was committed with an unknown outcome, and the gate kept the old campaign.
#[test]
fn a_gate_forgets_a_campaign_whose_commit_is_unknown() {
    let mut shop = Shop::open(Executor::Inline);
    let campaign = shop.campaign(campaign_of(QUANTITY));
    assert!(!shop.gate.updates(campaign).is_empty());
    shop.faults.plan_commit(CommitFault::LostAfter);
    shop.faults.fail_lookups(1);
    let change = Change { quantity: Some(2 * QUANTITY), ..Change::default() };
    let reply = shop.decide([Command::ChangeCampaign { campaign, change }]).remove(0);
    assert_eq!(reply.result, Err(Refusal::Unavailable));
    assert!(shop.gate.updates(campaign).is_empty());
}

/// C-05, C-07: numbers are 1 to the quantity in decision order, in one batch or in many.
#[test]
fn a_crowd_gets_exactly_the_quantity_in_the_order_of_requests() {
    for executor in EXECUTORS {
        for batch in [1, 7, CROWD as usize] {
            let mut shop = Shop::open(executor);
            let campaign = shop.campaign(campaign_of(QUANTITY));
            let users: Vec<UserId> = crowd().collect();
            let mut answers = vec![];
            for users in users.chunks(batch) {
                answers.extend(shop.decide(users.iter().map(|user| Command::IssueCoupon { campaign, user: *user })));
            }
            shop.quiet();
            let (given, refused) = answers.split_at(QUANTITY as usize);
            let numbers: Vec<_> = given.iter().filter_map(|answer| number(&answer.result)).collect();
            assert_eq!(numbers, (1..=QUANTITY).collect::<Vec<_>>());
            assert!(refused.iter().all(|answer| answer.result == Err(Refusal::CouponSoldOut)));
        }
    }
}

/// C-05: a duplicate is refused as such even if the campaign is sold out.
#[test]
fn a_duplicate_is_refused_as_such_even_when_sold_out() {
    let mut shop = Shop::open(Executor::Inline);
    let campaign = shop.campaign(campaign_of(1));
    let answers = shop.decide([ANN, ANN, BOB, ANN].map(|user| Command::IssueCoupon { campaign, user }));
    let refusals: Vec<_> = answers[1..].iter().map(|answer| answer.result.clone().unwrap_err()).collect();
    assert_eq!(refusals, [Refusal::CouponAlreadyIssued, Refusal::CouponSoldOut, Refusal::CouponAlreadyIssued]);
}

#[test]
fn a_campaign_may_allow_several_to_each() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let campaign = shop.campaign(CreateCampaign { issue_per_user_max: 2, ..campaign_of(5) });
        let asked = [ANN, ANN, ANN, BOB, BOB, BOB, UserId(3), UserId(3)];
        let answers = shop.decide(asked.map(|user| Command::IssueCoupon { campaign, user }));
        shop.quiet();
        let numbers: Vec<_> = answers.iter().map(|answer| number(&answer.result)).collect();
        assert_eq!(numbers, [Some(1), Some(2), None, Some(3), Some(4), None, Some(5), None]);
    }
}

fn requests(shop: &Shop) -> Vec<Request> {
    shop.state().requests.into_values().collect()
}

/// C-12…C-17, C-33: decided in arrival order by the campaign's own queue, with a notice for every user.
#[test]
fn queued_requests_are_decided_in_the_order_of_arrival_with_a_notice_each() {
    for (executor, mode) in queues() {
        for batch in [1, 7, CROWD as usize] {
            let mut shop = Shop::open(executor);
            let campaign = shop.campaign(queued(mode, QUANTITY, QueueKey::Campaign));
            let users: Vec<UserId> = crowd().collect();
            for users in users.chunks(batch) {
                let asked = users.iter().map(|user| Command::RequestCoupon { campaign, user: *user });
                assert!(shop.decide(asked).iter().all(|answer| answer.result.is_ok()));
            }
            shop.quiet();
            let requests = requests(&shop);
            let (granted, refused) = requests.split_at(QUANTITY as usize);
            for (request, expected) in granted.iter().zip(1..) {
                let decision = request.decision.as_ref().unwrap();
                assert_eq!(decision.granted.as_ref().unwrap().issue_number, expected);
            }
            assert!(refused.iter().all(|request| request.decision.as_ref().unwrap().code == ResultCode::OutOfStock));
            assert!(requests.iter().all(|request| request.status == RequestStatus::Notified));
            assert_eq!(shop.state().notices.len(), CROWD as usize);
        }
    }
}

/// Law 6 compares decisions by time, because each process leases its own block of request numbers.
#[test]
fn two_alternating_processes_are_first_come_first_served() {
    for mode in QUEUES {
        let mut one = Shop::open(Executor::Log);
        let campaign = one.campaign(queued(mode, QUANTITY, QueueKey::Campaign));
        let mut two = one.second_process();
        for user in crowd() {
            let process = if user.0 % 2 == 0 { &mut two } else { &mut one };
            process.run(Command::RequestCoupon { campaign, user }).unwrap();
        }
        one.quiet();
        let requests = requests(&one);
        let number =
            |request: &Request| request.decision.as_ref()?.granted.as_ref().map(|granted| granted.issue_number);
        let numbers: Vec<i64> = requests.iter().filter_map(number).collect();
        assert!(!numbers.is_sorted(), "numbers of requests are no order of arrival: {numbers:?}");
        assert_eq!(issue_numbers(&one), (1..=QUANTITY).collect::<Vec<_>>());
    }
}

/// O-16, M-15: a repeated event issues no second coupon, even if the user may have two.
#[test]
fn a_request_that_is_delivered_twice_is_decided_once() {
    for mode in QUEUES {
        let mut shop = Shop::open(Executor::Log);
        let campaign = shop.campaign(CreateCampaign { issue_per_user_max: 2, ..queued(mode, 5, QueueKey::Campaign) });
        shop.run(Command::RequestCoupon { campaign, user: ANN }).unwrap();
        let before = essence(shop.state());
        shop.deliver_from(0);
        shop.quiet();
        assert_eq!(essence(shop.state()), before);
        assert_eq!(shop.state().coupons.len(), 1);
    }
}

/// C-13: keyed by user, the campaign spreads over partitions, and a user's own requests keep their order.
#[test]
fn queued_by_user_exactly_the_quantity_is_issued() {
    for (executor, mode) in queues() {
        let mut shop = Shop::open(executor);
        let campaign = shop.campaign(queued(mode, QUANTITY, QueueKey::User));
        let asked = crowd().chain(crowd()).map(|user| Command::RequestCoupon { campaign, user });
        shop.decide(asked);
        shop.quiet();
        assert_eq!(shop.disk.read(|state| state.campaigns[&campaign].issued), QUANTITY);
        let requests = requests(&shop);
        for (first, second) in requests.iter().zip(&requests[CROWD as usize..]) {
            let code = |request: &Request| request.decision.as_ref().unwrap().code;
            assert_eq!(first.user, second.user);
            assert_ne!(code(second), ResultCode::Success);
            assert_eq!(code(second) == ResultCode::AlreadyIssued, code(first) == ResultCode::Success);
        }
    }
}

/// The issue numbers of granted requests.
fn issue_numbers(shop: &Shop) -> Vec<i64> {
    let decided = requests(shop).into_iter().filter_map(|request| request.decision);
    let mut numbers: Vec<i64> = decided.filter_map(|decision| Some(decision.granted?.issue_number)).collect();
    numbers.sort_unstable();
    numbers
}

/// C-10, C-11: held counts survive their process, and yield to other processes' commits.
#[test]
fn held_counts_continue_from_the_last_commit() {
    let mut shop = Shop::open(Executor::Log);
    let campaign = shop.campaign(queued(IssueMode::Stream, 2, QueueKey::User));
    let mut users = crowd();
    let mut ask = |shop: &mut Shop| {
        let user = users.next().unwrap();
        shop.run(Command::RequestCoupon { campaign, user }).unwrap();
    };
    ask(&mut shop);
    let mut other = shop.second_process();
    ask(&mut other);
    // Both hold the campaign now, and the first does not know the second coupon.
    ask(&mut shop);
    assert_eq!(issue_numbers(&shop), [1, 2], "no number is issued twice");
    raise(&mut other, campaign, 3);
    ask(&mut shop);
    assert_eq!(issue_numbers(&shop), [1, 2, 3], "a raised quantity is issued");
    shop.faults.plan_commit(CommitFault::LostBefore);
    raise(&mut shop, campaign, 5);
    ask(&mut shop);
    ask(&mut shop.crash());
    assert_eq!(issue_numbers(&other), [1, 2, 3, 4, 5]);
}

/// C-16: every refusal has its code, and leaves no coupon behind.
#[test]
fn a_request_is_refused_with_its_reason() {
    for (executor, mode) in queues() {
        let mut shop = Shop::open(executor);
        let sold_out = shop.campaign(queued(mode, 0, QueueKey::Campaign));
        let later = CreateCampaign { issue_starts_at: NOON + HOUR, ..queued(mode, 5, QueueKey::Campaign) };
        let not_started = shop.campaign(later);
        let over = CreateCampaign { issue_ends_at: NOON, ..queued(mode, 5, QueueKey::Campaign) };
        let expired = shop.campaign(over);
        let mine = shop.campaign(queued(mode, 5, QueueKey::Campaign));
        let asked = [mine, mine, sold_out, not_started, expired, CampaignId(99)];
        for campaign in asked {
            shop.run(Command::RequestCoupon { campaign, user: ANN }).unwrap();
        }
        let codes: Vec<_> = requests(&shop).iter().map(|request| request.decision.as_ref().unwrap().code).collect();
        let expected = [
            ResultCode::Success,
            ResultCode::AlreadyIssued,
            ResultCode::OutOfStock,
            ResultCode::NotStarted,
            ResultCode::Expired,
            ResultCode::CouponNotFound,
        ];
        assert_eq!(codes, expected);
        assert_eq!(shop.state().coupons.len(), 1);
    }
}

#[test]
fn a_direct_campaign_decides_a_request_at_once() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let campaign = shop.campaign(campaign_of(1));
        shop.decide([Command::RequestCoupon { campaign, user: ANN }]);
        assert!(requests(&shop)[0].decision.is_some());
        shop.quiet();
        assert_eq!(requests(&shop)[0].status, RequestStatus::Notified);
    }
}

#[test]
fn the_mode_decides_when_even_at_the_direct_endpoint() {
    for (executor, mode) in queues() {
        let mut shop = Shop::open(executor);
        let campaign = shop.campaign(queued(mode, 1, QueueKey::Campaign));
        assert!(matches!(shop.issue(campaign, ANN), Ok(Answer::CouponRequested { .. })));
        assert_eq!(shop.disk.read(|state| state.campaigns[&campaign].issued), 1);
    }
}

#[test]
fn a_raised_quantity_continues_the_issue_numbers() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let campaign = shop.campaign(campaign_of(1));
        assert_eq!(number(&shop.issue(campaign, ANN)), Some(1));
        assert_eq!(shop.issue(campaign, BOB), Err(Refusal::CouponSoldOut));
        raise(&mut shop, campaign, 2);
        assert_eq!(number(&shop.issue(campaign, BOB)), Some(2));
    }
}

#[test]
fn the_gate_gets_committed_facts_only() {
    let mut shop = Shop::open(Executor::Inline);
    let campaign = shop.campaign(campaign_of(2));
    assert!(shop.gate.updates(campaign).last().unwrap().complete, "a new campaign has no holders");

    shop.faults.fail_loads(1);
    shop.issue(campaign, ANN).unwrap_err();
    shop.faults.plan_commit(CommitFault::LostBefore);
    shop.issue(campaign, BOB).unwrap();
    let (first, second) = (&shop.gate.updates(campaign)[0], &shop.gate.updates(campaign)[1..]);
    assert_eq!((first.issued, second.len(), second[0].issued), (0, 1, 1), "no failed commit is a fact");

    shop.decide([ANN, BOB, UserId(3)].map(|user| Command::IssueCoupon { campaign, user }));
    let last = shop.gate.updates(campaign).pop().unwrap();
    assert_eq!((last.issued, last.quantity), (2, 2));
    assert_eq!(last.holders, [(ANN, 1)]);

    raise(&mut shop, campaign, 3);
    let last = shop.gate.updates(campaign).pop().unwrap();
    assert_eq!((last.issued, last.quantity), (2, 3));
}

/// A new process knows no holders; the first sold-out refusal loads all of them.
#[test]
fn after_a_restart_the_gate_gets_all_holders_at_the_first_refusal() {
    let mut shop = Shop::open(Executor::Inline);
    let campaign = shop.campaign(campaign_of(1));
    shop.issue(campaign, ANN).unwrap();
    let mut shop = shop.crash();
    assert!(shop.gate.updates(campaign).is_empty());
    assert_eq!(shop.issue(campaign, BOB), Err(Refusal::CouponSoldOut));
    let last = shop.gate.updates(campaign).pop().unwrap();
    assert_eq!((last.holders, last.complete), (vec![(ANN, 1)], true));
}
