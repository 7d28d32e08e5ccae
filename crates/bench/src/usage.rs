//! The resources that a leg used: processor time, bytes written, rows and commits. Unknown figures are `None`.

use std::fs;
use std::path::PathBuf;

use crate::Error;
use crate::counters::Counters;
use crate::shop::Shop;

pub use crate::counters::Syncs;

/// Linux reports processor time in hundredths of a second on every machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// A reading of all figures, or the difference of two.
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
    /// Reads all figures. `servers` are the server's local process ids; the counters are those of the process that responds.
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

/// Returns the user and system time of a process.
pub fn cpu_seconds(process: &str) -> Option<f64> {
    cpu_ticks(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?).map(|ticks| ticks / TICKS_PER_SECOND)
}

/// The memory of a process in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub resident: u64,
    /// The most that was resident since its start.
    pub peak: u64,
}

/// Reads the memory of a process.
pub fn memory(process: &str) -> Option<Memory> {
    memory_of(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

fn memory_of(status: &str) -> Option<Memory> {
    let bytes = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1_024)
    };
    Some(Memory { resident: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
}

/// Returns the process of this machine that listens at a port, if this user may see it.
pub fn listening_at(port: u16) -> Option<u32> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let sockets: Vec<String> = tables
        .iter()
        .flat_map(|table| table.lines().filter_map(|line| listener(line, port)))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        let mut files = fs::read_dir(entry.path().join("fd")).ok()?.flatten();
        let is_it = |link: PathBuf| sockets.iter().any(|socket| link.as_os_str() == socket.as_str());
        files.any(|file| fs::read_link(file.path()).is_ok_and(is_it)).then_some(process)
    })
}

/// Returns the socket of a line of the kernel's table, if it listens at the port.
fn listener(line: &str, port: u16) -> Option<&str> {
    const LISTENS: &str = "0A";
    let mut fields = line.split_whitespace();
    let (_, local) = fields.nth(1)?.rsplit_once(':')?;
    let is_port = u16::from_str_radix(local, 16) == Ok(port);
    let state = fields.nth(1)?;
    (is_port && state == LISTENS).then(|| fields.nth(5)).flatten()
}

fn cpu_ticks(stat: &str) -> Option<f64> {
    // The name in parentheses may contain anything; numbers follow the last parenthesis.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// Returns the bytes that a process caused to be written to disk.
fn bytes_written(process: &str) -> Option<u64> {
    let io = fs::read_to_string(format!("/proc/{process}/io")).ok()?;
    io.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_process_is_found_by_its_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(listening_at(port), Some(std::process::id()));
        drop(listener);
        assert_eq!(listening_at(port), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tdoorbuster\nVmHWM:\t   20 kB\nVmRSS:\t   12 kB\n";
        assert_eq!(memory_of(status), Some(Memory { resident: 12_288, peak: 20_480 }));
        assert_eq!(memory_of("Name:\tx"), None);
        assert!(memory("self").is_some_and(|memory| memory.resident > 0 && memory.resident <= memory.peak));
    }

    #[test]
    fn processor_time_is_read_past_any_name() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 4 0 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(300.0));
    }
}
