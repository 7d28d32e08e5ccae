//! MariaDB or MySQL, whichever is installed: its folder and command.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process;

const SERVERS: [&str; 2] = ["mariadbd", "mysqld"];
const INSTALLERS: [&str; 2] = ["mariadb-install-db", "mysql_install_db"];

/// An installed server.
#[derive(Clone, Debug)]
pub struct Mariadb {
    pub program: String,
    /// The flag without which it refuses to run as root.
    as_root: Option<&'static str>,
}

impl Mariadb {
    pub fn installed() -> Option<Mariadb> {
        let program = process::installed(&SERVERS)?;
        Some(Mariadb { program, as_root: process::is_root().then_some("--user=root") })
    }

    /// Returns the address of a server on this port.
    pub fn address(port: u16) -> String {
        format!("mysql://doorbuster:doorbuster@127.0.0.1:{port}/")
    }

    /// Creates an empty database in the folder, unless there is one.
    pub fn prepare(&self, folder: &Path) -> Result<(), String> {
        let told = |error: std::io::Error| error.to_string();
        fs::write(
            folder.join("first.sql"),
            "CREATE USER IF NOT EXISTS 'doorbuster'@'%' IDENTIFIED BY 'doorbuster';\n\
             GRANT ALL ON *.* TO 'doorbuster'@'%' WITH GRANT OPTION;\n",
        )
        .map_err(told)?;
        let data = folder.join("data");
        if data.exists() {
            return Ok(());
        }
        // Renamed when it is complete, so that an interrupted run leaves no half database.
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
            // MySQL creates its own system tables.
            None => {
                let mut command = Command::new(&self.program);
                command.args(["--no-defaults", "--initialize-insecure"]);
                command
            }
        }
    }

    /// Returns the command that runs it on the folder's data.
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
