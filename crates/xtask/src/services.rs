//! `cargo xtask services`: starts Kafka, MariaDB, Redis and a payment provider's mock for the tests, each in the first way
//! that works.

mod docker;
mod failure;
mod kafka;
mod kafka_stand_in;
mod mariadb;
mod packages;
mod python;
mod redis;
mod state;
mod stripe;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use xtask::addresses::{KAFKA_JARS, PYTHON, Service};
use xtask::process;

use failure::Failure;
use state::Running;

/// The options of `services up`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) brokers: usize,
    /// Allows the installation of system packages.
    pub(crate) install: bool,
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

/// Returns the folder of the services: `services` in the target folder.
fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let folder = target.join("services");
    folder.canonicalize().unwrap_or(folder)
}

/// Starts the services that are not running yet.
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
        // After each service, so that it can be stopped even if the next one fails.
        state::write(&folder, &up.running)?;
    }
    if wanted.install {
        python::install(&folder);
    }
    Ok(up)
}

/// The running services, and those of them that were started now.
pub(crate) struct Up {
    running: Vec<Running>,
    started: Vec<Service>,
}

impl Up {
    pub(crate) fn missing(&self) -> Vec<Service> {
        let is_missing = |service: &Service| !self.running.iter().any(|running| running.service == *service);
        Service::ALL.into_iter().filter(is_missing).collect()
    }

    /// Returns the variables by which tests find the services.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let address = |running: &Running| (running.service.variable(), running.address.clone());
        self.running.iter().map(address).chain(paths(&folder())).collect()
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
    eprintln!(
        "{}: NOT AVAILABLE, no way works{}",
        service.name(),
        if wanted.install { "" } else { "; --install may help" }
    );
    None
}

/// Ends all services that `up` started.
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

/// Prints the running services as lines for a shell.
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
    for (variable, path) in paths(&folder) {
        writeln!(out, "export {variable}={path}")?;
    }
    Ok(())
}

/// Returns the variables with the paths of Kafka's jars and of Python.
fn paths(folder: &Path) -> impl Iterator<Item = (&'static str, String)> {
    let jars = kafka::jars(&folder.join(Service::Kafka.name())).map(|jars| (KAFKA_JARS, jars));
    let python = python::found(folder).map(|python| (PYTHON, python));
    jars.into_iter().chain(python).map(|(variable, path)| (variable, path.display().to_string()))
}
