//! A Python environment with the modules by which tests read what the shop writes.

use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::process;

const MODULES: [&str; 2] = ["aiosmtpd==1.4.6", "duckdb==2.0.1"];

/// Returns the interpreter of the environment, if it was installed.
pub(super) fn found(folder: &Path) -> Option<PathBuf> {
    Some(interpreter(folder)).filter(|python| python.exists())
}

/// Installs the environment. Tests that need it are skipped and counted without it, so a failure is only printed.
pub(super) fn install(folder: &Path) {
    if found(folder).is_none()
        && let Err(why) = installed(folder)
    {
        eprintln!("python: {why}");
    }
}

fn installed(folder: &Path) -> Result<(), String> {
    let home = folder.join("python");
    process::run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    let pip = home.join("bin/pip");
    let modules = process::run(Command::new(pip).args(["--disable-pip-version-check", "install"]).args(MODULES));
    // An environment that is not whole must not be found.
    modules.inspect_err(|_| drop(std::fs::remove_dir_all(&home)))
}

fn interpreter(folder: &Path) -> PathBuf {
    folder.join("python/bin/python")
}
