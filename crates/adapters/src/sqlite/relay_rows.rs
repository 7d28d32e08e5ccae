//! The rows that the relay and repartitions share: the halt, and the recorded partition counts.

use app::events::topic::{Spread, Topic};
use rusqlite::{Connection, Result, Row};

/// The machine's time in microseconds, by which a halt expires.
pub(super) const NOW: &str = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";

/// Returns whether relays are halted.
pub(super) fn is_halted(connection: &Connection) -> Result<bool> {
    let halted = format!("SELECT count(*) FROM relay_halt WHERE halted_until >= {NOW}");
    connection.prepare_cached(&halted)?.query_row([], |row| row.get::<_, i64>(0)).map(|count| count > 0)
}

/// Returns the recorded partition counts; counts that were not recorded are recorded as found.
pub(super) fn pin_partition_count(connection: &Connection, found: &Spread) -> Result<Spread> {
    for (topic, partitions) in found {
        let statement = "INSERT INTO topic_spread (topic, partitions) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        connection.execute(statement, (topic.name(), partitions))?;
    }
    let mut pinned = connection.prepare("SELECT topic, partitions FROM topic_spread")?;
    let pinned = pinned.query_map([], spread_over)?;
    pinned.filter_map(Result::transpose).collect()
}

/// `None` for a topic that this program does not know.
fn spread_over(row: &Row<'_>) -> Result<Option<(Topic, i32)>> {
    let topic: String = row.get(0)?;
    let partitions = row.get(1)?;
    Ok(Topic::from_name(&topic).map(|topic| (topic, partitions)))
}
