//! Deletes old rows that are kept for a time only.

use app::state::rows::{Prunable, Prune, Rows};

use crate::mysql::sql::{Script, statement};

/// Each looks at the oldest rows only. Their order is that of the primary key, which needs no index on their time, except
/// that tokens are found by their expiry.
pub(super) fn write(script: &mut Script, rows: &Rows) {
    for Prune { what, before, limit } in &rows.prunes {
        script.add(match what {
            Prunable::Notices => statement(
                "DELETE n FROM (SELECT notice_id FROM (SELECT notice_id, created_at FROM notice ORDER BY notice_id LIMIT ?) AS oldest
                     WHERE created_at < ?) AS old STRAIGHT_JOIN notice AS n ON n.notice_id = old.notice_id",
                &[limit, before],
            ),
            Prunable::Inbox(group) => statement(
                "DELETE i FROM (SELECT event_id FROM
                     (SELECT event_id, taken_at FROM inbox WHERE consumer_group = ? ORDER BY event_id LIMIT ?) AS oldest
                     WHERE taken_at < ?) AS old
                     STRAIGHT_JOIN inbox AS i ON i.consumer_group = ? AND i.event_id = old.event_id",
                &[&group.name(), limit, before, &group.name()],
            ),
            Prunable::Deliveries(webhook) => statement(
                "DELETE d FROM (SELECT number FROM
                     (SELECT number, state, created_at FROM webhook_delivery WHERE webhook_id = ? ORDER BY number LIMIT ?) AS oldest
                     WHERE created_at < ? AND (state IN ('COMPLETED', 'DEAD_LETTER')
                         OR EXISTS (SELECT 1 FROM webhook WHERE webhook_id = ? AND status = 'REMOVED'))) AS old
                     STRAIGHT_JOIN webhook_delivery AS d ON d.webhook_id = ? AND d.number = old.number",
                &[&webhook.0, limit, before, &webhook.0, &webhook.0],
            ),
            Prunable::EndedTokens => statement(
                "DELETE e FROM (SELECT mark FROM ended_token FORCE INDEX (ended_token_expires_at) WHERE expires_at < ?
                     ORDER BY expires_at LIMIT ?) AS old STRAIGHT_JOIN ended_token AS e ON e.mark = old.mark",
                &[before, limit],
            ),
        });
        let remember = "INSERT INTO pruned (kind, before_at) VALUES (?, ?)
             ON DUPLICATE KEY UPDATE before_at = GREATEST(before_at, VALUES(before_at))";
        script.add(statement(remember, &[&what.table(), before]));
    }
}
