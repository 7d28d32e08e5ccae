//! A MariaDB of a test's own, which it may kill.

use crate::addresses::{Service, address};
use crate::mariadb::Mariadb;
use crate::own_process::{OwnFolder, OwnProcess};
use crate::{process, question};

/// The process goes first, then its folder.
pub struct MariadbServer {
    process: OwnProcess,
    server: Mariadb,
    port: u16,
    folder: OwnFolder,
}

impl MariadbServer {
    /// `None`, said and counted, where there is no MariaDB.
    ///
    /// # Panics
    /// When there is one, but not as a program that can be started.
    pub fn start(test: &str) -> Option<MariadbServer> {
        address(Service::Mysql, test)?;
        let server = Mariadb::installed().expect("a test that kills MariaDB needs its program");
        let [port] = process::lasting_ports().expect("a port is free");
        let folder = OwnFolder::make(&format!("mariadb-{port}"));
        server.prepare(&folder.0).expect("a database can be made");
        let process = OwnProcess::start(&mut server.command(&folder.0, port), folder.0.join("log"));
        let started = MariadbServer { process, server, port, folder };
        started.await_answer();
        Some(started)
    }

    /// Without the name of a database.
    pub fn address(&self) -> String {
        Mariadb::address(self.port)
    }

    /// Ends it without a chance to write anything down.
    ///
    /// # Panics
    /// When it is not there any more.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// On the same port, with what it has on its disk.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn restart(&mut self) {
        self.process.restart(&mut self.server.command(&self.folder.0, self.port));
        self.await_answer();
    }

    fn await_answer(&self) {
        self.process.await_answer(|| question::mysql(self.port));
    }
}
