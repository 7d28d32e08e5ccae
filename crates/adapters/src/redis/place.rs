//! The address of Redis, and how its certificate is verified.

use std::path::{Path, PathBuf};

use redis::{Client, ClientTlsConfig, IntoConnectionInfo as _, TlsCertificates};

use super::address::{Address, Named};
use super::open_error::OpenError;
use crate::tls;

/// The address, and the files of TLS, which is used by addresses that begin with `rediss://`.
#[derive(Clone, Default)]
pub struct Place {
    /// One server, a cluster or sentinels: see `address.rs`.
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
    /// Checks the address and the files of TLS; nothing is sent.
    pub fn check(&self) -> Result<(), OpenError> {
        let address = self.parsed()?;
        self.client_of(&address.url(&address.hosts[0])).map(|_client| ())
    }

    pub(super) fn parsed(&self) -> Result<Address, OpenError> {
        Address::parse(&self.address)
    }

    /// Prepares connections to one server; nothing is sent yet.
    pub(super) fn client_of(&self, url: &str) -> Result<Client, OpenError> {
        const INVALID: OpenError = OpenError::Address("a host or port is invalid");
        let info = url.into_connection_info().map_err(|_| INVALID)?;
        match self.certificates(url.starts_with("rediss://"))? {
            None => Client::open(info).map_err(|_| INVALID),
            Some(certificates) => {
                Client::build_with_tls(info, certificates).map_err(|error| OpenError::Files(error.to_string()))
            }
        }
    }

    /// Reads the files of TLS, if it is used.
    pub(super) fn certificates(&self, is_encrypted: bool) -> Result<Option<TlsCertificates>, OpenError> {
        if !is_encrypted {
            return Ok(None);
        }
        tls::install_provider();
        let root_cert = self.ca_file.as_deref().map(|path| read("redis.ca_file", path)).transpose()?;
        let identity = |identity: &Identity| {
            let client_cert = read("redis.cert_file", &identity.cert_file)?;
            Ok::<_, OpenError>(ClientTlsConfig { client_cert, client_key: read("redis.key_file", &identity.key_file)? })
        };
        let client_tls = self.identity.as_ref().map(identity).transpose()?;
        Ok(Some(TlsCertificates { client_tls, root_cert }))
    }

    /// Explains an error of a call. If the address is of the wrong kind, the text has the right one; with TLS it has the host
    /// and the remedy for its certificate; a refused login says which settings have it.
    pub(super) fn explained(&self, error: &str) -> OpenError {
        let lost = || OpenError::Lost(error.to_owned());
        self.parsed().ok().and_then(|address| refusal(&address, error)).map_or_else(lost, OpenError::Denied)
    }
}

/// Returns what must be set otherwise, if only that helps.
fn refusal(address: &Address, error: &str) -> Option<String> {
    let hosts = address.hosts.join(",");
    let why = if address.named == Named::One && is_of_cluster(error) {
        format!("it is a node of a cluster; name it as redis+cluster://{hosts} (rediss+cluster with TLS)")
    } else if address.named == Named::Cluster && error.contains("cluster support disabled") {
        format!("it is no cluster; name a single server as redis://{hosts}")
    } else if is_of_login(error) {
        format!("it refuses the user; correct user and password in REDIS_URL, or the user's rights there ({error})")
    } else if address.is_encrypted() {
        tls::explained(error, "redis.ca_file")?
    } else {
        return None;
    };
    Some(format!("{hosts}: {why}"))
}

/// Returns true if a server refuses the password, wants one, or refuses a command to the user.
fn is_of_login(error: &str) -> bool {
    ["AuthenticationFailed", "WRONGPASS", "NOAUTH", "NOPERM", "NoPerm"].iter().any(|word| error.contains(word))
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
        for address in ["rediss://127.0.0.1/", "rediss+cluster://127.0.0.1", "rediss+sentinel://127.0.0.1/shop"] {
            let error = place(address, Some("/nowhere/ca.pem")).check().err().unwrap().to_string();
            assert!(error.contains("redis.ca_file = /nowhere/ca.pem"), "{error}");
        }
        assert!(place("redis://127.0.0.1/", Some("/nowhere/ca.pem")).check().is_ok());
    }

    #[test]
    fn an_error_names_the_host_without_the_password() {
        let place = place("rediss://ann:secret@cache.example:6380/0", None);
        let denied = |error| {
            let OpenError::Denied(text) = place.explained(error) else { panic!("only other settings help: {error}") };
            text
        };
        let text = denied("invalid peer certificate: UnknownIssuer");
        assert!(text.starts_with("cache.example:6380: its certificate") && !text.contains("secret"), "{text}");
        assert!(matches!(place.explained("broken pipe"), OpenError::Lost(why) if why == "broken pipe"));
        for refused in
            ["WRONGPASS: invalid username-password pair", "NOAUTH: Authentication required.", "NoPerm: no rights"]
        {
            let text = denied(refused);
            assert!(text.contains("correct user and password in REDIS_URL") && text.contains(refused), "{text}");
        }
        let text = denied("An error was signalled by the server - Moved: 866 127.0.0.1:7001");
        assert!(text.contains("name it as redis+cluster://cache.example:6380"), "{text}");
    }
}
