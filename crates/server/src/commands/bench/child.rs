//! The measured server: this binary as a child process, killed after the measurement.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{self, Command, Stdio};

use super::place::Place;
use super::progress::progress;
use crate::commands::Error;
use crate::config::{Roles, Synchronous};

#[derive(Debug)]
pub(super) struct Child {
    /// Its standard input ends with this process, and with it the server, also if this process is killed.
    process: process::Child,
    address: SocketAddr,
    bare: Option<SocketAddr>,
}

impl Child {
    /// Starts the server and waits until it is open.
    pub(super) fn start(place: &Place) -> Result<Child, Error> {
        Child::start_as(place, Roles::ALL, place.folder())
    }

    /// Like [`Child::start`], with some roles only and its own data folder.
    pub(super) fn start_as(place: &Place, roles: Roles, folder: &Path) -> Result<Child, Error> {
        let synchronous = match place.config().store.synchronous {
            Synchronous::Full => "full",
            Synchronous::Off => "off",
        };
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", "--bench", "--while-stdin-is-open", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .args(["--roles", &String::from(roles)])
            .envs(place.environment().iter().map(|(key, value)| (key, value)))
            .env("DOORBUSTER_AUTH_SECRET", place.secret())
            .env("DOORBUSTER__STORE__SYNCHRONOUS", synchronous)
            .env("DOORBUSTER__ADMIN__LISTEN", "")
            .env("DOORBUSTER__LOG__FORMAT", "json")
            .env("DOORBUSTER__LOG__LEVEL", "info")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = process.stderr.take().map(BufReader::new);
        let mut child = Child { process, address: SocketAddr::from(([127, 0, 0, 1], 0)), bare: None };
        let mut lines = log.into_iter().flat_map(|log| log.lines().map_while(Result::ok));
        let mut read = vec![];
        let address = lines.find_map(|line| {
            let address = address_in(&line, "open on http://");
            read.push(line);
            address
        });
        child.bare = read.iter().find_map(|line| address_in(line, "answered at http://"));
        child.address =
            address.ok_or_else(|| Error::Failed(format!("the server did not open: {}", read.join("; "))))?;
        // Keeps reading, because a full pipe would block the server; error lines are forwarded.
        std::thread::spawn(move || {
            lines.filter(|line| !line.contains(r#""level":"INFO""#)).for_each(|line| progress(&line));
        });
        Ok(child)
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address at which requests are answered without the shop.
    pub(super) const fn bare(&self) -> Option<SocketAddr> {
        self.bare
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Its folder is deleted too, so a clean shutdown is not needed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the address in the line that announces it.
fn address_in(line: &str, announced: &str) -> Option<SocketAddr> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    event["message"].as_str()?.split_once(announced)?.1.parse().ok()
}
