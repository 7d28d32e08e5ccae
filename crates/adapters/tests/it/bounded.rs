//! Reads and writes whose work does not grow with the shop.

use adapters::sqlite::{DATABASE_FILE, SqliteSnapshot, Synchronous};
use app::audit::{Proof, Proven, audit, prove};
use app::commands::answer::Refusal;
use app::commands::{Command, PlaceOrder};
use app::conformance::ready;
use app::state::settings::Executor;
use domain::ids::{CampaignId, CouponId, OrderId, ProductId};
use domain::money::Money;
use domain::order::{Canceller, Order, Outcome, Payment};
use domain::time::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::database::Database;
use crate::shop::{ANN, BOB, Shop, order};

const EXECUTORS: [Executor; 2] = [Executor::Inline, Executor::Log];

fn open(executor: Executor) -> (TempDir, Shop) {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), executor, Synchronous::Off);
    (folder, shop)
}

fn database(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join(DATABASE_FILE)).unwrap()
}

fn best(shop: &Shop, since: Option<i64>) -> Vec<(ProductId, i64)> {
    let popular = ready(shop.views.popular(since, 9)).unwrap();
    popular.into_iter().map(|popular| (popular.product, popular.sold)).collect()
}

/// The rows that a reader would sum up are deleted, so it cannot look at them.
#[test]
fn the_ranking_is_summed_up_once_and_each_commit_adds_to_it() {
    for executor in EXECUTORS {
        let (folder, mut shop) = open(executor);
        let products: Vec<ProductId> = (0..3).map(|_| shop.register_product(99)).collect();
        shop.place_order(order(ANN, products[0], 4));
        let periods = [None, Some(0), Some(i64::MAX)];
        for since in periods {
            best(&shop, since);
        }
        for (product, quantity) in [(products[2], 3), (products[1], 5), (products[2], 9)] {
            shop.place_order(order(BOB, product, quantity));
        }
        let ranked = vec![(products[2], 12), (products[1], 5), (products[0], 4)];
        database(&folder).execute("DELETE FROM product_sales", []).unwrap();
        assert_eq!(periods.map(|since| best(&shop, since)), [ranked.clone(), ranked, vec![]]);
    }
}

/// Outcomes that are set as no command would.
const CHANGES: [(usize, Outcome); 4] =
    [(1, Outcome::Pending), (2, Outcome::CompensationStuck), (4, Outcome::Cancelled), (5, Outcome::Pending)];

fn change(place: usize, outcome: Outcome, placed: &[OrderId]) -> String {
    format!("UPDATE orders SET outcome = '{}' WHERE order_id = {}", outcome.name(), placed[place].0)
}

fn ids(orders: Vec<Order>) -> Vec<OrderId> {
    orders.iter().map(Order::id).collect()
}

#[test]
fn orders_are_found_by_their_outcome_on_both_stores() {
    let shared = Database::new("orders_are_found_by_their_outcome");
    let (folder, embedded) = open(Executor::Inline);
    let execute = |sql: &str| database(&folder).execute(sql, []).unwrap();
    check_outcomes(embedded, &|sql| assert!(execute(sql) > 0));
    if let Some(database) = shared {
        let shop = Shop::on(&database, Executor::Inline);
        check_outcomes(shop, &|sql| assert!(database.execute(sql) > 0));
    }
}

fn check_outcomes(mut shop: Shop, execute: &dyn Fn(&str)) {
    let product = shop.register_product(99);
    let placed: Vec<OrderId> = (0..7).map(|_| shop.place_order(order(ANN, product, 1))).collect();
    for (place, outcome) in CHANGES {
        execute(&change(place, outcome, &placed));
    }
    let views = shop.views.clone();
    let found = |outcome, before, limit| ids(shop.wait(views.orders(Some(outcome), before, limit)).unwrap());
    assert_eq!(found(Outcome::Pending, None, 9), [placed[5], placed[1]]);
    assert_eq!(found(Outcome::Pending, None, 1), [placed[5]]);
    assert_eq!(found(Outcome::Pending, Some(placed[5]), 9), [placed[1]]);
    assert_eq!(found(Outcome::CompensationStuck, None, 9), [placed[2]]);
    assert_eq!(found(Outcome::Cancelled, None, 9), [placed[4]]);
    assert_eq!(found(Outcome::Completed, None, 2), [placed[6], placed[3]]);
    assert_eq!(found(Outcome::AwaitingPayment, None, 9), []);
    assert_eq!(shop.wait(views.stuck_orders()), Ok(1));
}

/// The coupons of one customer, one of each campaign.
fn give(shop: &mut Shop, coupons: usize) -> Vec<(CampaignId, CouponId)> {
    let mut given = vec![];
    for _coupon in 0..coupons {
        let campaign = shop.create_campaign(9);
        given.push((campaign, shop.issue_coupon(campaign, ANN)));
    }
    given
}

#[test]
fn a_customers_row_does_not_grow_with_the_coupons() {
    let (folder, mut shop) = open(Executor::Inline);
    let product = shop.register_product(99);
    let given = give(&mut shop, 300);
    let row = "SELECT length(coupons), coupons_moved FROM customer WHERE user_id = 1";
    let (bytes, moved): (i64, i64) =
        database(&folder).query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert!(bytes < 1_100 && moved > 200, "{bytes} bytes, {moved} coupons moved");
    // The first, a moved one and the last are held, and pay for an order.
    for (campaign, coupon) in [given[0], given[150], given[299]] {
        let again = shop.run(Command::IssueCoupon { campaign, user: ANN }).result;
        assert_eq!(again, Err(Refusal::CouponAlreadyIssued));
        let paid = shop.place_order(PlaceOrder { coupon: Some((campaign, None)), ..order(ANN, product, 1) });
        let used = ready(shop.views.coupon(coupon)).unwrap().unwrap().coupon.used_order;
        assert_eq!(used, Some(paid));
    }
    let law_of_the_log = || {
        let audit = audit(&mut SqliteSnapshot::open(folder.path()).unwrap(), Timestamp::from_micros(i64::MAX)).unwrap();
        audit.laws.iter().find(|law| law.law == 20).unwrap().examples.clone()
    };
    assert_eq!(law_of_the_log(), Vec::<String>::new());
    let moved = "UPDATE customer_coupon SET coupon_id = coupon_id + 1000 WHERE campaign_id = ?1";
    database(&folder).execute(moved, [given[0].0.0]).unwrap();
    assert_eq!(law_of_the_log(), ["customer 1: the row names other coupons than were issued"]);
}

/// Proves what is new since a proof, or everything.
fn proven(folder: &TempDir, since: Option<&Proof>) -> Proven {
    let mut snapshot = SqliteSnapshot::open(folder.path()).unwrap();
    prove(&mut snapshot, Timestamp::from_micros(i64::MAX), since).unwrap()
}

fn checked(proven: &Proven, law: u8) -> u64 {
    proven.inspection.audit.laws.iter().find(|report| report.law == law).unwrap().checked
}

/// Orders of both customers with coupons and points: completed ones, one that waits for its payment, and one that is taken
/// back.
fn trade(shop: &mut Shop, product: ProductId, rounds: usize) -> Vec<OrderId> {
    let mut placed = vec![];
    for user in [ANN, BOB].repeat(rounds) {
        let campaign = shop.create_campaign(9);
        shop.issue_coupon(campaign, user);
        shop.run(Command::ChargePoints { user, amount: Money::won(500) });
        let wanted = PlaceOrder { coupon: Some((campaign, None)), points: Money::won(100), ..order(user, product, 2) };
        placed.push(shop.place_order(wanted));
    }
    shop.place_order(PlaceOrder { payment: Payment::Prepaid, ..order(ANN, product, 1) });
    placed
}

fn cancel(shop: &mut Shop, order: OrderId) {
    let cancelled = shop.run(Command::CancelOrder { order, by: Canceller::Admin, note: None });
    assert!(cancelled.result.is_ok(), "{:?}", cancelled.result);
}

#[test]
fn an_audit_goes_on_from_a_proof() {
    let (folder, mut shop) = open(Executor::Inline);
    let product = shop.register_product(999);
    let placed = trade(&mut shop, product, 10);
    let first = proven(&folder, None).proof.unwrap();
    // New orders, an old one that is cancelled, which returns its units, and the one that waited.
    trade(&mut shop, product, 1);
    cancel(&mut shop, placed[3]);
    let waiting = ids(ready(shop.views.orders(Some(Outcome::AwaitingPayment), None, 9)).unwrap());
    cancel(&mut shop, waiting[1]);
    let (since, whole) = (proven(&folder, Some(&first)), proven(&folder, None));
    assert_eq!(since.inspection.audit.laws.iter().flat_map(|law| law.examples.clone()).collect::<Vec<_>>(), [""; 0]);
    assert!(since.is_incremental && !whole.is_incremental);
    assert_eq!(since.proof, whole.proof, "both prove the same");
    // Two new orders, two that wait or waited, and one that was cancelled.
    assert_eq!((checked(&since, 11), checked(&whole, 11)), (5, 24));
    assert!(checked(&since, 20) < checked(&whole, 20));
    // Nothing new: only what is not final is looked at.
    let proof = since.proof.unwrap();
    assert_eq!(checked(&proven(&folder, Some(&proof)), 11), 1);

    let found = |since: &Proof| !proven(&folder, Some(since)).inspection.audit.is_clean();
    let database = database(&folder);
    let last = ids(ready(shop.views.orders(Some(Outcome::Completed), None, 1)).unwrap())[0];
    for (falsify, undo) in [
        ("product SET sold = sold + 1, on_hand = on_hand - 1", "product SET sold = sold - 1, on_hand = on_hand + 1"),
        ("customer SET points = points + 1 WHERE user_id = 1", "customer SET points = points - 1 WHERE user_id = 1"),
        ("event_row SET payload = payload || ' ' WHERE position = (SELECT max(position) FROM event_row)", ""),
    ] {
        database.execute(&format!("UPDATE {falsify}"), []).unwrap();
        assert!(found(&first), "{falsify}");
        if !undo.is_empty() {
            database.execute(&format!("UPDATE {undo}"), []).unwrap();
            assert!(!found(&first), "{undo}");
        }
    }
    let restore = "event_row SET payload = rtrim(payload) WHERE position = (SELECT max(position) FROM event_row)";
    database.execute(&format!("UPDATE {restore}"), []).unwrap();
    assert!(!found(&first));
    // An order that was proven and has not changed since is trusted; a new one is not.
    let falsify = |id: OrderId| format!("UPDATE orders SET version = version + 1 WHERE order_id = {}", id.0);
    database.execute(&falsify(placed[0]), []).unwrap();
    assert!(!found(&first) && !proven(&folder, None).inspection.audit.is_clean());
    database.execute(&falsify(last), []).unwrap();
    assert!(found(&first));
}

/// A proof of another store, or of a later moment than a restored copy, proves nothing.
#[test]
fn a_proof_of_a_longer_history_is_not_used() {
    let (folder, mut shop) = open(Executor::Inline);
    let (other_folder, _other) = open(Executor::Inline);
    shop.register_product(9);
    let proof = proven(&folder, None).proof.unwrap();
    assert!(!proven(&other_folder, Some(&proof)).is_incremental);
}
