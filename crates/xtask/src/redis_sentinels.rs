//! A test's own primary with a replica, and a sentinel that names the primary.

use std::process::Command;

use crate::own_process::{OwnFolder, OwnProcess};
use crate::redis_server::{RedisServer, say, wait_until};
use crate::{health, process};

const NAME: &str = "shop";

/// Dropped in this order: processes, folder.
pub struct RedisSentinels {
    _sentinel: OwnProcess,
    port: u16,
    primary: RedisServer,
    replica: RedisServer,
    _folder: OwnFolder,
}

impl RedisSentinels {
    /// Starts all and waits until the sentinel knows them; `None`, with a recorded skip, if there is no Redis.
    ///
    /// # Panics
    /// Redis does not start.
    pub fn start(test: &str) -> Option<RedisSentinels> {
        let primary = RedisServer::start(test, &[])?;
        let replica = RedisServer::start(test, &["--replicaof", "127.0.0.1", &primary.port().to_string()])?;
        wait_until("the replica has the data", || replica.say("INFO replication").contains("master_link_status:up"));
        let [port] = process::lasting_ports().expect("a port is free");
        let folder = OwnFolder::make(&format!("sentinel-{port}"));
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {NAME} 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds {NAME} 1000\nsentinel failover-timeout {NAME} 5000\n",
            folder.0.display(),
            primary.port()
        );
        let file = folder.0.join("sentinel.conf");
        std::fs::write(&file, settings).expect("the folder is writable");
        let program = process::installed(&["redis-server", "valkey-server"]).expect("Redis was started before");
        let sentinel = OwnProcess::start(Command::new(program).arg(&file).arg("--sentinel"), folder.0.join("log"));
        sentinel.await_answer(|| health::redis(port));
        let sees = || say(port, &format!("SENTINEL REPLICAS {NAME}")).contains("master-link-status\r\n$2\r\nok");
        wait_until("the sentinel knows the replica", sees);
        Some(RedisSentinels { _sentinel: sentinel, port, primary, replica, _folder: folder })
    }

    /// Returns the address, with one more sentinel that does not answer.
    pub fn address(&self) -> String {
        format!("redis+sentinel://127.0.0.1:1,127.0.0.1:{}/{NAME}", self.port)
    }

    /// Returns the address of the first primary.
    pub fn primary(&self) -> String {
        self.primary.address()
    }

    pub fn replica(&self) -> &RedisServer {
        &self.replica
    }

    /// Kills the primary and waits until the sentinel names the replica.
    ///
    /// # Panics
    /// The primary was killed before, or the replica is not promoted.
    pub fn fail_over(&mut self) {
        self.primary.kill();
        self.await_promotion();
    }

    /// Lets the sentinel promote the replica, while the primary goes on as a replica.
    ///
    /// # Panics
    /// The replica is not promoted.
    pub fn take_over(&self) {
        wait_until("the sentinel begins", || say(self.port, &format!("SENTINEL FAILOVER {NAME}")).starts_with("+OK"));
        self.await_promotion();
    }

    fn await_promotion(&self) {
        let named = || say(self.port, &format!("SENTINEL GET-MASTER-ADDR-BY-NAME {NAME}"));
        wait_until("the sentinel names the replica", || named().contains(&self.replica.port().to_string()));
        wait_until("the replica is promoted", || self.replica.say("INFO replication").contains("role:master"));
    }
}
