//! The payment provider's own mock server, which validates each request against the published API description.

use std::path::Path;
use std::process::Command;

use xtask::addresses::Service;
use xtask::{health, process};

use super::failure::Failure;
use super::state::Running;

const MODULE: &str = "github.com/stripe/stripe-mock@v0.203.0";
const PROGRAM: &str = "stripe-mock";

pub(super) fn installed(folder: &Path) -> Result<Running, Failure> {
    let mock = process::installed(&[PROGRAM]).ok_or(Failure::Absent("no stripe-mock is installed"))?;
    start(folder, &mock, format!("installed: {mock}"))
}

/// Builds it from the Go module proxy.
pub(super) fn fetched(folder: &Path) -> Result<Running, Failure> {
    let mock = folder.join("bin").join(PROGRAM);
    if !mock.exists() {
        let go = process::installed(&["go"]).ok_or(Failure::Absent("no go is installed"))?;
        eprintln!("Fetching {MODULE} …");
        process::run(Command::new(go).env("GOBIN", folder.join("bin")).args(["install", MODULE]))?;
    }
    start(folder, &mock.to_string_lossy(), MODULE.to_owned())
}

fn start(folder: &Path, mock: &str, way: String) -> Result<Running, Failure> {
    // It also listens for TLS, so it needs a second free port.
    let [port, port_tls] = process::free_ports()?;
    let (address, address_tls) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{port_tls}"));
    let log = folder.join("log");
    let pid = process::start(Command::new(mock).args(["-http-addr", &address, "-https-addr", &address_tls]), &log)?;
    process::await_answer(pid, &log, || health::stripe(port))?;
    Ok(Running { service: Service::Stripe, way, address: format!("http://{address}"), pids: vec![pid] })
}
