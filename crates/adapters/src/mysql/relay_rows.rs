//! The rows that relays and repartitions share: the server's time for their leases, and the recorded partition counts.

use app::events::topic::{Spread, Topic};
use mysql_async::Value;

use super::cells::MysqlCells;
use super::failure::Result;
use super::session::Session;
use super::sql::{Insert, Script};
use crate::records::Cells as _;

/// The server's time in microseconds, by which leases expire.
pub(super) const NOW: &str = "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)";

/// Returns the recorded partition counts; counts that were not recorded are recorded as found.
pub(super) async fn pin_partition_count(session: &mut Session, found: &Spread) -> Result<Spread> {
    let mut script = Script::default();
    let mut rows = Insert::new(&mut script, "INSERT IGNORE INTO topic_spread (topic, partitions) VALUES ", "");
    found.iter().for_each(|(topic, partitions)| rows.row(&[&topic.name(), partitions]));
    drop(rows);
    let pinned = script.add("SELECT topic, partitions FROM topic_spread");
    let mut answers = session.run(&script).await?;
    let rows = std::mem::take(&mut answers[pinned]).into_iter();
    rows.filter_map(|row| spread_over(row).transpose()).collect()
}

/// `None` for a topic that this program does not know.
fn spread_over(row: Vec<Value>) -> Result<Option<(Topic, i32)>> {
    let mut cells = MysqlCells::of(row);
    let (topic, partitions): (String, i32) = (cells.take()?, cells.take()?);
    Ok(Topic::from_name(&topic).map(|topic| (topic, partitions)))
}
