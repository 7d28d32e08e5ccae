//! A connection that is lost at the worst moment: every commit happens once, and every answer is true.

use app::audit;
use app::commands::answer::Answer;
use app::commands::{Command, PlaceOrder};
use app::ports::{LoadError, Store as _};
use app::state::rows::{Key, Rows};
use app::state::settings::Executor;
use domain::ids::UserId;
use domain::money::Money;
use domain::time::Timestamp;

use super::proxy::{Cut, Proxy};
use crate::database::Database;
use crate::shop::{ANN, Shop, order};

#[test]
fn a_commit_with_an_unknown_outcome_happens_once() {
    let Some(database) = Database::new("a_commit_with_an_unknown_outcome_happens_once") else { return };
    let proxy = Proxy::before(database.host());
    let mut shop = Shop::at(&database.url_over(proxy.port), Executor::Inline);
    let mut balance = 0;
    for cut in [Cut::AfterCommit, Cut::BeforeCommit, Cut::Never, Cut::AfterCommit] {
        proxy.plan(cut);
        balance += 7;
        let (report, answers) = shop.batch([Command::ChargePoints { user: ANN, amount: Money::won(7) }]);
        assert!(proxy.is_done(), "the connection was cut: {cut:?}");
        let results: Vec<_> = answers.into_iter().map(|reply| reply.result).collect();
        assert_eq!(results, [Ok(Answer::PointsCharged { balance: Money::won(balance) })], "{cut:?}");
        assert_eq!(report.errors.is_empty(), cut == Cut::Never, "{cut:?}: {:?}", report.errors);
    }
    assert_eq!(shop.wait(shop.views.balance(ANN)).unwrap(), Money::won(balance));
}

/// An operator, or a restart, ends every connection again and again.
#[test]
fn killed_connections_lose_and_repeat_nothing() {
    let Some(database) = Database::new("killed_connections_lose_and_repeat_nothing") else { return };
    let mut shop = Shop::on(&database, Executor::Inline);
    let (campaign, product) = (shop.create_campaign(40), shop.register_product(1_000));
    let mut issued = 0;
    for round in 0..20 {
        database.kill_all();
        // Its number is leased before a transaction begins.
        shop.register_product(1);
        database.kill_all();
        let users = (0..5).map(|place| UserId(1 + round * 5 + place));
        let commands = users.flat_map(|user| {
            [Command::IssueCoupon { campaign, user }, Command::PlaceOrder(Box::new(order(user, product, 1)))]
        });
        let (_, mut answers) = shop.batch(commands);
        while shop.engine.has_deferred() {
            answers.extend(shop.batch([]).1);
        }
        assert_eq!(answers.len(), 10);
        issued += answers.iter().filter(|reply| matches!(reply.result, Ok(Answer::CouponIssued { .. }))).count();
    }
    assert_eq!(issued, 40);
    let audit = audit::audit(&mut database.snapshot(), Timestamp::from_micros(i64::MAX)).unwrap();
    assert!(audit.is_clean(), "{audit:#?}");
}

/// A process that is stopped in the middle of a batch sends nothing any more, while its connection stays open.
#[test]
fn a_stopped_process_loses_its_locks() {
    let Some(database) = Database::new("a_stopped_process_loses_its_locks") else { return };
    let mut shop = Shop::on(&database, Executor::Inline);
    let product = shop.register_product(10);
    let mut stalled = shop.wait(database.opened()).store;
    let mut read = || shop.wait(stalled.load(&[Key::Product(product)], &mut Rows::default()));
    read().unwrap();
    let mut other = Shop::on(&database, Executor::Inline);
    let (report, answers) = other.batch([Command::PlaceOrder(Box::new(order(ANN, product, 1)))]);
    assert_eq!((report.errors, answers.len()), (vec![], 1));
    assert!(matches!(answers[0].result, Ok(Answer::OrderPlaced { .. })), "{answers:?}");
    // It learns of the rollback when it continues, and decides again.
    assert!(matches!(read(), Err(LoadError::Contended(_))));
    read().unwrap();
}

/// With a log executor, placing an order only reads the campaign and the product: other transactions may hold their
/// locks.
#[test]
fn placing_an_order_waits_for_no_lock() {
    let Some(database) = Database::new("placing_an_order_waits_for_no_lock") else { return };
    let mut shop = Shop::on(&database, Executor::Log);
    let (campaign, product) = (shop.create_campaign(40), shop.register_product(10));
    let mut worker = shop.wait(database.opened()).store;
    let busy_with = [Key::Campaign(campaign), Key::Product(product)];
    let mut work = || shop.wait(worker.load(&busy_with, &mut Rows::default()));
    work().unwrap();
    let mut front = Shop::on(&database, Executor::Log);
    let wanted = PlaceOrder { coupon: Some((campaign, None)), ..order(ANN, product, 1) };
    let (report, answers) = front.batch([Command::PlaceOrder(Box::new(wanted))]);
    assert_eq!((report.errors, answers.len()), (vec![], 1));
    assert!(matches!(answers[0].result, Ok(Answer::OrderPlaced { .. })), "{answers:?}");
    // If the order had waited, these locks would be gone by now.
    work().unwrap();
}
