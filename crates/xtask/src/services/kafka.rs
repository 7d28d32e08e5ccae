//! Apache Kafka in KRaft mode: each process is broker and controller.

use std::fs;
use std::path::Path;
use std::process::Command;

use xtask::addresses::Service;

use super::state::Running;
use super::{Failure, packages, process, question};

/// 22 characters of base64, as every cluster has.
const CLUSTER: &str = "ZG9vcmJ1c3Rlci10ZXN0cw";
/// Enough for tests, and three of them fit beside everything else.
const HEAP: [&str; 2] = ["-Xms64m", "-Xmx256m"];
const POM: &str = include_str!("kafka-pom.xml");

/// A Kafka that was unpacked somewhere.
pub(super) fn installed(folder: &Path, brokers: usize) -> Result<Running, Failure> {
    let java = java()?;
    let home = std::env::var("KAFKA_HOME").unwrap_or_else(|_| "/opt/kafka".to_owned());
    let jars = Path::new(&home).join("libs");
    if !jars.is_dir() {
        return Err(Failure::Absent("no Kafka in KAFKA_HOME or /opt/kafka"));
    }
    start((&java, &jars), folder, brokers).map(|running| Running { way: format!("installed: {home}"), ..running })
}

/// The published jars, and Java and Maven as they are.
pub(super) fn resolved(folder: &Path, brokers: usize) -> Result<Running, Failure> {
    let java = java()?;
    let jars = folder.join("jars");
    if !jars.is_dir() {
        resolve(folder, &jars)?;
    }
    let running = start((&java, &jars), folder, brokers)?;
    Ok(Running { way: "Apache Kafka's jars, resolved by Maven".to_owned(), ..running })
}

/// The same, after Java and Maven were installed.
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

fn java() -> Result<String, Failure> {
    process::installed(&["java"]).ok_or(Failure::Absent("no java is installed"))
}

fn resolve(folder: &Path, jars: &Path) -> Result<(), Failure> {
    let maven = process::installed(&["mvn"]).ok_or(Failure::Absent("no mvn is installed"))?;
    eprintln!("Fetching Kafka's jars …");
    fs::write(folder.join("pom.xml"), POM)?;
    // Under another name until all are there: half a folder of jars would be taken for a whole one.
    let half = folder.join("jars.part");
    let output = format!("-DoutputDirectory={}", half.display());
    let arguments = ["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", &output];
    process::run(Command::new(maven).current_dir(folder).args(arguments))?;
    Ok(fs::rename(half, jars)?)
}

fn start((java, jars): (&str, &Path), folder: &Path, brokers: usize) -> Result<Running, Failure> {
    let classes = format!("{}/*", jars.display());
    let mut nodes = Vec::with_capacity(brokers);
    for id in 1..=brokers {
        let [port, controller] = process::free_ports()?;
        nodes.push(Node { id, port, controller });
    }
    let mut running = Running { service: Service::Kafka, way: String::new(), address: String::new(), pids: vec![] };
    let started = start_all(java, &classes, (folder, &nodes), &mut running.pids);
    if let Err(failure) = started {
        running.pids.into_iter().for_each(process::end);
        return Err(failure);
    }
    let addresses: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
    Ok(Running { address: addresses.join(","), ..running })
}

struct Node {
    id: usize,
    port: u16,
    controller: u16,
}

fn start_all(java: &str, classes: &str, (folder, nodes): (&Path, &[Node]), pids: &mut Vec<u32>) -> Result<(), Failure> {
    for node in nodes {
        let home = folder.join(format!("broker-{}", node.id));
        // Ports differ from one start to the next, so a quorum cannot go on where it was.
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(&home)?;
        let settings = home.join("server.properties");
        fs::write(&settings, properties(node, nodes, &home))?;
        let program = |class: &str| {
            let mut command = Command::new(java);
            command.args(HEAP).args(["-cp", classes, class]);
            command
        };
        let mut format = program("kafka.tools.StorageTool");
        process::run(format.args(["format", "-t", CLUSTER, "-c"]).arg(&settings))?;
        pids.push(process::start(program("kafka.Kafka").arg(&settings), &home.join("log"))?);
    }
    for (node, pid) in nodes.iter().zip(pids) {
        let log = folder.join(format!("broker-{}", node.id)).join("log");
        process::await_answer(*pid, &log, || question::kafka(node.port))?;
    }
    Ok(())
}

fn properties(node: &Node, nodes: &[Node], home: &Path) -> String {
    let Node { id, port, controller } = node;
    let voters: Vec<String> = nodes.iter().map(|node| format!("{}@127.0.0.1:{}", node.id, node.controller)).collect();
    let (voters, data) = (voters.join(","), home.join("data").display().to_string());
    let replicas = nodes.len().min(3);
    let in_sync = replicas.min(2);
    format!(
        "process.roles=broker,controller\n\
         node.id={id}\n\
         controller.quorum.voters={voters}\n\
         controller.listener.names=CONTROLLER\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         log.dirs={data}\n\
         auto.create.topics.enable=false\n\
         unclean.leader.election.enable=false\n\
         default.replication.factor={replicas}\n\
         min.insync.replicas={in_sync}\n\
         offsets.topic.num.partitions=4\n\
         offsets.topic.replication.factor={replicas}\n\
         transaction.state.log.num.partitions=4\n\
         transaction.state.log.replication.factor={replicas}\n\
         transaction.state.log.min.isr={in_sync}\n\
         group.initial.rebalance.delay.ms=0\n"
    )
}
