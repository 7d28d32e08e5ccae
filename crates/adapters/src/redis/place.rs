//! The address of Redis, and how its certificate is verified.

use std::path::{Path, PathBuf};

use redis::{Client, ClientTlsConfig, IntoConnectionInfo as _, TlsCertificates};

use crate::tls;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the address of Redis is invalid: it must look like redis://host:6379/ or rediss://host:6379/")]
    Address,
    #[error("TLS to Redis cannot be set up: {0}")]
    Files(String),
    #[error("Redis failed: {0}")]
    Lost(String),
    #[error("starting the thread of the Redis connection failed: {0}")]
    Thread(#[from] std::io::Error),
}

/// The address, and the files of TLS, which is used by addresses that begin with `rediss://`.
#[derive(Clone, Default)]
pub struct Place {
    /// `redis://user:password@host:port/database`, or the same with `rediss://`.
    pub address: String,
    /// Certificates of the authorities that are trusted instead of the machine's.
    pub ca_file: Option<PathBuf>,
    /// This program's own certificate and its key, for a server that asks for them.
    pub identity: Option<Identity>,
}

/// A certificate and its key.
#[derive(Clone)]
pub struct Identity {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
}

impl Place {
    /// Prepares connections; nothing is sent yet.
    pub(super) fn client(&self) -> Result<Client, OpenError> {
        // The library's error may quote the address with its password.
        let info = self.address.as_str().into_connection_info().map_err(|_| OpenError::Address)?;
        if !self.is_encrypted() {
            return Client::open(info).map_err(|_| OpenError::Address);
        }
        tls::install_provider();
        let root_cert = self.ca_file.as_deref().map(|path| read("redis.ca_file", path)).transpose()?;
        let identity = |identity: &Identity| {
            let client_cert = read("redis.cert_file", &identity.cert_file)?;
            Ok::<_, OpenError>(ClientTlsConfig { client_cert, client_key: read("redis.key_file", &identity.key_file)? })
        };
        let client_tls = self.identity.as_ref().map(identity).transpose()?;
        Client::build_with_tls(info, TlsCertificates { client_tls, root_cert })
            .map_err(|error| OpenError::Files(error.to_string()))
    }

    fn is_encrypted(&self) -> bool {
        self.address.starts_with("rediss://")
    }

    /// Returns the words for an error of a call: with TLS, the host and what to do about its certificate.
    pub(super) fn explained(&self, error: &str) -> String {
        if is_of_cluster(error) {
            return format!("{}: it is a node of a cluster, which is not supported; name a single server", self.host());
        }
        let explained = if self.is_encrypted() { tls::explained(error, "redis.ca_file") } else { None };
        explained.map_or_else(|| error.to_owned(), |why| format!("{}: {why}", self.host()))
    }

    fn host(&self) -> &str {
        let rest = self.address.split_once("://").map_or(self.address.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    }
}

/// Returns true if a server says that other nodes have the key, or that its cluster is incomplete.
fn is_of_cluster(error: &str) -> bool {
    ["MOVED", "Moved", "CROSSSLOT", "CrossSlot", "CLUSTERDOWN", "ClusterDown"].iter().any(|word| error.contains(word))
}

fn read(setting: &str, path: &Path) -> Result<Vec<u8>, OpenError> {
    std::fs::read(path).map_err(|error| OpenError::Files(format!("{setting} = {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(address: &str, ca_file: Option<&str>) -> Place {
        Place { address: address.to_owned(), ca_file: ca_file.map(PathBuf::from), identity: None }
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let error = place("rediss://127.0.0.1/", Some("/nowhere/ca.pem")).client().err().unwrap().to_string();
        assert!(error.contains("redis.ca_file = /nowhere/ca.pem"), "{error}");
        assert!(place("redis://127.0.0.1/", Some("/nowhere/ca.pem")).client().is_ok());
    }

    #[test]
    fn an_error_names_the_host_without_the_password() {
        let place = place("rediss://ann:secret@cache.example:6380/0", None);
        let text = place.explained("invalid peer certificate: UnknownIssuer");
        assert!(text.starts_with("cache.example:6380: its certificate") && !text.contains("secret"), "{text}");
        assert_eq!(place.explained("broken pipe"), "broken pipe");
        let text = place.explained("An error was signalled by the server - Moved: 866 127.0.0.1:7001");
        assert!(text.contains("a node of a cluster, which is not supported"), "{text}");
    }
}
