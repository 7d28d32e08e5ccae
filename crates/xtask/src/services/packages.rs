//! Debian packages, installed only with `--install`.

use std::process::Command;

use xtask::process;

use super::failure::Failure;

pub(super) fn install(packages: &[&str]) -> Result<(), Failure> {
    process::installed(&["apt-get"]).ok_or(Failure::Absent("no apt-get is installed"))?;
    eprintln!("Installing {} …", packages.join(", "));
    let install = [&["install", "--yes", "--no-install-recommends"], packages].concat();
    // The package lists may be missing or out of date.
    if apt(&install).is_err() {
        apt(&["update"])?;
        apt(&install)?;
    }
    Ok(())
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(if process::is_root() { "apt-get" } else { "sudo" });
    if !process::is_root() {
        command.args(["--non-interactive", "apt-get"]);
    }
    process::run(command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
}
