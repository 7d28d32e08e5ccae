//! A test's own Kafka: brokers that it can kill, stall, and restart with their data.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::addresses::kafka_jars;
use crate::kafka_node::{Jars, Node, Secured};
use crate::own_process::{OwnFolder, OwnProcess};
use crate::process;

/// One cluster at a time, because a machine has memory for one.
static ONE: Mutex<()> = Mutex::new(());

/// The brokers. Dropped in this order: processes, folders, then the lock for the next test.
pub struct Brokers {
    processes: Vec<OwnProcess>,
    nodes: Vec<Node>,
    jars: Jars,
    _folder: OwnFolder,
    _one: MutexGuard<'static, ()>,
}

/// Returns Apache Kafka's jars; `None`, with a recorded skip, if there are none.
///
/// # Panics
/// There are jars, but no Java.
pub fn jars(test: &str) -> Option<Jars> {
    let folder = kafka_jars(test)?;
    Some(Jars { java: process::installed(&["java"]).expect("java is installed where Kafka's jars are"), folder })
}

impl Brokers {
    /// Starts the brokers; `None`, with a recorded skip, if there are no jars.
    ///
    /// # Panics
    /// The brokers do not start.
    pub fn start(test: &str, count: usize) -> Option<Brokers> {
        Brokers::start_as(test, count, |node| node)
    }

    /// Starts a single broker with a further listener, with TLS and logins.
    ///
    /// # Panics
    /// The broker does not start.
    pub fn start_secured(test: &str, secured: &Secured) -> Option<Brokers> {
        Brokers::start_as(test, 1, |node| node.secured(secured.clone()))
    }

    fn start_as(test: &str, count: usize, shape: impl Fn(Node) -> Node) -> Option<Brokers> {
        let jars = jars(test)?;
        // A failed test has ended its brokers as well, so a poisoned lock is safe.
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let ports: Vec<[u16; 2]> = (0..count).map(|_| process::lasting_ports().expect("ports are free")).collect();
        let folder = OwnFolder::make(&format!("kafka-{}", ports[0][0]));
        let nodes: Vec<Node> = Node::cluster(&folder.0, &ports).into_iter().map(shape).collect();
        for node in &nodes {
            node.format(&nodes, &jars).expect("a broker's folder can be made");
        }
        let run = |node: &Node| OwnProcess::start(&mut node.brief_command(&jars), node.log());
        let processes = nodes.iter().map(run).collect();
        let brokers = Brokers { processes, nodes, jars, _folder: folder, _one: one };
        (0..count).for_each(|number| brokers.await_answer(number));
        Some(brokers)
    }

    /// Bootstrap addresses, separated by commas.
    pub fn addresses(&self) -> String {
        Node::addresses(&self.nodes)
    }

    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Kills a broker with SIGKILL.
    ///
    /// # Panics
    /// It has ended already.
    pub fn kill(&mut self, number: usize) {
        self.processes[number].kill();
    }

    /// Restarts a killed broker on the same port with its data; does not wait for it ([`Brokers::await_answer`]).
    ///
    /// # Panics
    /// It cannot be started.
    pub fn restart(&mut self, number: usize) {
        self.processes[number].restart(&mut self.nodes[number].brief_command(&self.jars));
    }

    /// Sends a signal, such as `-STOP` or `-CONT`.
    ///
    /// # Panics
    /// It has ended already.
    pub fn signal(&self, number: usize, signal: &str) {
        self.processes[number].signal(signal);
    }

    /// Waits until a broker responds to clients.
    ///
    /// # Panics
    /// It does not respond in time.
    pub fn await_answer(&self, number: usize) {
        self.nodes[number].await_answer(self.processes[number].id()).expect("the broker answers");
    }
}
