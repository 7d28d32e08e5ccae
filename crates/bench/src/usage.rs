//! What a leg took of the machine: processor time, bytes written, rows and commits. What is not known is left out.

use std::fs;

use crate::Error;
use crate::shop::Shop;

/// Linux counts processor time in hundredths of a second, whatever the machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// The engine's own counters.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counters {
    commits: Option<u64>,
    statements: Option<u64>,
    rows: Option<u64>,
    events: Option<u64>,
    syncs: Syncs,
}

/// Syncs so far, by the time that they took at most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Syncs(Vec<(f64, u64)>);

impl Syncs {
    fn read(exposition: &str) -> Syncs {
        let bucket = |line: &str| {
            let (bound, count) =
                line.strip_prefix("doorbuster_sync_duration_seconds_bucket{le=\"")?.split_once("\"} ")?;
            Some((bound.parse().ok()?, count.parse().ok()?))
        };
        Syncs(exposition.lines().filter_map(bucket).collect())
    }

    /// Each bucket counts what is in those before it, too.
    fn since(&self, earlier: &Syncs) -> Syncs {
        let then = |bound: f64| earlier.0.iter().find(|(known, _)| *known == bound).map_or(0, |(_, count)| *count);
        Syncs(self.0.iter().map(|(bound, count)| (*bound, count.saturating_sub(then(*bound)))).collect())
    }

    /// What the longest of them took at most.
    pub fn longest_ms(&self) -> Option<f64> {
        let (_, all) = *self.0.last().filter(|(_, all)| *all > 0)?;
        let (bound, _) = self.0.iter().find(|(_, count)| *count == all)?;
        Some(bound * 1e3)
    }
}

impl Counters {
    pub(crate) fn read(exposition: &str) -> Counters {
        let value = |name: &str| {
            let line = exposition.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
            line.parse().ok()
        };
        Counters {
            commits: value("doorbuster_commits_total"),
            statements: value("doorbuster_statements_total"),
            rows: value("doorbuster_rows_written_total"),
            events: value("doorbuster_events_total"),
            syncs: Syncs::read(exposition),
        }
    }
}

/// A reading of everything, or the difference of two.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    pub cpu_seconds_server: Option<f64>,
    pub cpu_seconds_client: Option<f64>,
    pub bytes_written: Option<u64>,
    pub commits: Option<u64>,
    pub statements: Option<u64>,
    pub rows: Option<u64>,
    pub events: Option<u64>,
    pub syncs: Syncs,
}

impl Usage {
    /// `servers` are the server's processes, where they are of this machine; the counters are those of the one that is asked.
    pub(crate) async fn now(shop: &mut Shop, servers: &[u32]) -> Result<Usage, Error> {
        let Counters { commits, statements, rows, events, syncs } = shop.counters().await?;
        let known: Vec<f64> = servers.iter().filter_map(|id| cpu_seconds(&id.to_string())).collect();
        let written: Vec<u64> = servers.iter().filter_map(|id| bytes_written(&id.to_string())).collect();
        Ok(Usage {
            cpu_seconds_server: (!known.is_empty()).then(|| known.iter().sum()),
            cpu_seconds_client: cpu_seconds("self"),
            bytes_written: (!written.is_empty()).then(|| written.iter().sum()),
            commits,
            statements,
            rows,
            events,
            syncs,
        })
    }

    pub fn since(&self, earlier: &Usage) -> Usage {
        let count = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        let seconds = |now: Option<f64>, then: Option<f64>| Some(now? - then?);
        Usage {
            cpu_seconds_server: seconds(self.cpu_seconds_server, earlier.cpu_seconds_server),
            cpu_seconds_client: seconds(self.cpu_seconds_client, earlier.cpu_seconds_client),
            bytes_written: count(self.bytes_written, earlier.bytes_written),
            commits: count(self.commits, earlier.commits),
            statements: count(self.statements, earlier.statements),
            rows: count(self.rows, earlier.rows),
            events: count(self.events, earlier.events),
            syncs: self.syncs.since(&earlier.syncs),
        }
    }
}

/// User and system time of a process.
pub fn cpu_seconds(process: &str) -> Option<f64> {
    cpu_ticks(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?).map(|ticks| ticks / TICKS_PER_SECOND)
}

fn cpu_ticks(stat: &str) -> Option<f64> {
    // The name in parentheses may hold anything; what follows the last one are numbers.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// Bytes that a process caused to be written to disks.
fn bytes_written(process: &str) -> Option<u64> {
    let io = fs::read_to_string(format!("/proc/{process}/io")).ok()?;
    io.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_past_any_name() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 4 0 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(300.0));
    }

    #[test]
    fn counters_are_read_from_the_metrics() {
        let text = "# HELP doorbuster_commits Commits\ndoorbuster_commits_total 7\ndoorbuster_events_total 9\n";
        assert_eq!(Counters::read(text), Counters { commits: Some(7), events: Some(9), ..Counters::default() });
    }

    #[test]
    fn the_longest_sync_of_a_leg_is_in_its_last_bucket_that_grew() {
        let reading = |counts: [u64; 3]| {
            let lines = ["0.001", "0.01", "+Inf"].into_iter().zip(counts);
            let line = |(bound, count)| format!("doorbuster_sync_duration_seconds_bucket{{le=\"{bound}\"}} {count}\n");
            Syncs::read(&lines.map(line).collect::<String>())
        };
        let longest = |now: [u64; 3]| reading(now).since(&reading([2, 3, 4])).longest_ms();
        assert_eq!(longest([5, 6, 7]), Some(1.0));
        assert_eq!(longest([5, 7, 8]), Some(10.0));
        assert_eq!(longest([5, 7, 9]), Some(f64::INFINITY));
        assert_eq!((longest([2, 3, 4]), Syncs::default().longest_ms()), (None, None));
    }
}
