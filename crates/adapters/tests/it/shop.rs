//! A shop with real store, gate and clock.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use adapters::clock::SystemClock;
use adapters::mysql::{self, NoGate};
use adapters::sqlite::{self, MemoryGate, Options, Synchronous};
use app::commands::answer::{Answer, Reply};
use app::commands::{Command, CreateCampaign, PlaceOrder};
use app::engine::{Engine, Job, Parts, Report};
use app::log::consumer::Consumer;
use app::log::relay::Outbox;
use app::ports::views::Views;
use app::ports::{Clock, EventLog, Gate, Store};
use app::state::settings::{Carrier, Executor, Settings};
use domain::coupon::{IssueMode, QueueKey};
use domain::ids::{CampaignId, Codec, CouponId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::{Choice, Modes, Payment};
use domain::pricing::Discount;
use domain::time::Timestamp;
use tokio::runtime::Runtime;

use crate::database::{Database, runtime};

pub(crate) const ANN: UserId = UserId(1);
pub(crate) const BOB: UserId = UserId(2);

pub(crate) struct Shop {
    pub(crate) engine: Engine,
    pub(crate) views: Arc<dyn Views>,
    pub(crate) codec: Codec,
    consumer: Consumer,
    runtime: Runtime,
}

/// The store's own log, which knows the offsets of the groups.
type StoreLog = Box<dyn EventLog + Send>;

/// The parts of a shop, whatever its technology.
struct Made {
    store: Box<dyn Store>,
    log: Box<dyn EventLog>,
    gate: Arc<dyn Gate>,
    views: Arc<dyn Views>,
    codec_key: [u8; 16],
    engine: u32,
    clock: Arc<dyn Clock>,
}

impl Shop {
    pub(crate) fn open(folder: &Path, executor: Executor, synchronous: Synchronous) -> Shop {
        let options = Options { synchronous, ..Options::default() };
        let sqlite::Opened { store, views, log, codec_key, engine, .. } = sqlite::open(folder, options).unwrap();
        let (store, log, gate) = (Box::new(store), Box::new(log), Arc::new(MemoryGate::default()));
        let clock = Arc::new(SystemClock);
        Shop::made_of(Made { store, log, gate, views, codec_key, engine, clock }, executor, runtime())
    }

    pub(crate) fn on(database: &Database, executor: Executor) -> Shop {
        Shop::at(&database.url(), executor)
    }

    pub(crate) fn at(url: &str, executor: Executor) -> Shop {
        let runtime = runtime();
        let opened = runtime.block_on(mysql::open(url, mysql::Options::default())).unwrap();
        let mysql::Opened { store, views, log, codec_key, engine, .. } = opened;
        let (store, log, gate) = (Box::new(store), Box::new(log), Arc::new(NoGate));
        let clock = Arc::new(SystemClock);
        Shop::made_of(Made { store, log, gate, views, codec_key, engine, clock }, executor, runtime)
    }

    /// A shop in a folder whose events `carry` brings from its outbox to its groups.
    pub(crate) fn carried(
        opened: sqlite::Opened,
        carry: impl FnOnce(Box<dyn Outbox>, StoreLog) -> Box<dyn EventLog>,
    ) -> Shop {
        let sqlite::Opened { mut store, views, log, codec_key, engine, .. } = opened;
        store.run_with(Carrier::Broker).unwrap();
        let log = carry(Box::new(store.outbox(engine).unwrap()), Box::new(log));
        let (store, gate) = (Box::new(store), Arc::new(MemoryGate::default()));
        let clock = Arc::new(SystemClock);
        Shop::made_of(Made { store, log, gate, views, codec_key, engine, clock }, Executor::Log, runtime())
    }

    /// The same on a database.
    pub(crate) fn carried_on(
        database: &Database,
        carry: impl FnOnce(Box<dyn Outbox>, StoreLog) -> Box<dyn EventLog>,
    ) -> Shop {
        let runtime = runtime();
        let opened = runtime.block_on(mysql::open(&database.url(), mysql::Options::default())).unwrap();
        let mysql::Opened { mut store, views, log, codec_key, engine, .. } = opened;
        runtime.block_on(store.run_with(Carrier::Broker)).unwrap();
        let log = carry(Box::new(store.outbox(engine)), Box::new(log));
        let (store, gate) = (Box::new(store), Arc::new(NoGate));
        let clock = Arc::new(SystemClock);
        Shop::made_of(Made { store, log, gate, views, codec_key, engine, clock }, Executor::Log, runtime)
    }

    /// A shop in a folder whose outbox goes to brokers, and whose reactions run inline.
    pub(crate) fn relayed(opened: sqlite::Opened, clock: Arc<dyn Clock>) -> (Shop, Box<dyn Outbox>) {
        let sqlite::Opened { mut store, views, log, codec_key, engine, .. } = opened;
        store.run_with(Carrier::InlineRelayed).unwrap();
        let outbox = Box::new(store.outbox(engine).unwrap());
        let (store, log, gate) = (Box::new(store), Box::new(log), Arc::new(MemoryGate::default()));
        let made = Made { store, log, gate, views, codec_key, engine, clock };
        (Shop::made_of(made, Executor::Inline, runtime()), outbox)
    }

    /// The same on a database.
    pub(crate) fn relayed_on(database: &Database, clock: Arc<dyn Clock>) -> (Shop, Box<dyn Outbox>) {
        let runtime = runtime();
        let opened = runtime.block_on(mysql::open(&database.url(), mysql::Options::default())).unwrap();
        let mysql::Opened { mut store, views, log, codec_key, engine, .. } = opened;
        runtime.block_on(store.run_with(Carrier::InlineRelayed)).unwrap();
        let outbox = Box::new(store.outbox(engine));
        let (store, log, gate) = (Box::new(store), Box::new(log), Arc::new(NoGate));
        (Shop::made_of(Made { store, log, gate, views, codec_key, engine, clock }, Executor::Inline, runtime), outbox)
    }

    fn made_of(made: Made, executor: Executor, runtime: Runtime) -> Shop {
        let Made { store, log, gate, views, codec_key, engine, clock } = made;
        let codec = Codec::new(codec_key);
        let settings = Settings {
            executor,
            batch_max: 512,
            modes: Modes::always(Choice::Parallel),
            pay_within: Duration::from_secs(600),
            action_within: Duration::from_secs(900),
            step_deadline: Duration::from_secs(30),
            order_deadline: Duration::from_secs(600),
            services: Arc::default(),
            calendar: Arc::new(app::ports::FixedOffset::default()),
            restorations_max: 3,
            codec,
        };
        let parts = Parts { store, gate, clock, settings, engine };
        Shop { engine: Engine::new(parts), views, codec, consumer: Consumer::new(log, codec), runtime }
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Runs one batch; deferred jobs are not waited for.
    pub(crate) fn batch(&mut self, commands: impl IntoIterator<Item = Command>) -> (Report, Vec<Reply>) {
        let (sender, answers) = channel();
        let job = |command| {
            let sender = sender.clone();
            Job::new(command, Box::new(move |reply| sender.send(reply).unwrap()))
        };
        let jobs = commands.into_iter().map(job).collect();
        let report = self.runtime.block_on(self.engine.batch_once(jobs));
        (report, answers.try_iter().collect())
    }

    /// Runs one command and everything that follows from it.
    pub(crate) fn run(&mut self, command: Command) -> Reply {
        let (sender, answer) = channel();
        let mut jobs = vec![Job::new(command, Box::new(move |reply| sender.send(reply).unwrap()))];
        loop {
            let report = self.runtime.block_on(self.engine.batch_once(jobs));
            assert_eq!(report.errors, Vec::<String>::new());
            // With the inline executor everything has followed already.
            jobs = match self.engine.settings().executor {
                Executor::Inline => vec![],
                Executor::Log => self.runtime.block_on(self.consumer.consume_once(100)).unwrap(),
            };
            if jobs.is_empty() && !self.engine.has_deferred() {
                return answer.try_recv().unwrap();
            }
        }
    }

    pub(crate) fn register_product(&mut self, stock: i64) -> ProductId {
        let command =
            Command::RegisterProduct { name: "키보드".into(), price: Money::won(39_000), stock, details: None };
        self.run(command).result.unwrap().product().unwrap()
    }

    pub(crate) fn create_campaign(&mut self, quantity: i64) -> CampaignId {
        let command = Command::CreateCampaign(Box::new(CreateCampaign {
            name: "drop".into(),
            discount: Discount::Fixed { value: Money::won(1_000) },
            quantity,
            issue_per_user_max: 1,
            issue_starts_at: Timestamp::default(),
            issue_ends_at: Timestamp::from_micros(i64::MAX),
            valid_until: Timestamp::from_micros(i64::MAX),
            issue_mode: IssueMode::Direct,
            queue_key: QueueKey::Campaign,
        }));
        self.run(command).result.unwrap().campaign().unwrap()
    }

    pub(crate) fn place_order(&mut self, wanted: PlaceOrder) -> OrderId {
        match self.run(Command::PlaceOrder(Box::new(wanted))).result {
            Ok(Answer::OrderPlaced { order, .. }) => order,
            other => panic!("no order: {other:?}"),
        }
    }

    pub(crate) fn issue_coupon(&mut self, campaign: CampaignId, user: UserId) -> CouponId {
        match self.run(Command::IssueCoupon { campaign, user }).result {
            Ok(Answer::CouponIssued { coupon, .. }) => self.codec.coupon_id(coupon.as_str()).unwrap(),
            other => panic!("no coupon: {other:?}"),
        }
    }
}

/// An order that completes as soon as everything is claimed.
pub(crate) fn order(user: UserId, product: ProductId, quantity: i64) -> PlaceOrder {
    PlaceOrder {
        user,
        items: vec![(product, quantity)],
        coupon: None,
        points: Money::ZERO,
        payment: Payment::OnDelivery,
        receiver: None,
        warehouse_storage: false,
        total_shown: None,
        mode: None,
        tickets: vec![],
    }
}
