//! Everything that ever happened, by position.

use std::ops::Range;
use std::time::Duration;

use app::events::event::EventKind;
use app::ports::events::{Direction, EventFailure, EventFilter, EventViews, EventWindow, Subject, WrittenEvent};
use app::ports::views::Reading;
use app::state::rows::EventId;
use domain::ids::OrderId;
use domain::time::Timestamp;

use super::{MysqlViews, each, first, sql_limit};
use crate::mysql::sql::{is_in, statement};
use crate::selects::{SELECT_BEFORE, select_letter_failure, select_parked_failure, select_written};

/// A batch that was decided earlier may be written later by this much: longer than a commit waits for its locks.
const TIME_SLACK: Duration = Duration::from_secs(10);

impl EventViews for MysqlViews {
    fn events_end(&self) -> Reading<'_, i64> {
        let select = "SELECT COALESCE(MAX(position), 0) FROM event".to_owned();
        self.read([select], |answers| Ok(first::<i64>(answers)?.unwrap_or(0).saturating_add(1)))
    }

    fn event_from(&self, position: i64) -> Reading<'_, Option<(i64, Timestamp)>> {
        let select = "SELECT position, occurred_at FROM event WHERE position >= ? ORDER BY position LIMIT 1";
        self.read([statement(select, &[&position])], |answers| {
            let found: Option<(i64, i64)> = first(answers)?;
            Ok(found.map(|(position, at)| (position, Timestamp::from_micros(at))))
        })
    }

    fn time_slack(&self) -> Duration {
        TIME_SLACK
    }

    fn archived_before(&self) -> Reading<'_, Option<Timestamp>> {
        self.read([SELECT_BEFORE.to_owned()], |answers| Ok(first(answers)?.map(Timestamp::from_micros)))
    }

    fn order_runs(&self, order: OrderId) -> Reading<'_, Vec<Range<i64>>> {
        let select = "SELECT position FROM event WHERE order_id = ? ORDER BY position";
        self.read([statement(select, &[&order.0])], |answers| {
            let positions: Vec<i64> = each(answers)?;
            Ok(positions.into_iter().map(|position| position..position.saturating_add(1)).collect())
        })
    }

    fn events_in(&self, wanted: &EventFilter, window: EventWindow) -> Reading<'_, Vec<WrittenEvent>> {
        self.read([select(wanted, &window)], each)
    }

    fn failures_of(&self, events: Vec<EventId>) -> Reading<'_, Vec<EventFailure>> {
        if events.is_empty() {
            return Box::pin(async { Ok(vec![]) });
        }
        let ids: Vec<String> = events.iter().map(|event| app::events::outbox::uuid(event.0)).collect();
        let of_these = is_in("event_id", ids.iter().map(String::as_str));
        let selects = [select_parked_failure!("WHERE "), select_letter_failure!("WHERE ")];
        self.read(selects.map(|select| format!("{select}{of_these}")), |answers| {
            let found = super::answers_of(answers).collect();
            // Failures of groups that this program does not know are left out.
            Ok(each::<Option<EventFailure>>(found)?.into_iter().flatten().collect())
        })
    }
}

/// The statement looks at the window's positions and at no others.
fn select(wanted: &EventFilter, window: &EventWindow) -> String {
    let positions = select_written!("event FORCE INDEX (PRIMARY) WHERE position >= ? AND position < ?");
    let mut sql = statement(positions, &[&window.positions.start, &window.positions.end]);
    if let Some(kinds) = &wanted.kinds {
        let is_kind = if kinds.is_empty() {
            "FALSE".to_owned()
        } else {
            is_in("type", kinds.iter().map(|kind| EventKind::name(*kind)))
        };
        sql += &format!(" AND {is_kind}");
    }
    if let Some(key) = wanted.stored_key() {
        sql += &statement(" AND event_key = ?", &[&key]);
    }
    for spellings in wanted.about.iter().map(Subject::spellings) {
        let one: Vec<String> = spellings.iter().map(|text| statement("INSTR(payload, ?) > 0", &[text])).collect();
        sql += &format!(" AND ({})", one.join(" OR "));
    }
    let order = match window.direction {
        Direction::OldestFirst => " ORDER BY position LIMIT ",
        Direction::NewestFirst => " ORDER BY position DESC LIMIT ",
    };
    format!("{sql}{order}{}", sql_limit(window.limit))
}
