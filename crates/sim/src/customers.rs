//! Customers and admins: their requests, each repeated under its key until it has a response.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::commands::answer::{Answer, Refusal, Reply};
use app::commands::{
    ChangeModes, Command, CreateCampaign, DropCommand, Idempotency, PlaceOrder, ProcessOrder, RefundDecision,
    RefundWanted, RegisterUser,
};
use app::engine::Job;
use app::state::rows::{AnswerKey, EmailKey, NewDetails, Role};
use domain::coupon::{Change, IssueMode, QueueKey};
use domain::drops::{self, Offer, Prequeue, Secrets, Terms, WaitingRoom};
use domain::ids::{CampaignId, Code, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::fulfilment::Goods;
use domain::order::{Canceller, Choice, Order, Outcome, Payment, Receiver};
use domain::payment::{Means, Method};
use domain::pricing::Discount;
use domain::time::Timestamp;
use domain::{shipment, warehouse};

use crate::disk::State;
use crate::process::CODEC;
use crate::rng::Rng;

const USERS: i64 = 6;
pub(crate) const ADMIN: UserId = UserId(900);
const LONG: i64 = 3_650 * 86_400_000_000;

/// One request and its response.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) command: Command,
    /// The tick in which it was last sent, while it has no response.
    pub(crate) sent: Option<u64>,
    pub(crate) answer: Option<Result<Answer, Refusal>>,
}

/// All clients of the shop, and the identities that they know.
#[derive(Debug, Default)]
pub(crate) struct Customers {
    pub(crate) requests: Vec<Request>,
    mail: Arc<Mutex<Vec<(usize, Reply)>>>,
    products: Vec<ProductId>,
    pub(crate) direct: Vec<CampaignId>,
    queued: Vec<CampaignId>,
    orders: Vec<OrderId>,
}

impl Customers {
    /// Adds a request, to be sent later.
    pub(crate) fn want(&mut self, command: Command) -> usize {
        self.requests.push(Request { command, sent: None, answer: None });
        self.requests.len() - 1
    }

    pub(crate) fn unanswered(&self) -> impl Iterator<Item = (usize, &Request)> {
        self.requests.iter().enumerate().filter(|(_, request)| request.answer.is_none())
    }

    /// Returns a request as a job, with the same key every time.
    pub(crate) fn job(&self, number: usize) -> Job {
        let mail = Arc::clone(&self.mail);
        let responder = move |reply| mail.lock().unwrap_or_else(PoisonError::into_inner).push((number, reply));
        let key = key(number);
        Job::new(self.requests[number].command.clone(), Box::new(responder))
            .idempotent(Some(Idempotency { key: AnswerKey(key), fingerprint: key }))
    }

    pub(crate) fn take_mail(&self) -> Vec<(usize, Reply)> {
        std::mem::take(&mut *self.mail.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records a response. A successful response must never change.
    pub(crate) fn take_answer(&mut self, number: usize, result: &Result<Answer, Refusal>) -> Result<(), String> {
        let request = &mut self.requests[number];
        request.sent = None;
        match (&request.answer, result) {
            (Some(Ok(first)), Ok(again)) if first == again => return Ok(()),
            (Some(Ok(_)), _) => {
                return Err(format!("request {number} was answered {:?}, then {result:?}", request.answer));
            }
            (Some(Err(_)) | None, _) => request.answer = Some(result.clone()),
        }
        match (&request.command, result) {
            (_, Ok(Answer::OrderPlaced { order, .. })) => self.orders.push(*order),
            (Command::RegisterProduct { .. }, Ok(answer)) => self.products.extend(answer.product()),
            (Command::CreateCampaign(wanted), Ok(answer)) if wanted.issue_mode.takes_requests() => {
                self.queued.extend(answer.campaign());
            }
            (Command::CreateCampaign(_), Ok(answer)) => self.direct.extend(answer.campaign()),
            _ => {}
        }
        Ok(())
    }

    /// Requests the products, campaigns and points that the shop opens with.
    pub(crate) fn prepare(&mut self, rng: &mut Rng, now: Timestamp, has_one_engine: bool) {
        // The third one is sold in drops.
        for _product in 0..3 {
            let (price, stock) = (Money::won(rng.amount(3, 9) * 100), rng.amount(3, 12));
            let details = NewDetails { description: Some(Some("A lamp.".into())), ..NewDetails::default() };
            let details = Some(Box::new(details));
            self.want(Command::RegisterProduct { name: "Lamp".into(), price, stock, details });
        }
        let queue = if rng.happens(500) { IssueMode::Queued } else { IssueMode::Stream };
        for issue_mode in [IssueMode::Direct, queue] {
            self.want(Command::CreateCampaign(Box::new(CreateCampaign {
                name: "Drop".into(),
                discount: Discount::Fixed { value: Money::won(100) },
                quantity: rng.amount(2, 5),
                issue_per_user_max: rng.amount(1, 2),
                issue_starts_at: Timestamp::from_micros(0),
                issue_ends_at: Timestamp::from_micros(now.micros() + LONG),
                valid_until: Timestamp::from_micros(now.micros() + LONG),
                issue_mode,
                // Several engines number requests from their own blocks, so the audit cannot tell the order of arrival.
                queue_key: if has_one_engine && rng.happens(700) { QueueKey::Campaign } else { QueueKey::User },
            })));
        }
        for user in 1..=USERS {
            self.want(Command::ChargePoints { user: UserId(user), amount: Money::won(rng.amount(1, 10) * 100) });
        }
    }

    /// Returns a random request of a random client.
    pub(crate) fn think(&mut self, rng: &mut Rng, state: &State) -> Command {
        let user = UserId(rng.amount(1, USERS));
        match rng.below(100) {
            0..34 => Command::PlaceOrder(Box::new(self.order(rng, state, user))),
            34..48 => Command::IssueCoupon { campaign: self.campaign(rng, 800), user },
            48..58 => Command::RequestCoupon { campaign: self.campaign(rng, 100), user },
            58..64 => Command::ChargePoints { user, amount: Money::won(rng.amount(1, 3) * 100) },
            64..73 => self.cancellation(rng),
            73..90 => self.fulfilment(rng, state),
            90..93 => self.delivery(rng),
            93..95 => self.change(rng, state),
            95..97 => self.drop(rng, state, user),
            97..98 => change_modes(rng),
            _ => register(rng),
        }
    }

    fn product(&self, rng: &mut Rng) -> ProductId {
        rng.pick(&self.products).unwrap_or(ProductId(99))
    }

    /// Returns a product for an order. A product that its drop does not sell at the moment is wanted rarely: its orders are
    /// refused, and payments and refunds need orders that are not.
    fn wanted(&self, rng: &mut Rng, state: &State) -> ProductId {
        let product = self.product(rng);
        let drop = state.products.get(&product).and_then(|product| product.drop);
        let drop = drop.and_then(|drop| state.drops.get(&drop));
        let is_sold = drop.is_none_or(|drop| drop.check_open(state.decided_until).is_ok());
        if is_sold || rng.happens(200) { product } else { self.products.first().copied().unwrap_or(product) }
    }

    fn campaign(&self, rng: &mut Rng, direct_per_mille: u64) -> CampaignId {
        let campaigns = if rng.happens(direct_per_mille) { &self.direct } else { &self.queued };
        rng.pick(campaigns).unwrap_or(CampaignId(99))
    }

    fn order(&self, rng: &mut Rng, state: &State, user: UserId) -> PlaceOrder {
        let lines = rng.between(1, 2);
        PlaceOrder {
            user,
            items: (0..lines).map(|_| (self.wanted(rng, state), rng.amount(1, 2))).collect(),
            coupon: rng.happens(400).then(|| (self.campaign(rng, 600), None)),
            points: Money::won(rng.amount(0, 3) * 100),
            payment: if rng.happens(450) { Payment::Prepaid } else { Payment::OnDelivery },
            receiver: rng.happens(250).then(receiver),
            warehouse_storage: rng.happens(100),
            total_shown: None,
            mode: if rng.happens(500) { rng.pick(&Choice::ALL) } else { None },
            tickets: tickets_of(state, user),
        }
    }

    /// Returns a payment, refund or delivery of an order, whether or not it is claimed.
    fn fulfilment(&self, rng: &mut Rng, state: &State) -> Command {
        let newest = &self.orders[self.orders.len().saturating_sub(6)..];
        let order = rng.pick(newest).unwrap_or(OrderId(1));
        let method = Method::Card;
        match rng.below(14) {
            13 => Command::ExtendHold { order, by: ADMIN, more: Duration::from_secs(rng.between(1, 1_200)) },
            10 | 11 => decide(rng, state, order),
            0..4 => {
                let order = one_of(rng, state, order, |order| order.outcome == Outcome::AwaitingPayment);
                Command::Pay { order, method, means: card(rng), amount_shown: None }
            }
            4 | 5 => {
                let receiver = rng.happens(800).then(receiver);
                let warehouse_storage = rng.happens(500).then(|| rng.happens(300));
                Command::ProcessOrder(Box::new(ProcessOrder { order, method: None, receiver, warehouse_storage }))
            }
            6 | 7 => {
                let lines = if rng.happens(500) { vec![(self.product(rng), 1)] } else { vec![] };
                let note = rng.happens(300).then(|| "it does not fit".into());
                let any = rng.pick(&self.orders).unwrap_or(order);
                let order = one_of(rng, state, any, |order| order.is_prepaid() && order.outcome == Outcome::Completed);
                let by_shop = rng.happens(200).then(|| rng.pick(&Goods::ALL).unwrap_or_default());
                Command::RefundOrder(Box::new(RefundWanted { order, lines, note, by_shop }))
            }
            _ => goods(rng, state, order),
        }
    }

    fn cancellation(&self, rng: &mut Rng) -> Command {
        // The newest orders are most likely still under way.
        let newest = &self.orders[self.orders.len().saturating_sub(4)..];
        let order = rng.pick(newest).unwrap_or(OrderId(1));
        Command::CancelOrder {
            order,
            by: if rng.happens(800) { Canceller::Customer } else { Canceller::Admin },
            note: None,
        }
    }

    fn delivery(&self, rng: &mut Rng) -> Command {
        let delta = if rng.happens(750) { rng.amount(1, 4) } else { -1 };
        Command::AdjustStock { product: self.product(rng), delta, reason: "delivery".into() }
    }

    /// An admin puts the third product into a drop, or changes the drop; a customer joins or leaves its waiting room.
    fn drop(&self, rng: &mut Rng, state: &State, user: UserId) -> Command {
        let now = state.decided_until;
        let mut rooms = state.drops.values().filter(|drop| drop.queue.is_some()).map(|drop| drop.id);
        if let Some(drop) = rooms.next_back().filter(|_| rng.happens(600)) {
            let join = DropCommand::Join { drop, user };
            return Command::Drop(if rng.happens(800) { join } else { DropCommand::Leave { drop, user } });
        }
        let later = |rng: &mut Rng, hours_max: u64| now + Duration::from_secs(rng.between(1, 60 * hours_max) * 60);
        let product = self.products.get(2).copied().unwrap_or(ProductId(99));
        if let Some(drop) = state.drops.keys().last().copied().filter(|_| rng.happens(500)) {
            if rng.happens(150) {
                return Command::Drop(DropCommand::Release { drop, products: vec![product] });
            }
            // A moment that has passed ends the drop, also before its start.
            let minutes = |rng: &mut Rng| rng.between(1, 240);
            let end =
                |minutes| if minutes <= 12 { Timestamp::default() } else { now + Duration::from_secs(minutes * 60) };
            let ends_at = rng.happens(500).then(|| end(minutes(rng)));
            let has_room = state.drops.get(&drop).is_some_and(|drop| drop.queue.is_some()) && rng.happens(500);
            return Command::Drop(DropCommand::Change {
                drop,
                change: drops::Change {
                    ends_at,
                    paused: rng.happens(500).then(|| rng.happens(300)),
                    admit_per_second: has_room.then(|| rng.amount(1, 9)),
                },
            });
        }
        let products = vec![Offer { product, per_customer: rng.happens(700).then(|| rng.amount(1, 3)) }];
        let starts_at = if rng.happens(600) { now } else { later(rng, 1) };
        let ends_at = starts_at + Duration::from_secs(rng.between(1, 600) * 60);
        let per_customer = rng.happens(500).then(|| rng.amount(1, 4));
        let waiting_room = rng.happens(400).then(|| WaitingRoom {
            admit_per_second: rng.amount(1, 5),
            hold_seconds: rng.amount(30, 3_600),
            prequeue: rng.pick(&Prequeue::ALL).unwrap_or(Prequeue::Fifo),
        });
        let secrets = Secrets { seed: [rng.below(250) as u8; 32], key: [7; 32] };
        let name = "Saturday".into();
        let per_payment_method = rng.happens(400).then(|| rng.amount(1, 3));
        let terms =
            Terms { name, starts_at, ends_at, products, per_customer, per_payment_method, waiting_room, secrets };
        Command::Drop(DropCommand::Create(Box::new(terms)))
    }

    fn change(&self, rng: &mut Rng, state: &State) -> Command {
        let campaign = self.campaign(rng, 500);
        let quantity = state.campaigns.get(&campaign).map_or(1, |campaign| campaign.quantity);
        let change = match rng.below(4) {
            0 | 1 => Change { quantity: Some(quantity + rng.amount(1, 2)), ..Change::default() },
            2 => Change { paused: Some(true), ..Change::default() },
            _ => Change { paused: Some(false), ..Change::default() },
        };
        Command::ChangeCampaign { campaign, change }
    }
}

/// One of three cards that customers share, or none.
fn card(rng: &mut Rng) -> Option<Arc<Means>> {
    let token = rng.happens(700).then(|| format!("card-{}", rng.below(3)).into())?;
    Some(Arc::new(Means { token: Some(token), return_url: None }))
}

/// The tickets that a customer has.
fn tickets_of(state: &State, user: UserId) -> Vec<Code> {
    let own = state.buyers.values().filter(|buyer| buyer.user == user);
    own.filter_map(|buyer| Some(CODEC.ticket(buyer.drop, buyer.ticket?))).collect()
}

/// Returns an order of this kind half of the time, if there is one: most orders are of another one.
fn one_of(rng: &mut Rng, state: &State, any: OrderId, is_wanted: fn(&Order) -> bool) -> OrderId {
    if rng.happens(500) {
        return any;
    }
    let wanted = state.orders.values().map(|row| &row.order).filter(|order| is_wanted(order));
    rng.pick(&wanted.map(Order::id).collect::<Vec<_>>()).unwrap_or(any)
}

/// Decides a pending refund request, or records returned goods.
fn decide(rng: &mut Rng, state: &State, order: OrderId) -> Command {
    let of = |is_wanted: fn(&Order) -> bool| -> Vec<OrderId> {
        let orders = state.orders.values().map(|row| &row.order);
        orders.filter(|order| is_wanted(order)).map(Order::id).collect()
    };
    let asked = of(|order| order.refund_asked().is_some());
    let awaited = of(|order| order.created.lines.iter().any(|line| order.awaited(line.product) > 0));
    if asked.is_empty() || rng.happens(400) {
        let order = rng.pick(&awaited).unwrap_or(order);
        return Command::TakeInGoods { order, lines: vec![], is_written_off: rng.happens(300) };
    }
    let order = rng.pick(&asked).unwrap_or(order);
    let decision = if rng.happens(700) {
        RefundDecision::Approve { goods: rng.pick(&Goods::ALL).unwrap_or_default() }
    } else {
        RefundDecision::Reject { note: "it was worn".into() }
    };
    Command::DecideRefund { order, decision }
}

/// Advances a shipment or a storage, if there is one.
fn goods(rng: &mut Rng, state: &State, order: OrderId) -> Command {
    let sent: Vec<OrderId> = state.shipments.keys().chain(state.storages.keys()).copied().collect();
    let order = rng.pick(&sent).unwrap_or(order);
    if state.storages.contains_key(&order) {
        let state = rng.pick(&warehouse::State::ALL).unwrap_or(warehouse::State::OnAuction);
        return Command::AdvanceStorage { order, state };
    }
    let now = state.shipments.get(&order).map_or(shipment::State::Pending, |shipment| shipment.state);
    let next: Vec<_> = shipment::State::ALL.into_iter().filter(|next| now.can_become(*next)).collect();
    let state = rng.pick(&next).unwrap_or(shipment::State::Shipped);
    Command::AdvanceShipment { order, state, tracking: None }
}

fn receiver() -> Receiver {
    Receiver { name: "Ann".into(), phone: "010".into(), postal_code: "04524".into(), address: "Seoul".into() }
}

/// An admin changes the mode setting.
fn change_modes(rng: &mut Rng) -> Command {
    Command::ChangeModes(Box::new(ChangeModes {
        choice: rng.pick(&Choice::ALL).unwrap_or(Choice::Parallel),
        percent: u8::try_from(rng.between(0, 100)).ok(),
        by: Some(ADMIN),
        reason: "a try".into(),
    }))
}

/// Registers a customer; sometimes with an email address that is taken.
fn register(rng: &mut Rng) -> Command {
    let email = rng.below(8) as u8;
    Command::RegisterUser(Box::new(RegisterUser {
        email: format!("{email}@example.com").into(),
        email_key: EmailKey([email; 32]),
        name: "Somebody".into(),
        password_hash: "hash".into(),
        role: Role::Customer,
        candidate: None,
    }))
}

fn key(number: usize) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&(number as u64).to_be_bytes());
    key
}
