//! Several engines write to one store at once.

use std::collections::BTreeSet;

use app::audit;
use app::commands::Command;
use app::commands::answer::{Answer, Refusal};
use app::state::settings::Executor;
use domain::ids::{CampaignId, ProductId, UserId};
use domain::time::Timestamp;

use crate::database::Database;
use crate::shop::{Shop, order};

const COUPONS: i64 = 150;
const STOCK: i64 = 100;
const USERS: i64 = 250;

/// Issue numbers of the coupons, and the number of completed orders.
#[derive(Default)]
struct Got {
    numbers: Vec<i64>,
    orders: i64,
}

/// Every user requests a coupon and orders one unit, in batches, in an order that differs by engine.
fn request_everything(shop: &mut Shop, (campaign, product): (CampaignId, ProductId), step: i64) -> Got {
    let mut got = Got::default();
    let users: Vec<UserId> = (0..USERS).map(|place| UserId(1 + place * step % USERS)).collect();
    for users in users.chunks(20) {
        let commands = users.iter().flat_map(|user| {
            let issue = Command::IssueCoupon { campaign, user: *user };
            [issue, Command::PlaceOrder(Box::new(order(*user, product, 1)))]
        });
        let (report, mut answers) = shop.batch(commands);
        assert_eq!(report.errors, Vec::<String>::new());
        while shop.engine.has_deferred() {
            answers.extend(shop.batch([]).1);
        }
        for reply in answers {
            match reply.result {
                Ok(Answer::CouponIssued { issue_number, .. }) => got.numbers.push(issue_number),
                Ok(Answer::OrderPlaced { .. }) => {
                    let order = reply.order.expect("every placed order is reported");
                    got.orders += i64::from(
                        order.outcome == domain::order::Outcome::Completed
                            || order.outcome == domain::order::Outcome::AwaitingPayment,
                    );
                }
                Err(Refusal::CouponSoldOut | Refusal::CouponAlreadyIssued) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    got
}

#[test]
fn three_engines_sell_exactly_what_there_is() {
    let Some(database) = Database::new("three_engines_sell_exactly_what_there_is") else { return };
    let mut first = Shop::on(&database, Executor::Inline);
    let (campaign, product) = (first.create_campaign(COUPONS), first.register_product(STOCK));
    let got: Vec<Got> = std::thread::scope(|scope| {
        let database = &database;
        let engines = [1, 3, 7].map(|step| {
            scope.spawn(move || {
                let mut shop = Shop::on(database, Executor::Inline);
                request_everything(&mut shop, (campaign, product), step)
            })
        });
        engines.into_iter().map(|engine| engine.join().unwrap()).collect()
    });
    let numbers: Vec<i64> = got.iter().flat_map(|got| got.numbers.iter().copied()).collect();
    assert_eq!(numbers.len(), numbers.iter().collect::<BTreeSet<_>>().len(), "no number was issued twice");
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>(), (1..=COUPONS).collect::<Vec<_>>().iter().collect());
    assert_eq!(got.iter().map(|got| got.orders).sum::<i64>(), STOCK);
    let audit = audit::audit(&mut database.snapshot(), Timestamp::from_micros(i64::MAX)).unwrap();
    assert!(audit.is_clean(), "{audit:#?}");
}
