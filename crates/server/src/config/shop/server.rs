//! Settings of the listener and of the process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Error, Roles};
use crate::http::connections::{ForwardedHeader, Http2, Proxies};
use crate::http::envelope::Cors;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: String,
    pub data_dir: PathBuf,
    pub roles: Roles,
    pub http_threads: usize,
    pub body_bytes_max: usize,
    header_timeout_ms: u64,
    body_timeout_ms: u64,
    idle_timeout_ms: u64,
    write_timeout_ms: u64,
    shutdown_grace_ms: u64,
    pub connections_max: usize,
    connections_per_address_max: usize,
    pub streams_per_customer_max: usize,
    stream_heartbeat_ms: u64,
    pub cors_origins: String,
    pub compression: bool,
    pub catalogue_max_age_s: u32,
    tls_cert_file: PathBuf,
    tls_key_file: PathBuf,
    http2: bool,
    h2c: bool,
    trusted_proxies: String,
    forwarded_header: ForwardedHeader,
    proxy_protocol: bool,
}

impl Server {
    pub fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    pub fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    pub fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }

    pub fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_ms)
    }

    pub fn stream_heartbeat(&self) -> Duration {
        Duration::from_millis(self.stream_heartbeat_ms)
    }

    /// Default: half of all connections, so that one address cannot take the places of all others.
    pub fn connections_per_address_max(&self) -> usize {
        match self.connections_per_address_max {
            0 => self.connections_max.div_ceil(2),
            set => set,
        }
    }

    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }

    /// Returns the files of the listener's certificate and of its key, if it speaks TLS.
    pub fn tls_files(&self) -> Option<[&Path; 2]> {
        let is_given = !self.tls_cert_file.as_os_str().is_empty();
        is_given.then_some([self.tls_cert_file.as_path(), self.tls_key_file.as_path()])
    }

    /// Returns the proxies that are believed. The text was checked when the settings were read.
    pub fn proxies(&self) -> Proxies {
        let proxies = Proxies::parse(&self.trusted_proxies, self.forwarded_header).unwrap_or_default();
        proxies.speaking_proxy_protocol(self.proxy_protocol)
    }

    /// Returns how the customers' listener speaks HTTP/2.
    pub fn http2(&self) -> Http2 {
        Http2 { over_tls: self.http2, in_the_clear: self.h2c }
    }

    pub(in crate::config) fn check(&self, has_admin_listener: bool) -> Result<(), Error> {
        Cors::parse(&self.cors_origins).map_err(Error::Shop)?;
        Proxies::parse(&self.trusted_proxies, self.forwarded_header)
            .map_err(|why| Error::Shop(format!("server.trusted_proxies: {why}")))?;
        if self.proxy_protocol && self.trusted_proxies.trim().is_empty() {
            return Err(Error::Shop(
                "server.proxy_protocol needs server.trusted_proxies: only their connections begin with its header"
                    .to_owned(),
            ));
        }
        let [has_cert, has_key] = [&self.tls_cert_file, &self.tls_key_file].map(|path| !path.as_os_str().is_empty());
        if has_cert != has_key {
            return Err(Error::Shop(
                "server.tls_cert_file and server.tls_key_file belong together: set both, or none".to_owned(),
            ));
        }
        if has_cert && !has_admin_listener {
            return Err(Error::Shop(
                "server.tls_cert_file needs admin.listen, such as 127.0.0.1:8081: health checks and the commands of operators use it \
                 without TLS"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    pub(in crate::config) fn at_least_one(&self) -> [(&'static str, u64); 8] {
        [
            ("server.http_threads", self.http_threads as u64),
            ("server.body_bytes_max", self.body_bytes_max as u64),
            ("server.header_timeout_ms", self.header_timeout_ms),
            ("server.body_timeout_ms", self.body_timeout_ms),
            ("server.idle_timeout_ms", self.idle_timeout_ms),
            ("server.connections_max", self.connections_max as u64),
            ("server.streams_per_customer_max", self.streams_per_customer_max as u64),
            ("server.stream_heartbeat_ms", self.stream_heartbeat_ms),
        ]
    }
}
