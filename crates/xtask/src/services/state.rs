//! The record of running services: a file with one line per service (service, way, address, process ids).

use std::fs;
use std::io;
use std::path::Path;

use xtask::addresses::Service;

/// A running service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) service: Service,
    pub(super) way: String,
    pub(super) address: String,
    /// Processes that `down` ends; none for a service that was given by its address.
    pub(super) pids: Vec<u32>,
}

const FILE: &str = "running";

pub(super) fn read(folder: &Path) -> Vec<Running> {
    let text = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
    text.lines().filter_map(parse).collect()
}

pub(super) fn write(folder: &Path, all: &[Running]) -> io::Result<()> {
    let lines: String = all.iter().map(line).collect();
    fs::write(folder.join(FILE), lines)
}

fn line(running: &Running) -> String {
    let pids: Vec<String> = running.pids.iter().map(u32::to_string).collect();
    format!("{}\t{}\t{}\t{}\n", running.service.name(), running.way, running.address, pids.join(","))
}

fn parse(line: &str) -> Option<Running> {
    let mut cells = line.split('\t');
    let (name, way, address, pids) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    let service = Service::ALL.into_iter().find(|service| service.name() == name)?;
    let pids = pids.split(',').filter_map(|pid| pid.parse().ok()).collect();
    Some(Running { service, way: way.to_owned(), address: address.to_owned(), pids })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let running = |service, pids: &[u32]| Running {
            service,
            way: "a way, with words".to_owned(),
            address: "mysql://a:b@127.0.0.1:1/".to_owned(),
            pids: pids.to_vec(),
        };
        for running in [running(Service::Kafka, &[1, 23]), running(Service::Mysql, &[])] {
            assert_eq!(parse(line(&running).trim_end_matches('\n')), Some(running));
        }
    }
}
