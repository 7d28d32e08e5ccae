//! TLS to other systems: the authorities that are trusted, and plain words for a failed handshake.

use std::sync::OnceLock;

use rustls::pki_types::CertificateDer;

/// Makes `ring` the provider of all TLS in this process.
pub(crate) fn install_provider() {
    // Fails when a provider is installed already, which is fine.
    let _installed = rustls::crypto::ring::default_provider().install_default();
}

/// The trusted authorities.
pub(crate) struct Roots {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// The machine has none, as a bare container: these are Mozilla's, which are part of this program.
    pub(crate) are_bundled: bool,
}

/// Returns the authorities of this machine (or of `SSL_CERT_FILE`), read once. Only where there are none, those of this
/// program are taken: an operator who removes an authority from the machine means it.
pub(crate) fn roots() -> &'static Roots {
    static ROOTS: OnceLock<Roots> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let own = rustls_native_certs::load_native_certs().certs;
        if own.is_empty() {
            let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
            return Roots { certificates: bundled.to_vec(), are_bundled: true };
        }
        Roots { certificates: own, are_bundled: false }
    })
}

/// Says in plain words why a handshake failed, and what to do; `None` if the text is about something else. `authority` is the
/// place where an authority's certificate is named. The libraries pass their errors on as text only.
pub(crate) fn explained(text: &str, authority: &str) -> Option<String> {
    let has = |part: &str| text.contains(part);
    // A bad signature: another authority has the name of a trusted one.
    if has("UnknownIssuer") || has("BadSignature") || has("CaUsedAsEndEntity") {
        return Some(format!(
            "its certificate was issued by an authority that is not trusted here; name the authority's certificate in {authority}"
        ));
    }
    if has("certificate expired") || has("certificate: Expired") {
        return Some("its certificate has expired; renew it there, or correct this machine's clock".to_owned());
    }
    if has("certificate not valid yet") || has("NotValidYet") {
        return Some("its certificate is not valid yet; compare the clocks of both machines".to_owned());
    }
    if has("certificate not valid for name") || has("NotValidForName") {
        let names = text.split_once("only valid for ").map_or("other names", |(_, names)| names.trim_end_matches('.'));
        let names = names.split(" (os error").next().unwrap_or(names);
        return Some(format!(
            "its certificate is for another name ({names}); use a name of the certificate in the address"
        ));
    }
    if has("InvalidContentType") || has("corrupt message") {
        return Some("it does not speak TLS there; correct the port, or use an address without TLS".to_owned());
    }
    if has("CertificateRequired") || has("received fatal alert") {
        return Some(
            "it refused the handshake; it may ask for a client certificate, or for another version of TLS".to_owned(),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use rustls::{CertificateError, Error, InvalidMessage};

    use super::*;

    #[test]
    fn errors_of_the_library_have_plain_words() {
        let about = |error: Error| explained(&error.to_string(), "ssl-ca").unwrap();
        assert!(about(Error::InvalidCertificate(CertificateError::UnknownIssuer)).contains("in ssl-ca"));
        assert!(about(Error::InvalidCertificate(CertificateError::Expired)).contains("has expired"));
        assert!(about(Error::InvalidCertificate(CertificateError::NotValidYet)).contains("not valid yet"));
        assert!(about(Error::InvalidCertificate(CertificateError::NotValidForName)).contains("for another name"));
        assert!(about(Error::InvalidMessage(InvalidMessage::InvalidContentType)).contains("does not speak TLS"));
        assert_eq!(explained("connection refused", "ssl-ca"), None);
    }

    #[test]
    fn every_machine_has_authorities() {
        assert!(roots().certificates.len() > 1);
    }
}
