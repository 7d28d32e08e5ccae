//! Idempotency keys: the same key gets the same response within a batch, across batches and after a crash.

use app::commands::answer::{Answer, Refusal, Reply};
use app::commands::{Command, Idempotency};
use app::engine::Job;
use app::state::ids::REGISTERED_USER_MIN;
use app::state::rows::AnswerKey;
use app::state::settings::Executor;
use domain::ids::UserId;
use domain::money::Money;
use proptest::prelude::*;
use sim::planned_fault::CommitFault;

use crate::shop::{ANN, EXECUTORS, HOUR, NOON, Shop, Waiting, campaign_of, job, order_of, place};

const BODY: [u8; 32] = [1; 32];
const OTHER_BODY: [u8; 32] = [2; 32];

fn keyed(command: Command, key: u8, fingerprint: [u8; 32]) -> (Job, Waiting) {
    let (job, answer) = job(command);
    (job.idempotent(Some(Idempotency { key: AnswerKey([key; 32]), fingerprint })), answer)
}

fn decide(shop: &mut Shop, jobs: Vec<(Job, Waiting)>) -> Vec<Reply> {
    let (jobs, answers): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
    shop.batch(jobs);
    shop.finish_deferred();
    answers.iter().map(Waiting::answer).collect()
}

fn send(shop: &mut Shop, command: Command, key: u8, body: [u8; 32]) -> Reply {
    let reply = decide(shop, vec![keyed(command, key, body)]).remove(0);
    shop.quiet();
    reply
}

fn charge(amount: i64) -> Command {
    Command::ChargePoints { user: ANN, amount: Money::won(amount) }
}

#[test]
fn a_repeat_gets_the_first_answer_and_does_nothing() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = shop.product(10, 5);
        let first = send(&mut shop, place(order_of(ANN, product)), 1, BODY);
        let mut shop = shop.crash();
        let again = send(&mut shop, place(order_of(ANN, product)), 1, BODY);
        assert_eq!(again.result, first.result);
        assert_eq!((first.replayed, again.replayed), (false, true));
        assert_eq!((first.order.is_some(), again.order.is_some()), (true, false));
        assert_eq!(shop.state().orders.len(), 1);
    }
}

#[test]
fn equal_keys_in_one_batch_share_the_answer() {
    let mut shop = Shop::open(Executor::Inline);
    let answers = decide(&mut shop, (0..3).map(|_| keyed(charge(100), 1, BODY)).collect());
    assert!(answers.iter().all(|answer| answer.result == Ok(Answer::PointsCharged { balance: Money::won(100) })));
    assert_eq!(answers.iter().map(|answer| answer.replayed).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(shop.balance(ANN), 100);
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let mut shop = Shop::open(Executor::Inline);
    let answers = decide(&mut shop, vec![keyed(charge(100), 1, BODY), keyed(charge(200), 1, OTHER_BODY)]);
    assert_eq!(answers[1].result, Err(Refusal::IdempotencyMismatch));
    assert_eq!(send(&mut shop, charge(200), 1, OTHER_BODY).result, Err(Refusal::IdempotencyMismatch));
    assert_eq!(shop.balance(ANN), 100);
}

#[test]
fn a_refusal_is_not_stored() {
    let mut shop = Shop::open(Executor::Inline);
    let campaign = shop.campaign(campaign_of(0));
    let issue = || Command::IssueCoupon { campaign, user: ANN };
    assert_eq!(send(&mut shop, issue(), 1, BODY).result, Err(Refusal::CouponSoldOut));
    assert!(shop.state().answers.is_empty());
    let raise = domain::coupon::Change { quantity: Some(1), ..Default::default() };
    shop.run(Command::ChangeCampaign { campaign, change: raise }).unwrap();
    let answer = send(&mut shop, issue(), 1, BODY);
    assert!(matches!(answer.result, Ok(Answer::CouponIssued { issue_number: 1, .. })));
    assert!(!answer.replayed);
}

/// The first of two requests is deferred to the next batch, because its number is taken.
#[test]
fn while_a_request_is_under_way_a_repeat_is_refused_as_in_progress() {
    let mut shop = Shop::open(Executor::Inline);
    shop.charge(UserId(REGISTERED_USER_MIN), 1);
    let register = || {
        Command::RegisterUser(Box::new(app::commands::RegisterUser {
            email: "ann@example.com".into(),
            email_key: app::state::rows::EmailKey([1; 32]),
            name: "Ann".into(),
            password_hash: "hash".into(),
            role: app::state::rows::Role::Customer,
            candidate: None,
        }))
    };
    let answers = decide(&mut shop, vec![keyed(register(), 1, BODY), keyed(charge(5), 1, BODY)]);
    assert!(answers[0].result.is_ok());
    assert_eq!(answers[1].result, Err(Refusal::IdempotencyInProgress));
    assert_eq!(send(&mut shop, register(), 1, BODY).result, answers[0].result);
}

#[test]
fn stored_responses_expire_and_are_deleted_on_request() {
    let mut shop = Shop::open(Executor::Inline);
    send(&mut shop, charge(1), 1, BODY);
    shop.clock.advance(HOUR);
    send(&mut shop, charge(2), 2, BODY);
    let keys = vec![AnswerKey([1; 32]), AnswerKey([2; 32]), AnswerKey([3; 32])];
    shop.run(Command::ForgetAnswers { keys, before: NOON + HOUR }).unwrap();
    assert_eq!(shop.state().answers.keys().collect::<Vec<_>>(), [&AnswerKey([2; 32])]);
}

proptest! {
    /// Failure modes 11, 27: a client that repeats until it has a response is served once, whatever happens to commits.
    #[test]
    fn a_client_that_repeats_until_it_has_a_response_is_served_once(fates in prop::collection::vec(0..6_u8, 0..8)) {
        let mut shop = Shop::open(Executor::Inline);
        for fate in fates {
            match fate {
                0 => shop.faults.plan_commit(CommitFault::LostBefore),
                1 => shop.faults.plan_commit(CommitFault::LostAfter),
                2 => shop.faults.fail_lookups(1),
                3 => shop.faults.fail_loads(1),
                4 => shop = shop.crash(),
                _ => shop.faults.plan_commit(None),
            }
            send(&mut shop, charge(100), 1, BODY);
        }
        shop.faults.heal();
        let answer = send(&mut shop, charge(100), 1, BODY);
        prop_assert_eq!(answer.result, Ok(Answer::PointsCharged { balance: Money::won(100) }));
        prop_assert_eq!(shop.balance(ANN), 100);
    }
}
