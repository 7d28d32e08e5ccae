//! `doorbuster health`: asks a running server whether it is ready.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::running;
use crate::cli::HealthArgs;
use crate::commands::output::refusal::Refusal;
use crate::commands::output::terminal::note;
use crate::commands::{Error, print, settings};
use crate::system::shown_url;

/// More than any answer of `/readyz`; the rest of a stranger's answer is not read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Health checks know two exit codes: 0, and 1 for a server that is not ready or does not answer.
pub(in crate::commands) fn run(args: &HealthArgs) -> Result<ExitCode, Error> {
    match ask(args) {
        Err(error @ (Error::Unreachable { .. } | Error::Refused(_))) => {
            note(&error.report(args.json));
            Ok(ExitCode::FAILURE)
        }
        asked => asked,
    }
}

fn ask(args: &HealthArgs) -> Result<ExitCode, Error> {
    let address = match &args.url {
        Some(url) => address_of(url)?,
        None => running::address(&settings(&args.settings)?.server.data_dir)?,
    };
    let answer = readiness(&address, Duration::from_secs(args.within));
    let answer = answer.map_err(|cause| Error::Unreachable { address: address.clone(), cause })?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    match status {
        Some(200) if args.json => print(&json!({"ready": true, "address": address}).to_string()),
        Some(200) => print(&format!("ready: {address}")),
        Some(status) => {
            let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            let document = serde_json::from_str(body).unwrap_or(Value::Null);
            Err(Error::Refused(Refusal { status, document }))
        }
        None => Err(Error::Running(format!("{address} does not answer like a doorbuster server"))),
    }
}

/// Returns the whole answer of `/readyz`.
fn readiness(address: &str, patience: Duration) -> io::Result<String> {
    let resolved = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let mut stream = TcpStream::connect_timeout(&resolved, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let request = format!("GET /readyz HTTP/1.0\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = vec![];
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Returns host and port of `http://host:port`.
fn address_of(url: &str) -> Result<String, Error> {
    let rest = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let is_address = |rest: &&str| !rest.is_empty() && !rest.contains('/');
    match rest.filter(is_address) {
        Some(host) if host.contains(':') => Ok(host.to_owned()),
        Some(host) => Ok(format!("{host}:80")),
        None => {
            Err(Error::Usage(format!("--url {} is not an address such as http://127.0.0.1:8080", shown_url::of(url))))
        }
    }
}
