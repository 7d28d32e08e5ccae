//! The executors agree: a serial history ends in the same state under both, except for requests and log offsets.

use std::collections::BTreeMap;
use std::time::Duration;

use app::commands::{Command, PlaceOrder};
use app::events::event::EventKind;
use app::state::rows::NewDetails;
use app::state::settings::Executor;
use domain::coupon::{Change, IssueMode, QueueKey};
use domain::ids::{CampaignId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::{Canceller, Choice, Payment};
use proptest::prelude::*;
use sim::disk::State;

use crate::post::essence;
use crate::shop::{HOUR, Shop, campaign_of, order_of};

/// One line of a history. Its numbers select among the things that exist when the line is played.
#[derive(Clone, Debug)]
enum Line {
    Register { stock: i64 },
    Adjust { product: i64, delta: i64 },
    Change { product: i64, price: i64, status: usize },
    Charge { user: i64, amount: i64 },
    Campaign { quantity: i64, per_user: i64, mode: usize, by_user: bool },
    Raise { campaign: i64, quantity: i64 },
    Issue { campaign: i64, user: i64 },
    Request { campaign: i64, user: i64 },
    Order { user: i64, items: Vec<(i64, i64)>, coupon: Option<i64>, points: i64, is_prepaid: bool, mode: usize },
    Cancel { order: i64 },
    Resume { order: i64 },
    Wait,
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let (thing, user) = (1..4_i64, 1..4_i64);
    let items = prop::collection::vec((thing.clone(), 1..4_i64), 1..4);
    let order = (user.clone(), items, prop::option::of(thing.clone()), 0..200_i64, any::<bool>(), 0..Choice::ALL.len());
    let line = prop_oneof![
        2 => (0..6_i64).prop_map(|stock| Line::Register { stock }),
        1 => (thing.clone(), -3..6_i64).prop_map(|(product, delta)| Line::Adjust { product, delta }),
        1 => (thing.clone(), 1..4_i64, 0..3_usize)
            .prop_map(|(product, price, status)| Line::Change { product, price: price * 50, status }),
        2 => (user.clone(), 1..300_i64).prop_map(|(user, amount)| Line::Charge { user, amount }),
        2 => (0..4_i64, 1..3_i64, 0..IssueMode::ALL.len(), any::<bool>()).prop_map(|(quantity, per_user, mode, by_user)| {
            Line::Campaign { quantity, per_user, mode, by_user }
        }),
        1 => (thing.clone(), 0..5_i64).prop_map(|(campaign, quantity)| Line::Raise { campaign, quantity }),
        3 => (thing.clone(), user.clone()).prop_map(|(campaign, user)| Line::Issue { campaign, user }),
        3 => (thing.clone(), user).prop_map(|(campaign, user)| Line::Request { campaign, user }),
        6 => order.prop_map(|(user, items, coupon, points, is_prepaid, mode)| {
            Line::Order { user, items, coupon, points, is_prepaid, mode }
        }),
        2 => (1..8_i64).prop_map(|order| Line::Cancel { order }),
        1 => (1..8_i64).prop_map(|order| Line::Resume { order }),
        1 => Just(Line::Wait),
    ];
    prop::collection::vec(line, 0..40)
}

fn command(line: &Line) -> Option<Command> {
    Some(match *line {
        Line::Register { stock } => {
            Command::RegisterProduct { name: "Lamp".into(), price: Money::won(100), stock, details: None }
        }
        Line::Adjust { product, delta } => {
            Command::AdjustStock { product: ProductId(product), delta, reason: "counted".into() }
        }
        Line::Change { product, price, status } => Command::ChangeProduct {
            product: ProductId(product),
            price: Some(Money::won(price)),
            status: Some(domain::stock::Status::ALL[status]),
            // Three values for many products: some are taken, some are passed on.
            details: Some(Box::new(NewDetails {
                sku: Some((status > 0).then(|| format!("LAMP-{status}").into())),
                external_id: Some(Some(format!("{product}-{price}").into())),
                ..NewDetails::default()
            })),
        },
        Line::Charge { user, amount } => Command::ChargePoints { user: UserId(user), amount: Money::won(amount) },
        Line::Campaign { quantity, per_user, mode, by_user } => {
            let mut campaign = campaign_of(quantity);
            campaign.issue_per_user_max = per_user;
            campaign.issue_mode = IssueMode::ALL[mode];
            campaign.queue_key = if by_user { QueueKey::User } else { QueueKey::Campaign };
            Command::CreateCampaign(Box::new(campaign))
        }
        Line::Raise { campaign, quantity } => {
            let change = Change { quantity: Some(quantity), ..Change::default() };
            Command::ChangeCampaign { campaign: CampaignId(campaign), change }
        }
        Line::Issue { campaign, user } => Command::IssueCoupon { campaign: CampaignId(campaign), user: UserId(user) },
        Line::Request { campaign, user } => {
            Command::RequestCoupon { campaign: CampaignId(campaign), user: UserId(user) }
        }
        Line::Order { .. } => order(line),
        Line::Cancel { order } => Command::CancelOrder { order: OrderId(order), by: Canceller::Customer, note: None },
        Line::Resume { order } => Command::ResumeOrder { order: OrderId(order) },
        Line::Wait => return None,
    })
}

fn order(line: &Line) -> Command {
    let Line::Order { user, items, coupon, points, is_prepaid, mode } = line else { unreachable!("an order") };
    Command::PlaceOrder(Box::new(PlaceOrder {
        items: items.iter().map(|(product, quantity)| (ProductId(*product), *quantity)).collect(),
        coupon: coupon.map(|campaign| (CampaignId(campaign), None)),
        points: Money::won(*points),
        payment: if *is_prepaid { Payment::Prepaid } else { Payment::OnDelivery },
        mode: Some(Choice::ALL[*mode]),
        tickets: vec![],
        ..order_of(UserId(*user), ProductId(1))
    }))
}

/// A shop with products and a campaign.
fn open(executor: Executor) -> Shop {
    let mut shop = Shop::open(executor);
    shop.product(100, 3);
    shop.product(50, 2);
    shop.campaign(campaign_of(2));
    shop.charge(UserId(1), 150);
    shop.issue(CampaignId(1), UserId(1)).unwrap();
    shop
}

/// Time between lines, so that no two orders are due at the same time.
const BETWEEN_LINES: Duration = Duration::from_millis(1);

/// Plays a history line by line, each at rest after the one before; returns all responses and the state.
fn play(executor: Executor, history: &[Line]) -> (Vec<String>, State) {
    let mut shop = open(executor);
    let mut answers = vec![];
    for line in history {
        shop.pass(BETWEEN_LINES);
        match command(line) {
            Some(command) => answers.push(format!("{:?}", shop.run(command))),
            None => wait(&mut shop),
        }
    }
    (answers, shop.state())
}

/// Lets an hour pass, with each due timer at rest before the next one.
fn wait(shop: &mut Shop) {
    let end = shop.now() + HOUR;
    while let Some(due) = shop.state().timers.values().map(|timer| timer.due).filter(|due| *due <= end).min() {
        shop.pass(due - shop.now());
    }
    shop.pass(end - shop.now());
}

/// Counts the published events, except requests.
fn published(state: &State) -> BTreeMap<(&str, &str), usize> {
    let mut said = BTreeMap::new();
    for row in &state.outbox {
        if EventKind::from_name(row.record.kind).is_some_and(|kind| !kind.is_request()) {
            *said.entry((row.record.kind, row.record.payload.as_str())).or_default() += 1;
        }
    }
    said
}

/// Each order's own events, oldest first.
fn histories(state: &State) -> BTreeMap<OrderId, Vec<(i64, &str)>> {
    let mut stories: BTreeMap<OrderId, Vec<(i64, &str)>> = BTreeMap::new();
    for row in &state.outbox {
        if let (Some(order), Some(version)) = (row.order, row.version) {
            stories.entry(order).or_default().push((version, row.record.kind));
        }
    }
    stories
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_serial_history_ends_the_same_under_both_executors(history in lines()) {
        let (answers, inline) = play(Executor::Inline, &history);
        let (answers_by_log, by_log) = play(Executor::Log, &history);
        prop_assert_eq!(answers, answers_by_log);
        prop_assert_eq!(published(&inline), published(&by_log));
        prop_assert_eq!(histories(&inline), histories(&by_log));
        prop_assert_eq!(essence(inline), essence(by_log));
    }

    /// The same steps twice leave the same disk, byte for byte.
    #[test]
    fn a_history_played_twice_is_the_same_history(history in lines()) {
        for executor in crate::shop::EXECUTORS {
            prop_assert_eq!(play(executor, &history), play(executor, &history));
        }
    }

    /// A crash between any two commands loses nothing and invents nothing.
    #[test]
    fn a_history_with_crashes_ends_like_one_without(
        mut history in lines(),
        crashes in prop::collection::vec(0..40_usize, 0..4),
    ) {
        // A new process leases new numbers, and crashes take no time.
        history.retain(|line| !matches!(line, Line::Cancel { .. } | Line::Resume { .. } | Line::Wait));
        for executor in crate::shop::EXECUTORS {
            let mut shop = open(executor);
            let mut answers = vec![];
            for (place, line) in history.iter().enumerate() {
                shop.pass(BETWEEN_LINES);
                if let Some(command) = command(line) {
                    answers.push(shop.decide([command]).remove(0).result.is_ok());
                }
                if crashes.contains(&place) {
                    shop = shop.crash();
                }
                shop.quiet();
            }
            let (calm_answers, calm) = play(executor, &history);
            let calm_answers: Vec<bool> = calm_answers.iter().map(|answer| answer.starts_with("Ok")).collect();
            prop_assert_eq!(answers, calm_answers);
            prop_assert_eq!(shop.state().products, calm.products);
            prop_assert_eq!(shop.state().accounts, calm.accounts);
        }
    }
}
