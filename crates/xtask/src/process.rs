//! Service processes: started with their output in a file, polled until they respond, ended by their id.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Long enough for three brokers to elect a leader on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// Pause between two polls.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts a program that outlives this one, in its own process group, so that Ctrl-C at the terminal does not end it.
pub fn start(command: &mut Command, log: &Path) -> io::Result<u32> {
    Ok(spawn(command.process_group(0), log)?.id())
}

/// Starts a program in the folder of its log, by which [`is_ours`] recognizes it.
pub fn spawn(command: &mut Command, log: &Path) -> io::Result<Child> {
    let output = File::create(log)?;
    let errors = output.try_clone()?;
    let folder = log.parent().unwrap_or(Path::new("."));
    command.current_dir(folder).stdin(Stdio::null()).stdout(output).stderr(errors).spawn()
}

/// Sends a signal, such as `-STOP` or `-CONT`; returns whether the process received it.
pub fn signal(pid: u32, signal: &str) -> bool {
    Command::new("kill").args([signal, &pid.to_string()]).status().is_ok_and(|status| status.success())
}

/// Runs a program to its end; the error has the last lines of its output.
pub fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{}: {error}", name(command)))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Err(format!("{} failed: {}", name(command), last_lines(&said)))
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// Polls until the process responds; fails if it ends or does not respond in time.
pub fn await_answer(pid: u32, log: &Path, ask: impl Fn() -> io::Result<bool>) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let said = || last_lines(&fs::read_to_string(log).unwrap_or_default());
    while !ask().unwrap_or(false) {
        if !is_alive(pid) {
            return Err(format!("the process ended at once: {}", said()));
        }
        if Instant::now() > deadline {
            end(pid);
            return Err(format!("the process does not respond: {}", said()));
        }
        sleep(PAUSE);
    }
    Ok(())
}

/// Returns whether a process runs; a zombie does not.
pub fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may contain anything.
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Returns whether a process is one of ours. Ids are reused, but only our processes run in this folder.
pub fn is_ours(pid: u32, folder: &Path) -> bool {
    let works_in = fs::read_link(format!("/proc/{pid}/cwd"));
    is_alive(pid) && works_in.is_ok_and(|works_in| works_in.starts_with(folder))
}

/// Ends a process with SIGTERM, and after a while with SIGKILL.
pub fn end(pid: u32) {
    for (signal, patience) in [("-TERM", Duration::from_secs(15)), ("-KILL", Duration::from_secs(5))] {
        if !is_alive(pid) {
            return;
        }
        // An error means that the process has just ended.
        let _ = self::signal(pid, signal);
        let deadline = Instant::now() + patience;
        while is_alive(pid) && Instant::now() < deadline {
            sleep(PAUSE);
        }
    }
}

/// Returns distinct ports without a listener.
pub fn free_ports<const COUNT: usize>() -> io::Result<[u16; COUNT]> {
    let mut held = Vec::with_capacity(COUNT);
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Returns ports that can be used again after a restart: outside the system's ephemeral range, and distinct for all callers of
/// this process. The same holds for each port plus 10,000, where a Redis cluster's bus listens.
pub fn lasting_ports<const COUNT: usize>() -> io::Result<[u16; COUNT]> {
    const FIRST: u16 = 12_000;
    const ALL: u16 = 10_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Different processes start at different ports.
    let begin = u16::try_from(std::process::id() % u32::from(ALL)).unwrap_or(0).wrapping_mul(37) % ALL;
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let mut tried = (0..ALL).map(|_| FIRST + (begin + NEXT.fetch_add(1, Ordering::Relaxed) % ALL) % ALL);
        let free = tried.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
        *port = free.ok_or_else(|| io::Error::other("no port is free"))?;
    }
    Ok(ports)
}

/// Returns whether this process runs as root.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Returns the path of the first of these programs that is installed.
pub fn installed(programs: &[&str]) -> Option<String> {
    // Debian's folders for servers and Go's own, which may be missing in an unprivileged user's path.
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/usr/local/sbin:/usr/local/go/bin";
    let exists = |program: &&str| path.split(':').map(|folder| Path::new(folder).join(program)).find(|it| it.is_file());
    programs.iter().find_map(exists).map(|path| path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_alive_until_it_ends() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(is_alive(child.id()));
        end(child.id());
        assert!(!is_alive(child.id()));
        child.wait().unwrap();
    }

    #[test]
    fn lasting_ports_leave_room_for_the_cluster_bus() {
        const SYSTEMS: u16 = 32_768;
        let ports = lasting_ports::<200>().unwrap();
        for port in ports {
            assert!(port + 10_000 < SYSTEMS && !ports.contains(&(port + 10_000)), "{port}");
        }
    }

    #[test]
    fn a_process_that_ends_at_once_is_not_waited_for() {
        let log = std::env::temp_dir().join(format!("doorbuster-xtask-{}", std::process::id()));
        let pid = start(Command::new("sh").args(["-c", "echo broken >&2; exit 1"]), &log).unwrap();
        let answer = await_answer(pid, &log, || Ok(false));
        fs::remove_file(&log).unwrap();
        assert_eq!(answer, Err("the process ended at once: broken".to_owned()));
    }
}
