//! A shop on a model disk, and the helpers of all tests.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use app::commands::answer::{Answer, Refusal, Reply};
use app::commands::{Command, CreateCampaign, PlaceOrder};
use app::engine::{Engine, Job, Parts, Report};
use app::log::consumer::Consumer;
use app::ports::Clock as _;
use app::state::settings::{Executor, Settings};
use domain::coupon::{IssueMode, QueueKey};
use domain::ids::{CampaignId, Codec, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::{Choice, Modes, Order, Payment};
use domain::pricing::Discount;
use domain::time::Timestamp;
use sim::clock::ModelClock;
use sim::disk::{Disk, State};
use sim::model_log::ModelLog;
use sim::model_store::ModelStore;
use sim::planned_fault::Faults;
use sim::ready::ready;

use crate::gate::ModelGate;
use crate::laws;

pub(crate) const ANN: UserId = UserId(1);
pub(crate) const BOB: UserId = UserId(2);
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const STEP_DEADLINE: Duration = Duration::from_secs(30);
pub(crate) const ORDER_DEADLINE: Duration = Duration::from_secs(600);
pub(crate) const RESTORATIONS_MAX: i64 = 3;
pub(crate) const CODEC: Codec = Codec::new([7; 16]);
pub(crate) const EXECUTORS: [Executor; 2] = [Executor::Inline, Executor::Log];
/// More rounds than any shop needs to come to rest.
const ROUNDS_MAX: usize = 500;
/// Events of each partition per round; few, so that groups interleave in many ways.
const FETCH_MAX: usize = 3;

pub(crate) struct Shop {
    pub(crate) disk: Disk,
    pub(crate) clock: ModelClock,
    pub(crate) faults: Faults,
    pub(crate) gate: Arc<ModelGate>,
    pub(crate) engine: Engine,
    pub(crate) consumer: Consumer,
    executor: Executor,
    engines: u32,
    /// Audits after every batch; off where a test violates the laws itself.
    pub(crate) is_audited: bool,
    /// True if events were delivered by hand, past the log's order, since the last rest.
    pub(crate) is_overtaking: bool,
    /// Allows decisions that would break an invariant and are refused for it.
    pub(crate) may_break: bool,
    /// Number of events that groups skipped.
    pub(crate) skipped: usize,
}

impl Shop {
    pub(crate) fn open(executor: Executor) -> Shop {
        Shop::reopen(executor, Disk::default(), ModelClock::at(NOON), 1)
    }

    /// Opens a shop on a disk with this state.
    pub(crate) fn on(executor: Executor, state: State) -> Shop {
        let disk = Disk::default();
        disk.tamper(|empty| *empty = state);
        Shop::reopen(executor, disk, ModelClock::at(NOON), 99)
    }

    fn reopen(executor: Executor, disk: Disk, clock: ModelClock, engines: u32) -> Shop {
        let faults = Faults::default();
        let gate = Arc::new(ModelGate::default());
        let settings = Settings {
            executor,
            batch_max: 512,
            modes: Modes::always(Choice::Parallel),
            pay_within: Duration::from_secs(600),
            action_within: Duration::from_secs(900),
            step_deadline: STEP_DEADLINE,
            order_deadline: ORDER_DEADLINE,
            services: Arc::default(),
            calendar: Arc::new(app::ports::FixedOffset::default()),
            restorations_max: RESTORATIONS_MAX,
            codec: CODEC,
        };
        let parts = Parts {
            store: Box::new(ModelStore::with_faults(&disk, faults.clone())),
            gate: gate.clone(),
            clock: Arc::new(clock.clone()),
            settings,
            engine: engines,
        };
        let consumer = Consumer::new(Box::new(ModelLog::open(&disk)), CODEC);
        Shop {
            engine: Engine::new(parts),
            disk,
            clock,
            faults,
            gate,
            consumer,
            executor,
            engines,
            is_audited: true,
            is_overtaking: false,
            may_break: false,
            skipped: 0,
        }
    }

    /// Replaces the process by a new one, as after a crash.
    pub(crate) fn crash(self) -> Shop {
        Shop::reopen(self.executor, self.disk.clone(), self.clock.clone(), self.engines + 1)
    }

    /// Starts another process on the same disk; this one continues.
    pub(crate) fn second_process(&self) -> Shop {
        Shop::reopen(self.executor, self.disk.clone(), self.clock.clone(), self.engines + 1_000)
    }

    /// Decides jobs in one call, without delivering their events.
    pub(crate) fn batch(&mut self, jobs: Vec<Job>) -> Report {
        let report = ready(self.engine.batch_once(jobs));
        report.lost.iter().for_each(|key| self.consumer.forget_offset(*key));
        self.skipped += report.skipped.iter().map(|(_, events)| events).sum::<usize>();
        assert!(self.may_break || report.broken.is_empty(), "{:?}", report.broken);
        if self.is_audited && !self.is_overtaking {
            laws::audit(&self.disk, self.clock.now());
        }
        report
    }

    /// Decides commands in one batch, and deferred ones in further batches.
    pub(crate) fn decide(&mut self, commands: impl IntoIterator<Item = Command>) -> Vec<Reply> {
        let (jobs, answers): (Vec<Job>, Vec<Waiting>) = commands.into_iter().map(job).unzip();
        self.batch(jobs);
        self.finish_deferred();
        answers.iter().map(Waiting::answer).collect()
    }

    pub(crate) fn finish_deferred(&mut self) {
        for _round in 0..ROUNDS_MAX {
            if !self.engine.has_deferred() {
                return;
            }
            self.batch(vec![]);
        }
        panic!("deferred jobs were never decided");
    }

    /// Runs a command and delivers everything that follows, until the shop is at rest.
    pub(crate) fn run(&mut self, command: Command) -> Result<Answer, Refusal> {
        let reply = self.decide([command]).remove(0);
        self.quiet();
        reply.result
    }

    /// Delivers all events to all groups, until the shop is at rest.
    pub(crate) fn quiet(&mut self) {
        self.follow_log();
        self.is_overtaking = false;
        if self.is_audited {
            laws::audit(&self.disk, self.clock.now());
            laws::check(&self.disk.state());
        }
    }

    fn follow_log(&mut self) {
        for _round in 0..ROUNDS_MAX {
            let jobs = if self.executor == Executor::Log { self.next_events() } else { vec![] };
            if jobs.is_empty() && !self.engine.has_deferred() {
                return;
            }
            let report = self.batch(jobs);
            assert_eq!(report.errors, Vec::<String>::new());
        }
        panic!("the shop did not come to rest");
    }

    pub(crate) fn next_events(&mut self) -> Vec<Job> {
        ready(self.consumer.consume_once(FETCH_MAX)).unwrap()
    }

    /// Lets time pass, and fires due timers.
    pub(crate) fn pass(&mut self, span: Duration) {
        self.clock.advance(span);
        let due = ready(self.engine.due_timers(100)).unwrap();
        self.batch(due);
        self.quiet();
    }

    pub(crate) fn services(&self) -> &app::resilience::services::Services {
        &self.engine.settings().services
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes every group read its offset from the store again.
    pub(crate) fn forget_offsets(&mut self) {
        self.consumer = Consumer::new(Box::new(ModelLog::open(&self.disk)), CODEC);
    }

    pub(crate) fn state(&self) -> State {
        self.disk.state()
    }

    pub(crate) fn product(&mut self, price: i64, stock: i64) -> ProductId {
        let answer =
            self.run(Command::RegisterProduct { name: "Lamp".into(), price: Money::won(price), stock, details: None });
        answer.unwrap().product().unwrap()
    }

    pub(crate) fn campaign(&mut self, campaign: CreateCampaign) -> CampaignId {
        let answer = self.run(Command::CreateCampaign(Box::new(campaign)));
        answer.unwrap().campaign().unwrap()
    }

    pub(crate) fn charge(&mut self, user: UserId, amount: i64) {
        self.run(Command::ChargePoints { user, amount: Money::won(amount) }).unwrap();
    }

    pub(crate) fn issue(&mut self, campaign: CampaignId, user: UserId) -> Result<Answer, Refusal> {
        self.run(Command::IssueCoupon { campaign, user })
    }

    /// Places an order without delivering its events.
    pub(crate) fn place_only(&mut self, order: PlaceOrder) -> OrderId {
        placed(&self.decide([place(order)]).remove(0).result)
    }

    /// Places an order and delivers all its events.
    pub(crate) fn place(&mut self, order: PlaceOrder) -> Order {
        let id = self.place_only(order);
        self.quiet();
        self.order(id)
    }

    pub(crate) fn order(&self, id: OrderId) -> Order {
        self.disk.read(|state| state.orders[&id].order.clone())
    }

    pub(crate) fn balance(&self, user: UserId) -> i64 {
        self.disk.read(|state| state.accounts.get(&user).map_or(0, |account| account.balance.amount()))
    }
}

/// The receiver of a job's reply.
pub(crate) struct Waiting(Receiver<Reply>);

impl Waiting {
    /// Returns the reply; a job without one fails the test.
    pub(crate) fn answer(&self) -> Reply {
        self.0.try_recv().unwrap()
    }
}

pub(crate) fn job(command: Command) -> (Job, Waiting) {
    let (sender, receiver) = channel();
    let reply = Box::new(move |reply| {
        // A test that ignores the reply has dropped the receiver.
        let _ = sender.send(reply);
    });
    (Job::new(command, reply), Waiting(receiver))
}

pub(crate) fn place(order: PlaceOrder) -> Command {
    Command::PlaceOrder(Box::new(order))
}

pub(crate) fn placed(result: &Result<Answer, Refusal>) -> OrderId {
    let Ok(Answer::OrderPlaced { order, .. }) = result else { panic!("{result:?}") };
    *order
}

/// An order for one unit of a product, paid on delivery.
pub(crate) fn order_of(user: UserId, product: ProductId) -> PlaceOrder {
    PlaceOrder {
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
    }
}

/// A campaign that is open all day, with one coupon of 100 won per user.
pub(crate) fn campaign_of(quantity: i64) -> CreateCampaign {
    CreateCampaign {
        name: "Drop".into(),
        discount: Discount::Fixed { value: Money::won(100) },
        quantity,
        issue_per_user_max: 1,
        issue_starts_at: Timestamp::from_micros(0),
        issue_ends_at: NOON + 24 * HOUR,
        valid_until: NOON + 48 * HOUR,
        issue_mode: IssueMode::Direct,
        queue_key: QueueKey::Campaign,
    }
}
