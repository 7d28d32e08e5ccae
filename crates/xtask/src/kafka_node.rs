//! A node of Apache Kafka in KRaft mode, broker and controller in one process: its folder, settings and command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{health, process};

/// The cluster's id: 22 characters of base64.
const CLUSTER: &str = "ZG9vcmJ1c3Rlci10ZXN0cw";
/// 512 MB hold the topics of several test runs (two filled 256 MB), and three nodes fit on a machine. With so small a heap the
/// default collector marks without end, which takes a tenth of two cores under load; hence the serial one.
const HEAP: [&str; 3] = ["-Xms64m", "-Xmx512m", "-XX:+UseSerialGC"];
/// For short-lived processes: compiles fast instead of optimizing.
const BRIEF: [&str; 2] = ["-XX:TieredStopAtLevel=1", "-Xshare:auto"];

/// Apache Kafka's published jars, and the Java to run them.
#[derive(Clone, Debug)]
pub struct Jars {
    pub java: String,
    pub folder: PathBuf,
}

impl Jars {
    /// Returns the command of a tool, by its class.
    pub fn tool(&self, class: &str) -> Command {
        self.program(&BRIEF, class)
    }

    fn program(&self, flags: &[&str], class: &str) -> Command {
        let mut command = Command::new(&self.java);
        command.args(HEAP).args(flags).args(["-cp", &format!("{}/*", self.folder.display()), class]);
        command
    }
}

const MAIN: &str = "kafka.Kafka";

#[derive(Clone, Debug)]
pub struct Node {
    id: usize,
    port: u16,
    controller: u16,
    home: PathBuf,
    secured: Option<Secured>,
}

/// A further listener, with TLS and logins.
#[derive(Clone, Debug)]
pub struct Secured {
    pub port: u16,
    /// Key and certificate in one PEM file.
    pub keystore: PathBuf,
    /// The user `ann`'s password, with PLAIN and with SCRAM-SHA-256.
    pub password: String,
}

impl Secured {
    fn properties(&self) -> String {
        let Secured { port: _, keystore, password } = self;
        let (listener, keystore) = ("listener.name.sasl_ssl", keystore.display());
        let [plain, scram] = ["plain.Plain", "scram.Scram"]
            .map(|name| format!("org.apache.kafka.common.security.{name}LoginModule required"));
        format!(
            "{listener}.ssl.keystore.type=PEM\n\
             {listener}.ssl.keystore.location={keystore}\n\
             {listener}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256\n\
             {listener}.plain.sasl.jaas.config={plain} user_ann=\"{password}\";\n\
             {listener}.scram-sha-256.sasl.jaas.config={scram};\n"
        )
    }
}

impl Node {
    /// Returns one node per pair of ports: for clients, and for the quorum.
    pub fn cluster(folder: &Path, ports: &[[u16; 2]]) -> Vec<Node> {
        let node = |(id, [port, controller]): (usize, &[u16; 2])| {
            let home = folder.join(format!("broker-{id}"));
            Node { id, port: *port, controller: *controller, home, secured: None }
        };
        (1..).zip(ports).map(node).collect()
    }

    /// Bootstrap addresses, separated by commas.
    pub fn addresses(nodes: &[Node]) -> String {
        let addresses: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        addresses.join(",")
    }

    /// Adds a listener with TLS and logins.
    #[must_use]
    pub fn secured(self, secured: Secured) -> Node {
        Node { secured: Some(secured), ..self }
    }

    pub fn log(&self) -> PathBuf {
        self.home.join("log")
    }

    /// Formats its folder, and drops all earlier data.
    pub fn format(&self, all: &[Node], jars: &Jars) -> Result<(), String> {
        let told = |error: std::io::Error| error.to_string();
        if self.home.exists() {
            fs::remove_dir_all(&self.home).map_err(told)?;
        }
        fs::create_dir_all(&self.home).map_err(told)?;
        fs::write(self.settings(), self.properties(all)).map_err(told)?;
        let mut format = jars.tool("kafka.tools.StorageTool");
        format.args(["format", "-t", CLUSTER, "-c"]).arg(self.settings());
        if let Some(Secured { password, .. }) = &self.secured {
            format.args(["--add-scram", &format!("SCRAM-SHA-256=[name=ann,password={password}]")]);
        }
        process::run(&mut format)
    }

    /// Returns the command that runs it on its present data.
    pub fn command(&self, jars: &Jars) -> Command {
        let mut command = jars.program(&[], MAIN);
        command.arg(self.settings());
        command
    }

    /// The same for a short-lived node of a test.
    pub fn brief_command(&self, jars: &Jars) -> Command {
        let mut command = jars.tool(MAIN);
        command.arg(self.settings());
        command
    }

    /// Waits until the process responds to clients.
    pub fn await_answer(&self, pid: u32) -> Result<(), String> {
        process::await_answer(pid, &self.log(), || health::kafka(self.port))
    }

    fn settings(&self) -> PathBuf {
        self.home.join("server.properties")
    }

    /// The server's settings. Time-outs are long, because a busy machine must not take a slow controller for a dead one.
    fn properties(&self, nodes: &[Node]) -> String {
        let Node { id, port, controller, home, secured } = self;
        let further = secured.as_ref().map_or_else(String::new, |it| format!(",SASL_SSL://127.0.0.1:{}", it.port));
        let of_further = secured.as_ref().map_or_else(String::new, Secured::properties);
        let voters: Vec<String> =
            nodes.iter().map(|node| format!("{}@127.0.0.1:{}", node.id, node.controller)).collect();
        let (voters, data) = (voters.join(","), home.join("data").display().to_string());
        let replicas = nodes.len().min(3);
        let in_sync = replicas.min(2);
        format!(
            "process.roles=broker,controller\n\
             node.id={id}\n\
             controller.quorum.voters={voters}\n\
             controller.listener.names=CONTROLLER\n\
             controller.quorum.election.timeout.ms=2000\n\
             controller.quorum.fetch.timeout.ms=6000\n\
             controller.quorum.request.timeout.ms=6000\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{further}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port}{further}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL\n\
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
             group.initial.rebalance.delay.ms=0\n\
             {of_further}"
        )
    }
}
