//! Events brought by hand: late, twice, in any order, or never.

use app::commands::Command;
use app::events::event::{Event, EventKind};
use app::log::reactions;
use domain::ids::OrderId;
use domain::order::saga::Step;
use sim::disk::{OutboxRow, State};
use sim::ready::ready;

use crate::shop::{CODEC, Shop, job};

/// An answer that is repeated says the same as the first, though nothing moves with it.
fn says_the_same(row: &OutboxRow, event: &Event) -> bool {
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
    /// Everything written so far, in order, as it reads in the log.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.disk.read(|state| {
            let parse = |row: &OutboxRow| {
                Event::parse(EventKind::from_name(row.record.kind).unwrap(), &row.record.payload).unwrap()
            };
            state.outbox.iter().map(parse).collect()
        })
    }

    /// Brings one event, from nowhere in the log, to the groups that know a repeat by themselves.
    pub(crate) fn deliver(&mut self, event: &Event) {
        // By hand, answers overtake each other, which no log lets them do; the audit waits until the log is done.
        self.is_overtaking = true;
        let at = self
            .disk
            .read(|state| state.outbox.iter().find(|row| says_the_same(row, event)).map(|row| row.at))
            .unwrap();
        let groups = reactions::groups_of(event.kind()).filter(|group| group.is_idempotent());
        let reactions = groups.filter_map(|group| reactions::command(group, event, at, &CODEC));
        let commands: Vec<Command> = reactions.map(Command::React).collect();
        self.decide(commands);
    }

    /// Brings everything from a place in the outbox on, and what that leads to.
    pub(crate) fn deliver_from(&mut self, start: usize) {
        let mut place = start;
        while let Some(event) = self.events().get(place) {
            self.deliver(event);
            place += 1;
        }
    }

    /// Looks at what is due, and follows nothing.
    pub(crate) fn fire_timers(&mut self) {
        let due = ready(self.engine.due_timers(100)).unwrap();
        self.batch(due);
        self.finish_deferred();
    }

    /// Time passes until the next timer is due, and it is looked at.
    pub(crate) fn wait_for_timer(&mut self) {
        let due = self.disk.read(|state| state.timers.values().map(|timer| timer.due).min());
        self.clock.set(due.expect("somebody waits"));
        self.fire_timers();
    }

    /// Runs a command and does not follow what comes after.
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

/// Whether an event asks for, or reports, a step of an order.
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

/// What counts of a state: without the ways in which it came about.
pub(crate) fn essence(state: State) -> State {
    State {
        // A refused command moves an offset, where there is a log, and that is a commit.
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
