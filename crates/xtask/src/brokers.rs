//! A Kafka of a test's own: brokers that it may kill, stall, and start again with what they had.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::addresses::kafka_jars;
use crate::kafka_node::{Jars, Node};
use crate::own_process::{OwnFolder, OwnProcess};
use crate::process;

/// A machine has room for one such cluster beside everything else.
static ONE: Mutex<()> = Mutex::new(());

/// The processes go first, then their folders, and then the next test may have its own.
pub struct Brokers {
    processes: Vec<OwnProcess>,
    nodes: Vec<Node>,
    jars: Jars,
    _folder: OwnFolder,
    _one: MutexGuard<'static, ()>,
}

/// Apache Kafka as tests run it; `None`, said and counted, where it is not there.
///
/// # Panics
/// When there are its jars, but no Java.
pub fn jars(test: &str) -> Option<Jars> {
    let folder = kafka_jars(test)?;
    Some(Jars { java: process::installed(&["java"]).expect("whoever has Kafka has Java"), folder })
}

impl Brokers {
    /// `None`, said and counted, where there are no jars.
    ///
    /// # Panics
    /// When they do not start.
    pub fn start(test: &str, count: usize) -> Option<Brokers> {
        let jars = jars(test)?;
        // A test that failed has ended its brokers as well.
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let ports: Vec<[u16; 2]> = (0..count).map(|_| process::lasting_ports().expect("ports are free")).collect();
        let folder = OwnFolder::make(&format!("kafka-{}", ports[0][0]));
        let nodes = Node::cluster(&folder.0, &ports);
        for node in &nodes {
            node.format(&nodes, &jars).expect("a broker's folder can be made");
        }
        let run = |node: &Node| OwnProcess::start(&mut node.brief_command(&jars), node.log());
        let processes = nodes.iter().map(run).collect();
        let brokers = Brokers { processes, nodes, jars, _folder: folder, _one: one };
        (0..count).for_each(|number| brokers.await_answer(number));
        Some(brokers)
    }

    /// Bootstrap addresses, with commas.
    pub fn addresses(&self) -> String {
        Node::addresses(&self.nodes)
    }

    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Ends one without a chance to write anything down.
    ///
    /// # Panics
    /// When it is not there any more.
    pub fn kill(&mut self, number: usize) {
        self.processes[number].kill();
    }

    /// Starts one again that was killed: on the same port, with what it has on its disk. [`Brokers::await_answer`] says
    /// when it is there.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn restart(&mut self, number: usize) {
        self.processes[number].restart(&mut self.nodes[number].brief_command(&self.jars));
    }

    /// `-STOP` in the middle of everything, or `-CONT`.
    ///
    /// # Panics
    /// When it is not there any more.
    pub fn signal(&self, number: usize, signal: &str) {
        self.processes[number].signal(signal);
    }

    /// # Panics
    /// When it does not answer clients.
    pub fn await_answer(&self, number: usize) {
        self.nodes[number].await_answer(self.processes[number].id()).expect("the broker answers");
    }
}
