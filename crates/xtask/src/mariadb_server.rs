//! A test's own MariaDB, which it can kill.

use crate::addresses::{Service, address};
use crate::mariadb::Mariadb;
use crate::own_process::{OwnFolder, OwnProcess};
use crate::{health, process};

/// The server. Dropped in this order: process, folder.
pub struct MariadbServer {
    process: OwnProcess,
    server: Mariadb,
    port: u16,
    flags: Vec<String>,
    folder: OwnFolder,
}

impl MariadbServer {
    /// Starts a server; `None`, with a recorded skip, if there is no MariaDB.
    ///
    /// # Panics
    /// MariaDB is available only as an address, or does not start.
    pub fn start(test: &str) -> Option<MariadbServer> {
        MariadbServer::start_with(test, &[])
    }

    /// Starts a server with more flags.
    ///
    /// # Panics
    /// MariaDB is available only as an address, or does not start.
    pub fn start_with(test: &str, flags: &[String]) -> Option<MariadbServer> {
        address(Service::Mysql, test)?;
        let server = Mariadb::installed().expect("a test that kills MariaDB needs its program");
        let [port] = process::lasting_ports().expect("a port is free");
        let folder = OwnFolder::make(&format!("mariadb-{port}"));
        server.prepare(&folder.0).expect("a database can be made");
        let flags = flags.to_vec();
        let process = OwnProcess::start(server.command(&folder.0, port).args(&flags), folder.0.join("log"));
        let started = MariadbServer { process, server, port, flags, folder };
        started.await_answer();
        Some(started)
    }

    /// Returns its address without a database name.
    pub fn address(&self) -> String {
        Mariadb::address(self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it with SIGKILL.
    ///
    /// # Panics
    /// It has ended already.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Restarts it on the same port with its data.
    ///
    /// # Panics
    /// It does not start.
    pub fn restart(&mut self) {
        self.process.restart(self.server.command(&self.folder.0, self.port).args(&self.flags));
        self.await_answer();
    }

    fn await_answer(&self) {
        self.process.await_answer(|| health::mysql(self.port));
    }
}
