//! Many jobs in one commit: no job fails because of another, and nothing is applied twice.

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, PlaceOrder, RegisterUser};
use app::ports::CommitError;
use app::state::ids::REGISTERED_USER_MIN;
use app::state::rows::{EmailKey, Notice, Role};
use app::state::settings::Executor;
use domain::coupon::Change;
use domain::ids::{CampaignId, NoticeId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::{Canceller, Choice};
use proptest::prelude::*;
use sim::planned_fault::CommitFault;

use crate::post::essence;
use crate::shop::{ANN, BOB, EXECUTORS, NOON, Shop, campaign_of, order_of, place};

fn register(email: u8) -> Command {
    Command::RegisterUser(Box::new(RegisterUser {
        email: "somebody@example.com".into(),
        email_key: EmailKey([email; 32]),
        name: "Somebody".into(),
        password_hash: "hash".into(),
        role: Role::Customer,
        candidate: None,
    }))
}

pub(crate) fn charge(user: UserId, amount: i64) -> Command {
    Command::ChargePoints { user, amount: Money::won(amount) }
}

/// Commands, many of which are refused: unknown ids, sold-out products, orders that cannot be paid.
fn any_command() -> impl Strategy<Value = Command> {
    let (thing, user) = (1..4_i64, (1..4_i64).prop_map(UserId));
    let order = (user.clone(), thing.clone(), 1..4_i64, prop::option::of(thing.clone()), 0..150_i64, any::<bool>());
    prop_oneof![
        1 => (0..3_u8).prop_map(register),
        1 => (thing.clone(), -4..3_i64).prop_map(|(product, delta)| {
            Command::AdjustStock { product: ProductId(product), delta, reason: "counted".into() }
        }),
        1 => (thing.clone(), 0..4_i64).prop_map(|(campaign, quantity)| {
            let change = Change { quantity: Some(quantity), ..Change::default() };
            Command::ChangeCampaign { campaign: CampaignId(campaign), change }
        }),
        1 => (user.clone(), 1..100_i64).prop_map(|(user, amount)| charge(user, amount)),
        3 => (thing.clone(), user.clone())
            .prop_map(|(campaign, user)| Command::IssueCoupon { campaign: CampaignId(campaign), user }),
        1 => (thing, user).prop_map(|(campaign, user)| Command::RequestCoupon { campaign: CampaignId(campaign), user }),
        4 => order.prop_map(|(user, product, quantity, coupon, points, is_atomic)| place(PlaceOrder {
            items: vec![(ProductId(product), quantity), (ProductId(1), 1)],
            coupon: coupon.map(|campaign| (CampaignId(campaign), None)),
            points: Money::won(points),
            mode: Some(if is_atomic { Choice::Atomic } else { Choice::Parallel }),
            ..order_of(user, ProductId(1))
        })),
        1 => (1..6_i64).prop_map(|order| Command::CancelOrder { order: OrderId(order), by: Canceller::Customer, note: None }),
        1 => (1..6_i64).prop_map(|order| Command::ResumeOrder { order: OrderId(order) }),
    ]
}

/// A shop with two products and a campaign, none of them enough for all users.
fn stage(executor: Executor) -> Shop {
    let mut shop = Shop::open(executor);
    shop.product(100, 6);
    shop.product(50, 4);
    shop.campaign(campaign_of(2));
    shop.charge(ANN, 100);
    shop
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// A refused command leaves no trace in the batch, not even a number.
    #[test]
    fn a_batch_decides_as_its_commands_would_one_by_one(commands in prop::collection::vec(any_command(), 1..40)) {
        for executor in EXECUTORS {
            let mut batched = stage(executor);
            let together = batched.decide(commands.clone());
            let mut serial = stage(executor);
            let apart: Vec<_> = commands.iter().flat_map(|command| serial.decide([command.clone()])).collect();
            for (together, apart) in together.iter().zip(&apart) {
                prop_assert_eq!(&together.result, &apart.result);
            }
            prop_assert_eq!(essence(batched.state()), essence(serial.state()));
            batched.quiet();
        }
    }

    /// Failure modes 9, 22: however the commit ends, the reply matches the state, once.
    #[test]
    fn commits_that_fail_or_are_lost_apply_nothing_twice(
        mut commands in prop::collection::vec(any_command(), 1..12),
        fates in prop::collection::vec(0..4_u8, 0..6),
    ) {
        // A command that is decided again gets other numbers, so no command may name an order by its number.
        commands.retain(|command| !matches!(command, Command::CancelOrder { .. } | Command::ResumeOrder { .. }));
        for executor in EXECUTORS {
            let mut calm = stage(executor);
            let expected = calm.decide(commands.clone());
            let mut troubled = stage(executor);
            for fate in &fates {
                troubled.faults.plan_commit(match fate {
                    0 => Some(CommitFault::Refused(CommitError::Constraint("as planned".into()))),
                    1 => Some(CommitFault::LostBefore),
                    2 => Some(CommitFault::LostAfter),
                    _ => None,
                });
            }
            let answers = troubled.decide(commands.clone());
            let refused = answers.iter().filter(|answer| answer.result == Err(Refusal::NotWritten)).count();
            if refused == 0 {
                let ends = |answers: &[app::commands::answer::Reply]| -> Vec<bool> {
                    answers.iter().map(|answer| answer.result.is_ok()).collect()
                };
                prop_assert_eq!(ends(&answers), ends(&expected));
                prop_assert_eq!(troubled.state().products, calm.state().products);
                prop_assert_eq!(troubled.state().accounts, calm.state().accounts);
                prop_assert_eq!(troubled.state().orders.len(), calm.state().orders.len());
            }
            troubled.faults.heal();
            troubled.quiet();
        }
    }
}

/// Makes the store refuse every commit of the user: their next notice number is taken.
fn break_user(shop: &mut Shop, user: UserId) {
    let notice = Notice {
        id: NoticeId(-1),
        user,
        number: 1,
        kind: "order.status",
        data: String::new(),
        previous: None,
        at: NOON,
    };
    shop.disk.tamper(|state| state.notices.insert(notice.id, notice));
    shop.is_audited = false;
}

#[test]
fn a_constraint_error_fails_only_its_cause() {
    for cursed in 0..7_usize {
        let mut shop = Shop::open(Executor::Inline);
        let product = shop.product(10, 100);
        break_user(&mut shop, BOB);
        let user = |place: usize| if place == cursed { BOB } else { UserId(place as i64 + 10) };
        let answers = shop.decide((0..7).map(|place_in_batch| place(order_of(user(place_in_batch), product))));
        for (place, answer) in answers.iter().enumerate() {
            let expected = if place == cursed { Err(Refusal::NotWritten) } else { Ok(()) };
            assert_eq!(answer.result.clone().map(|_| ()), expected, "{place}, where {cursed} is cursed");
        }
        assert_eq!(shop.state().products[&product].sold, 6);
    }
}

/// Two processes create rows of one customer: first one waits for the other, then it finds the row taken.
#[test]
fn a_job_that_waited_for_another_process_is_decided_again_when_its_row_is_taken() {
    let mut shop = Shop::open(Executor::Inline);
    let product = shop.product(10, 100);
    for error in [CommitError::Contended("as planned".into()), CommitError::Constraint("as planned".into())] {
        shop.faults.plan_commit(Some(CommitFault::Refused(error)));
    }
    shop.run(place(order_of(BOB, product))).expect("the row is there at the next attempt");
}

#[test]
fn a_constraint_error_does_not_fail_a_deferred_job() {
    let mut shop = Shop::open(Executor::Inline);
    let product = shop.product(10, 100);
    shop.charge(UserId(REGISTERED_USER_MIN), 1);
    break_user(&mut shop, BOB);
    let answers = shop.decide([register(1), place(order_of(BOB, product))]);
    let registered = &answers[0].result;
    assert!(
        matches!(registered, Ok(Answer::UserRegistered { user }) if user.0 > REGISTERED_USER_MIN),
        "{registered:?}"
    );
    assert_eq!(answers[1].result, Err(Refusal::NotWritten));
}

#[test]
fn a_user_with_a_token_keeps_their_number() {
    let mut shop = Shop::open(Executor::Inline);
    for taken in 0..3 {
        shop.charge(UserId(REGISTERED_USER_MIN + taken), 1);
    }
    let answer = shop.run(register(1));
    assert_eq!(answer, Ok(Answer::UserRegistered { user: UserId(REGISTERED_USER_MIN + 3) }));
    assert_eq!(shop.run(register(1)), Err(Refusal::EmailTaken));
}

#[test]
fn two_registrations_of_one_address_in_one_batch_are_one() {
    let mut shop = Shop::open(Executor::Inline);
    let answers = shop.decide([register(1), register(1)]);
    assert!(answers[0].result.is_ok());
    assert_eq!(answers[1].result, Err(Refusal::EmailTaken));
}

#[test]
fn a_commit_of_unknown_outcome_is_looked_up() {
    for fate in [CommitFault::LostBefore, CommitFault::LostAfter] {
        let mut shop = Shop::open(Executor::Inline);
        shop.faults.plan_commit(fate);
        shop.charge(ANN, 100);
        assert_eq!(shop.balance(ANN), 100);
    }
}

/// After each attempt the store reports that nothing was written, and the client gets that response.
#[test]
fn a_commit_that_was_certainly_not_written_is_reported_as_such() {
    let mut shop = Shop::open(Executor::Inline);
    (0..8).for_each(|_| shop.faults.plan_commit(CommitFault::LostBefore));
    assert_eq!(shop.run(charge(ANN, 100)), Err(Refusal::NotWritten));
    assert_eq!(shop.balance(ANN), 0);
    shop.faults.heal();
    shop.charge(ANN, 100);
    assert_eq!(shop.balance(ANN), 100);
}

#[test]
fn without_a_lookup_the_outcome_is_reported_as_unknown() {
    for (fate, balance) in [(CommitFault::LostBefore, 0), (CommitFault::LostAfter, 100)] {
        let mut shop = Shop::open(Executor::Inline);
        shop.faults.plan_commit(fate);
        shop.faults.fail_lookups(1);
        assert_eq!(shop.run(charge(ANN, 100)), Err(Refusal::Unavailable));
        assert_eq!(shop.balance(ANN), balance);
    }
}

#[test]
fn a_store_that_broke_is_never_written_to_again() {
    let mut shop = Shop::open(Executor::Inline);
    shop.faults.plan_commit(CommitFault::Refused(CommitError::Broken("as planned".into())));
    // The first outcome is unknown; the second commit is not even tried.
    for refusal in [Refusal::Unavailable, Refusal::NotWritten] {
        assert_eq!(shop.run(charge(ANN, 100)), Err(refusal));
        assert!(shop.engine.is_broken());
    }
    let mut next = shop.crash();
    next.charge(ANN, 100);
    assert_eq!(next.balance(ANN), 100);
}
