//! MariaDB, or MySQL where that is what is installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use xtask::addresses::Service;

use super::state::Running;
use super::{Failure, packages, process, question};

const SERVERS: [&str; 2] = ["mariadbd", "mysqld"];
const INSTALLERS: [&str; 2] = ["mariadb-install-db", "mysql_install_db"];

pub(super) fn installed(folder: &Path) -> Result<Running, Failure> {
    let server = process::installed(&SERVERS).ok_or(Failure::Absent("no mariadbd or mysqld is installed"))?;
    start(&server, folder)
}

/// The server alone: the full package would also start one for the whole machine.
pub(super) fn packaged(folder: &Path) -> Result<Running, Failure> {
    packages::install(&["mariadb-server-core", "mariadb-client-core"])?;
    installed(folder)
}

fn start(server: &str, folder: &Path) -> Result<Running, Failure> {
    let (data, log) = (folder.join("data"), folder.join("log"));
    let as_root = packages::is_root().then_some("--user=root");
    if !data.exists() {
        // Under another name until it is whole.
        let half = folder.join("data.part");
        make_database(server, &half, as_root)?;
        fs::rename(half, &data)?;
    }
    let [port] = process::free_ports()?;
    let first_words = folder.join("first.sql");
    fs::write(
        &first_words,
        "CREATE USER IF NOT EXISTS 'doorbuster'@'%' IDENTIFIED BY 'doorbuster';\n\
         GRANT ALL ON *.* TO 'doorbuster'@'%';\n",
    )?;
    let mut command = Command::new(server);
    command.arg("--no-defaults").args(as_root).args([
        format!("--datadir={}", data.display()),
        format!("--socket={}", folder.join("socket").display()),
        format!("--pid-file={}", folder.join("pid").display()),
        format!("--init-file={}", first_words.display()),
        format!("--port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--skip-name-resolve".to_owned(),
        "--innodb-flush-log-at-trx-commit=1".to_owned(),
        "--innodb-buffer-pool-size=256M".to_owned(),
    ]);
    let pid = process::start(&mut command, &log)?;
    process::await_answer(pid, &log, || question::mysql(port))?;
    let address = format!("mysql://doorbuster:doorbuster@127.0.0.1:{port}/");
    Ok(Running { service: Service::Mysql, way: format!("installed: {server}"), address, pids: vec![pid] })
}

fn make_database(server: &str, data: &Path, as_root: Option<&str>) -> Result<(), Failure> {
    if data.exists() {
        fs::remove_dir_all(data)?;
    }
    fs::create_dir_all(data)?;
    let place = format!("--datadir={}", data.display());
    let mut command = match process::installed(&INSTALLERS) {
        Some(installer) => {
            let mut command = Command::new(installer);
            command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
            command
        }
        // MySQL makes its own.
        None => {
            let mut command = Command::new(server);
            command.args(["--no-defaults", "--initialize-insecure"]);
            command
        }
    };
    Ok(process::run(command.arg(place).args(as_root))?)
}
