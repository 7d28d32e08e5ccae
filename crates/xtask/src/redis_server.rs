//! A Redis of a test's own, which it may kill.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::addresses::{Service, address};

/// Nothing here takes longer, or it never comes.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct RedisServer {
    child: Child,
    port: u16,
    flags: Vec<String>,
}

/// Waits for something that must come.
///
/// # Panics
/// When it does not come.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl RedisServer {
    /// `None`, said and counted, where there is no Redis.
    ///
    /// # Panics
    /// When there is one, but not as a program that can be started.
    pub fn start(test: &str, flags: &[&str]) -> Option<RedisServer> {
        address(Service::Redis, test)?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a port is free").port();
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let server = RedisServer { child: run(port, &flags), port, flags };
        server.await_answer();
        Some(server)
    }

    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    fn await_answer(&self) {
        wait_until("Redis starts", || self.try_say("PING").is_some_and(|answer| answer.starts_with("+PONG")));
    }

    /// Ends it without a chance to write anything down.
    ///
    /// # Panics
    /// When it is not there any more.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// On the same port, with what it finds in its folder.
    pub fn restart(&mut self) {
        self.child = run(self.port, &self.flags);
        self.await_answer();
    }

    /// `-STOP` in the middle of everything, or `-CONT`.
    ///
    /// # Panics
    /// When it is not there any more.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "it can be told {signal}");
    }

    /// The answer to a command, as it comes.
    ///
    /// # Panics
    /// When there is none.
    pub fn say(&self, command: &str) -> String {
        self.try_say(command).unwrap_or_else(|| panic!("Redis answers {command}"))
    }

    fn try_say(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
        let mut answer = vec![0; 64 * 1024];
        let length = stream.read(&mut answer).ok()?;
        answer.truncate(length);
        String::from_utf8(answer).ok()
    }
}

fn run(port: u16, flags: &[String]) -> Child {
    let is_there = |program: &&str| {
        let asked = Command::new(program).arg("--version").stdout(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let program = ["redis-server", "valkey-server"].into_iter().find(is_there);
    // A folder of its own: a cluster's node writes down who it is.
    let folder = std::env::temp_dir().join(format!("doorbuster-redis-{port}"));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    Command::new(program.expect("a test that kills Redis needs its program"))
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
        .arg(folder)
        .args(flags)
        .stdout(Stdio::null())
        .spawn()
        .expect("Redis starts")
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have been killed by the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(std::env::temp_dir().join(format!("doorbuster-redis-{}", self.port)));
    }
}
