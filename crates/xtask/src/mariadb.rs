//! MariaDB, or MySQL where that is what is installed: its folder and its command.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process;

const SERVERS: [&str; 2] = ["mariadbd", "mysqld"];
const INSTALLERS: [&str; 2] = ["mariadb-install-db", "mysql_install_db"];

/// A server that is installed here.
#[derive(Clone, Debug)]
pub struct Mariadb {
    pub program: String,
    /// It refuses to run as root unless it is told to.
    as_root: Option<&'static str>,
}

impl Mariadb {
    pub fn installed() -> Option<Mariadb> {
        let program = process::installed(&SERVERS)?;
        Some(Mariadb { program, as_root: process::is_root().then_some("--user=root") })
    }

    /// How clients reach a server that runs on a port.
    pub fn address(port: u16) -> String {
        format!("mysql://doorbuster:doorbuster@127.0.0.1:{port}/")
    }

    /// Makes an empty database in the folder, unless there is one.
    pub fn prepare(&self, folder: &Path) -> Result<(), String> {
        let told = |error: std::io::Error| error.to_string();
        fs::write(
            folder.join("first.sql"),
            "CREATE USER IF NOT EXISTS 'doorbuster'@'%' IDENTIFIED BY 'doorbuster';\n\
             GRANT ALL ON *.* TO 'doorbuster'@'%';\n",
        )
        .map_err(told)?;
        let data = folder.join("data");
        if data.exists() {
            return Ok(());
        }
        // Under another name until it is whole.
        let half = folder.join("data.part");
        if half.exists() {
            fs::remove_dir_all(&half).map_err(told)?;
        }
        fs::create_dir_all(&half).map_err(told)?;
        process::run(self.installer().arg(format!("--datadir={}", half.display())).args(self.as_root))?;
        fs::rename(half, data).map_err(told)
    }

    fn installer(&self) -> Command {
        match process::installed(&INSTALLERS) {
            Some(installer) => {
                let mut command = Command::new(installer);
                command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
                command
            }
            // MySQL makes its own.
            None => {
                let mut command = Command::new(&self.program);
                command.args(["--no-defaults", "--initialize-insecure"]);
                command
            }
        }
    }

    /// Runs it over what is in the folder.
    pub fn command(&self, folder: &Path, port: u16) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--no-defaults").args(self.as_root).args([
            format!("--datadir={}", folder.join("data").display()),
            format!("--socket={}", folder.join("socket").display()),
            format!("--pid-file={}", folder.join("pid").display()),
            format!("--init-file={}", folder.join("first.sql").display()),
            format!("--port={port}"),
            "--bind-address=127.0.0.1".to_owned(),
            "--skip-name-resolve".to_owned(),
            "--innodb-flush-log-at-trx-commit=1".to_owned(),
            "--innodb-buffer-pool-size=256M".to_owned(),
        ]);
        command
    }
}
