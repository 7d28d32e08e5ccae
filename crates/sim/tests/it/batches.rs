//! Many jobs in one commit: no job fails because of another, and nothing is applied twice.

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, PlaceOrder, RegisterUser, Source};
use app::engine::Job;
use app::events::event::Event;
use app::log::reactions::{self, Group};
use app::ports::CommitError;
use app::state::ids::REGISTERED_USER_MIN;
use app::state::rows::{EmailKey, EventId, Notice, OffsetKey, Partition, Role};
use app::state::settings::Executor;
use domain::coupon::Change;
use domain::ids::{CampaignId, NoticeId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::{Canceller, Choice, Outcome};
use proptest::prelude::*;
use sim::planned_fault::CommitFault;

use crate::post::{essence, is_claim, is_report};
use crate::shop::{ANN, BOB, CODEC, EXECUTORS, NOON, Shop, Waiting, campaign_of, job, order_of, place};

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

fn charge(user: UserId, amount: i64) -> Command {
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

/// A shop of the log executor with many orders whose events are not delivered.
fn busy() -> (Shop, Vec<OrderId>) {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 100);
    let orders = (0..12).map(|user| shop.place_only(order_of(UserId(user + 10), product))).collect();
    (shop, orders)
}

#[track_caller]
fn check_all_completed(shop: &Shop, orders: &[OrderId]) {
    for order in orders {
        assert_eq!(shop.order(*order).outcome, Outcome::Completed);
    }
}

/// Another worker took over. Only the stale deliveries are dropped.
#[test]
fn a_zombie_applies_nothing_and_its_other_work_continues() {
    let (mut zombie, orders) = busy();
    for _some in 0..2 {
        let jobs = zombie.next_events();
        zombie.batch(jobs);
    }
    let stale = zombie.next_events();
    assert!(stale.len() > 4, "the zombie holds {} deliveries", stale.len());
    let mut heir = zombie.second_process();
    heir.quiet();
    check_all_completed(&heir, &orders);
    let before = essence(heir.state());

    let (command, answer) = job(charge(ANN, 100));
    let report = zombie.batch(stale.into_iter().chain([command]).collect());
    assert_eq!(answer.answer().result, Ok(Answer::PointsCharged { balance: Money::won(100) }));
    assert!(!report.lost.is_empty());
    let mut after = essence(zombie.state());
    after.accounts.clear();
    after.entries.clear();
    after.customers.remove(&ANN);
    assert_eq!(after, before);
    zombie.quiet();
}

/// One partition is lost, another is not.
#[test]
fn only_the_deliveries_of_the_lost_partition_are_dropped() {
    let mut shop = Shop::open(Executor::Inline);
    let orders: Vec<(ProductId, OrderId)> = (0..3)
        .map(|_| {
            let product = shop.product(10, 5);
            (product, shop.place(order_of(ANN, product)).id())
        })
        .collect();
    // The offsets and events belong to no log.
    shop.is_audited = false;
    let key = |number| OffsetKey { group: Group::Ranking, partition: Partition { topic: None, number } };
    shop.disk.tamper(|state| state.offsets.insert(key(1), 5));
    let count = |number: i32| {
        let (product, order) = orders[number as usize];
        let products = vec![app::events::event::Sold { id: product, qty: 1 }];
        let reaction = app::commands::Reaction::CountSales { order, products, at: NOON };
        let source = Source { offset: key(number), from: 0, next: 1, event: EventId(number as u128) };
        job(Command::React(reaction)).0.from_log(source)
    };
    let report = shop.batch(vec![count(0), count(1), count(2)]);
    assert_eq!(report.lost, [key(1)]);
    let counted: Vec<i64> = shop.state().sales.values().map(|sales| sales.sold).collect();
    assert_eq!(counted, [2, 1, 2], "each was counted once when it was sold");
    assert_eq!(shop.state().offsets.values().copied().collect::<Vec<_>>(), [1, 5, 1]);
}

#[test]
fn deliveries_that_could_not_be_committed_are_delivered_again() {
    let faults: [fn(&Shop); 3] = [
        |shop| shop.faults.fail_loads(1),
        |shop| shop.faults.fail_leases(1),
        |shop| {
            shop.faults.plan_commit(CommitFault::LostBefore);
            shop.faults.fail_lookups(1);
        },
    ];
    for fail in faults {
        let (mut shop, orders) = busy();
        let jobs = shop.next_events();
        fail(&shop);
        let mut shop = if shop.batch(jobs).errors.is_empty() { panic!("the fault did not strike") } else { shop };
        shop.quiet();
        check_all_completed(&shop, &orders);
    }
}

/// Places an order under the log executor, makes its claims, and continues with an inline engine.
fn claimed() -> (Shop, OrderId, Vec<Event>) {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 5);
    shop.charge(ANN, 5);
    let order = shop.place_only(PlaceOrder { points: Money::won(5), ..order_of(ANN, product) });
    for event in shop.events().iter().filter(|event| is_claim(event)) {
        shop.deliver(event);
    }
    let reports = shop.events().into_iter().filter(is_report).collect();
    (Shop::on(Executor::Inline, shop.state()), order, reports)
}

fn delivered(event: &Event, offset: OffsetKey, from: i64) -> (Job, Waiting) {
    let reaction = reactions::command(offset.group, event, NOON, &CODEC).unwrap();
    let (job, answer) = job(Command::React(reaction));
    let source = Source { offset, from, next: from + 1, event: EventId(from as u128) };
    (job.from_log(source), answer)
}

/// The last report completes the order, which needs rows that the report does not name.
#[test]
fn a_job_without_its_rows_is_deferred_with_all_that_follow_in_its_partition() {
    let (mut shop, order, reports) = claimed();
    // The offsets belong to no log.
    shop.is_audited = false;
    let offset = OffsetKey { group: Group::Completion, partition: Partition { topic: None, number: 3 } };
    let (first, _first) = delivered(&reports[0], offset, 0);
    let (second, _second) = delivered(&reports[1], offset, 1);
    let (third, _third) = delivered(&reports[0], offset, 2);
    let report = shop.batch(vec![first, second, third]);
    assert_eq!((report.answered, report.deferred), (1, 2));
    assert_eq!(shop.state().offsets[&offset], 1);
    assert_eq!(shop.order(order).outcome, Outcome::Pending);
    let report = shop.batch(vec![]);
    assert_eq!((report.answered, report.deferred), (2, 0));
    assert_eq!(shop.state().offsets[&offset], 3);
    assert_eq!(shop.order(order).outcome, Outcome::Completed);
}

/// Collecting a made claim declares all rows that completing reads.
#[test]
fn an_order_whose_claims_are_made_is_never_deferred() {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(1_000, 5);
    let campaign = shop.campaign(campaign_of(1));
    shop.issue(campaign, ANN).unwrap();
    shop.charge(ANN, 5);
    shop.quiet();
    let wanted = PlaceOrder { coupon: Some((campaign, None)), points: Money::won(5), ..order_of(ANN, product) };
    let order = shop.place_only(wanted);
    while shop.order(order).outcome == Outcome::Pending {
        let events = shop.next_events();
        assert!(!events.is_empty(), "nothing more comes");
        assert_eq!(shop.batch(events).deferred, 0);
    }
    assert_eq!(shop.order(order).outcome, Outcome::Completed);
}

/// A process that loses the partition also drops its deferred jobs.
#[test]
fn deferred_jobs_are_dropped_when_their_partition_is_lost() {
    let (mut shop, order, reports) = claimed();
    // The offsets belong to no log.
    shop.is_audited = false;
    let offset = OffsetKey { group: Group::Completion, partition: Partition { topic: None, number: 3 } };
    let jobs = vec![delivered(&reports[0], offset, 0).0, delivered(&reports[1], offset, 1).0];
    assert_eq!(shop.batch(jobs).deferred, 1);
    shop.disk.tamper(|state| state.offsets.insert(offset, 7));
    let report = shop.batch(vec![]);
    assert_eq!((report.lost, report.deferred), (vec![offset], 0));
    assert_eq!(shop.order(order).outcome, Outcome::Pending);
}

#[test]
fn a_repeat_at_a_new_offset_has_one_notice_and_counts_once() {
    let (mut shop, orders) = busy();
    shop.quiet();
    let before = essence(shop.state());
    for event in shop.events() {
        for group in reactions::groups_of(event.kind()) {
            let partition = Partition { topic: Some(event.kind().topic()), number: 0 };
            let offset = OffsetKey { group, partition };
            let from = shop.disk.read(|state| state.offsets.get(&offset).copied().unwrap_or(0));
            let id = shop.disk.read(|state| {
                let same = state.outbox.iter().find(|row| row.record.payload == event.payload()).unwrap();
                app::events::outbox::parse_uuid(&same.record.id).unwrap()
            });
            let reaction = reactions::command(group, &event, NOON, &CODEC).unwrap();
            let source = Source { offset, from, next: from + 1, event: EventId(id) };
            let (job, answer) = job(Command::React(reaction));
            shop.batch(vec![job.from_log(source)]);
            shop.finish_deferred();
            assert!(answer.answer().result.is_ok());
        }
    }
    assert_eq!(essence(shop.state()), before);
    check_all_completed(&shop, &orders);
}
