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

/// The operating system's SIGHUPs. From the moment this is created, they do not end the process.
pub(super) struct Hangups {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangups {
    /// Must be called inside a runtime.
    pub(super) fn listen() -> io::Result<Hangups> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Hangups { signal: signal(SignalKind::hangup())? })
        }
        #[cfg(not(unix))]
        Ok(Hangups {})
    }

    async fn received(&mut self) {
        #[cfg(unix)]
        self.signal.recv().await;
        #[cfg(not(unix))]
        std::future::pending::<()>().await;
    }

    /// Reads the certificate again on each signal.
    pub(super) async fn renew(&mut self, certificate: Option<&Certificate>) -> Infallible {
        loop {
            self.received().await;
            let Some(certificate) = certificate else {
                tracing::info!(
                    "SIGHUP reads the listener's certificate again, and this shop has none: nothing was done."
                );
                continue;
            };
            match certificate.reload() {
                Ok(()) => tracing::info!("The listener's certificate was read again; new connections get it."),
                Err(why) => {
                    tracing::error!("The listener keeps its certificate, because the new one cannot be used: {why}")
                }
            }
        }
    }
}
