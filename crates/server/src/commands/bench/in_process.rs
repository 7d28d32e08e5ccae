//! Drives the engine in this process, without HTTP: to measure it, or to fill a store before a measurement.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use app::commands::answer::changed::Changed;
use app::commands::answer::{Answer, Refusal, Reply};
use app::commands::{Command, CreateCampaign, DropCommand, PlaceOrder};
use bench::connection;
use bench::load::Tally;
use bench::plan::Verdict;
use bench::report::Report;
use bench::rounds::{Measured, Round};
use bench::scenario::Scenario;
use bench::shop::{DISCOUNT, PRICE, STOCK};
use bench::usage::Usage;
use domain::coupon::{IssueMode, QueueKey};
use domain::drops::{Offer, Prequeue, Secrets, Terms, WaitingRoom};
use domain::ids::{CampaignId, DropId, ProductId, UserId};
use domain::money::Money;
use domain::order::{Outcome, Payment};
use domain::pricing::Discount;
use domain::time::Timestamp;
use tokio::task::{JoinSet, LocalSet};

use super::place::Place;
use super::progress::progress;
use crate::api::Shop;
use crate::cli::BenchArgs;
use crate::commands::Error;
use crate::security::secret::Secret;
use crate::wiring::{self, Running};

/// Length of a leg without `--seconds`.
pub(super) const LEG: Duration = Duration::from_secs(5);
/// Concurrent commands while a store is filled: enough for full batches.
const PRELOAD_AT_ONCE: u64 = 1_024;
const PRELOADED_AT_A_TIME: u64 = 100_000;
/// The longest run.
const TIME_MAX: Duration = Duration::from_secs(3_600);
const ENOUGH: i64 = 1_000_000_000;
const FIRST_USER: i64 = 1_000_001;

/// Makes the command with this number.
type Ask = Box<dyn Fn(u64) -> Command>;

/// Places the orders that the store should hold before the measurement.
pub(super) async fn preload(args: &BenchArgs, place: &Place) -> Result<(), Error> {
    if args.preload == 0 {
        return Ok(());
    }
    let Running { shop, engine } = open(place)?;
    let product = product(&shop).await?;
    let users = args.users;
    let mut done = 0;
    while done < args.preload {
        let count = PRELOADED_AT_A_TIME.min(args.preload - done);
        let ask: Ask = Box::new(move |number| place_order(user(done + number, users), product));
        let (tally, _) = drive(&shop, ask, Drive { repeats: true, ..Drive::of(PRELOAD_AT_ONCE, count) }).await;
        if let Some(complaint) = tally.complaint {
            return Err(Error::Failed(format!("an order of the preload was refused: {complaint}")));
        }
        done += count;
        progress(&format!("preloaded {done} of {} orders", args.preload));
    }
    engine.stop()?;
    Ok(())
}

/// Runs the scenario against an engine in this process.
pub(super) async fn measure(args: &BenchArgs, place: &Place) -> Result<Report, Error> {
    preload(args, place).await?;
    let Running { shop, engine } = open(place)?;
    let time = args.seconds.map_or(LEG, Duration::from_secs_f64);
    let connections = u64::from(args.connections);
    let mut measured = Measured { rounds: vec![], failures: vec![] };
    for number in 0..=args.rounds {
        let (ask, count) = prepare(args, &shop).await?;
        // The first round is a warm-up.
        let time = if number == 0 { time.min(Duration::from_secs(1)) } else { time };
        let client = Usage { cpu_seconds_client: bench::usage::cpu_seconds("self"), ..Usage::default() };
        let (tally, elapsed) = drive(&shop, ask, Drive { time, ..Drive::of(connections, count) }).await;
        progress(&format!("round {number} of {}: {:.0} per second", args.rounds, tally.per_second(elapsed)));
        measured.failures.extend(tally.complaint.clone());
        if number > 0 {
            let now = Usage { cpu_seconds_client: bench::usage::cpu_seconds("self"), ..Usage::default() };
            let usage = now.since(&client);
            measured.rounds.push(Round {
                echo_per_second: None,
                bare_per_second: None,
                elapsed,
                tally,
                usage,
                viewed: None,
            });
        }
    }
    engine.stop()?;
    let violations = place.audit()?;
    let report = Report::of(args.scenario.name(), usize::from(args.connections), measured);
    Ok(report.with_audit(violations))
}

fn open(place: &Place) -> Result<Running, Error> {
    let secret = Secret::load(Some(place.secret()), place.folder())?;
    Ok(wiring::open(place.config(), &secret, place.folder())?)
}

/// Returns what a leg submits, and how many commands at most.
async fn prepare(args: &BenchArgs, shop: &Shop) -> Result<(Ask, u64), Error> {
    let users = args.users;
    let connections = args.connections.into();
    match args.scenario {
        Scenario::Coupon => {
            let campaign = campaign(shop).await?;
            Ok((Box::new(move |number| issue(user(number, users), campaign)), users))
        }
        Scenario::Hot => {
            let product = product(shop).await?;
            Ok((Box::new(move |number| place_order(user(number, users), product)), u64::MAX))
        }
        Scenario::Order => {
            let (product, campaign) = (product(shop).await?, campaign(shop).await?);
            let all = Drive::of(connections, users);
            drive(shop, Box::new(move |number| issue(user(number, users), campaign)), all).await;
            let charge = move |number| Command::ChargePoints { user: user(number, users), amount: Money::won(PRICE) };
            drive(shop, Box::new(charge), all).await;
            let order = move |number| {
                let Command::PlaceOrder(mut order) = place_order(user(number, users), product) else {
                    unreachable!("place_order returns Command::PlaceOrder")
                };
                order.coupon = Some((campaign, None));
                order.points = Money::won(PRICE - DISCOUNT);
                order.payment = Payment::Prepaid;
                Command::PlaceOrder(order)
            };
            Ok((Box::new(order), users))
        }
        Scenario::Drop if args.waiting_room => {
            let drop = waiting_room(shop).await?;
            let join = move |number| Command::Drop(DropCommand::Join { drop, user: user(number, u64::MAX) });
            Ok((Box::new(join), u64::MAX))
        }
        Scenario::Echo | Scenario::Drop | Scenario::Refusals | Scenario::Mixed | Scenario::Modes | Scenario::Scale => {
            Err(Error::Usage("--in-process supports the scenarios coupon, order and hot".to_owned()))
        }
    }
}

/// Creates a drop that starts far in the future, with a waiting room.
async fn waiting_room(shop: &Shop) -> Result<DropId, Error> {
    let product = product(shop).await?;
    let far = |seconds: i64| Timestamp::from_micros(4_000_000_000_000_000 + seconds * 1_000_000);
    let terms = Terms {
        name: "Bench drop".into(),
        starts_at: far(0),
        ends_at: far(3_600),
        products: vec![Offer { product, per_customer: None }],
        per_customer: None,
        per_payment_method: None,
        waiting_room: Some(WaitingRoom { admit_per_second: 1, hold_seconds: 300, prequeue: Prequeue::Fifo }),
        secrets: Secrets { seed: [1; 32], key: [2; 32] },
    };
    let create = Command::Drop(DropCommand::Create(Box::new(terms)));
    let created = shop.submitter.submit(create, None).await.result;
    if let Ok(Answer::Changed { now }) = &created
        && let Changed::Drop(drop) = &**now
    {
        return Ok(drop.id);
    }
    Err(Error::Failed(format!("the drop could not be created: {created:?}")))
}

fn user(number: u64, users: u64) -> UserId {
    UserId(FIRST_USER + i64::try_from(number % users).unwrap_or(0))
}

fn issue(user: UserId, campaign: CampaignId) -> Command {
    Command::IssueCoupon { campaign, user }
}

fn place_order(user: UserId, product: ProductId) -> Command {
    Command::PlaceOrder(Box::new(PlaceOrder {
        user,
        items: vec![(product, 1)],
        coupon: None,
        points: Money::ZERO,
        payment: Payment::OnDelivery,
        receiver: None,
        warehouse_storage: false,
        total_shown: None,
        mode: None,
        tickets: vec![],
    }))
}

async fn product(shop: &Shop) -> Result<ProductId, Error> {
    let command = Command::RegisterProduct {
        name: "Bench product".into(),
        price: Money::won(PRICE),
        stock: STOCK,
        details: None,
    };
    let answer = shop.submitter.submit(command, None).await.result;
    let product = answer.as_ref().ok().and_then(Answer::product);
    product.ok_or_else(|| Error::Failed(format!("the product could not be created: {answer:?}")))
}

async fn campaign(shop: &Shop) -> Result<CampaignId, Error> {
    let far = Timestamp::from_micros(4_000_000_000_000_000);
    let command = Command::CreateCampaign(Box::new(CreateCampaign {
        name: "Bench campaign".into(),
        discount: Discount::Fixed { value: Money::won(DISCOUNT) },
        quantity: ENOUGH,
        issue_per_user_max: 1,
        issue_starts_at: Timestamp::from_micros(0),
        issue_ends_at: far,
        valid_until: far,
        issue_mode: IssueMode::Direct,
        queue_key: QueueKey::Campaign,
    }));
    let answer = shop.submitter.submit(command, None).await.result;
    let campaign = answer.as_ref().ok().and_then(Answer::campaign);
    campaign.ok_or_else(|| Error::Failed(format!("the campaign could not be created: {answer:?}")))
}

/// How commands are submitted.
#[derive(Clone, Copy)]
struct Drive {
    /// Commands in progress.
    at_once: u64,
    /// Ends after this many, or when the time is over.
    count: u64,
    time: Duration,
    /// Submits a command again that found the shop overloaded.
    repeats: bool,
}

impl Drive {
    const fn of(at_once: u64, count: u64) -> Drive {
        Drive { at_once, count, time: TIME_MAX, repeats: false }
    }
}

async fn drive(shop: &Shop, ask: Ask, wanted: Drive) -> (Tally, Duration) {
    let Drive { at_once, count, time, repeats } = wanted;
    let tally = Rc::new(RefCell::new(Tally::default()));
    let (ask, asked) = (Rc::new(ask), Rc::new(std::cell::Cell::new(0)));
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    let all = LocalSet::new();
    let work = all.run_until(async {
        for _ in 0..at_once {
            let (shop, ask, asked, tally) = (shop.clone(), Rc::clone(&ask), Rc::clone(&asked), Rc::clone(&tally));
            tasks.spawn_local(async move {
                while asked.get() < count && begin.elapsed() < time {
                    let number = asked.replace(asked.get() + 1);
                    let start = Instant::now();
                    let reply = loop {
                        let reply = shop.submitter.submit(ask(number), None).await;
                        match &reply.result {
                            Err(Refusal::Overloaded { retry_after }) if repeats => {
                                tokio::time::sleep(*retry_after).await
                            }
                            _ => break reply,
                        }
                    };
                    note(&mut tally.borrow_mut(), start.elapsed(), &reply);
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    });
    work.await;
    (tally.take(), begin.elapsed())
}

fn note(tally: &mut Tally, took: Duration, reply: &Reply) {
    let is_completed = reply.order.as_ref().is_none_or(|order| order.outcome == Outcome::Completed);
    if reply.result.is_ok() && is_completed {
        tally.note(took, Verdict::Success, connection::Answer { status: 200, body: b"" });
    } else {
        let found = format!("{:?}", reply.result);
        tally.note(took, Verdict::Surprise, connection::Answer { status: 500, body: found.as_bytes() });
    }
}
