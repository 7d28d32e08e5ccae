//! A test's own Redis, which it can kill.

use std::io::{self, Read as _, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::addresses::{Service, address};
use crate::own_process::{OwnFolder, OwnProcess};
use crate::{health, process};

/// Time-out of every wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server. Dropped in this order: process, folder (a cluster's node keeps its identity there).
pub struct RedisServer {
    process: OwnProcess,
    port: u16,
    flags: Vec<String>,
    folder: OwnFolder,
}

/// Waits until a condition holds.
///
/// # Panics
/// It does not hold in time.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl RedisServer {
    /// Starts a server; `None`, with a recorded skip, if there is no Redis.
    ///
    /// # Panics
    /// Redis is available only as an address, or does not start.
    pub fn start(test: &str, flags: &[&str]) -> Option<RedisServer> {
        address(Service::Redis, test)?;
        let [port] = process::lasting_ports().expect("a port is free");
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let folder = OwnFolder::make(&format!("redis-{port}"));
        let process = OwnProcess::start(&mut command(port, &folder, &flags), folder.0.join("log"));
        let server = RedisServer { process, port, flags, folder };
        server.await_answer();
        Some(server)
    }

    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    fn await_answer(&self) {
        self.process.await_answer(|| health::redis(self.port));
    }

    /// Kills it with SIGKILL.
    ///
    /// # Panics
    /// It has ended already.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Restarts it on the same port with its data.
    pub fn restart(&mut self) {
        self.process.restart(&mut command(self.port, &self.folder, &self.flags));
        self.await_answer();
    }

    /// Sends a signal, such as `-STOP` or `-CONT`.
    ///
    /// # Panics
    /// It has ended already.
    pub fn signal(&self, signal: &str) {
        self.process.signal(signal);
    }

    /// Sends a command and returns the raw response.
    ///
    /// # Panics
    /// There is no response.
    pub fn say(&self, command: &str) -> String {
        say(self.port, command)
    }
}

/// Sends a command to the server or sentinel at a port and returns the raw response.
///
/// # Panics
/// There is no response.
pub(crate) fn say(port: u16, command: &str) -> String {
    ask(port, command).unwrap_or_else(|error| panic!("Redis answers {command}: {error}"))
}

fn ask(port: u16, command: &str) -> io::Result<String> {
    let mut stream = health::connect(port)?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut answer = vec![0; 64 * 1024];
    let length = stream.read(&mut answer)?;
    answer.truncate(length);
    String::from_utf8(answer).map_err(io::Error::other)
}

fn command(port: u16, folder: &OwnFolder, flags: &[String]) -> Command {
    let program = process::installed(&["redis-server", "valkey-server"]);
    let mut command = Command::new(program.expect("a test that kills Redis needs its program"));
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
        .arg(&folder.0)
        .args(flags);
    command
}
