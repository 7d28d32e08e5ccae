//! The listener's certificate, and its renewal while the shop runs.

use std::convert::Infallible;
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

/// Reads the certificate again on each SIGHUP. Never returns a value; fails if the signal cannot be had.
pub(super) async fn reload_on_hangup<T>(certificate: Option<&Certificate>) -> io::Result<T> {
    let Some(certificate) = certificate else { return std::future::pending().await };
    match reload_for_ever(certificate).await? {}
}

#[cfg(unix)]
async fn reload_for_ever(certificate: &Certificate) -> io::Result<Infallible> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
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
async fn reload_for_ever(_certificate: &Certificate) -> io::Result<Infallible> {
    std::future::pending().await
}
