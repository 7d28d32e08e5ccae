use adapters::sqlite::Synchronous;
use app::commands::answer::Answer;
use app::commands::{Command, Idempotency, PlaceOrder};
use app::conformance::ready;
use app::engine::Job;
use app::events::event::EventKind;
use app::ports::views::Popular;
use app::state::rows::{AnswerKey, EmailKey, Timer, TimerKind};
use app::state::settings::Executor;
use domain::ids::{CampaignId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::Outcome;
use domain::time::Timestamp;
use tempfile::TempDir;

use crate::shop::{ANN, BOB, Shop, order};

const EXECUTORS: [Executor; 2] = [Executor::Inline, Executor::Log];

/// Number, group, status and due time: two open ones of one group, one of another, and a closed one.
pub(crate) const LETTERS: [(i64, &str, &str, Option<i64>); 5] = [
    (1, "notice-group", "PERMANENT", None),
    (2, "notice-group", "SCHEDULED", Some(9)),
    (3, "notice-group", "HANDLED", None),
    (4, "coupon-usage-group", "PERMANENT", None),
    (5, "ranking-group", "DROPPED", None),
];

fn open(executor: Executor) -> (TempDir, Shop) {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), executor, Synchronous::Off);
    (folder, shop)
}

#[test]
fn a_users_orders_come_newest_first_and_page_by_page() {
    for executor in EXECUTORS {
        let (_folder, mut shop) = open(executor);
        let product = shop.register_product(99);
        let placed: Vec<OrderId> =
            [ANN, BOB, ANN, ANN, BOB].map(|user| shop.place_order(order(user, product, 1))).into();
        let ids = |user, before, limit| -> Vec<OrderId> {
            ready(shop.views.orders_of(user, before, limit)).unwrap().iter().map(domain::order::Order::id).collect()
        };
        assert_eq!(ids(ANN, None, 9), [placed[3], placed[2], placed[0]]);
        assert_eq!(ids(ANN, None, 2), [placed[3], placed[2]]);
        assert_eq!(ids(ANN, Some(placed[2]), 2), [placed[0]]);
        assert_eq!(ids(ANN, Some(placed[1]), 9), [], "Bob's order is no place in Ann's list");
        assert_eq!(ids(UserId(9), None, 9), []);
        let all: Vec<OrderId> =
            ready(shop.views.orders(None, Some(placed[4]), 3)).unwrap().iter().map(domain::order::Order::id).collect();
        assert_eq!(all, [placed[3], placed[2], placed[1]]);
    }
}

#[test]
fn an_order_shows_its_outcome_and_its_history() {
    for executor in EXECUTORS {
        let (_folder, mut shop) = open(executor);
        let product = shop.register_product(9);
        let campaign = shop.create_campaign(1);
        shop.issue_coupon(campaign, ANN);
        shop.run(Command::ChargePoints { user: ANN, amount: Money::won(700) });
        let wanted = PlaceOrder { coupon: Some((campaign, None)), points: Money::won(500), ..order(ANN, product, 2) };
        let placed = shop.place_order(wanted);
        let found = ready(shop.views.order(placed)).unwrap().unwrap();
        assert_eq!(found.outcome, Outcome::Completed);
        assert_eq!(found.created.due, Money::won(2 * 39_000 - 1_000 - 500));
        let history = ready(shop.views.history(placed)).unwrap();
        let kinds: Vec<EventKind> = history.iter().map(|event| event.event.kind()).collect();
        assert_eq!(kinds.first(), Some(&EventKind::OrderCreated));
        assert_eq!(kinds.last(), Some(&EventKind::OrderCompleted));
        let versions: Vec<i64> = history.iter().filter_map(|event| event.version).collect();
        assert_eq!(versions, (1..=found.version).collect::<Vec<i64>>());
        assert_eq!(ready(shop.views.order(OrderId(placed.0 + 1))).unwrap(), None);
    }
}

#[test]
fn an_orders_timer_is_read() {
    let (folder, shop) = open(Executor::Inline);
    let store = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    store.execute("INSERT INTO timer (order_id, due_at, kind, asked) VALUES (7, 9, 'RESTORATIONS', 3)", []).unwrap();
    let timer = Timer { due: Timestamp::from_micros(9), kind: TimerKind::Restorations { asked: 3 } };
    assert_eq!(ready(shop.views.timer(OrderId(7))).unwrap(), Some(timer));
    assert_eq!(ready(shop.views.timer(OrderId(8))).unwrap(), None);
}

#[test]
fn work_for_operators_is_counted() {
    let (folder, mut shop) = open(Executor::Inline);
    let product = shop.register_product(9);
    let placed = shop.place_order(order(ANN, product, 1));
    let counts = |shop: &Shop| (ready(shop.views.open_letters()).unwrap(), ready(shop.views.stuck_orders()).unwrap());
    assert_eq!(counts(&shop), (vec![], 0));
    let store = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    store.execute("UPDATE orders SET outcome = 'COMPENSATION_STUCK' WHERE order_id = ?1", [placed.0]).unwrap();
    for (letter, group, status, due) in LETTERS {
        let sql = "INSERT INTO dead_letter VALUES (?1, ?2, 't', 3, 41, 'e', '1', 'CouponIssued', '{}', 1, ?3, 4, 'why', 1, 1, 6, ?4, '[]', NULL)";
        store.execute(sql, (letter, group, status, due)).unwrap();
    }
    assert_eq!(counts(&shop), (vec![("coupon-usage-group".to_owned(), 1), ("notice-group".to_owned(), 2)], 1));
}

#[test]
fn points_and_coupons_are_followed_back_from_the_newest() {
    let (_folder, mut shop) = open(Executor::Inline);
    let campaigns: Vec<CampaignId> = (0..3).map(|_| shop.create_campaign(5)).collect();
    for amount in [1, 2, 3] {
        shop.run(Command::ChargePoints { user: ANN, amount: Money::won(amount) });
        shop.run(Command::ChargePoints { user: BOB, amount: Money::won(amount) });
    }
    assert_eq!(ready(shop.views.balance(ANN)).unwrap(), Money::won(6));
    let entries = ready(shop.views.entries_of(ANN, None, 2)).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.amount).collect::<Vec<_>>(), [Money::won(3), Money::won(2)]);
    let rest = ready(shop.views.entries_of(ANN, Some(entries[1].id), 9)).unwrap();
    assert_eq!(rest.iter().map(|entry| entry.amount).collect::<Vec<_>>(), [Money::won(1)]);
    assert_eq!(ready(shop.views.entries_of(BOB, Some(entries[1].id), 9)).unwrap(), []);

    let coupons: Vec<_> = campaigns.iter().map(|campaign| shop.issue_coupon(*campaign, ANN)).collect();
    shop.issue_coupon(campaigns[0], BOB);
    let found = ready(shop.views.coupons_of(ANN, None, 2)).unwrap();
    assert_eq!(found.iter().map(|found| found.coupon.id).collect::<Vec<_>>(), [coupons[2], coupons[1]]);
    let rest = ready(shop.views.coupons_of(ANN, Some(coupons[1]), 9)).unwrap();
    assert_eq!(rest.iter().map(|found| found.coupon.id).collect::<Vec<_>>(), [coupons[0]]);
    assert_eq!(rest[0].campaign, campaigns[0]);
    assert_eq!(ready(shop.views.coupon(coupons[0])).unwrap().as_ref(), rest.first());
    assert_eq!(ready(shop.views.campaign(campaigns[0])).unwrap().unwrap().issued, 2);
    let all = ready(shop.views.campaigns(Some(campaigns[0]), 9)).unwrap();
    assert_eq!(all.iter().map(|campaign| campaign.id).collect::<Vec<_>>(), campaigns[1..]);
}

#[test]
fn what_sold_best_comes_first() {
    for executor in EXECUTORS {
        let (_folder, mut shop) = open(executor);
        let products: Vec<ProductId> = (0..3).map(|_| shop.register_product(99)).collect();
        for (product, quantity) in [(products[1], 5), (products[0], 2), (products[0], 3), (products[2], 9)] {
            shop.place_order(order(ANN, product, quantity));
        }
        let popular = |product, sold| Popular { product, name: "키보드".to_owned(), sold };
        let expected = [popular(products[2], 9), popular(products[0], 5), popular(products[1], 5)];
        assert_eq!(ready(shop.views.popular(None, 9)).unwrap(), expected);
        assert_eq!(ready(shop.views.popular(None, 1)).unwrap(), expected[..1]);
        assert_eq!(ready(shop.views.popular(Some(i64::MAX), 9)).unwrap(), []);
        let listed = ready(shop.views.products(Some(products[0]), 1)).unwrap();
        assert_eq!(listed.iter().map(|product| product.id).collect::<Vec<_>>(), [products[1]]);
        assert_eq!(ready(shop.views.product(products[2])).unwrap().unwrap().sold, 9);
    }
}

#[test]
fn old_answers_are_found_oldest_first() {
    let (_folder, mut shop) = open(Executor::Inline);
    let keys = [7, 3, 5].map(|byte| AnswerKey([byte; 32]));
    for key in keys {
        let command = Command::ChargePoints { user: ANN, amount: Money::won(1) };
        let idempotency = Idempotency { key, fingerprint: [1; 32] };
        let job = Job::new(command, Box::new(|_| ())).idempotent(Some(idempotency));
        ready(shop.engine.batch_once(vec![job]));
    }
    let ever = Timestamp::from_micros(i64::MAX);
    let kept = ready(shop.views.answer(keys[1])).unwrap().unwrap();
    assert_eq!((kept.fingerprint, kept.answer), ([1; 32], Answer::PointsCharged { balance: Money::won(2) }));
    assert_eq!(ready(shop.views.answer(AnswerKey([9; 32]))).unwrap(), None);
    assert_eq!(ready(shop.views.answers_before(ever, 2)).unwrap(), keys[..2]);
    assert_eq!(ready(shop.views.answers_before(Timestamp::default(), 9)).unwrap(), []);
    shop.run(Command::ForgetAnswers { keys: keys[..2].to_vec(), before: ever });
    assert_eq!(ready(shop.views.answers_before(ever, 9)).unwrap(), keys[2..]);
}

#[test]
fn a_login_is_found_by_its_address() {
    let (_folder, mut shop) = open(Executor::Inline);
    let email_key = EmailKey([9; 32]);
    let registered = shop.run(Command::RegisterUser(Box::new(app::commands::RegisterUser {
        email: "ann@example.com".into(),
        email_key,
        name: "Ann".into(),
        password_hash: "$argon2id$…".into(),
        role: app::state::rows::Role::Customer,
        candidate: None,
    })));
    let found = ready(shop.views.login(email_key)).unwrap().unwrap();
    assert_eq!(registered.result, Ok(Answer::UserRegistered { user: found.user }));
    assert_eq!(&*found.email, "ann@example.com");
    assert_eq!(ready(shop.views.login(EmailKey([8; 32]))).unwrap(), None);
}
