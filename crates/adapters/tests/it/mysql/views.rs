//! Reads of a shared store: in order, page by page, and only the user's own rows.

use app::commands::{Command, PlaceOrder};
use app::ports::views::{Popular, Reach};
use app::state::rows::{Timer, TimerKind};
use app::state::settings::Executor;
use domain::ids::{CampaignId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::time::Timestamp;
use futures_util::future::join_all;

use crate::database::Database;
use crate::shop::{ANN, BOB, Shop, order};
use crate::views::LETTERS;

#[test]
fn chains_are_followed_back_from_the_newest() {
    let Some(database) = Database::new("chains_are_followed_back_from_the_newest") else { return };
    let mut shop = Shop::on(&database, Executor::Log);
    let product = shop.register_product(99);
    let campaigns: Vec<CampaignId> = (0..3).map(|_| shop.create_campaign(5)).collect();
    let orders: Vec<OrderId> = (0..4).map(|_| shop.place_order(order(ANN, product, 1))).collect();
    shop.place_order(order(BOB, product, 2));
    let coupons: Vec<_> = campaigns.iter().map(|campaign| shop.issue_coupon(*campaign, ANN)).collect();
    for amount in [1, 2, 3] {
        shop.run(Command::ChargePoints { user: ANN, amount: Money::won(amount) });
    }
    let views = shop.views.clone();
    let ids = |found: Vec<domain::order::Order>| found.iter().map(|order| order.id()).collect::<Vec<_>>();
    assert_eq!(ids(shop.wait(views.orders_of(ANN, None, 2)).unwrap()), [orders[3], orders[2]]);
    assert_eq!(ids(shop.wait(views.orders_of(ANN, Some(orders[2]), 9)).unwrap()), [orders[1], orders[0]]);
    assert_eq!(ids(shop.wait(views.orders_of(BOB, Some(orders[2]), 9)).unwrap()), []);
    assert_eq!(ids(shop.wait(views.orders_of(UserId(77), None, 9)).unwrap()), []);
    assert_eq!(shop.wait(views.orders(None, None, 3)).unwrap().len(), 3);
    let one = shop.wait(views.order(orders[0])).unwrap().unwrap();
    assert_eq!((one.created.lines.len(), one.created.lines[0].product), (1, product));
    let history = shop.wait(views.history(orders[0])).unwrap();
    let versions: Vec<i64> = history.iter().filter_map(|event| event.version).collect();
    assert_eq!(versions, (1..=one.version).collect::<Vec<i64>>());
    let found = shop.wait(views.coupons_of(ANN, Some(coupons[2]), 9)).unwrap();
    assert_eq!(found.iter().map(|found| found.coupon.id).collect::<Vec<_>>(), [coupons[1], coupons[0]]);
    let entries = shop.wait(views.entries_of(ANN, None, 2)).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.amount.amount()).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(shop.wait(views.balance(ANN)).unwrap(), Money::won(6));
    let popular = shop.wait(views.popular(None, 9)).unwrap();
    assert_eq!(popular, [Popular { product, name: "키보드".to_owned(), sold: 6 }]);
    assert_eq!(shop.wait(views.products(Some(ProductId(0)), 9)).unwrap().len(), 1);
    assert_eq!(shop.wait(views.campaigns(Some(campaigns[0]), 9)).unwrap().len(), 2);
}

#[test]
fn an_orders_timer_is_read() {
    let Some(database) = Database::new("an_orders_timer_is_read") else { return };
    let shop = Shop::on(&database, Executor::Inline);
    database.execute("INSERT INTO timer (order_id, due_at, kind, asked) VALUES (7, 9, 'RESTORATIONS', 3)");
    let views = shop.views.clone();
    let timer = Timer { due: Timestamp::from_micros(9), kind: TimerKind::Restorations { asked: 3 } };
    assert_eq!(shop.wait(views.timer(OrderId(7))).unwrap(), Some(timer));
    assert_eq!(shop.wait(views.timer(OrderId(8))).unwrap(), None);
}

#[test]
fn work_for_operators_is_counted() {
    let Some(database) = Database::new("work_for_operators_is_counted") else { return };
    let mut shop = Shop::on(&database, Executor::Log);
    let product = shop.register_product(9);
    let placed = shop.place_order(order(ANN, product, 1));
    let views = shop.views.clone();
    let counts = |shop: &Shop| (shop.wait(views.open_letters()).unwrap(), shop.wait(views.stuck_orders()).unwrap());
    assert_eq!(counts(&shop), (vec![], 0));
    let stick = format!("UPDATE orders SET outcome = 'COMPENSATION_STUCK' WHERE order_id = {}", placed.0);
    database.execute(&stick);
    for (letter, group, status, due) in LETTERS {
        let due = due.map_or_else(|| "NULL".to_owned(), |due| due.to_string());
        database.execute(&format!(
            "INSERT INTO dead_letter VALUES ({letter}, '{group}', 't', 3, 41, 'e', '1', 'CouponIssued', '{{}}', 1, '{status}', 4, 'why', \
             1, 1, 6, {due}, '[]', NULL)"
        ));
    }
    assert_eq!(counts(&shop), (vec![("coupon-usage-group".to_owned(), 1), ("notice-group".to_owned(), 2)], 1));
}

#[test]
fn notices_come_in_order_and_page_by_page() {
    let Some(database) = Database::new("notices_come_in_order_and_page_by_page") else { return };
    let mut shop = Shop::on(&database, Executor::Inline);
    let product = shop.register_product(99);
    for _order in 0..10 {
        shop.place_order(order(ANN, product, 1));
    }
    let everything = Reach { since: Timestamp::from_micros(0), waiting_max: 100, page: 100 };
    let read = |after, reach| {
        let notices = shop.wait(shop.views.notices_after(ANN, after, reach)).unwrap();
        (notices.last, notices.told.iter().map(|notice| notice.number).collect::<Vec<_>>())
    };
    let last = read(0, everything).0;
    assert_eq!(read(0, everything).1, (1..=last).collect::<Vec<_>>());
    assert_eq!(read(last - 3, everything).1, [last - 2, last - 1, last]);
    assert_eq!(read(last, everything).1, [0_i64; 0]);
    assert_eq!(read(2, Reach { page: 3, ..everything }).1, [3, 4, 5]);
    assert_eq!(read(0, Reach { waiting_max: 6, ..everything }).1, [last - 2, last - 1, last]);
    assert_eq!(read(0, Reach { since: Timestamp::from_micros(i64::MAX), ..everything }).1, [0_i64; 0]);
}

#[test]
fn concurrent_reads_of_orders_are_answered_to_their_callers() {
    let Some(database) = Database::new("concurrent_reads_of_orders_are_answered") else { return };
    let mut shop = Shop::on(&database, Executor::Inline);
    let products = [shop.register_product(99), shop.register_product(99)];
    let wanted = |quantity| PlaceOrder {
        items: products.map(|product| (product, quantity)).into(),
        ..order(ANN, products[0], quantity)
    };
    let placed: Vec<OrderId> = (1..=3).map(|quantity| shop.place_order(wanted(quantity))).collect();
    let ids: Vec<OrderId> = placed.iter().copied().chain([OrderId(i64::MAX)]).cycle().take(1_000).collect();
    let found = shop.wait(join_all(ids.iter().map(|id| shop.views.order(*id))));
    for (id, found) in ids.into_iter().zip(found) {
        let read = found.unwrap().map(|order| {
            let lines = order.created.lines.iter().map(|line| (line.product, line.quantity));
            (order.id(), lines.collect::<Vec<_>>())
        });
        let known = placed.iter().zip(1..).find(|(one, _)| **one == id);
        assert_eq!(read, known.map(|(id, quantity)| (*id, products.map(|product| (product, quantity)).into())));
    }
}
