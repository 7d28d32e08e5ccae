//! Redis without persistence.

use std::path::Path;
use std::process::Command;

use xtask::addresses::Service;
use xtask::{health, process};

use super::failure::Failure;
use super::packages;
use super::state::Running;

pub(super) fn installed(folder: &Path) -> Result<Running, Failure> {
    let server = process::installed(&["redis-server", "valkey-server"]);
    let server = server.ok_or(Failure::Absent("no redis-server is installed"))?;
    let [port] = process::free_ports()?;
    let log = folder.join("log");
    let mut command = Command::new(&server);
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    let pid = process::start(&mut command, &log)?;
    process::await_answer(pid, &log, || health::redis(port))?;
    let address = format!("redis://127.0.0.1:{port}/");
    Ok(Running { service: Service::Redis, way: format!("installed: {server}"), address, pids: vec![pid] })
}

pub(super) fn packaged(folder: &Path) -> Result<Running, Failure> {
    packages::install(&["redis-server"])?;
    installed(folder)
}
