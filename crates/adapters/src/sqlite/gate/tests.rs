use domain::coupon::IssueMode;
use domain::money::Money;
use domain::pricing::Discount;

use crate::sqlite::gate::*;

const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);
const DROP: CampaignId = CampaignId(1);
const NOON: Timestamp = Timestamp::from_micros(1_000);

fn campaign(id: i64, quantity: i64, issued: i64) -> Campaign {
    Campaign {
        id: CampaignId(id),
        name: "drop".into(),
        discount: Discount::Fixed { value: Money::won(1_000) },
        quantity,
        issued,
        issue_per_user_max: 1,
        issue_starts_at: Timestamp::from_micros(0),
        issue_ends_at: Timestamp::from_micros(2_000),
        valid_until: Timestamp::from_micros(3_000),
        issue_mode: IssueMode::Direct,
        queue_key: domain::coupon::QueueKey::Campaign,
        paused: false,
        created_at: NOON,
        updated_at: NOON,
    }
}

fn apply(gate: &MemoryGate, campaign: Campaign, holders: &[(UserId, i64)], complete: bool) {
    gate.apply(CampaignFacts { campaign: &Arc::new(campaign), holders, complete });
}

#[track_caller]
fn check(gate: &MemoryGate, user: UserId, expected: Option<Rejection>) {
    let Advice::Given(advice) = gate.advice(DROP, user, NOON) else { panic!("the memory gate answers without a call") };
    assert_eq!(advice.map(|early| early.rejection), expected);
}

#[test]
fn an_unknown_campaign_refuses_nothing() {
    check(&MemoryGate::default(), ANN, None);
}

#[test]
fn the_last_coupon_closes_the_gate_and_a_raised_quantity_opens_it() {
    let gate = MemoryGate::default();
    apply(&gate, campaign(1, 1, 0), &[], true);
    check(&gate, BOB, None);
    apply(&gate, campaign(1, 1, 1), &[(ANN, 1)], false);
    check(&gate, BOB, Some(Rejection::SoldOut));
    apply(&gate, campaign(1, 2, 1), &[], false);
    check(&gate, BOB, None);
    check(&gate, ANN, Some(Rejection::AlreadyIssued));
}

#[test]
fn a_forgotten_campaign_is_open_and_takes_no_room() {
    let gate = MemoryGate::default();
    apply(&gate, campaign(1, 1, 1), &[(ANN, 1)], true);
    gate.forget(DROP);
    check(&gate, BOB, None);
    assert_eq!(gate.total.lock().holders, 0);
    apply(&gate, campaign(1, 1, 1), &[(ANN, 1)], true);
    check(&gate, BOB, Some(Rejection::SoldOut));
}

#[test]
fn a_holder_is_refused_as_such_even_when_sold_out() {
    let gate = MemoryGate::default();
    apply(&gate, campaign(1, 1, 1), &[(ANN, 1)], true);
    check(&gate, ANN, Some(Rejection::AlreadyIssued));
    check(&gate, BOB, Some(Rejection::SoldOut));
}

#[test]
fn a_holder_below_the_limit_is_refused_as_sold_out() {
    let gate = MemoryGate::default();
    apply(&gate, Campaign { issue_per_user_max: 2, ..campaign(1, 3, 3) }, &[(ANN, 1), (BOB, 2)], true);
    check(&gate, ANN, Some(Rejection::SoldOut));
    check(&gate, BOB, Some(Rejection::AlreadyIssued));
}

#[test]
fn a_gate_that_does_not_know_all_holders_refuses_only_those_it_knows() {
    let gate = MemoryGate::default();
    apply(&gate, campaign(1, 2, 2), &[(ANN, 1)], false);
    assert!(!gate.is_complete(DROP));
    check(&gate, ANN, Some(Rejection::AlreadyIssued));
    check(&gate, BOB, None);
    apply(&gate, campaign(1, 2, 2), &[(ANN, 1), (UserId(3), 1)], true);
    assert!(gate.is_complete(DROP));
    check(&gate, BOB, Some(Rejection::SoldOut));
}

#[test]
fn a_campaign_that_does_not_issue_now_refuses_every_user() {
    let gate = MemoryGate::default();
    let sold_out = campaign(1, 1, 1);
    apply(&gate, Campaign { paused: true, ..sold_out.clone() }, &[(ANN, 1)], true);
    check(&gate, ANN, Some(Rejection::Paused));
    apply(&gate, Campaign { issue_starts_at: Timestamp::from_micros(1_001), ..sold_out.clone() }, &[], false);
    check(&gate, ANN, Some(Rejection::NotStarted));
    apply(&gate, Campaign { issue_ends_at: NOON, ..sold_out }, &[], false);
    check(&gate, ANN, Some(Rejection::Expired));
}

#[test]
fn a_queued_campaign_takes_every_request() {
    let gate = MemoryGate::default();
    apply(&gate, Campaign { issue_mode: IssueMode::Queued, paused: true, ..campaign(1, 1, 1) }, &[(ANN, 1)], true);
    check(&gate, ANN, None);
}

#[test]
fn the_campaign_with_the_oldest_update_is_forgotten_first() {
    let gate = MemoryGate::new(GateBounds { campaigns_max: 2, holders_max: 9 });
    for id in [1, 2] {
        apply(&gate, campaign(id, 1, 1), &[], true);
    }
    apply(&gate, campaign(1, 1, 1), &[], false);
    apply(&gate, campaign(3, 1, 1), &[], true);
    assert!(gate.is_complete(CampaignId(1)) && gate.is_complete(CampaignId(3)));
    assert!(!gate.is_complete(CampaignId(2)));
}

#[test]
fn holders_of_others_make_room() {
    let gate = MemoryGate::new(GateBounds { campaigns_max: 9, holders_max: 3 });
    apply(&gate, campaign(1, 2, 2), &[(ANN, 1), (BOB, 1)], true);
    apply(&gate, campaign(2, 2, 2), &[(ANN, 1), (BOB, 1)], true);
    assert!(!gate.is_complete(DROP));
    assert!(gate.is_complete(CampaignId(2)));
    assert_eq!(gate.total.lock().holders, 2);
}

#[test]
fn a_campaign_too_large_to_remember_is_left_to_the_engine_for_good() {
    let gate = MemoryGate::new(GateBounds { campaigns_max: 9, holders_max: 2 });
    let holders: Vec<(UserId, i64)> = (1..=3).map(|user| (UserId(user), 1)).collect();
    apply(&gate, campaign(1, 3, 3), &holders, true);
    assert!(gate.is_complete(DROP), "the engine need not count the holders again");
    check(&gate, ANN, None);
    check(&gate, UserId(9), None);
    apply(&gate, Campaign { paused: true, ..campaign(1, 3, 3) }, &[(ANN, 1)], false);
    check(&gate, ANN, Some(Rejection::Paused));
}

/// The order of updates holds each known campaign once, so the campaign to forget is its first, without a scan.
#[test]
fn campaigns_beyond_the_bound_are_forgotten_in_the_order_of_their_updates() {
    let gate = MemoryGate::new(GateBounds { campaigns_max: 100, holders_max: 1_000 });
    for round in 0..3 {
        for id in 1..=300 {
            apply(&gate, campaign(id, 9, 1), &[(ANN, 1)], round == 0);
            gate.forget(CampaignId(id - 7));
        }
    }
    let total = gate.total.lock();
    let known = gate.known.read();
    assert!(total.by_update.len() == known.len() && known.len() <= 100, "{} are known", known.len());
    assert!(total.by_update.iter().all(|(update, id)| known[id].read().update == *update));
    assert_eq!(total.holders, known.len());
}
