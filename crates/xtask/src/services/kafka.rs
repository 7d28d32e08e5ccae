//! Apache Kafka in KRaft mode, broker and controller in one process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::addresses::Service;
use xtask::kafka_node::{Jars, Node};
use xtask::process;

use super::failure::Failure;
use super::packages;
use super::state::Running;

/// The folder of the jars, within the service's folder.
const JARS: &str = "jars";
const POM: &str = include_str!("kafka-pom.xml");

/// Runs an unpacked Kafka.
pub(super) fn installed(folder: &Path, brokers: usize) -> Result<Running, Failure> {
    let java = java()?;
    let jars = unpacked().ok_or(Failure::Absent("no Kafka in KAFKA_HOME or /opt/kafka"))?;
    let way = format!("installed: {}", jars.display());
    start(&Jars { java, folder: jars }, folder, brokers).map(|running| Running { way, ..running })
}

/// Runs the published jars, resolved by the installed Maven.
pub(super) fn resolved(folder: &Path, brokers: usize) -> Result<Running, Failure> {
    let java = java()?;
    let jars = folder.join(JARS);
    if !jars.is_dir() {
        resolve(folder, &jars)?;
    }
    let running = start(&Jars { java, folder: jars }, folder, brokers)?;
    Ok(Running { way: "Apache Kafka's jars, resolved by Maven".to_owned(), ..running })
}

/// The same, after installing Java and Maven.
pub(super) fn packaged(folder: &Path, brokers: usize) -> Result<Running, Failure> {
    let wanted = [("java", "default-jre-headless"), ("mvn", "maven")];
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(program, _)| process::installed(&[program]).is_none())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        packages::install(&missing)?;
    }
    resolved(folder, brokers)
}

/// Returns the folder of the jars, if there is one.
pub(super) fn jars(folder: &Path) -> Option<PathBuf> {
    unpacked().or_else(|| Some(folder.join(JARS)).filter(|jars| jars.is_dir()))
}

fn unpacked() -> Option<PathBuf> {
    let home = std::env::var("KAFKA_HOME").unwrap_or_else(|_| "/opt/kafka".to_owned());
    Some(Path::new(&home).join("libs")).filter(|jars| jars.is_dir())
}

fn java() -> Result<String, Failure> {
    process::installed(&["java"]).ok_or(Failure::Absent("no java is installed"))
}

fn resolve(folder: &Path, jars: &Path) -> Result<(), Failure> {
    let maven = process::installed(&["mvn"]).ok_or(Failure::Absent("no mvn is installed"))?;
    eprintln!("Fetching Kafka's jars …");
    fs::write(folder.join("pom.xml"), POM)?;
    // Renamed when it is complete, so that an interrupted run leaves no half folder.
    let half = folder.join("jars.part");
    let output = format!("-DoutputDirectory={}", half.display());
    let arguments = ["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", &output];
    process::run(Command::new(maven).current_dir(folder).args(arguments))?;
    Ok(fs::rename(half, jars)?)
}

fn start(jars: &Jars, folder: &Path, brokers: usize) -> Result<Running, Failure> {
    let mut ports = Vec::with_capacity(brokers);
    for _ in 0..brokers {
        ports.push(process::free_ports()?);
    }
    let nodes = Node::cluster(folder, &ports);
    let mut running = Running { service: Service::Kafka, way: String::new(), address: String::new(), pids: vec![] };
    let started = start_all(jars, &nodes, &mut running.pids);
    if let Err(failure) = started {
        running.pids.into_iter().for_each(process::end);
        return Err(failure);
    }
    Ok(Running { address: Node::addresses(&nodes), ..running })
}

fn start_all(jars: &Jars, nodes: &[Node], pids: &mut Vec<u32>) -> Result<(), Failure> {
    for node in nodes {
        // Ports differ between starts, so a quorum cannot continue on its old data.
        node.format(nodes, jars)?;
        pids.push(process::start(&mut node.command(jars), &node.log())?);
    }
    for (node, pid) in nodes.iter().zip(pids) {
        node.await_answer(*pid)?;
    }
    Ok(())
}
