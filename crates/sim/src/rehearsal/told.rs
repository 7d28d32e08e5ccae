//! How customers answer to what the shop tells them, and what is measured of it.

use app::audit::Law;
use app::commands::answer::{Answer, Refusal, Reply};
use app::ports::Clock as _;
use domain::drops::TicketStatus;
use domain::order::Outcome as OrderOutcome;
use domain::time::Timestamp;

use super::SECOND;
use super::figures::{End, Outcome, Percentiles, Point, Refused};
use super::machine::{Ask, Wish};
use super::people::{Measures, State};
use super::play::{Stage, Step};
use crate::checker::audit;

/// Estimates of shorter waits are not compared.
const WAIT_MIN: i64 = 30 * SECOND;
const POINTS_MAX: usize = 400;

impl Stage<'_> {
    /// Returns when a customer's page looks first at a moment or after it.
    pub(super) fn next_look(&self, customer: u32, at: i64) -> i64 {
        let every = (self.script.customers.look_every_seconds * 1_000_000).cast_signed();
        let first = self.people[customer as usize].joined_at + self.customers[customer as usize].looks_after;
        first + ((at - first).max(0) + every - 1) / every * every
    }

    pub(super) fn answered(&mut self, ask: &Ask, reply: &Reply) {
        let took = self.now - ask.sent;
        self.measures.slowest = self.measures.slowest.max(took);
        match (ask.wish, &reply.result) {
            (Wish::Join, Ok(Answer::QueueJoined { ticket, .. })) => {
                self.measures.joins.push(took);
                self.joined(ask.customer, *ticket);
            }
            (Wish::Order | Wish::OrderAgain, Ok(Answer::OrderPlaced { .. })) => {
                self.measures.orders.push(took);
                let outcome = reply.order.as_ref().map(|order| order.outcome);
                self.ordered(ask, outcome);
            }
            (_, Ok(_)) => {}
            (_, Err(refusal)) => self.refused(ask, refusal),
        }
    }

    fn joined(&mut self, customer: u32, ticket: i64) {
        let Some(queue) = &self.drop.queue else { return };
        let standing = queue.standing(ticket, self.around_now());
        let before_start = (-self.now).max(0);
        let ahead = standing.ahead.filter(|_| self.drop.admits());
        let estimate = ahead.map(|ahead| queue.wait_seconds(ahead) * SECOND + before_start);
        let is_due = self.is_gone || standing.status != TicketStatus::Waiting;
        let person = &mut self.people[customer as usize];
        (person.state, person.ticket, person.joined_at) = (State::Waiting, Some(ticket), self.now);
        person.estimate = estimate;
        self.waiting += 1;
        // `close` ended only the customers who were waiting then.
        if self.now >= self.script.drop.lasts_seconds * SECOND {
            return self.end(customer, End::Ended);
        }
        if is_due {
            self.plan(self.next_look(customer, self.now), Step::Looks(customer));
        }
        if let Some(patience) = self.customers[customer as usize].leaves_after {
            self.plan(self.now + patience, Step::Leaves(customer));
        }
    }

    fn around_now(&self) -> Timestamp {
        self.around.clock.now()
    }

    /// A page shows where its ticket is.
    pub(super) fn looks(&mut self, customer: u32) {
        let person = self.people[customer as usize];
        let (State::Waiting, Some(ticket), Some(queue)) = (person.state, person.ticket, &self.drop.queue) else {
            return;
        };
        let waited = self.now - person.joined_at;
        let is_admitted = queue.place(ticket).is_some_and(|place| place <= queue.admitted);
        if !is_admitted {
            if self.is_gone {
                self.measures.told.push(waited);
                self.end(customer, End::ToldSoldOut);
            }
            return;
        }
        self.measures.waits.push(waited);
        self.measures.learned.push(self.now);
        self.people[customer as usize].learned_at = self.now;
        if let Some(estimate) = person.estimate.filter(|_| waited >= WAIT_MIN) {
            self.measures.errors.push((estimate - waited).abs() * 10_000 / waited);
        }
        let known = self.customers[customer as usize];
        if !known.orders {
            return self.end(customer, End::NoShow);
        }
        self.waiting -= 1;
        self.people[customer as usize].state = State::Thinking;
        self.plan(self.now + known.thinks, Step::Sends(customer, Wish::Order));
    }

    pub(super) fn leaves(&mut self, customer: u32) {
        if self.people[customer as usize].state == State::Waiting {
            self.send(customer, Wish::Leave);
            self.end(customer, End::Left);
        }
    }

    fn ordered(&mut self, ask: &Ask, outcome: Option<OrderOutcome>) {
        let end = match outcome {
            Some(OrderOutcome::Completed) => Some(End::Bought),
            Some(OrderOutcome::AwaitingPayment) => Some(End::Unpaid),
            Some(_) | None => None,
        };
        if end.is_none() {
            *self.measures.refusals.entry(Refused::OutOfStock).or_default() += 1;
        }
        let has_room = self.script.waiting_room.is_some();
        match (ask.wish, end) {
            (Wish::Order, Some(end)) => {
                if self.customers[ask.customer as usize].orders_again {
                    self.send(ask.customer, Wish::OrderAgain);
                }
                self.end(ask.customer, end);
            }
            (Wish::Order, None) if has_room => self.end(ask.customer, End::AdmittedInVain),
            (Wish::Order, None) if self.is_gone => self.end(ask.customer, End::ToldSoldOut),
            (Wish::Order, None) => self.try_again(ask, End::ToldSoldOut),
            (Wish::Join | Wish::Leave | Wish::OrderAgain, _) => {}
        }
    }

    pub(super) fn refused(&mut self, ask: &Ask, refusal: &Refusal) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "other refusals do not occur, and would be shown")]
        let (why, end) = match refusal {
            Refusal::Overloaded { .. } | Refusal::Unavailable | Refusal::NotWritten => {
                (Refused::Overloaded, End::GaveUp)
            }
            Refusal::LimitExceeded { .. } => (Refused::LimitExceeded, End::OverTheLimit),
            Refusal::TicketRequired => (Refused::TicketRequired, End::TooLate),
            Refusal::DropNotStarted => (Refused::NotStarted, End::GaveUp),
            Refusal::DropEnded if ask.wish == Wish::Join => (Refused::Ended, End::Ended),
            Refusal::DropEnded => (Refused::Ended, End::AfterTheEnd),
            Refusal::StockExhausted { .. } => (Refused::OutOfStock, End::AdmittedInVain),
            _ => (Refused::Other, End::GaveUp),
        };
        *self.measures.refusals.entry(why).or_default() += 1;
        match ask.wish {
            Wish::Join | Wish::Order if end == End::GaveUp => self.try_again(ask, End::GaveUp),
            Wish::Join | Wish::Order => self.end(ask.customer, end),
            Wish::Leave | Wish::OrderAgain => {}
        }
    }

    fn try_again(&mut self, ask: &Ask, otherwise: End) {
        let person = &mut self.people[ask.customer as usize];
        if person.repeats >= self.script.customers.repeats {
            return self.end(ask.customer, otherwise);
        }
        person.repeats += 1;
        let pause = (self.script.customers.repeat_after_seconds * 1_000_000).cast_signed();
        let at = self.now + self.rng.amount(pause / 2, pause + pause / 2);
        self.plan(at, Step::Sends(ask.customer, ask.wish));
    }

    pub(super) fn end(&mut self, customer: u32, end: End) {
        let person = &mut self.people[customer as usize];
        if person.state == State::Done {
            return;
        }
        if person.state == State::Waiting {
            self.waiting -= 1;
        }
        person.state = State::Done;
        if end == End::AdmittedInVain {
            self.measures.in_vain.push(person.learned_at);
        }
        self.active -= 1;
        *self.measures.ends.entry(end).or_default() += 1;
    }

    /// Ends the ways of the customers who still wait at the end of the drop.
    pub(super) fn close(&mut self) {
        for customer in 0..self.script.customers.count {
            if self.people[customer as usize].state == State::Waiting {
                self.end(customer, End::Ended);
            }
        }
    }

    pub(super) fn outcome(mut self) -> Outcome {
        let violations = self.violations();
        let (sold, stock, shop) = (self.sold(), self.stock(), &self.script.shop);
        let engines = if shop.is_shared() { 1 } else { shop.processes };
        let in_vain_percent = self.measures.in_vain_percent();
        let (arrived, waiting) = (self.script.customers.count, self.waiting);
        self.measures.sample(self.now, arrived, waiting, sold);
        let Measures { ends, refusals, waits, told, joins, orders, errors, engine, cores, points, .. } = self.measures;
        let second = SECOND as f64;
        Outcome {
            customers: arrived,
            stock,
            sold,
            first_sold_out_seconds: self.measures.first_sold_out_at.map(|at| at as f64 / second),
            in_vain_percent,
            sold_out_seconds: self.measures.sold_out_at.map(|at| at as f64 / second),
            lasted_seconds: self.now as f64 / second,
            ends,
            refusals,
            wait_seconds: Percentiles::of(waits, second),
            told_seconds: Percentiles::of(told, second),
            join_ms: Percentiles::of(joins, 1_000.0),
            order_ms: Percentiles::of(orders, 1_000.0),
            estimate_error_percent: Percentiles::of(errors, 100.0),
            requests: self.measures.requests,
            engine_busy_percent: engine.busiest(engines),
            cores_busy_percent: cores.busiest(shop.processes * shop.cores),
            queued_max: points.iter().map(|point| point.queued).max().unwrap_or(0),
            admission_percent_min: self.measures.share_min.unwrap_or(100),
            violations,
            points: thinned(points),
        }
    }

    /// The laws of the audit that do not hold. Law 5 limits how long a queued request waits, and time is the script's here.
    fn violations(&self) -> Vec<String> {
        let counts = |law| law != Law::Requests.number();
        audit(&self.around.disk, self.around_now(), counts).err().into_iter().collect()
    }
}

/// Joins points until they are few enough; peaks are kept.
fn thinned(mut points: Vec<Point>) -> Vec<Point> {
    while points.len() > POINTS_MAX {
        points = points
            .chunks(2)
            .map(|pair| {
                let last = pair[pair.len() - 1];
                let queued = pair.iter().map(|point| point.queued).max().unwrap_or(0);
                let answer_ms = pair.iter().map(|point| point.answer_ms).fold(0.0, f64::max);
                Point { queued, answer_ms, ..last }
            })
            .collect();
    }
    points
}

#[cfg(test)]
pub(super) mod tests;
