//! The listener's certificate, and its renewal while the shop runs.

use std::io;
use std::sync::Arc;

use crate::commands::Error;
use crate::config::Server;
use crate::http::connections::Certificate;

/// Reads the listener's certificate, if the settings name one.
pub(super) fn certificate(server: &Server) -> Result<Option<Arc<Certificate>>, Error> {
    let Some([cert_file, key_file]) = server.tls_files() else { return Ok(None) };
    Certificate::load(cert_file, key_file).map(Some).map_err(Error::Certificate)
}

/// Reads the certificate again on each SIGHUP. Ends only if the signal cannot be had, with the reason.
#[cfg(unix)]
pub(super) async fn reload_on_hangup(certificate: Option<&Certificate>) -> io::Error {
    use tokio::signal::unix::{SignalKind, signal};
    let Some(certificate) = certificate else { return std::future::pending().await };
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => return error,
    };
    loop {
        hangup.recv().await;
        match certificate.reload() {
            Ok(()) => tracing::info!("The listener's certificate was read again; new connections get it."),
            Err(why) => {
                tracing::error!("The listener keeps its certificate, because the new one cannot be used: {why}")
            }
        }
    }
}

#[cfg(not(unix))]
pub(super) async fn reload_on_hangup(_certificate: Option<&Certificate>) -> io::Error {
    std::future::pending().await
}
