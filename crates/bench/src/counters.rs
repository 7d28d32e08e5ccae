//! The engine's counters, read from its metrics.

/// The engine's counters.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counters {
    pub(crate) commits: Option<u64>,
    pub(crate) statements: Option<u64>,
    pub(crate) rows: Option<u64>,
    pub(crate) events: Option<u64>,
    pub(crate) syncs: Syncs,
}

/// Numbers of syncs by upper bound of their duration in seconds.
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

    /// Buckets are cumulative.
    pub(crate) fn since(&self, earlier: &Syncs) -> Syncs {
        let then = |bound: f64| earlier.0.iter().find(|(known, _)| *known == bound).map_or(0, |(_, count)| *count);
        Syncs(self.0.iter().map(|(bound, count)| (*bound, count.saturating_sub(then(*bound)))).collect())
    }

    /// Returns an upper bound of the longest sync in milliseconds.
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

#[cfg(test)]
mod tests {
    use super::*;

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
