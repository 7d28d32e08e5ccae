//! `cargo xtask services`: Kafka, MariaDB, Redis and a payment provider's mock for the tests, each in the first way that works.

mod docker;
mod kafka;
mod kafka_stand_in;
mod mariadb;
mod packages;
mod redis;
mod state;
mod stripe;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use xtask::addresses::{KAFKA_JARS, Service};
use xtask::{process, question};

use state::Running;

/// How services are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) brokers: usize,
    /// Whether system packages may be installed.
    pub(crate) install: bool,
}

/// Why a way to a service does not work.
enum Failure {
    /// It is not a way on this machine.
    Absent(&'static str),
    /// It should have worked.
    Broken(String),
}

impl From<String> for Failure {
    fn from(why: String) -> Failure {
        Failure::Broken(why)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Broken(error.to_string())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Absent(why) => f.write_str(why),
            Failure::Broken(why) => write!(f, "FAILED: {why}"),
        }
    }
}

type Way<'a> = Box<dyn Fn() -> Result<Running, Failure> + 'a>;

fn ways<'a>(service: Service, folder: &'a Path, wanted: Wanted) -> Vec<Way<'a>> {
    let Wanted { brokers, install } = wanted;
    let mut ways: Vec<Way<'a>> = vec![];
    match service {
        Service::Mysql => {
            ways.push(Box::new(|| mariadb::installed(folder)));
            ways.extend(install.then(|| -> Way<'a> { Box::new(|| mariadb::packaged(folder)) }));
        }
        Service::Redis => {
            ways.push(Box::new(|| redis::installed(folder)));
            ways.extend(install.then(|| -> Way<'a> { Box::new(|| redis::packaged(folder)) }));
        }
        Service::Stripe => {
            ways.push(Box::new(|| stripe::installed(folder)));
            ways.push(Box::new(|| stripe::fetched(folder)));
        }
        Service::Kafka => {
            ways.push(Box::new(move || kafka::installed(folder, brokers)));
            ways.push(Box::new(move || kafka::resolved(folder, brokers)));
            ways.extend(install.then(|| -> Way<'a> { Box::new(move || kafka::packaged(folder, brokers)) }));
            ways.push(Box::new(move || kafka_stand_in::fetched(folder, brokers)));
        }
    }
    ways.push(Box::new(move || docker::compose(service, folder)));
    ways
}

fn given(service: Service) -> Option<Running> {
    let address = std::env::var(service.given_by()).ok().filter(|address| !address.is_empty())?;
    Some(Running { service, way: format!("given by {}", service.given_by()), address, pids: vec![] })
}

/// Where the services live: beside everything else that is built.
fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let folder = target.join("services");
    folder.canonicalize().unwrap_or(folder)
}

/// Brings up what is not running yet. What came up, and what did not.
pub(crate) fn up(wanted: Wanted) -> io::Result<Up> {
    fs::create_dir_all(folder())?;
    let folder = folder();
    let mut up = Up { running: vec![], started: vec![] };
    for known in state::read(&folder) {
        if is_as_wanted(&known, wanted) && is_running(&known, &folder) {
            up.running.push(known);
        } else {
            stop(&known, &folder);
        }
    }
    for service in Service::ALL {
        if up.running.iter().any(|running| running.service == service) {
            continue;
        }
        let home = folder.join(service.name());
        fs::create_dir_all(&home)?;
        if let Some(running) = given(service).or_else(|| first_that_works(service, &home, wanted)) {
            up.running.push(running);
            up.started.push(service);
        }
        // After each, so that what was started can be stopped, whatever happens to the next.
        state::write(&folder, &up.running)?;
    }
    Ok(up)
}

/// The services that are there, and those of them that were not there before.
pub(crate) struct Up {
    running: Vec<Running>,
    started: Vec<Service>,
}

impl Up {
    pub(crate) fn missing(&self) -> Vec<Service> {
        let is_missing = |service: &Service| !self.running.iter().any(|running| running.service == *service);
        Service::ALL.into_iter().filter(is_missing).collect()
    }

    /// What tests need to find the services, and to start some of their own.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let address = |running: &Running| (running.service.variable(), running.address.clone());
        let jars = kafka::jars(&folder().join(Service::Kafka.name()));
        let jars = jars.map(|jars| (KAFKA_JARS, jars.display().to_string()));
        self.running.iter().map(address).chain(jars).collect()
    }

    pub(crate) fn started_any(&self) -> bool {
        !self.started.is_empty()
    }
}

fn is_as_wanted(running: &Running, wanted: Wanted) -> bool {
    running.service != Service::Kafka || running.pids.is_empty() || running.pids.len() == wanted.brokers
}

fn is_running(running: &Running, folder: &Path) -> bool {
    match given(running.service) {
        Some(given) => given == *running,
        None => running.way == docker::WAY || (!running.pids.is_empty() && all_ours(running, folder)),
    }
}

fn all_ours(running: &Running, folder: &Path) -> bool {
    running.pids.iter().all(|pid| process::is_ours(*pid, folder))
}

fn first_that_works(service: Service, home: &Path, wanted: Wanted) -> Option<Running> {
    for way in ways(service, home, wanted) {
        match way() {
            Ok(running) => {
                eprintln!("{}: {} at {}", service.name(), running.way, running.address);
                return Some(running);
            }
            Err(failure) => eprintln!("{}: {failure}", service.name()),
        }
    }
    eprintln!("{}: NO WAY WORKS{}", service.name(), if wanted.install { "" } else { "; --install may help" });
    None
}

/// Ends everything that `up` started.
pub(crate) fn down() -> io::Result<()> {
    let folder = folder();
    for running in state::read(&folder) {
        stop(&running, &folder);
        eprintln!("{}: stopped", running.service.name());
    }
    if folder.exists() { state::write(&folder, &[]) } else { Ok(()) }
}

fn stop(running: &Running, folder: &Path) {
    if running.way == docker::WAY
        && let Err(error) = docker::down(running.service, &folder.join(running.service.name()))
    {
        eprintln!("{}: {error}", running.service.name());
    }
    running.pids.iter().filter(|pid| process::is_ours(**pid, folder)).for_each(|pid| process::end(*pid));
}

/// Says what runs and where, as lines that a shell understands.
pub(crate) fn status() -> io::Result<()> {
    let folder = folder();
    let mut out = io::stdout().lock();
    let known = state::read(&folder);
    for service in Service::ALL {
        match known.iter().find(|running| running.service == service && is_running(running, &folder)) {
            Some(running) => {
                writeln!(out, "# {}: {}", service.name(), running.way)?;
                writeln!(out, "export {}={}", service.variable(), running.address)?;
            }
            None => writeln!(out, "# {}: not running", service.name())?,
        }
    }
    if let Some(jars) = kafka::jars(&folder.join(Service::Kafka.name())) {
        writeln!(out, "export {KAFKA_JARS}={}", jars.display())?;
    }
    Ok(())
}
