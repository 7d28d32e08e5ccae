//! Removes archived events, and the rows that refer to them.

use app::log::reactions::Group;
use app::state::rows::{Removal, Rows};

use crate::mysql::sql::{Script, statement};

pub(super) fn write(script: &mut Script, rows: &Rows) {
    for Removal { through, events, before, archived } in &rows.removals {
        for group in Group::with_inbox() {
            let forget = "DELETE taken FROM event STRAIGHT_JOIN inbox AS taken
                          ON taken.consumer_group = ? AND taken.event_id = event.id WHERE event.position <= ?";
            script.add(statement(forget, &[&group.name(), through]));
        }
        script.add(statement("DELETE FROM event WHERE position <= ?", &[through]));
        // A slower archiver that repeats an earlier step changes nothing. `events` is compared first and set last.
        let keep = "INSERT INTO archive (archive_id, events, before_at, archived) VALUES (1, ?, ?, ?)
             ON DUPLICATE KEY UPDATE before_at = IF(VALUES(events) >= events, VALUES(before_at), before_at),
                 archived = IF(VALUES(events) >= events, VALUES(archived), archived),
                 events = GREATEST(events, VALUES(events))";
        script.add(statement(keep, &[events, before, &&**archived]));
    }
}
