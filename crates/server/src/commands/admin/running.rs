//! Calls the server that holds the data folder, for commands that must not write beside it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use app::audit::Repaired;
use serde::Deserialize;

use crate::commands::Error;
use crate::config::Config;
use crate::security::auth::{Principal, Role, Tokens};
use crate::security::secret::Secret;
use crate::system::data_dir::{ADDRESS_FILE, for_owner_only};

/// Long, because the audit of a large store reads all of it twice.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// The admin that the token names.
const OPERATOR: i64 = 1;

/// Writes down where the server of this folder serves admins.
pub(in crate::commands) fn announce(data_dir: &Path, address: &str) -> std::io::Result<()> {
    let file = address_file(data_dir);
    for_owner_only(&file)?;
    fs::write(file, address)
}

/// Returns where the server of this folder serves admins.
pub(in crate::commands) fn address(data_dir: &Path) -> Result<String, Error> {
    let file = address_file(data_dir);
    let text =
        fs::read_to_string(&file).map_err(|cause| Error::Unreachable { address: file.display().to_string(), cause })?;
    Ok(text.trim().to_owned())
}

fn address_file(data_dir: &Path) -> PathBuf {
    data_dir.join(ADDRESS_FILE)
}

/// Has the running server repair what the audit finds; returns the repairs.
pub(in crate::commands) fn repair(config: &Config) -> Result<Vec<Repaired>, Error> {
    let folder = &config.server.data_dir;
    let address = address(folder)?;
    let secret = Secret::find(config.auth.secret(), folder)?;
    let operator = Principal { user_id: OPERATOR, role: Role::Admin };
    let token = Tokens::new(secret.as_bytes()).mint(operator, Duration::from_secs(60));
    let answer =
        post(&address, "/api/admin/audit/repair", &token).map_err(|cause| Error::Unreachable { address, cause })?;
    let status = answer.split(' ').nth(1).unwrap_or("no answer");
    if status != "200" {
        return Err(Error::Running(format!("it answered with status {status}")));
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let RepairAnswer { repaired } = serde_json::from_str(body).map_err(std::io::Error::from)?;
    Ok(repaired)
}

/// The server's answer to a repair.
#[derive(Deserialize)]
struct RepairAnswer {
    repaired: Vec<Repaired>,
}

fn post(address: &str, path: &str, token: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
