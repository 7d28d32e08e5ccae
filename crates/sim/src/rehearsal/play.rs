//! Plays a script: its steps, in the order of time.

use std::collections::BTreeMap;
use std::time::Duration;

use app::commands::answer::changed::Changed;
use app::commands::answer::{Answer, Refusal, Reply};
use app::commands::{Command, DropCommand, PlaceOrder};
use domain::drops::{Drop, Offer, Secrets, Terms, WaitingRoom};
use domain::ids::{ProductId, UserId};
use domain::money::Money;
use domain::order::Payment;
use domain::time::Timestamp;

use super::SECOND;
use super::admission::Admission;
use super::crowd::{Customer, crowd};
use super::figures::Outcome;
use super::machine::{Around, Ask, Machine, Wish, micros};
use super::people::{Measures, Person, State};
use super::script::Script;
use crate::clock::ModelClock;
use crate::disk::Disk;
use crate::process::CODEC;
use crate::rng::Rng;

/// The start of the drop.
const START: i64 = 1_795_262_400_000_000;
const FIRST_USER: i64 = 1_000_000;
const PRICE: Money = Money::won(10_000);
/// How often a process reads its timers, as in the shop.
const TIMERS_EVERY: i64 = SECOND / 5;
/// The shop opens this long before its first customer.
const BEFORE: i64 = 10 * SECOND;
/// A shop that has not answered this many seconds after the end of the drop is given up.
const AFTER: i64 = 3_600;
/// The largest share of the cores that pages which look for their places can take.
const LOOKS_MAX: f64 = 0.95;

/// A step of the play.
pub(super) enum Step {
    Comes(u32),
    Sends(u32, Wish),
    /// A request reaches the queue of its process.
    Arrives(usize, Box<Ask>),
    /// The engine of a process is free.
    Works(usize),
    Answers(Vec<(Ask, Reply)>),
    Looks(u32),
    Leaves(u32),
    Timers(usize),
    Samples,
    Closes,
}

pub(super) struct Stage<'a> {
    pub(super) script: &'a Script,
    pub(super) around: Around,
    machines: Vec<Machine>,
    /// By their time, and then in the order in which they were planned.
    steps: BTreeMap<(i64, u64), Step>,
    numbered: u64,
    /// Microseconds from the start of the drop.
    pub(super) now: i64,
    pub(super) customers: Vec<Customer>,
    pub(super) people: Vec<Person>,
    pub(super) drop: Drop,
    products: Vec<ProductId>,
    /// Every unit is sold, and no order holds one that could come back.
    pub(super) is_gone: bool,
    admission: Admission,
    /// When the rows of a shared store are unlocked.
    store_free_at: i64,
    /// Customers who still do something.
    pub(super) active: usize,
    /// Customers who look for their places.
    pub(super) waiting: u32,
    pub(super) rng: Rng,
    pub(super) measures: Measures,
}

/// Plays a script to the end of its drop, or until every customer is done. Equal scripts have equal outcomes.
pub fn play(script: &Script) -> Outcome {
    let mut stage = Stage::open(script);
    let latest = (script.drop.lasts_seconds + AFTER) * SECOND;
    while let Some(((at, _), step)) = stage.steps.pop_first() {
        stage.now = at;
        stage.around.clock.set(Timestamp::from_micros(START + at));
        stage.take(step);
        if stage.active == 0 || at > latest {
            break;
        }
    }
    stage.outcome()
}

impl<'a> Stage<'a> {
    fn open(script: &'a Script) -> Stage<'a> {
        let customers = crowd(script);
        let begin = customers.first().map_or(0, |first| first.arrives.min(0)) - BEFORE;
        let clock = ModelClock::at(Timestamp::from_micros(START + begin));
        let around = Around { disk: Disk::default(), clock, machines: script.shop.clone() };
        let mut machines: Vec<Machine> =
            (0..script.shop.processes).map(|number| Machine::start(&around, number + 1)).collect();
        let mut rng = Rng::new(!script.seed);
        let (drop, products) = prepare(&mut machines[0], script, &mut rng);
        let mut stage = Stage {
            script,
            around,
            machines,
            steps: BTreeMap::new(),
            numbered: 0,
            now: begin,
            people: vec![Person::default(); customers.len()],
            active: customers.len(),
            customers,
            drop,
            products,
            is_gone: false,
            admission: Admission::default(),
            store_free_at: i64::MIN,
            waiting: 0,
            rng,
            measures: Measures::default(),
        };
        for number in 0..script.customers.count {
            let arrives = stage.customers[number as usize].arrives;
            stage.plan(arrives, Step::Comes(number));
        }
        for place in 0..stage.machines.len() {
            stage.plan(begin, Step::Timers(place));
        }
        stage.plan(begin, Step::Samples);
        stage.plan(script.drop.lasts_seconds * SECOND, Step::Closes);
        stage
    }

    pub(super) fn plan(&mut self, at: i64, step: Step) {
        self.numbered += 1;
        self.steps.insert((at.max(self.now), self.numbered), step);
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Comes(customer) => self.comes(customer),
            Step::Sends(customer, wish) => self.send(customer, wish),
            Step::Arrives(place, ask) => self.arrives(place, *ask),
            Step::Works(place) => {
                self.machines[place].is_working = false;
                self.wake(place);
            }
            Step::Answers(replies) => {
                for (ask, reply) in &replies {
                    self.answered(ask, reply);
                }
            }
            Step::Looks(customer) => self.looks(customer),
            Step::Leaves(customer) => self.leaves(customer),
            Step::Timers(place) => {
                self.machines[place].timers_are_due = true;
                self.plan(self.now + TIMERS_EVERY, Step::Timers(place));
                self.wake(place);
            }
            Step::Samples => {
                self.sample();
                self.plan(self.now + SECOND, Step::Samples);
            }
            Step::Closes => self.close(),
        }
    }

    fn comes(&mut self, customer: u32) {
        if self.script.waiting_room.is_some() {
            return self.send(customer, Wish::Join);
        }
        // Without a queue, those who come early order as the countdown ends.
        let at = if self.now < 0 { self.rng.amount(0, SECOND) } else { self.now };
        self.plan(at, Step::Sends(customer, Wish::Order));
    }

    /// Sends a request to any process.
    pub(super) fn send(&mut self, customer: u32, wish: Wish) {
        let person = &mut self.people[customer as usize];
        match wish {
            Wish::Join => person.state = State::Joining,
            Wish::Order => person.state = State::Ordering,
            Wish::Leave | Wish::OrderAgain => {}
        }
        let command = self.command(customer, wish);
        let place = self.rng.below(self.machines.len() as u64) as usize;
        let spent = (micros(self.script.shop.speeds.http_us) as f64 / (1.0 - self.looks_share())) as i64;
        let done = self.machines[place].serve(self.now, spent);
        self.measures.requests += 1;
        self.measures.cores.add(done - spent, spent);
        let ask = Ask { customer, wish, command, sent: self.now };
        self.plan(done, Step::Arrives(place, Box::new(ask)));
    }

    fn command(&self, customer: u32, wish: Wish) -> Command {
        let known = &self.customers[customer as usize];
        let (drop, user) = (self.drop.id, user(customer));
        match wish {
            Wish::Join => Command::Drop(DropCommand::Join { drop, user }),
            Wish::Leave => Command::Drop(DropCommand::Leave { drop, user }),
            Wish::Order | Wish::OrderAgain => Command::PlaceOrder(Box::new(PlaceOrder {
                user,
                items: vec![(self.products[known.product], known.units)],
                coupon: None,
                points: Money::ZERO,
                payment: if known.pays { Payment::OnDelivery } else { Payment::Prepaid },
                receiver: None,
                warehouse_storage: false,
                total_shown: None,
                mode: None,
                tickets: self.people[customer as usize]
                    .ticket
                    .map(|number| CODEC.ticket(drop, number))
                    .into_iter()
                    .collect(),
            })),
        }
    }

    /// Returns the share of the cores that pages take which look for their places.
    fn looks_share(&self) -> f64 {
        let (shop, every) = (&self.script.shop, self.script.customers.look_every_seconds * 1_000_000);
        let spent = f64::from(self.waiting) * shop.speeds.look_us as f64;
        (spent / every as f64 / f64::from(shop.cores * shop.processes)).min(LOOKS_MAX)
    }

    fn arrives(&mut self, place: usize, ask: Ask) {
        match self.machines[place].enqueue(ask, self.script.shop.queue_max) {
            Ok(()) => self.measures.note_queue(self.machines[place].queued()),
            Err(ask) => return self.refused(&ask, &Refusal::Overloaded { retry_after: Duration::from_secs(1) }),
        }
        self.wake(place);
    }

    fn wake(&mut self, place: usize) {
        let machine = &mut self.machines[place];
        if machine.is_working || !machine.has_work() {
            return;
        }
        let locked_until = if self.script.shop.is_shared() { self.store_free_at } else { i64::MIN };
        let at = locked_until.max(machine.may_begin_at(&self.script.shop));
        machine.is_working = true;
        if at > self.now {
            return self.plan(at, Step::Works(place));
        }
        let Some(batch) = machine.work(self.now, &self.around) else {
            machine.is_working = false;
            return;
        };
        self.store_free_at = batch.free_at;
        self.measures.engine.add(self.now, batch.free_at - self.now);
        self.plan(batch.free_at, Step::Works(place));
        for (ask, reply) in &batch.replies {
            if let Ok(Answer::QueueJoined { ticket, .. }) = reply.result {
                self.admission.note(ticket, ask.customer);
            }
        }
        self.see_drop(batch.answered_at);
        self.plan(batch.answered_at, Step::Answers(batch.replies));
    }

    /// Reads the drop after a commit, and plans when the customers concerned learn of it.
    fn see_drop(&mut self, visible_at: i64) {
        let id = self.drop.id;
        let Some(drop) = self.around.disk.read(|state| state.drops.get(&id).cloned()) else { return };
        if drop.is_sold_out() != self.drop.is_sold_out() {
            self.measures.note_claimed(drop.is_sold_out().then_some(self.now));
        }
        let mut concerned = vec![];
        if let Some(queue) = &drop.queue {
            self.measures.note_share(queue.share);
            let admitted = self.admission.admitted(queue);
            let is_here = |customer: &&u32| self.people[**customer as usize].state != State::Done;
            self.measures.admitted += admitted.iter().filter(is_here).count() as u32;
            concerned.extend(admitted);
        }
        if !self.is_gone && drop.is_sold_out() && self.is_nothing_held() {
            self.is_gone = true;
            self.measures.sold_out_at = Some(self.now);
            concerned.extend(0..self.script.customers.count);
        }
        for customer in concerned {
            let person = &self.people[customer as usize];
            if person.state == State::Waiting {
                self.plan(self.next_look(customer, visible_at), Step::Looks(customer));
            }
        }
        self.drop = drop;
    }

    fn is_nothing_held(&self) -> bool {
        self.around.disk.read(|state| state.products.values().all(|product| product.on_hand == 0))
    }

    /// Returns the units of paid orders. Those of other orders are still at hand.
    pub(super) fn sold(&self) -> i64 {
        let left: i64 = self.around.disk.read(|state| state.products.values().map(|known| known.on_hand).sum());
        self.stock() - left
    }

    pub(super) fn stock(&self) -> i64 {
        self.script.drop.products.iter().map(|product| product.stock).sum()
    }

    fn sample(&mut self) {
        let all = f64::from(self.script.shop.cores * self.script.shop.processes);
        self.measures.cores.add(self.now - SECOND, (self.looks_share() * all * SECOND as f64) as i64);
        let arrived = self.customers.partition_point(|customer| customer.arrives <= self.now) as u32;
        let sold = self.sold();
        self.measures.sample(self.now, arrived, self.waiting, sold);
    }
}

fn user(customer: u32) -> UserId {
    UserId(FIRST_USER + i64::from(customer))
}

/// Creates the products and the drop.
fn prepare(machine: &mut Machine, script: &Script, rng: &mut Rng) -> (Drop, Vec<ProductId>) {
    let mut products = vec![];
    for product in &script.drop.products {
        let stock = product.stock;
        let register = Command::RegisterProduct { name: "Product".into(), price: PRICE, stock, details: None };
        let answer = machine.decide(register).map(|reply| reply.result);
        match answer.as_ref().and_then(|answer| answer.as_ref().ok()?.product()) {
            Some(product) => products.push(product),
            None => panic!("the shop registers a product in a rehearsal: {answer:?}"),
        }
    }
    let mut bytes = || std::array::from_fn(|_| rng.below(256) as u8);
    let secrets = Secrets { seed: bytes(), key: bytes() };
    let offers = products.iter().zip(&script.drop.products);
    let terms = Terms {
        name: script.drop.name.as_str().into(),
        starts_at: Timestamp::from_micros(START),
        ends_at: Timestamp::from_micros(START + script.drop.lasts_seconds * SECOND),
        products: offers.map(|(id, wanted)| Offer { product: *id, per_customer: wanted.per_customer }).collect(),
        per_customer: script.drop.per_customer,
        per_payment_method: None,
        waiting_room: script.waiting_room.map(|room| WaitingRoom {
            admit_per_second: room.admit_per_second,
            hold_seconds: room.hold_seconds,
            prequeue: room.prequeue,
        }),
        secrets,
    };
    let created = machine.decide(Command::Drop(DropCommand::Create(Box::new(terms)))).map(|reply| reply.result);
    if let Some(Ok(Answer::Changed { now })) = &created
        && let Changed::Drop(drop) = &**now
    {
        return ((**drop).clone(), products);
    }
    panic!("the shop creates the drop of a rehearsal: {created:?}")
}
