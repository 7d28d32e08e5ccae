//! Containers, as the last way.

use std::path::Path;
use std::process::Command;

use xtask::addresses::Service;
use xtask::{health, process};

use super::failure::Failure;
use super::state::Running;

const COMPOSE: &str = include_str!("compose.yaml");
const PROJECT: &str = "doorbuster-tests";
pub(super) const WAY: &str = "docker compose";

pub(super) fn compose(service: Service, folder: &Path) -> Result<Running, Failure> {
    let [port] = process::free_ports()?;
    up(service, folder, port)?;
    // Docker's process publishes the port; this process's own id stands in for it, because it is alive.
    let asked = process::await_answer(std::process::id(), &folder.join("compose.log"), || match service {
        Service::Mysql => health::mysql(port),
        Service::Kafka => health::kafka(port),
        Service::Redis => health::redis(port),
        Service::Stripe => health::stripe(port),
    });
    asked?;
    let address = match service {
        Service::Mysql => format!("mysql://root:doorbuster@127.0.0.1:{port}/"),
        Service::Kafka => format!("127.0.0.1:{port}"),
        Service::Redis => format!("redis://127.0.0.1:{port}/"),
        Service::Stripe => format!("http://127.0.0.1:{port}"),
    };
    Ok(Running { service, way: WAY.to_owned(), address, pids: vec![] })
}

fn up(service: Service, folder: &Path, port: u16) -> Result<(), Failure> {
    let docker = process::installed(&["docker"]).ok_or(Failure::Absent("no docker is installed"))?;
    process::run(Command::new(&docker).arg("info"))
        .map_err(|_| Failure::Absent("the docker daemon does not respond"))?;
    std::fs::write(folder.join("compose.yaml"), COMPOSE)?;
    let arguments = ["compose", "--project-name", PROJECT, "up", "--detach", "--wait", service.name()];
    Ok(process::run(Command::new(docker).current_dir(folder).env("PORT", port.to_string()).args(arguments))?)
}

pub(super) fn down(service: Service, folder: &Path) -> Result<(), String> {
    let arguments = ["compose", "--project-name", PROJECT, "rm", "--stop", "--force", "--volumes", service.name()];
    process::run(Command::new("docker").current_dir(folder).env("PORT", "0").args(arguments))
}
