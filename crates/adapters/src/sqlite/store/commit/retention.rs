//! Deletes old rows that are kept for a time only.

use app::state::rows::{Prunable, Prune, Rows};
use rusqlite::{Connection, Result};

use crate::sqlite::cells::Run as _;

/// Each looks at the oldest rows only. Their order is that of the primary key, which needs no index on their time, except
/// that tokens are found by their expiry.
pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    for Prune { what, before, limit } in &rows.prunes {
        match what {
            Prunable::Notices => connection
                .prepare_cached(
                    "DELETE FROM notice WHERE notice_id IN (SELECT notice_id FROM
                         (SELECT notice_id, created_at FROM notice ORDER BY notice_id LIMIT ?2) WHERE created_at < ?1)",
                )?
                .run((before.micros(), limit))?,
            Prunable::Inbox(group) => connection
                .prepare_cached(
                    "DELETE FROM inbox WHERE consumer_group = ?3 AND event_id IN (SELECT event_id FROM
                         (SELECT event_id, taken_at FROM inbox WHERE consumer_group = ?3 ORDER BY event_id LIMIT ?2)
                         WHERE taken_at < ?1)",
                )?
                .run((before.micros(), limit, group.name()))?,
            Prunable::Deliveries(webhook) => connection
                .prepare_cached(
                    "DELETE FROM webhook_delivery WHERE webhook_id = ?3 AND number IN (SELECT number FROM
                         (SELECT number, state, created_at FROM webhook_delivery WHERE webhook_id = ?3 ORDER BY number LIMIT ?2)
                         WHERE created_at < ?1 AND (state IN ('COMPLETED', 'DEAD_LETTER')
                             OR EXISTS (SELECT 1 FROM webhook WHERE webhook_id = ?3 AND status = 'REMOVED')))",
                )?
                .run((before.micros(), limit, webhook.0))?,
            Prunable::EndedTokens => connection
                .prepare_cached(
                    "DELETE FROM ended_token WHERE mark IN
                         (SELECT mark FROM ended_token WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
                )?
                .run((before.micros(), limit))?,
        };
        let remember = "INSERT INTO pruned (kind, before_at) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET before_at = max(before_at, excluded.before_at)";
        connection.prepare_cached(remember)?.run((what.table(), before.micros()))?;
    }
    Ok(())
}
