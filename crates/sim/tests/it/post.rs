//! Delivery of events by hand: late, twice, in any order, or never.

use app::commands::Command;
use app::events::event::{Event, EventKind};
use app::log::reactions;
use domain::ids::OrderId;
use domain::order::saga::Step;
use sim::disk::{OutboxRow, State};
use sim::ready::ready;

use crate::shop::{CODEC, Shop, job};

/// Returns whether a repeated report equals the first, except for its changes of figures.
fn is_same_report(row: &OutboxRow, event: &Event) -> bool {
    if row.record.kind != event.kind().name() {
        return false;
    }
    let known = Event::parse(event.kind(), &row.record.payload).unwrap();
    match (reactions::step_report(&known), reactions::step_report(event)) {
        (Some((known, known_report)), Some((other, report))) => {
            (&known.order_id, known.step, known_report) == (&other.order_id, other.step, report)
        }
        _ => known == *event,
    }
}

impl Shop {
    /// All events written so far, as read from the log.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.disk.read(|state| {
            let parse = |row: &OutboxRow| {
                Event::parse(EventKind::from_name(row.record.kind).unwrap(), &row.record.payload).unwrap()
            };
            state.outbox.iter().map(parse).collect()
        })
    }

    /// Delivers one event, without a log offset, to the groups that recognize repeats by themselves.
    pub(crate) fn deliver(&mut self, event: &Event) {
        // By hand, reports overtake each other, which a log prevents; the audit waits until the log is consumed.
        self.is_overtaking = true;
        let at = self
            .disk
            .read(|state| state.outbox.iter().find(|row| is_same_report(row, event)).map(|row| row.at))
            .unwrap();
        let groups = reactions::groups_of(event.kind()).filter(|group| group.is_idempotent());
        let reactions = groups.filter_map(|group| reactions::command(group, event, at, &CODEC));
        let commands: Vec<Command> = reactions.map(Command::React).collect();
        self.decide(commands);
    }

    /// Delivers all events from an outbox index on, and those that follow from them.
    pub(crate) fn deliver_from(&mut self, start: usize) {
        let mut place = start;
        while let Some(event) = self.events().get(place) {
            self.deliver(event);
            place += 1;
        }
    }

    /// Fires due timers without delivering their events.
    pub(crate) fn fire_timers(&mut self) {
        let due = ready(self.engine.due_timers(100)).unwrap();
        self.batch(due);
        self.finish_deferred();
    }

    /// Lets time pass until the next timer, and fires it.
    pub(crate) fn wait_for_timer(&mut self) {
        let due = self.disk.read(|state| state.timers.values().map(|timer| timer.due).min());
        self.clock.set(due.expect("a timer is set"));
        self.fire_timers();
    }

    /// Runs a command without delivering its events.
    pub(crate) fn run_only(
        &mut self,
        command: Command,
    ) -> Result<app::commands::answer::Answer, app::commands::answer::Refusal> {
        self.decide([command]).remove(0).result
    }

    pub(crate) fn submit(&mut self, command: Command) {
        let (job, _) = job(command);
        self.batch(vec![job]);
        self.finish_deferred();
    }
}

/// Returns whether an event requests or reports a step of an order.
pub(crate) fn is_about(event: &Event, order: OrderId, step: Step) -> bool {
    let code = CODEC.order(order);
    let stock = |product| step == Step::Stock(product);
    #[expect(clippy::wildcard_enum_match_arm, reason = "only the saga's messages are about a step")]
    match event {
        Event::StockDeductionRequested(asked) => asked.order_id == code && stock(asked.product_id),
        Event::StockRestorationRequired(asked) => asked.order_id == code && stock(asked.product_id),
        Event::CouponUsageRequested(asked) => asked.order_id == code && step == Step::Coupon,
        Event::CouponRestorationRequired(asked) => asked.order_id == code && step == Step::Coupon,
        Event::PointDeductionRequested(asked) => asked.order_id == code && step == Step::Point,
        Event::PointRestorationRequired(asked) => asked.order_id == code && step == Step::Point,
        _ => reactions::step_report(event).is_some_and(|(report, _)| report.order_id == code && report.step == step),
    }
}

pub(crate) fn is_restoration(event: &Event) -> bool {
    matches!(
        event.kind(),
        EventKind::StockRestorationRequired
            | EventKind::CouponRestorationRequired
            | EventKind::PointRestorationRequired
    )
}

pub(crate) fn is_claim(event: &Event) -> bool {
    matches!(
        event.kind(),
        EventKind::StockDeductionRequested | EventKind::CouponUsageRequested | EventKind::PointDeductionRequested
    )
}

pub(crate) fn is_report(event: &Event) -> bool {
    reactions::step_report(event).is_some()
}

/// Removes from a state what depends on the order of arrival.
pub(crate) fn essence(state: State) -> State {
    State {
        // With a log, a refused command still moves an offset, which is a commit.
        decided_until: Default::default(),
        offsets: Default::default(),
        inbox: Default::default(),
        outbox: vec![],
        heads: Default::default(),
        shards: Default::default(),
        sequences: Default::default(),
        commits: Default::default(),
        ..state
    }
}
