//! The checks of a simulated world: after every tick, and at rest.

use std::collections::{BTreeMap, BTreeSet};

use app::audit::Law;
use app::commands::answer::Answer;
use app::events::event::EventKind;
use app::log::reactions::Group;
use app::ports::Clock as _;
use app::state::rows::{DeadLetter, DeadLetterStatus, RequestStatus};
use app::state::settings::Executor;
use domain::drops::LinkKind;
use domain::order::Outcome;
use domain::order::saga::StepState;
use domain::time::Timestamp;

use crate::coverage::Branch;
use crate::disk::{Disk, OutboxRow, State};
use crate::following;
use crate::forgery::given_up::{only_forgeries_are_given_up, the_unreadable_is_given_up};
use crate::model_snapshot::ModelSnapshot;
use crate::outside::topics_equal_the_state;
use crate::verdict::{Verdict, ensure};
use crate::world::World;

impl World {
    /// Checks safety after a tick.
    pub(crate) fn check(&mut self) -> Verdict {
        self.read_events();
        let disk = self.around.disk.clone();
        disk.read(|state| self.offsets_only_grow(state))?;
        disk.read(|state| self.past.follow(state, self.plan.executor))?;
        self.note_failed_deliveries();
        let bus = &self.around.bus;
        disk.read(|state| only_forgeries_are_given_up(state, bus))?;
        ensure(self.broken.is_empty(), || format!("decisions would have broken invariants: {:?}", self.broken))?;
        if self.tick.is_multiple_of(16) || (self.audited < self.seen && self.is_quiet()) {
            self.audited = self.seen;
            self.audit()?;
        }
        Ok(())
    }

    /// Audits the committed state. The law about the waiting time of requests only holds without faults.
    pub(crate) fn audit(&self) -> Verdict {
        let counts = |law| self.is_at_end || law != Law::Requests.number();
        audit(&self.around.disk, self.around.clock.now(), counts)
    }

    fn offsets_only_grow(&mut self, state: &State) -> Verdict {
        for (key, stands) in &state.offsets {
            let stood = self.last_offsets.insert(*key, *stands).unwrap_or(0);
            ensure(stood <= *stands, || format!("the offset of {key:?} was {stood} and now is {stands}"))?;
        }
        Ok(())
    }

    fn note_failed_deliveries(&mut self) {
        let disk = self.around.disk.clone();
        disk.read(|state| {
            let mut reach = |is_met: bool, branch| {
                if is_met {
                    self.coverage.reach(branch);
                }
            };
            reach(!state.parked.is_empty(), Branch::Parked);
            reach(state.parked.values().any(|parked| parked.next - parked.first > 1), Branch::WaitedBehind);
            reach(!state.letters.is_empty(), Branch::DeadLettered);
            let is_any = |status| state.letters.values().any(|letter| letter.status == status);
            reach(is_any(DeadLetterStatus::Permanent), Branch::Permanent);
            reach(is_any(DeadLetterStatus::Handled), Branch::DeadLetterHandled);
            let bus = &self.around.bus;
            let is_forged = |letter: &DeadLetter| bus.forged(&letter.message).is_some();
            let is_lie = |letter: &DeadLetter| letter.is_disbelieved() && is_forged(letter);
            reach(state.letters.values().any(is_lie), Branch::ForgedGivenUp);
            let is_noise = |letter: &DeadLetter| letter.message.event().is_err() && is_forged(letter);
            reach(state.letters.values().any(is_noise), Branch::UnreadableGivenUp);
            reach(bus.foreign() > 0, Branch::ForeignPassedOver);
        });
    }

    /// Records the events committed since the last check.
    fn read_events(&mut self) {
        let disk = self.around.disk.clone();
        disk.read(|state| {
            for row in &state.outbox[self.seen..] {
                self.note(format_args!(
                    "{}/{} {} {}",
                    row.record.shard, row.record.seq, row.record.kind, row.record.key
                ));
                if let Some(branch) = branch_of(row) {
                    self.coverage.reach(branch);
                }
                let ended = row.order.filter(|_| row.record.kind == EventKind::OrderCancelled.name());
                let order = ended.and_then(|id| state.orders.get(&id)).map(|row| &row.order);
                if order.is_some_and(|order| order.saga.steps.iter().any(|record| record.state == StepState::Waiting)) {
                    self.coverage.reach(Branch::NeverAsked);
                }
                let is_raise = row.record.kind == EventKind::CampaignChanged.name();
                if is_raise && state.campaigns.values().any(|campaign| campaign.issued > 0 && campaign.remaining() > 0)
                {
                    self.coverage.reach(Branch::QuantityRaised);
                }
            }
            self.seen = state.outbox.len();
        });
    }

    /// Returns whether customers, processes and groups have nothing left to do.
    pub(crate) fn is_quiet(&self) -> bool {
        let is_log_quiet =
            self.plan.executor == Executor::Inline || self.around.disk.read(|state| self.around.bus.is_quiet(state));
        is_log_quiet
            && self.around.disk.read(following::is_quiet)
            && self.processes.iter().all(crate::process::Process::is_idle)
            && self.customers.unanswered().next().is_none()
    }

    /// Checks liveness at rest: one outcome for each order and request, and nothing left behind.
    pub(crate) fn check_rest(&self) -> Verdict {
        self.audit()?;
        self.around.disk.read(is_at_rest)?;
        self.around.disk.read(|state| the_unreadable_is_given_up(state, &self.around.bus))?;
        self.check_books()?;
        self.numbers_are_unique()
    }

    /// Checks that no two customers got the same issue number.
    fn numbers_are_unique(&self) -> Verdict {
        let mut numbers = BTreeSet::new();
        for request in &self.customers.requests {
            let Some(Ok(Answer::CouponIssued { campaign, issue_number, coupon, .. })) = &request.answer else {
                continue;
            };
            let is_new = numbers.insert((*campaign, *issue_number));
            ensure(is_new, || {
                format!("number {issue_number} of campaign {campaign} was issued twice, also as {coupon}")
            })?;
        }
        Ok(())
    }
}

/// Audits the committed state by the laws that `counts` selects.
pub(crate) fn audit(disk: &Disk, now: Timestamp, counts: impl Fn(u8) -> bool) -> Verdict {
    let audit = app::audit::audit(&mut ModelSnapshot::of(disk), now).map_err(|error| error.to_string())?;
    let broken: Vec<String> = audit
        .laws
        .iter()
        .filter(|law| law.violations > 0 && counts(law.law))
        .map(|law| format!("law {}, {}: {}", law.law, law.name, law.examples.join("; ")))
        .collect();
    ensure(broken.is_empty(), || broken.join("\n"))
}

/// Checks that nothing is left to do.
pub(crate) fn is_at_rest(state: &State) -> Verdict {
    orders_have_ended(state)?;
    requests_are_answered(state)?;
    nothing_is_undelivered(state)?;
    notices_are_complete(state)?;
    sales_are_counted(state)?;
    who_came_before_is_drawn(state)?;
    topics_equal_the_state(state)
}

/// Checks that a seed drew those who joined before the start of their drop, and no others.
fn who_came_before_is_drawn(state: &State) -> Verdict {
    for link in state.drop_links.values().filter(|link| link.kind == LinkKind::Joined) {
        let Some((drop, drawn)) = state.drops.get(&link.drop).and_then(|drop| Some((drop, drop.drawn()?))) else {
            continue;
        };
        ensure((link.subject <= drawn) == (link.at < drop.starts_at), || {
            format!("drop {}: {drawn} are drawn, and ticket {} is of {:?}", drop.id, link.subject, link.at)
        })?;
    }
    Ok(())
}

fn orders_have_ended(state: &State) -> Verdict {
    for row in state.orders.values() {
        let order = &row.order;
        ensure(order.outcome.is_final(), || format!("order {} is still {:?}", order.id(), order.outcome))?;
        ensure(order.outcome != Outcome::Cancelled || order.reason.is_some(), || format!("{order:?} has no reason"))?;
    }
    ensure(state.claims.is_empty(), || format!("claims are left: {:?}", state.claims))?;
    ensure(state.timers.is_empty(), || format!("timers are left: {:?}", state.timers))
}

fn requests_are_answered(state: &State) -> Verdict {
    let open = state.requests.values().find(|request| request.status != RequestStatus::Notified);
    ensure(open.is_none(), || format!("a request never ended: {open:?}"))
}

/// Checks that every event is handled after faults have ended.
fn nothing_is_undelivered(state: &State) -> Verdict {
    ensure(state.parked.is_empty(), || format!("keys are still parked: {:?}", state.parked))?;
    ensure(state.parked_events.is_empty(), || {
        format!("parked events without a parked key: {:?}", state.parked_events)
    })?;
    let open = state.letters.values().find(|letter| letter.status.is_open());
    ensure(open.is_none(), || format!("a dead letter is left: {open:?}"))
}

/// Checks that no event of the shop was rejected as a forgery.
pub(crate) fn everything_is_believed(state: &State) -> Verdict {
    let disbelieved = state.letters.values().find(|letter| letter.is_disbelieved());
    ensure(disbelieved.is_none(), || format!("an event of the shop was rejected as a forgery: {disbelieved:?}"))
}

/// Checks that each event with a notice has exactly one.
fn notices_are_complete(state: &State) -> Verdict {
    // For a coupon issued on request, the notice is about the request.
    let is_told = |row: &&OutboxRow| {
        EventKind::from_name(row.record.kind).is_some_and(|kind| {
            let is_on_request = kind == EventKind::CouponIssued && row.record.payload.contains("\"requestId\":\"");
            // A payment that is stuck again after an operator's retry has no second notice.
            let is_again = kind == EventKind::PaymentStuck && row.record.payload.contains("\"isAgain\":true");
            // For a whole order, the notice is about the status.
            let is_whole = kind == EventKind::OrderReturned && row.record.payload.contains("\"isLast\":true");
            Group::Notices.subscribes_to(kind) && !is_on_request && !is_whole && !is_again
        })
    };
    let expected = state.outbox.iter().filter(is_told).count() + state.requests.len();
    let written = state.notices.len();
    ensure(written == expected, || format!("{written} notices were written, {expected} are expected"))
}

fn sales_are_counted(state: &State) -> Verdict {
    let mut counted: BTreeMap<_, i64> = BTreeMap::new();
    for (key, sales) in &state.sales {
        *counted.entry(key.product).or_default() += sales.sold - sales.returned;
    }
    for row in state.orders.values() {
        // Refunded units count as sold until they arrive.
        for line in &row.order.created.lines {
            *counted.entry(line.product).or_default() += row.order.awaited(line.product);
        }
    }
    for (id, product) in &state.products {
        let ranked = counted.get(id).copied().unwrap_or(0);
        ensure(ranked == product.sold, || {
            format!("{ranked} of product {id} were counted, {} were sold", product.sold)
        })?;
    }
    Ok(())
}

fn branch_of(row: &OutboxRow) -> Option<Branch> {
    let says = |code: &str| row.record.payload.contains(code);
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are nothing special")]
    match EventKind::from_name(row.record.kind)? {
        EventKind::OrderCreated if says("\"mode\":\"sequential\"") => Some(Branch::WentStepByStep),
        EventKind::OrderCreated if says("\"chosenBy\"") => Some(Branch::ChosenByRule),
        EventKind::OrderCreated if !says("\"mode\":\"parallel\"") => Some(Branch::TakenAtOnce),
        EventKind::ModeChanged => Some(Branch::ModeChanged),
        EventKind::DropOpened => Some(Branch::DropOpened),
        EventKind::DropSoldOut => Some(Branch::DropSoldOut),
        EventKind::DropClosed => Some(Branch::DropClosed),
        EventKind::CompensationResolved => Some(Branch::Resolved),
        EventKind::DelayedProcessing => Some(Branch::Delayed),
        EventKind::OrderCompleted => Some(Branch::OrderCompleted),
        EventKind::OrderHoldExtended => Some(Branch::HoldExtended),
        EventKind::OrderAwaitingPayment => Some(Branch::AwaitedPayment),
        EventKind::CompensationCompleted => Some(Branch::CompensationRan),
        EventKind::CompensationStuck => Some(Branch::Stuck),
        EventKind::CompensationResumed => Some(Branch::Resumed),
        EventKind::PaymentCaptured => Some(Branch::PaymentCaptured),
        EventKind::PaymentDeclined if says("action.expired") => Some(Branch::ActionExpired),
        EventKind::PaymentDeclined => Some(Branch::PaymentDeclined),
        EventKind::PaymentVoided => Some(Branch::PaymentVoided),
        EventKind::PaymentRefunded => Some(Branch::PaymentRefunded),
        EventKind::PaymentRefundFailed => Some(Branch::RefundDeclined),
        EventKind::PaymentVoidFailed => Some(Branch::VoidDeclined),
        EventKind::PaymentStuck => Some(Branch::PaymentStuck),
        EventKind::PaymentRetried => Some(Branch::PaymentRetried),
        EventKind::PaymentResolved => Some(Branch::PaymentResolved),
        EventKind::PaymentFailed => Some(Branch::PaymentFailed),
        EventKind::OrderProcessingRetried => Some(Branch::ProcessingRetried),
        EventKind::OrderStatusChanged if says("CANCELLED") => Some(Branch::TakenBack),
        EventKind::OrderStatusChanged if says("REFUNDED") => Some(Branch::Refunded),
        EventKind::ShipmentUpdated if says("SHIPPED") => Some(Branch::Shipped),
        EventKind::StorageUpdated => Some(Branch::Stored),
        EventKind::OrderCancelled if says("payment.expired") => Some(Branch::Unpaid),
        EventKind::OrderCancelled if says("payment_method.limit_exceeded") => Some(Branch::CardRefused),
        EventKind::OrderCancelled if says("step.timed_out") => Some(Branch::GivenUp),
        EventKind::StockDeductionFailed | EventKind::CouponUsageFailed | EventKind::PointDeductionFailed
            if says("claim.released") =>
        {
            Some(Branch::LateClaimRefused)
        }
        EventKind::StockDeductionFailed if says("stock.exhausted") => Some(Branch::StockExhausted),
        EventKind::PointDeductionFailed if says("points.insufficient") => Some(Branch::PointsInsufficient),
        EventKind::CouponResult if says("\"success\":true") => Some(Branch::RequestGranted),
        EventKind::CouponResult => Some(Branch::RequestDenied),
        _ => None,
    }
}
