//! TLS of the listener: its certificate, which is read again on SIGHUP.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

/// HTTP/2 in the TLS handshake.
pub(super) const HTTP2: &[u8] = b"h2";

/// Marks a request of a connection that this listener encrypts.
#[derive(Clone, Copy, Debug)]
pub struct Encrypted;

/// How HTTP/2 is spoken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Http2 {
    /// With clients that choose it in the TLS handshake.
    pub over_tls: bool,
    /// With clients that begin with it in the clear.
    pub in_the_clear: bool,
}

/// The certificate in force, and its files.
#[derive(Debug)]
pub struct Certificate {
    cert_file: PathBuf,
    key_file: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads a certificate with its chain, and its key, as PEM.
    ///
    /// # Errors
    /// If a file cannot be read, or the key is another certificate's.
    pub fn load(cert_file: &Path, key_file: &Path) -> Result<Arc<Certificate>, String> {
        let current = RwLock::new(Arc::new(read(cert_file, key_file)?));
        Ok(Arc::new(Certificate { cert_file: cert_file.to_owned(), key_file: key_file.to_owned(), current }))
    }

    /// Reads the files again. New connections get the new certificate; after an error, the old one stays in force.
    ///
    /// # Errors
    /// As with [`Certificate::load`].
    pub fn reload(&self) -> Result<(), String> {
        *self.current.write() = Arc::new(read(&self.cert_file, &self.key_file)?);
        Ok(())
    }

    /// Returns what makes connections encrypted, and offers HTTP/2 if wanted.
    ///
    /// # Errors
    /// If the library has no version of TLS.
    pub(super) fn acceptor(self: &Arc<Self>, offers_http2: bool) -> Result<TlsAcceptor, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
        let certificate: Arc<dyn ResolvesServerCert> = Arc::<Certificate>::clone(self);
        let mut config = builder.with_cert_resolver(certificate);
        let http2 = offers_http2.then(|| HTTP2.to_vec());
        config.alpn_protocols = http2.into_iter().chain([b"http/1.1".to_vec()]).collect();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read()))
    }
}

fn read(cert_file: &Path, key_file: &Path) -> Result<CertifiedKey, String> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let chain = CertificateDer::pem_file_iter(cert_file).map_err(|error| failed(cert_file, &error))?;
    let chain: Result<Vec<_>, _> = chain.collect();
    let chain = chain.map_err(|error| failed(cert_file, &error))?;
    if chain.is_empty() {
        return Err(failed(cert_file, &"the file has no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| failed(key_file, &error))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .map_err(|error| format!("{} and {} do not belong together: {error}", cert_file.display(), key_file.display()))
}
