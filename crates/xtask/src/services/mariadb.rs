//! MariaDB or MySQL, whichever is installed.

use std::path::Path;

use xtask::addresses::Service;
use xtask::mariadb::Mariadb;
use xtask::{health, process};

use super::failure::Failure;
use super::packages;
use super::state::Running;

pub(super) fn installed(folder: &Path) -> Result<Running, Failure> {
    let server = Mariadb::installed().ok_or(Failure::Absent("no mariadbd or mysqld is installed"))?;
    server.prepare(folder)?;
    let [port] = process::free_ports()?;
    let log = folder.join("log");
    let pid = process::start(&mut server.command(folder, port), &log)?;
    process::await_answer(pid, &log, || health::mysql(port))?;
    let way = format!("installed: {}", server.program);
    Ok(Running { service: Service::Mysql, way, address: Mariadb::address(port), pids: vec![pid] })
}

/// Installs the server alone: the full package would also start a system service.
pub(super) fn packaged(folder: &Path) -> Result<Running, Failure> {
    packages::install(&["mariadb-server-core", "mariadb-client-core"])?;
    installed(folder)
}
