//! Debian's packages, installed only when asked to.

use std::process::Command;

use super::{Failure, process};

pub(super) fn install(packages: &[&str]) -> Result<(), Failure> {
    process::installed(&["apt-get"]).ok_or(Failure::Absent("there is no apt-get"))?;
    eprintln!("Installing {} …", packages.join(", "));
    let install = [&["install", "--yes", "--no-install-recommends"], packages].concat();
    // The lists may be missing, or older than what the mirrors still hold.
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
