//! Every kind of row is read as it was written: at once, after a change, and in the next process.

use std::sync::Arc;

use domain::api_key::{ApiKey, Scope};
use domain::claim::Claim;
use domain::coupon::Holding;
use domain::ids::{ApiKeyId, CampaignId, CouponId, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::order::saga::Step;
use domain::order::{Choice, Modes};
use domain::points::Account;
use domain::reason::Reason;
use domain::time::Timestamp;

use super::samples::{self, Dice};
use super::session::{NOON, Session};
use super::{Fixture, SAMPLES};
use crate::commands::answer::Answer;
use crate::log::group::Group;
use crate::state::rows::{
    AccountKey, AnswerKey, CampaignSnapshotKey, ClaimKey, ContactKey, CouponLink, CustomerKey, Details, DetailsKey,
    EmailKey, EventId, HoldingKey, Identity, InboxKey, Key, Login, ModesChange, ModesKey, OrderKey, OrderRow,
    PlacedKey, ProductSnapshotKey, Role, Rows, Sales, SalesKey, StoredAnswer, Timer, TimerKey, TimerKind,
};

pub(super) async fn an_answer_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let answers = [
        Answer::PointsCharged { balance: Money::won(7) },
        Answer::OrderPlaced { order: OrderId(9), number: samples::code_of(9) },
        Answer::CouponIssued {
            campaign: CampaignId(1),
            coupon: "UC-00000001".into(),
            issue_number: 4,
            issued_at: NOON,
        },
        Answer::Done,
    ];
    for (seed, answer) in (1..).zip(answers) {
        let mut dice = Dice(seed);
        let row = StoredAnswer { fingerprint: dice.bytes(), answer, at: NOON };
        survives!(session, answers, AnswerKey(dice.bytes()), [row]);
    }
}

pub(super) async fn details_survive(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let attributes = serde_json::json!({"색": "검정", "size": 270, "is_limited": true});
    let full = Details {
        sku: Some("LAMP-1".into()),
        external_id: Some("erp/77".into()),
        description: Some("빛\n그리고 'quotes' \\".into()),
        image_url: Some("https://images.example.com/lamp.png".into()),
        attributes: attributes.as_object().cloned().map(Arc::new),
    };
    let key = DetailsKey(ProductId(7));
    survives!(session, details, key, [full.clone(), Details::default(), full]);
    let taken = Identity::Sku.key("LAMP-1");
    assert_ne!(taken, Identity::ExternalId.key("LAMP-1"));
    survives!(session, identities, taken, [ProductId(7)]);
    session.change(&[taken.into()], |rows| rows.identities.remove(taken)).await;
    assert_eq!(session.look(&[taken.into()]).await.identities.get(taken), Ok(None));
    survives!(session, identities, taken, [ProductId(8)]);
}

pub(super) async fn a_login_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for (user, role) in (1..).zip(Role::ALL) {
        let login = Login {
            user: UserId(user),
            email: format!("ann+{user}@example.com").into(),
            name: "앤".into(),
            password_hash: "$argon2id$v=19$…".into(),
            role,
            tokens_since: (user % 2 == 0).then_some(NOON),
        };
        let (contact, email) = (ContactKey(login.user), login.email.clone());
        assert_eq!(session.look(&[contact.into()]).await.contacts.get(contact), Ok(None));
        survives!(session, logins, EmailKey(Dice(role as u64).bytes()), [login]);
        assert_eq!(session.look(&[contact.into()]).await.contacts.get(contact), Ok(Some(&email)));
    }
}

pub(super) async fn an_api_key_survives_until_it_is_revoked(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let key = ApiKey {
        id: ApiKeyId(7),
        hash: Dice(7).bytes(),
        name: "it's the \"warehouse\" 창고".into(),
        scopes: Scope::ALL.to_vec(),
        created_by: UserId(1),
        created_at: NOON,
        last_used_at: None,
        revoked_at: None,
    };
    let used = ApiKey { last_used_at: Some(NOON), ..key.clone() };
    let revoked = ApiKey { revoked_at: Some(NOON), ..used.clone() };
    survives!(session, api_keys, key.id, [key, used, revoked]);
}

pub(super) async fn a_change_of_modes_survives_and_the_newest_is_in_force(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    assert_eq!(session.look(&[Key::Modes]).await.modes.get(ModesKey), Ok(None));
    let mut before = Modes { choice: Choice::Gradual, percent: 10 };
    let changes = (1..).zip(Choice::ALL).map(|(version, choice)| {
        let modes = Modes { choice, percent: u8::try_from(version).unwrap_or(100) };
        let by = (version % 2 == 0).then_some(UserId(version));
        let change = ModesChange { version, modes, before, by, reason: "한 번 더".into(), at: NOON };
        before = modes;
        change
    });
    let changes: Vec<ModesChange> = changes.collect();
    for change in &changes {
        session.change(&[Key::Modes], |rows| rows.modes.put(ModesKey, change.clone())).await;
        assert_eq!(session.look(&[Key::Modes]).await.modes.get(ModesKey), Ok(Some(change)));
    }
    session.reopen().await;
    assert_eq!(session.look(&[Key::Modes]).await.modes.get(ModesKey), Ok(changes.last()));
}

pub(super) async fn an_order_survives_every_change(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for id in 1..=SAMPLES {
        let mut dice = Dice(id.unsigned_abs());
        let previous = (id > 1).then(|| OrderId(id - 1));
        let first = samples::order(&mut dice, OrderId(id));
        let second = samples::advanced(&mut dice, first.clone());
        let third = samples::advanced(&mut dice, second.clone());
        let row = |order| OrderRow { order, previous };
        survives!(session, orders, OrderKey(OrderId(id)), [row(first), row(second), row(third)]);
    }
}

/// A store may write many rows in another way than few.
pub(super) async fn many_rows_of_one_commit_survive(fixture: &mut dyn Fixture) {
    const ROWS: i64 = 300;
    let mut session = Session::start(fixture).await;
    let row = |id: i64, is_later: bool| {
        let mut dice = Dice(id.unsigned_abs());
        let order = samples::order(&mut dice, OrderId(id));
        let order = if is_later { samples::advanced(&mut dice, order) } else { order };
        OrderRow { order, previous: None }
    };
    let answer = |id: i64, is_later: bool| {
        let mut dice = Dice(id.unsigned_abs());
        let balance = Money::won(if is_later { 2 } else { 1 });
        let key = AnswerKey(dice.bytes());
        (key, StoredAnswer { fingerprint: dice.bytes(), answer: Answer::PointsCharged { balance }, at: NOON })
    };
    let orders = (1..=ROWS).map(|id| Key::from(OrderKey(OrderId(id))));
    let keys: Vec<Key> = orders.chain((1..=ROWS).map(|id| answer(id, false).0.into())).collect();
    for is_later in [false, true] {
        let put = |rows: &mut Rows| {
            for id in 1..=ROWS {
                rows.orders.put(OrderKey(OrderId(id)), row(id, is_later));
                let (key, answer) = answer(id, is_later);
                rows.answers.put(key, answer);
            }
        };
        session.change(&keys, put).await;
        session.reopen().await;
        let found = session.look(&keys).await;
        for id in 1..=ROWS {
            assert_eq!(found.orders.get(OrderKey(OrderId(id))), Ok(Some(&row(id, is_later))), "order {id}");
            let (key, answer) = answer(id, is_later);
            assert_eq!(found.answers.get(key), Ok(Some(&answer)), "answer {id}");
        }
    }
}

pub(super) async fn a_placed_order_is_read_as_the_row_was_written(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for id in 1..=SAMPLES {
        let order = samples::order(&mut Dice(id.unsigned_abs()), OrderId(id));
        let (key, placed) = (OrderKey(OrderId(id)), PlacedKey(OrderId(id)));
        assert_eq!(session.look(&[placed.into()]).await.placed.get(placed), Ok(None));
        let row = OrderRow { order: order.clone(), previous: None };
        session.change(&[key.into()], |rows| rows.orders.put(key, row)).await;
        assert_eq!(session.look(&[placed.into()]).await.placed.get(placed), Ok(Some(&order)));
        assert_eq!(session.look(&[key.into(), placed.into()]).await.placed.get(placed), Ok(Some(&order)));
    }
}

pub(super) async fn snapshots_are_read_as_the_rows_were_written(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut dice = Dice(7);
    let (campaign, product) = (samples::campaign(&mut dice, CampaignId(1)), samples::product(&mut dice, ProductId(1)));
    let (terms, offer) = (CampaignSnapshotKey(campaign.id), ProductSnapshotKey(product.id));
    let found = session.look(&[terms.into(), offer.into()]).await;
    assert_eq!((found.campaign_snapshots.get(terms), found.product_snapshots.get(offer)), (Ok(None), Ok(None)));
    let keys = [campaign.id.into(), product.id.into()];
    let write = |rows: &mut Rows| {
        rows.campaigns.put(campaign.id, campaign.clone());
        rows.products.put(product.id, product.clone());
    };
    session.change(&keys, write).await;
    let found = session.look(&[terms.into(), offer.into()]).await;
    assert_eq!(
        (found.campaign_snapshots.get(terms), found.product_snapshots.get(offer)),
        (Ok(Some(&campaign)), Ok(Some(&product)))
    );
}

pub(super) async fn a_timer_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let claims = Timer { due: NOON, kind: TimerKind::Claims };
    let restorations = Timer { due: Timestamp::from_micros(1), kind: TimerKind::Restorations { asked: 3 } };
    let delayed = Timer { due: NOON, kind: TimerKind::Delayed };
    let payment = Timer { due: NOON, kind: TimerKind::Payment };
    survives!(session, timers, TimerKey(OrderId(1)), [claims, restorations, delayed, payment]);
}

/// The engine sets an order's timer without loading the existing one.
pub(super) async fn a_timer_put_without_being_read_replaces_what_is_there(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let key = TimerKey(OrderId(1));
    for asked in [1, 2] {
        let timer = Timer { due: NOON, kind: TimerKind::Restorations { asked } };
        session.change(&[], |rows| rows.timers.put(key, timer)).await;
        assert_eq!(session.look(&[key.into()]).await.timers.get(key), Ok(Some(&timer)));
    }
}

pub(super) async fn a_claim_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for step in [Step::Stock(ProductId(1)), Step::Stock(ProductId(2)), Step::Coupon, Step::Point] {
        let key = ClaimKey { order: OrderId(1), step };
        survives!(session, claims, key, [Claim::Refused(Reason::StockExhausted), Claim::Held, Claim::Released]);
    }
}

pub(super) async fn a_request_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for id in 1..=SAMPLES {
        let mut dice = Dice(id.unsigned_abs());
        let first = samples::request(&mut dice, RequestId(id));
        // The request's own fields never change; its result does.
        let mut second = samples::request(&mut dice, RequestId(id));
        (second.user, second.campaign, second.created_at) = (first.user, first.campaign, first.created_at);
        survives!(session, requests, RequestId(id), [first, second]);
    }
}

pub(super) async fn a_customer_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for user in 1..=SAMPLES {
        let mut dice = Dice(user.unsigned_abs());
        let first = samples::customer(&mut dice, UserId(user));
        let mut second = samples::customer(&mut dice, UserId(user));
        second.created_at = first.created_at;
        survives!(session, customers, CustomerKey(UserId(user)), [first, second]);
    }
}

pub(super) async fn an_account_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for user in 1..=9 {
        let account = |balance| Account { user: UserId(user), balance: Money::won(balance) };
        survives!(
            session,
            accounts,
            AccountKey(UserId(user)),
            [account(5), account(0), account(1_000_000_000_000_000)]
        );
    }
}

pub(super) async fn a_holding_survives_and_grows(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut coupons = 0;
    for user in 1..=9_i64 {
        let mut dice = Dice(user.unsigned_abs());
        let key = HoldingKey { campaign: CampaignId(2), user: UserId(user) };
        let mut holding = Holding::empty(key.campaign, key.user);
        for _round in 0..3 {
            let previous = holding.coupons.last().map(|coupon| coupon.id);
            coupons += 1;
            for coupon in &mut holding.coupons {
                coupon.used_order = if dice.flip() { Some(OrderId(coupons)) } else { None };
            }
            holding.coupons.push(samples::coupon(&mut dice, coupons, coupons));
            let grown = holding.clone();
            session
                .change(&[key.into()], |rows| {
                    rows.holdings.put(key, grown);
                    rows.coupon_links.push(CouponLink { coupon: CouponId(coupons), previous });
                })
                .await;
            assert_eq!(session.look(&[key.into()]).await.holdings.get(key), Ok(Some(&holding)));
        }
        session.reopen().await;
        assert_eq!(session.look(&[key.into()]).await.holdings.get(key), Ok(Some(&holding)));
    }
}

pub(super) async fn a_campaign_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for id in 1..=SAMPLES {
        let mut dice = Dice(id.unsigned_abs());
        let first = samples::campaign(&mut dice, CampaignId(id));
        let mut second = first.clone();
        second.issued += 1;
        second.quantity += 5;
        (second.paused, second.issue_ends_at, second.updated_at) = (!first.paused, NOON, NOON);
        survives!(session, campaigns, CampaignId(id), [first, second]);
    }
}

pub(super) async fn a_product_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for id in 1..=SAMPLES {
        let mut dice = Dice(id.unsigned_abs());
        let first = samples::product(&mut dice, ProductId(id));
        let mut second = samples::product(&mut dice, ProductId(id));
        (second.name, second.created_at) = (first.name.clone(), first.created_at);
        survives!(session, products, ProductId(id), [first, second]);
    }
}

pub(super) async fn sales_survive(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for (day, product) in [(0, 1), (20_778, 1), (20_778, 2), (20_779, 1)] {
        survives!(
            session,
            sales,
            SalesKey { day, product: ProductId(product) },
            [Sales { sold: 1, returned: 0 }, Sales { sold: 1_000_000, returned: 7 },]
        );
    }
}

pub(super) async fn an_inbox_row_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let key = InboxKey { group: Group::Notices, event: EventId(u128::MAX / 3) };
    survives!(session, inbox, key, [()]);
    let of_another_group = InboxKey { group: Group::Ranking, ..key };
    let rows = session.look(&[of_another_group.into()]).await;
    assert_eq!(rows.inbox.get(of_another_group), Ok(None));
}

pub(super) async fn a_missing_row_is_loaded_as_absent(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let (order, user) = (OrderId(4), UserId(4));
    let holding = HoldingKey { campaign: CampaignId(4), user };
    let claim = ClaimKey { order, step: Step::Coupon };
    let keys: [Key; 9] = [
        OrderKey(order).into(),
        TimerKey(order).into(),
        claim.into(),
        PlacedKey(order).into(),
        CustomerKey(user).into(),
        AccountKey(user).into(),
        holding.into(),
        CampaignId(4).into(),
        ProductId(4).into(),
    ];
    let rows = session.look(&keys).await;
    assert_eq!(rows.orders.get(OrderKey(order)), Ok(None));
    assert_eq!(rows.timers.get(TimerKey(order)), Ok(None));
    assert_eq!(rows.claims.get(claim), Ok(None));
    assert_eq!(rows.placed.get(PlacedKey(order)), Ok(None));
    assert_eq!(rows.customers.get(CustomerKey(user)), Ok(None));
    assert_eq!(rows.accounts.get(AccountKey(user)), Ok(None));
    assert_eq!(rows.holdings.get(holding), Ok(None));
    assert_eq!(rows.campaigns.get(CampaignId(4)), Ok(None));
    assert_eq!(rows.products.get(ProductId(4)), Ok(None));
}
