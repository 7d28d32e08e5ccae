//! A user's notices as their view returns them: in order, page by page, and no further back than requested.

use adapters::sqlite::Synchronous;
use app::conformance::ready;
use app::ports::views::{Notices, Reach};
use app::state::settings::Executor;
use domain::time::Timestamp;
use tempfile::TempDir;

use crate::shop::{ANN, BOB, Shop, order};

const EVERYTHING: Reach = Reach { since: Timestamp::from_micros(0), waiting_max: 100, page: 100 };

/// A shop in which Ann has ten notices, with one of Bob's among them.
fn shop(folder: &TempDir) -> Shop {
    let mut shop = Shop::open(folder.path(), Executor::Log, Synchronous::Off);
    let product = shop.register_product(100);
    for number in 1..=10 {
        shop.place_order(order(ANN, product, 1));
        if number == 5 {
            shop.place_order(order(BOB, product, 1));
        }
    }
    shop
}

#[track_caller]
fn check(notices: &Notices, last: i64, numbers: impl IntoIterator<Item = i64>) {
    let numbers_found: Vec<i64> = notices.told.iter().map(|notice| notice.number).collect();
    assert_eq!((notices.last, numbers_found), (last, numbers.into_iter().collect()));
}

#[test]
fn a_users_notices_come_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(&folder);
    let read = |user, after, reach| ready(shop.views.notices_after(user, after, reach)).unwrap();
    check(&read(ANN, 0, EVERYTHING), 10, 1..=10);
    check(&read(ANN, 7, EVERYTHING), 10, 8..=10);
    check(&read(BOB, 0, EVERYTHING), 1, [1]);
    for after in [10, 11, i64::MAX] {
        check(&read(ANN, after, EVERYTHING), 10, []);
    }
    check(&read(domain::ids::UserId(77), 0, EVERYTHING), 0, []);
    let first = &read(ANN, 0, EVERYTHING).told[0];
    assert_eq!(first.kind, "order.completed");
    assert!(first.data.starts_with('{'), "{}", first.data);
}

#[test]
fn pages_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(&folder);
    let read = |after| ready(shop.views.notices_after(ANN, after, Reach { page: 4, ..EVERYTHING })).unwrap();
    check(&read(0), 10, 1..=4);
    check(&read(4), 10, 5..=8);
    check(&read(8), 10, 9..=10);
}

#[test]
fn notices_that_are_too_many_or_too_old_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(&folder);
    let read = |after, reach| ready(shop.views.notices_after(ANN, after, reach)).unwrap();
    let few = Reach { waiting_max: 6, ..EVERYTHING };
    check(&read(4, few), 10, 5..=10);
    check(&read(3, few), 10, 8..=10);
    check(&read(0, Reach { since: Timestamp::from_micros(i64::MAX), ..EVERYTHING }), 10, []);
}
