//! The machine's CPU, memory and disk.

use std::path::PathBuf;

/// Shares in percent; `None` where the system does not report one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Machine {
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
    pub disk: Option<f64>,
}

pub trait Probe: Send {
    fn measure(&mut self) -> Machine;
}

/// Reads `/proc` and the control group on Linux; elsewhere only the disk.
pub struct SystemProbe {
    folder: PathBuf,
    last: Option<Cpu>,
}

impl SystemProbe {
    /// `folder` is on the disk to watch.
    pub fn new(folder: PathBuf) -> SystemProbe {
        SystemProbe { folder, last: None }
    }
}

impl Probe for SystemProbe {
    fn measure(&mut self) -> Machine {
        let now = std::fs::read_to_string("/proc/stat").ok().and_then(|text| Cpu::parse(&text));
        let cpu = self.last.zip(now).and_then(|(last, now)| now.busy_since(last));
        self.last = now;
        Machine { cpu, memory: memory(), disk: disk(&self.folder) }
    }
}

/// Ticks since the machine started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cpu {
    all: u64,
    idle: u64,
}

impl Cpu {
    fn parse(text: &str) -> Option<Cpu> {
        let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        // The time of guests, which comes after these eight, is contained in them.
        let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|word| word.parse().ok()).collect();
        let idle = ticks.get(3)? + ticks.get(4)?;
        Some(Cpu { all: ticks.iter().sum(), idle })
    }

    fn busy_since(self, last: Cpu) -> Option<f64> {
        let all = self.all.checked_sub(last.all).filter(|all| *all > 0)?;
        let idle = self.idle.saturating_sub(last.idle).min(all);
        Some(percent(all - idle, all))
    }
}

/// Returns the share of memory in use: of the control group if it has a limit, else of the machine.
fn memory() -> Option<f64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let group = |name: &str| read(&format!("/sys/fs/cgroup/{name}"));
    if let Some(limit) = group("memory.max").and_then(|text| text.trim().parse::<u64>().ok()).filter(|max| *max > 0) {
        let used: u64 = group("memory.current")?.trim().parse().ok()?;
        // Pages of files that the kernel drops when memory is needed.
        let cached = group("memory.stat").and_then(|text| field(&text, "inactive_file ")).unwrap_or(0);
        return Some(percent(used.saturating_sub(cached), limit));
    }
    let text = read("/proc/meminfo")?;
    let (all, available) = (field(&text, "MemTotal:")?, field(&text, "MemAvailable:")?);
    (all > 0).then(|| percent(all.saturating_sub(available), all))
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Returns the share of the disk in use, as `df` shows it: without the blocks that only root may use.
#[cfg(unix)]
fn disk(folder: &std::path::Path) -> Option<f64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let used = disk.f_blocks.saturating_sub(disk.f_bfree);
    let all = used + disk.f_bavail;
    (all > 0).then(|| percent(used, all))
}

#[cfg(not(unix))]
fn disk(_folder: &std::path::Path) -> Option<f64> {
    None
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
fn percent(part: u64, all: u64) -> f64 {
    part as f64 * 100.0 / all as f64
}

/// Returns the name of this machine.
#[cfg(unix)]
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
pub fn host_name() -> String {
    "this machine".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_busy_between_two_looks() {
        let cpu = |text: &str| Cpu::parse(text).unwrap();
        let before = cpu("cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 1 2 3\n");
        let after = cpu("cpu  160 0 60 820 60 0 0 0 9 0\n");
        assert_eq!(after.busy_since(before), Some(70.0));
        assert_eq!(before.busy_since(before), None);
        assert_eq!(Cpu::parse("intr 1"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_can_be_measured() {
        let mut probe = SystemProbe::new(std::env::temp_dir());
        probe.measure();
        std::thread::sleep(std::time::Duration::from_millis(50));
        let Machine { cpu, memory, disk } = probe.measure();
        for share in [cpu, memory, disk] {
            assert!(share.is_some_and(|share| (0.0..=100.0).contains(&share)), "{share:?}");
        }
        assert!(!host_name().is_empty());
    }
}
