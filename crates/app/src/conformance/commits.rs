//! A commit is all or nothing and known by its id; and reads beside rows.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::coupon::{Campaign, Holding};
use domain::ids::{CampaignId, CouponId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::points::Account;

use super::Fixture;
use super::samples::{self, Dice};
use super::session::{ENGINE, NOON, Session};
use crate::commands::answer::Answer;
use crate::events::event::{Event, OrderCancelled};
use crate::log::group::Group;
use crate::ports::{Commit, CommitError, CommitId, DueTimer};
use crate::state::ids::Sequence;
use crate::state::rows::{
    AccountKey, AnswerKey, CouponLink, CustomerKey, HoldingKey, OffsetKey, OffsetMove, Partition, Rows, StoredAnswer,
    Timer, TimerKey, TimerKind,
};

const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);

fn account(user: UserId, balance: i64) -> Account {
    Account { user, balance: Money::won(balance) }
}

/// Makes changes that a failed commit must not leave behind.
pub(super) fn write_a_bit_of_everything(rows: &mut Rows) {
    rows.accounts.put(AccountKey(ANN), account(ANN, 5));
    rows.customers.put(CustomerKey(ANN), samples::customer(&mut Dice(1), ANN));
    rows.timers.put(TimerKey(OrderId(1)), Timer { due: NOON, kind: TimerKind::Claims });
    let reason = domain::reason::Reason::StepTimedOut;
    let event = Event::OrderCancelled(OrderCancelled {
        order_id: samples::code_of(1),
        user_id: ANN,
        reason,
        cancel_reason: None,
    });
    rows.events.push(samples::new_event(1, event));
}

async fn assert_nothing_was_written(session: &mut Session<'_>) {
    let (account, customer, timer) = (AccountKey(ANN), CustomerKey(ANN), TimerKey(OrderId(1)));
    let rows = session.look(&[account.into(), customer.into(), timer.into()]).await;
    assert_eq!(rows.accounts.get(account), Ok(None));
    assert_eq!(rows.customers.get(customer), Ok(None));
    assert_eq!(rows.timers.get(timer), Ok(None));
    let due = session.store().due_timers(NOON, 9).await;
    assert_eq!(due, Ok(vec![]));
}

pub(super) async fn a_rollback_leaves_nothing(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    session.store().rollback().await.expect("a rollback needs no transaction");
    let mut rows = session.load(&[AccountKey(ANN).into()]).await;
    write_a_bit_of_everything(&mut rows);
    session.store().rollback().await.expect("a transaction can be rolled back");
    assert_nothing_was_written(&mut session).await;
}

pub(super) async fn a_store_that_dies_before_its_commit_leaves_nothing(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut rows = session.load(&[AccountKey(ANN).into()]).await;
    write_a_bit_of_everything(&mut rows);
    session.reopen().await;
    assert_nothing_was_written(&mut session).await;
}

pub(super) async fn rows_may_be_loaded_in_several_calls(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut rows = session.load(&[CustomerKey(ANN).into()]).await;
    session.store().load(&[], &mut rows).await.expect("a load may name no keys");
    session.store().load(&[AccountKey(ANN).into()], &mut rows).await.expect("later kinds follow");
    write_a_bit_of_everything(&mut rows);
    session.commit(&rows).await;
    let rows = session.look(&[AccountKey(ANN).into()]).await;
    assert_eq!(rows.accounts.get(AccountKey(ANN)), Ok(Some(&account(ANN, 5))));
}

pub(super) async fn a_constraint_undoes_the_whole_commit(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut rows = session.load(&[AccountKey(ANN).into(), AccountKey(BOB).into()]).await;
    write_a_bit_of_everything(&mut rows);
    rows.accounts.put(AccountKey(BOB), account(BOB, -1));
    let refused = session.try_commit(&rows, &[]).await;
    assert!(matches!(refused, Err(CommitError::Constraint(_))), "{refused:?}");
    let id = session.last_id();
    assert_eq!(session.store().committed(id).await, Ok(false));
    assert_nothing_was_written(&mut session).await;

    session.change(&[AccountKey(BOB).into()], |rows| rows.accounts.put(AccountKey(BOB), account(BOB, 1))).await;
    let rows = session.look(&[AccountKey(BOB).into()]).await;
    assert_eq!(rows.accounts.get(AccountKey(BOB)), Ok(Some(&account(BOB, 1))));
}

/// An invariant, and the change that breaks it.
type Breakage<'a> = (&'a str, &'a dyn Fn(&mut Rows));

/// The store's constraints are the last line of defence against a wrong decision.
pub(super) async fn broken_states_are_refused(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let key = HoldingKey { campaign: CampaignId(1), user: ANN };
    let held = |coupon: i64| {
        let coupons = vec![samples::coupon(&mut Dice(1), coupon, coupon)];
        Holding { coupons, ..Holding::empty(key.campaign, key.user) }
    };
    let link = |coupon| CouponLink { coupon: CouponId(coupon), previous: None };
    let customer = CustomerKey(ANN);
    session
        .change(&[customer.into(), key.into()], |rows| {
            rows.customers.put(customer, samples::customer(&mut Dice(1), ANN));
            rows.holdings.put(key, held(1));
            rows.coupon_links.push(link(1));
        })
        .await;
    let second_first_coupon = |rows: &mut Rows| {
        rows.holdings.put(key, held(2));
        rows.coupon_links.push(link(2));
    };
    // A store may write the row and its customer together.
    let with_customer = |rows: &mut Rows| rows.customers.put(customer, samples::customer(&mut Dice(2), ANN));
    let breakages: [Breakage<'_>; 7] = [
        ("a balance below zero", &|rows| rows.accounts.put(AccountKey(ANN), account(ANN, -1))),
        ("a balance below zero, beside the customer", &|rows| {
            with_customer(rows);
            rows.accounts.put(AccountKey(ANN), account(ANN, -1));
        }),
        ("more reserved than on hand", &|rows| {
            let product = samples::product(&mut Dice(1), ProductId(1));
            let reserved = product.on_hand + 1;
            rows.products.put(ProductId(1), domain::stock::Product { reserved, ..product });
        }),
        ("units without a receipt", &|rows| {
            let product = samples::product(&mut Dice(1), ProductId(1));
            let sold = product.sold + 1;
            rows.products.put(ProductId(1), domain::stock::Product { sold, ..product });
        }),
        ("more coupons than the quantity", &|rows| {
            let campaign = samples::campaign(&mut Dice(1), CampaignId(1));
            let issued = campaign.quantity + 1;
            rows.campaigns.put(CampaignId(1), domain::coupon::Campaign { issued, ..campaign });
        }),
        ("a user's first coupon, twice", &second_first_coupon),
        ("a user's first coupon, twice, beside the customer", &|rows| {
            with_customer(rows);
            second_first_coupon(rows);
        }),
    ];
    for (what, change) in breakages {
        let mut rows = session.load(&[customer.into()]).await;
        // Earlier in the write order than the row that fails.
        let timer = TimerKey(OrderId(9));
        rows.timers.put(timer, Timer { due: NOON, kind: TimerKind::Claims });
        change(&mut rows);
        let refused = session.try_commit(&rows, &[]).await;
        assert!(matches!(refused, Err(CommitError::Constraint(_))), "{what}: {refused:?}");
        assert_eq!(session.look(&[timer.into()]).await.timers.get(timer), Ok(None), "{what}");
    }
    assert_eq!(session.look(&[key.into()]).await.holdings.get(key), Ok(Some(&held(1))));
}

pub(super) async fn a_row_may_be_deleted_without_being_read(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let timer = TimerKey(OrderId(1));
    let claim = crate::state::rows::ClaimKey { order: OrderId(1), step: domain::order::saga::Step::Coupon };
    let answer = AnswerKey([3; 32]);
    session
        .change(&[timer.into(), claim.into(), answer.into()], |rows| {
            rows.timers.put(timer, Timer { due: NOON, kind: TimerKind::Claims });
            rows.claims.put(claim, domain::claim::Claim::Held);
            let stored = StoredAnswer { fingerprint: [1; 32], answer: Answer::Done, at: NOON };
            rows.answers.put(answer, stored);
        })
        .await;
    for _twice in 0..2 {
        session
            .change(&[], |rows| {
                rows.timers.remove(timer);
                rows.claims.remove(claim);
                rows.answers.remove(answer);
            })
            .await;
        let rows = session.look(&[timer.into(), claim.into(), answer.into()]).await;
        assert_eq!(rows.timers.get(timer), Ok(None));
        assert_eq!(rows.claims.get(claim), Ok(None));
        assert_eq!(rows.answers.get(answer), Ok(None));
    }
}

/// A partition of any log: stores keep offsets without interpreting them.
fn offset(group: Group, number: i32) -> OffsetKey {
    OffsetKey { group, partition: Partition { topic: None, number } }
}

pub(super) async fn offsets_move_only_from_their_current_value(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let (here, elsewhere) = (offset(Group::Stock, 3), offset(Group::Coupon, 3));
    for (from, to) in [(0, 7), (7, 8)] {
        let rows = session.load(&[]).await;
        let moves = [OffsetMove { key: here, from, to }];
        session.try_commit(&rows, &moves).await.expect("the group has this offset");
    }
    for from in [0, 7, 9] {
        let rows = session.load(&[]).await;
        let moves = [OffsetMove { key: elsewhere, from: 0, to: 1 }, OffsetMove { key: here, from, to: 99 }];
        assert_eq!(session.try_commit(&rows, &moves).await, Err(CommitError::Moved(here)));
    }
    session.reopen().await;
    assert_eq!(session.position(here).await, 8);
    assert_eq!(session.position(elsewhere).await, 0);
}

pub(super) async fn a_lost_offset_undoes_the_whole_commit(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut rows = session.load(&[]).await;
    write_a_bit_of_everything(&mut rows);
    let key = offset(Group::Point, 0);
    let moved = session.try_commit(&rows, &[OffsetMove { key, from: 4, to: 5 }]).await;
    assert_eq!(moved, Err(CommitError::Moved(key)));
    assert_nothing_was_written(&mut session).await;
}

/// The engine may decide on a campaign that it did not read, if its copy is right.
pub(super) async fn a_campaign_that_was_held_is_compared(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let first = samples::campaign(&mut Dice(1), CampaignId(1));
    let later = first.updated_at + Duration::from_secs(1);
    let changes: [fn(&mut Campaign); 4] = [
        |campaign| campaign.issued += 1,
        |campaign| campaign.quantity += 1,
        |campaign| campaign.paused = !campaign.paused,
        |campaign| campaign.issue_ends_at = campaign.issue_ends_at + Duration::from_secs(1),
    ];
    let first = Campaign { issued: 0, quantity: 1, ..first };
    session.change(&[first.id.into()], |rows| rows.campaigns.put(first.id, first.clone())).await;
    let mut held = first;
    for change in changes {
        let mut changed = held.clone();
        change(&mut changed);
        session.change(&[held.id.into()], |rows| rows.campaigns.put(held.id, changed.clone())).await;
        let mut rows = session.load(&[AccountKey(ANN).into()]).await;
        rows.hold(held.clone());
        write_a_bit_of_everything(&mut rows);
        let refused = session.try_commit(&rows, &[]).await;
        assert!(matches!(refused, Err(CommitError::Contended(_))), "{refused:?}");
        assert_nothing_was_written(&mut session).await;
        held = changed;
    }
    let mut rows = session.load(&[]).await;
    rows.hold(held.clone());
    let changed = Campaign { quantity: held.quantity + 1, updated_at: later, ..held.clone() };
    rows.campaigns.put(held.id, changed.clone());
    session.commit(&rows).await;
    let rows = session.look(&[held.id.into()]).await;
    assert_eq!(rows.campaigns.get(held.id), Ok(Some(&changed)));
}

/// Only an engine's latest commit is ever looked up.
pub(super) async fn a_commit_is_known_by_its_id(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let never = CommitId { engine: ENGINE, number: 1 };
    assert_eq!(session.store().committed(never).await, Ok(false));
    for balance in 1..=3 {
        session
            .change(&[AccountKey(ANN).into()], |rows| rows.accounts.put(AccountKey(ANN), account(ANN, balance)))
            .await;
        let id = session.last_id();
        assert_eq!(session.store().committed(id).await, Ok(true));
        let next = CommitId { number: id.number + 1, ..id };
        assert_eq!(session.store().committed(next).await, Ok(false));
    }
    session.reopen().await;
    let id = session.last_id();
    assert_eq!(session.store().committed(id).await, Ok(true));
}

pub(super) async fn each_engine_counts_its_own_commits(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let ids = [(1, 1), (2, 1), (1, 2), (1, 3)].map(|(engine, number)| CommitId { engine, number });
    for (id, balance) in ids.into_iter().zip(1..) {
        assert_eq!(session.store().committed(id).await, Ok(false));
        let mut rows = session.load(&[AccountKey(ANN).into()]).await;
        rows.accounts.put(AccountKey(ANN), account(ANN, balance));
        let commit = Commit { id, rows: &rows, offsets: &[], now: NOON };
        let durability = session.store().commit(commit).await.expect("the commit is valid");
        durability.reach().expect("the disk works");
        assert_eq!(session.store().committed(id).await, Ok(true));
    }
    assert_eq!(session.store().committed(ids[1]).await, Ok(true));
}

pub(super) async fn numbers_are_leased_once(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for sequence in Sequence::ALL {
        let mut seen = BTreeSet::new();
        for count in [1, 16, 1_000] {
            let block = session.store().lease(sequence, count).await.expect("numbers can be leased");
            assert_eq!(block.end - block.start, count);
            assert_eq!(seen.first().unwrap_or(&block.start), &sequence.first());
            for number in block {
                assert!(seen.insert(number), "{number} of {sequence:?} was leased twice");
            }
            // The transaction that follows may fail; the numbers stay taken.
            let mut rows = session.load(&[]).await;
            rows.accounts.put(AccountKey(ANN), account(ANN, -1));
            session.try_commit(&rows, &[]).await.expect_err("the balance is below zero");
            session.reopen().await;
        }
    }
}

pub(super) async fn timers_come_due_oldest_first(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let second_long = Duration::from_secs(1);
    let due = [(3, NOON), (1, NOON + second_long), (2, NOON + second_long * 2)];
    for (order, due) in due.into_iter().rev() {
        let timer = Timer { due, kind: TimerKind::Claims };
        session.change(&[], |rows| rows.timers.put(TimerKey(OrderId(order)), timer)).await;
    }
    let [third, first, second] = due.map(|(order, due)| DueTimer::Order { order: OrderId(order), due });
    let store = session.store();
    assert_eq!(store.due_timers(domain::time::Timestamp::default(), 9).await, Ok(vec![]));
    assert_eq!(store.due_timers(NOON + second_long, 9).await, Ok(vec![third.clone(), first.clone()]));
    assert_eq!(store.due_timers(NOON + second_long * 2, 9).await, Ok(vec![third.clone(), first, second]));
    assert_eq!(store.due_timers(NOON + second_long * 2, 1).await, Ok(vec![third]));
}

pub(super) async fn holders_are_counted(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut coupon = 0;
    for (campaign, user, count) in [(1, BOB, 1), (1, ANN, 3), (2, ANN, 2)] {
        let key = HoldingKey { campaign: CampaignId(campaign), user };
        let mut holding = Holding::empty(key.campaign, key.user);
        let first = coupon + 1;
        for _nth in 0..count {
            coupon += 1;
            holding.coupons.push(samples::coupon(&mut Dice(1), coupon, coupon));
        }
        session
            .change(&[key.into()], |rows| {
                rows.holdings.put(key, holding);
                let links = (first..=coupon).map(|id| CouponLink { coupon: CouponId(id), previous: None });
                rows.coupon_links.extend(links);
            })
            .await;
    }
    let mut holders = session.store().holders(CampaignId(1)).await.expect("the store can be read");
    holders.sort_unstable();
    assert_eq!(holders, vec![(ANN, 3), (BOB, 1)]);
    assert_eq!(session.store().holders(CampaignId(3)).await, Ok(vec![]));
}
