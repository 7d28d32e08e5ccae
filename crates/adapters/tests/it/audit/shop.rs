//! A shop on SQLite with one case of everything: every outcome, both issue modes, refusals, repeats.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use adapters::mysql;
use adapters::sqlite::{self, MemoryGate, SqliteSnapshot};
use app::audit::{self, Audit};
use app::commands::answer::{Answer, Reply};
use app::commands::{Command, CreateCampaign, Idempotency, PaymentAnswered, PlaceOrder, RefundWanted};
use app::engine::{Engine, Job, Parts};
use app::log::consumer::Consumer;
use app::payments::provider::{Asked, Found, Operation, Verdict};
use app::ports::{Clock, EventLog, Store};
use app::state::rows::AnswerKey;
use app::state::settings::{Executor, Settings};
use domain::coupon::{Change, IssueMode, QueueKey};
use domain::ids::{CampaignId, Codec, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::{Canceller, Choice, Modes, Payment, Receiver};
use domain::payment::Method;
use domain::pricing::Discount;
use domain::shipment::State as Goods;
use domain::time::Timestamp;

use tokio::runtime::Runtime;

use crate::database::{Database, runtime};
use crate::fixture::Embedded;

pub(super) const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);
const STEP_DEADLINE: Duration = Duration::from_secs(30);
const RESTORATIONS_MAX: i64 = 2;
const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);
const CAT: UserId = UserId(3);

#[derive(Default)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// The place of a shop's rows.
pub(super) enum Home {
    Embedded(Embedded),
    Shared(Database),
}

impl Home {
    /// Returns the store, its log, the key of its codes, and the number of its engine.
    async fn open(&self) -> (Box<dyn Store>, Box<dyn EventLog>, [u8; 16], u32) {
        match self {
            Home::Embedded(embedded) => {
                let sqlite::Opened { store, log, codec_key, engine, .. } = embedded.open();
                (Box::new(store), Box::new(log), codec_key, engine)
            }
            Home::Shared(database) => {
                let mysql::Opened { store, log, codec_key, engine, .. } = database.opened().await;
                (Box::new(store), Box::new(log), codec_key, engine)
            }
        }
    }

    pub(super) fn folder(&self) -> &Path {
        let Home::Embedded(embedded) = self else { panic!("a database is no folder") };
        embedded.folder.path()
    }

    pub(super) fn audit(&self) -> Audit {
        match self {
            Home::Embedded(_) => audit_of(self.folder()),
            Home::Shared(database) => audit::audit(&mut database.snapshot(), NOON).unwrap(),
        }
    }
}

pub(super) struct Shop {
    pub(super) home: Home,
    runtime: Runtime,
    engine: Engine,
    consumer: Consumer,
    clock: Arc<TestClock>,
    executor: Executor,
    /// The start of idempotency keys that no earlier process used.
    keys: u64,
    /// Audits the shop after every commit.
    watched: bool,
}

impl Shop {
    pub(super) fn open(executor: Executor) -> Shop {
        Shop::reopen(Home::Embedded(Embedded::new()), executor)
    }

    pub(super) fn reopen(home: Home, executor: Executor) -> Shop {
        let runtime = runtime();
        let (store, log, codec_key, engine) = runtime.block_on(home.open());
        let codec = Codec::new(codec_key);
        let settings = Settings {
            executor,
            batch_max: 512,
            modes: Modes::always(Choice::Parallel),
            pay_within: Duration::from_secs(600),
            action_within: Duration::from_secs(900),
            step_deadline: STEP_DEADLINE,
            order_deadline: Duration::from_secs(600),
            services: Arc::default(),
            calendar: Arc::new(app::ports::FixedOffset::default()),
            restorations_max: RESTORATIONS_MAX,
            codec,
        };
        let clock = Arc::new(TestClock(AtomicI64::new(NOON.micros())));
        let gate = Arc::new(MemoryGate::default());
        let parts = Parts { store, gate, clock: clock.clone(), settings, engine };
        let consumer = Consumer::new(log, codec);
        let keys = u64::from(engine) << 32;
        Shop { home, runtime, engine: Engine::new(parts), consumer, clock, executor, keys, watched: false }
    }

    /// Closes the store and keeps its folder.
    pub(super) fn close(self) -> Home {
        self.home
    }

    pub(super) fn folder(&self) -> &Path {
        self.home.folder()
    }

    pub(super) fn watched(mut self) -> Shop {
        self.watched = true;
        self
    }

    pub(super) fn ask(&mut self, command: Command) -> Reply {
        self.keys += 1;
        let (sender, receiver) = channel();
        let mut key = AnswerKey([0; 32]);
        key.0[..8].copy_from_slice(&self.keys.to_be_bytes());
        let reply = Box::new(move |reply| sender.send(reply).unwrap());
        let job = Job::new(command, reply).idempotent(Some(Idempotency { key, fingerprint: [0; 32] }));
        self.batch(vec![job]);
        while self.engine.has_deferred() {
            self.batch(vec![]);
        }
        receiver.try_recv().unwrap()
    }

    pub(super) fn order(&mut self, command: Command) -> OrderId {
        match self.ask(command).result {
            Ok(Answer::OrderPlaced { order, .. }) => order,
            other => panic!("no order was placed: {other:?}"),
        }
    }

    fn batch(&mut self, jobs: Vec<Job>) {
        let report = self.runtime.block_on(self.engine.batch_once(jobs));
        assert_eq!(report.errors, Vec::<String>::new());
        if self.watched {
            assert_clean(&self.home.audit());
        }
    }

    /// Handles the log to its end, one event per commit.
    pub(super) fn quiet(&mut self) {
        if self.executor == Executor::Inline {
            return;
        }
        loop {
            let jobs = self.runtime.block_on(self.consumer.consume_once(1)).unwrap();
            if jobs.is_empty() && !self.engine.has_deferred() {
                return;
            }
            for job in jobs {
                self.batch(vec![job]);
            }
            while self.engine.has_deferred() {
                self.batch(vec![]);
            }
        }
    }

    /// Lets the step deadline pass and fires the due timers.
    pub(super) fn fire_timers(&mut self) {
        self.clock.0.fetch_add(STEP_DEADLINE.as_micros() as i64 + 1, Ordering::Relaxed);
        let due = self.runtime.block_on(self.engine.due_timers(100)).unwrap();
        for job in due {
            self.batch(vec![job]);
        }
        while self.engine.has_deferred() {
            self.batch(vec![]);
        }
    }

    /// Opens the shop and sells one case of everything.
    pub(super) fn sell_everything(&mut self) {
        self.open_for_business();
        self.issue_coupons();
        self.place_orders();
        self.take_money();
    }

    fn open_for_business(&mut self) {
        for (name, price, stock) in [("lamp", 1_000, 20), ("chair", 500, 3)] {
            self.ask(Command::RegisterProduct {
                name: Arc::from(name),
                price: Money::won(price),
                stock,
                details: None,
            });
        }
        for (product, delta) in [(1, -1), (2, 4)] {
            let product = ProductId(product);
            self.ask(Command::AdjustStock { product, delta, reason: Arc::from("counted") });
        }
        let fixed = Discount::Fixed { value: Money::won(300) };
        let percent = Discount::Percent { value: 10, max_amount: None };
        for (discount, issue_mode) in [(fixed, IssueMode::Direct), (percent, IssueMode::Queued)] {
            self.ask(Command::CreateCampaign(Box::new(CreateCampaign {
                name: Arc::from("sale"),
                discount,
                quantity: 2,
                issue_per_user_max: 1,
                issue_starts_at: NOON,
                issue_ends_at: NOON + Duration::from_secs(3_600),
                valid_until: NOON + Duration::from_secs(7_200),
                issue_mode,
                queue_key: QueueKey::Campaign,
            })));
        }
        for (user, amount) in [(ANN, 5_000), (BOB, 1_000)] {
            self.ask(Command::ChargePoints { user, amount: Money::won(amount) });
        }
        self.quiet();
    }

    fn issue_coupons(&mut self) {
        for campaign in [1, 2, 9].map(CampaignId) {
            for user in [ANN, ANN, BOB, CAT] {
                self.ask(Command::RequestCoupon { campaign, user });
            }
        }
        self.quiet();
        // Decisions of the same moment have no order that the audit could check.
        self.clock.0.fetch_add(1, Ordering::Relaxed);
        let change = Change { quantity: Some(4), ..Change::default() };
        for campaign in [1, 2].map(CampaignId) {
            self.ask(Command::ChangeCampaign { campaign, change });
            self.ask(Command::IssueCoupon { campaign, user: CAT });
        }
        self.quiet();
    }

    fn place_orders(&mut self) {
        let completed = order(ANN, &[(1, 2), (2, 1), (1, 1)]);
        self.order(with_coupon(completed, 1, 700));
        let short_of_points = order(BOB, &[(1, 1), (2, 2)]);
        self.order(with_points(short_of_points, 1_500));
        self.order(order(CAT, &[(1, 1), (2, 100)]));
        self.order(with_mode(order(CAT, &[(1, 1), (2, 100)]), Choice::Atomic));
        self.order(with_mode(order(CAT, &[(1, 1)]), Choice::Atomic));
        self.order(prepaid(order(ANN, &[(1, 1)])));
        self.quiet();
        let in_parallel = with_coupon(order(ANN, &[(2, 1)]), 2, 100);
        let at_once = with_mode(order(BOB, &[(2, 1)]), Choice::Atomic);
        for cancelled in [in_parallel, at_once] {
            let order = self.order(prepaid(cancelled));
            self.quiet();
            let cancel = Command::CancelOrder { order, by: Canceller::Customer, note: None };
            assert!(self.ask(cancel).result.is_ok());
            self.quiet();
        }
        self.order(with_points(order(BOB, &[(1, 1)]), 200));
        self.quiet();
    }

    /// One order is paid and sent, another is paid and refunded.
    fn take_money(&mut self) {
        let sent = changed(prepaid(order(CAT, &[(1, 1)])), |order| order.receiver = Some(cats_address()));
        let back = prepaid(order(CAT, &[(1, 1)]));
        let [sent, back] = [sent, back].map(|command| {
            let placed_ms = self.clock.now().micros() / 1_000;
            let order = self.order(command);
            self.quiet();
            assert!(
                self.ask(Command::Pay { order, method: Method::Card, means: None, amount_shown: None }).result.is_ok()
            );
            for operation in [Operation::Authorize, Operation::Capture] {
                self.approve(order, Asked::first(Some(placed_ms), 1, operation, 0));
            }
            (order, placed_ms)
        });
        let ((sent, _), (back, back_ms)) = (sent, back);
        assert!(
            self.ask(Command::AdvanceShipment { order: sent, state: Goods::Shipped, tracking: None }).result.is_ok()
        );
        let wanted = RefundWanted { order: back, lines: vec![], note: None, by_shop: None };
        assert!(self.ask(Command::RefundOrder(Box::new(wanted))).result.is_ok());
        self.approve(back, Asked::first(Some(back_ms), 1, Operation::Refund, 1));
    }

    /// The provider approves the operation.
    fn approve(&mut self, order: OrderId, asked: Asked) {
        let verdict = Verdict::Approved { reference: "pi_1".into(), amount: Money::won(1_000), fingerprint: None };
        let answer = Ok(Found::Verdict(verdict));
        let answered = PaymentAnswered { order, asked, answer, called_at: Some(self.clock.now()), callback: None };
        assert!(self.ask(Command::PaymentAnswered(Box::new(answered))).result.is_ok());
        self.quiet();
    }

    /// Leaves an order in every live state. Orders wait only where events wait in the log.
    pub(super) fn leave_orders_waiting(&mut self) {
        self.order(with_points(order(BOB, &[(1, 2)]), 300));
        self.order(order(CAT, &[(1, 1)]));
        for _times in 0..2 * RESTORATIONS_MAX {
            self.fire_timers();
        }
        self.order(order(CAT, &[(1, 1)]));
        self.fire_timers();
        self.order(order(CAT, &[(1, 1)]));
        self.ask(Command::RequestCoupon { campaign: CampaignId(2), user: UserId(4) });
    }
}

pub(super) fn order(user: UserId, items: &[(i64, i64)]) -> Command {
    Command::PlaceOrder(Box::new(PlaceOrder {
        user,
        items: items.iter().map(|(product, quantity)| (ProductId(*product), *quantity)).collect(),
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

fn cats_address() -> Receiver {
    Receiver { name: "Cat".into(), phone: "010".into(), postal_code: "04524".into(), address: "Seoul".into() }
}

fn changed(command: Command, change: impl FnOnce(&mut PlaceOrder)) -> Command {
    let Command::PlaceOrder(mut order) = command else { panic!("not an order: {command:?}") };
    change(&mut order);
    Command::PlaceOrder(order)
}

fn with_coupon(command: Command, campaign: i64, points: i64) -> Command {
    changed(with_points(command, points), |order| order.coupon = Some((CampaignId(campaign), None)))
}

fn with_points(command: Command, points: i64) -> Command {
    changed(command, |order| order.points = Money::won(points))
}

fn with_mode(command: Command, mode: Choice) -> Command {
    changed(command, |order| order.mode = Some(mode))
}

fn prepaid(command: Command) -> Command {
    changed(command, |order| order.payment = Payment::Prepaid)
}

pub(super) fn audit_of(folder: &Path) -> Audit {
    audit::audit(&mut SqliteSnapshot::open(folder).unwrap(), NOON).unwrap()
}

#[track_caller]
pub(super) fn assert_clean(audit: &Audit) {
    let broken: Vec<_> = audit.laws.iter().filter(|law| law.violations > 0).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}
