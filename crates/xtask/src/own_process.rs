//! A test's own service process, which the test can kill, stall and restart.

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::process;

/// A process in its own folder. Dropping it ends the process and deletes the folder, also when the test fails.
#[derive(Debug)]
pub(crate) struct OwnProcess {
    child: Option<Child>,
    log: PathBuf,
}

impl OwnProcess {
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> OwnProcess {
        let child = process::spawn(command, &log).expect("the service starts");
        OwnProcess { child: Some(child), log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().expect("it was not killed").id()
    }

    /// Waits until it responds.
    pub(crate) fn await_answer(&self, ask: impl Fn() -> io::Result<bool>) {
        process::await_answer(self.id(), &self.log, ask).expect("the service answers");
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it was not killed");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }

    pub(crate) fn restart(&mut self, command: &mut Command) {
        assert!(self.child.is_none(), "it was killed before");
        self.child = Some(process::spawn(command, &self.log).expect("the service starts again"));
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(process::signal(self.id(), signal), "it receives {signal}");
    }
}

impl Drop for OwnProcess {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An empty folder that is deleted when dropped.
#[derive(Debug)]
pub(crate) struct OwnFolder(pub(crate) PathBuf);

impl OwnFolder {
    pub(crate) fn make(name: &str) -> OwnFolder {
        let folder = std::env::temp_dir().join(format!("doorbuster-{name}"));
        // A killed test may have left it behind.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        OwnFolder(folder)
    }
}

impl Drop for OwnFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
