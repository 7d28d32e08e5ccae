//! Services as processes: started with their output in a file, asked until they answer, ended by their id.

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

/// Three brokers that look for a leader on a busy machine take their time.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts a program that outlives this one, in a process group of its own, so that Ctrl-C at the terminal leaves it alone.
pub fn start(command: &mut Command, log: &Path) -> io::Result<u32> {
    Ok(spawn(command.process_group(0), log)?.id())
}

/// Starts a program in the folder of its log, by which it is known again.
pub fn spawn(command: &mut Command, log: &Path) -> io::Result<Child> {
    let output = File::create(log)?;
    let errors = output.try_clone()?;
    let folder = log.parent().unwrap_or(Path::new("."));
    command.current_dir(folder).stdin(Stdio::null()).stdout(output).stderr(errors).spawn()
}

/// Sends a process a signal, such as `-STOP` or `-CONT`. Whether it could be told.
pub fn signal(pid: u32, signal: &str) -> bool {
    Command::new("kill").args([signal, &pid.to_string()]).status().is_ok_and(|status| status.success())
}

/// Runs a program to its end; what it said is told only when it failed.
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

/// Asks until the process answers, has ended, or patience has.
pub fn await_answer(pid: u32, log: &Path, ask: impl Fn() -> io::Result<bool>) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let said = || last_lines(&fs::read_to_string(log).unwrap_or_default());
    while !ask().unwrap_or(false) {
        if !is_alive(pid) {
            return Err(format!("it ended at once: {}", said()));
        }
        if Instant::now() > deadline {
            end(pid);
            return Err(format!("it does not answer: {}", said()));
        }
        sleep(PAUSE);
    }
    Ok(())
}

/// Whether a process runs; one that has ended and only waits to be collected does not.
pub fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may contain anything.
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Whether a process is one of ours: ids are given out again, but no stranger works in our folder.
pub fn is_ours(pid: u32, folder: &Path) -> bool {
    let works_in = fs::read_link(format!("/proc/{pid}/cwd"));
    is_alive(pid) && works_in.is_ok_and(|works_in| works_in.starts_with(folder))
}

/// Asks a process to end, and after a while makes it.
pub fn end(pid: u32) {
    for (signal, patience) in [("-TERM", Duration::from_secs(15)), ("-KILL", Duration::from_secs(5))] {
        if !is_alive(pid) {
            return;
        }
        // A process that is gone by now is what is wanted.
        let _ = self::signal(pid, signal);
        let deadline = Instant::now() + patience;
        while is_alive(pid) && Instant::now() < deadline {
            sleep(PAUSE);
        }
    }
}

/// Ports that nobody listens on now, all different.
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

/// Ports for somebody who will come back to them: outside of what the system gives to connections, and different for
/// every caller of this process. So is each of them and 10,000, where a Redis of a cluster listens, too.
pub fn lasting_ports<const COUNT: usize>() -> io::Result<[u16; COUNT]> {
    const FIRST: u16 = 12_000;
    const ALL: u16 = 10_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Tests of several processes begin at different places.
    let begin = u16::try_from(std::process::id() % u32::from(ALL)).unwrap_or(0).wrapping_mul(37) % ALL;
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let mut tried = (0..ALL).map(|_| FIRST + (begin + NEXT.fetch_add(1, Ordering::Relaxed) % ALL) % ALL);
        let free = tried.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
        *port = free.ok_or_else(|| io::Error::other("no port is free"))?;
    }
    Ok(ports)
}

/// Whether this process may do everything: it owns itself as root does.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The first of these programs that is installed.
pub fn installed(programs: &[&str]) -> Option<String> {
    // Where Debian puts servers, and Go's own installer puts it, which an unprivileged user's path need not name.
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
    fn beside_every_lasting_port_the_one_of_its_cluster_is_free() {
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
        assert_eq!(answer, Err("it ended at once: broken".to_owned()));
    }
}
