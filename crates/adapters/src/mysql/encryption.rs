//! The database's address, and TLS of its connections as the parameters of the address say.

use std::path::Path;

use mysql_async::{ClientIdentity, Opts, OptsBuilder, SslOpts, UrlError};
use reqwest::Url;

use crate::tls;

const NOT_AN_ADDRESS: &str = "it is not a mysql:// address";

#[derive(Default)]
struct Parameters {
    mode: Option<String>,
    ca: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    server_name: Option<String>,
}

/// Parses an address such as `mysql://user:password@host:3306/doorbuster?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/ca.pem`. The
/// parameters are those of MySQL's own clients; `ssl-server-name` is the name in the certificate, if the address has another.
///
/// # Errors
///
/// If the address or one of the files is invalid. The text never has the password.
pub(super) fn options(url: &str) -> Result<Opts, String> {
    let mut url = Url::parse(url).map_err(|_| NOT_AN_ADDRESS.to_owned())?;
    if url.scheme() == "mysql" && url.host_str().is_none_or(str::is_empty) {
        return Err("it names no host".to_owned());
    }
    let (parameters, others) = split(&url);
    url.set_query(None);
    if !others.is_empty() {
        url.query_pairs_mut().extend_pairs(others);
    }
    let opts = Opts::from_url(url.as_str()).map_err(refused)?;
    match parameters.tls()? {
        Some(ssl) => Ok(OptsBuilder::from_opts(opts).ssl_opts(ssl).into()),
        None => Ok(opts),
    }
}

/// The library's other errors may quote the address with its password.
fn refused(error: UrlError) -> String {
    if let UrlError::UnknownParameter { param } = error {
        return format!(
            "its parameter {param} is not known; TLS has ssl-mode, ssl-ca, ssl-cert, ssl-key and ssl-server-name"
        );
    }
    NOT_AN_ADDRESS.to_owned()
}

fn split(url: &Url) -> (Parameters, Vec<(String, String)>) {
    let (mut parameters, mut others) = (Parameters::default(), vec![]);
    for (key, value) in url.query_pairs() {
        let place = match key.replace('_', "-").as_str() {
            "ssl-mode" => &mut parameters.mode,
            "ssl-ca" => &mut parameters.ca,
            "ssl-cert" => &mut parameters.certificate,
            "ssl-key" => &mut parameters.key,
            "ssl-server-name" => &mut parameters.server_name,
            _ => {
                others.push((key.into_owned(), value.into_owned()));
                continue;
            }
        };
        *place = Some(value.into_owned());
    }
    (parameters, others)
}

impl Parameters {
    fn tls(&self) -> Result<Option<SslOpts>, String> {
        let has_others =
            [&self.ca, &self.certificate, &self.key, &self.server_name].iter().any(|given| given.is_some());
        // A file of an authority without a mode can only mean that the server is to be verified.
        let default = if has_others { "VERIFY_IDENTITY" } else { "DISABLED" };
        let mode = self.mode.as_deref().unwrap_or(default).to_uppercase().replace('-', "_");
        let is_verified = match mode.as_str() {
            "DISABLED" if has_others => {
                return Err("ssl-mode=DISABLED contradicts the other ssl- parameters".to_owned());
            }
            "DISABLED" => return Ok(None),
            "REQUIRED" => false,
            "VERIFY_IDENTITY" => true,
            "VERIFY_CA" => {
                return Err(
                    "ssl-mode=VERIFY_CA accepts any server of the authority; use VERIFY_IDENTITY, with ssl-server-name=… \
                     if the certificate has another name than the address"
                        .to_owned(),
                );
            }
            "PREFERRED" => {
                return Err(
                    "ssl-mode=PREFERRED can be switched off by an attacker; use REQUIRED or VERIFY_IDENTITY".to_owned()
                );
            }
            _ => return Err("ssl-mode must be DISABLED, REQUIRED or VERIFY_IDENTITY".to_owned()),
        };
        tls::install_provider();
        let ssl = SslOpts::default()
            .with_disable_built_in_roots(true)
            .with_root_certs(self.roots()?.into_iter().map(Into::into).collect())
            .with_danger_accept_invalid_certs(!is_verified)
            .with_danger_tls_hostname_override(self.server_name.clone())
            .with_client_identity(self.identity()?);
        Ok(Some(ssl))
    }

    fn roots(&self) -> Result<Vec<Vec<u8>>, String> {
        match &self.ca {
            Some(path) => Ok(vec![read("ssl-ca", path)?]),
            None => Ok(tls::roots().certificates.iter().map(|root| root.to_vec()).collect()),
        }
    }

    fn identity(&self) -> Result<Option<ClientIdentity>, String> {
        match (&self.certificate, &self.key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => {
                let (certificate, key) = (read("ssl-cert", certificate)?, read("ssl-key", key)?);
                Ok(Some(ClientIdentity::new(certificate.into(), key.into())))
            }
            _ => Err("a client certificate needs both ssl-cert and ssl-key".to_owned()),
        }
    }
}

/// Reads a file now, so that a wrong path is reported as such.
fn read(parameter: &str, path: &str) -> Result<Vec<u8>, String> {
    let read = std::fs::read(Path::new(path));
    read.map_err(|error| format!("{parameter}={path} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "mysql://ann:p%3Fw@db.example:3307/shop";

    fn ssl(query: &str) -> Option<SslOpts> {
        options(&format!("{PLAIN}{query}")).unwrap().ssl_opts().cloned()
    }

    #[test]
    fn an_address_says_how_its_server_is_verified() {
        assert_eq!((ssl(""), ssl("?ssl-mode=disabled")), (None, None));
        let required = ssl("?ssl-mode=REQUIRED").unwrap();
        assert!(required.accept_invalid_certs());
        let verified = ssl("?ssl_mode=verify-identity&ssl-server-name=db").unwrap();
        assert!(!verified.accept_invalid_certs() && !verified.skip_domain_validation());
        assert_eq!(verified.tls_hostname_override(), Some("db"));
        assert!(verified.root_certs().len() > 1 && verified.disable_built_in_roots());
        let opts = options(&format!("{PLAIN}?ssl-mode=required")).unwrap();
        assert_eq!((opts.ip_or_hostname(), opts.tcp_port(), opts.pass()), ("db.example", 3307, Some("p?w")));
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (query, named) in [
            ("?ssl-mode=maybe", "must be DISABLED"),
            ("?ssl-mode=VERIFY_CA", "ssl-server-name"),
            ("?ssl-mode=PREFERRED", "REQUIRED"),
            ("?ssl-mode=DISABLED&ssl-ca=/nowhere", "contradicts"),
            ("?ssl-ca=/nowhere/ca.pem", "ssl-ca=/nowhere/ca.pem cannot be read"),
            ("?ssl-mode=REQUIRED&ssl-cert=/nowhere", "both ssl-cert and ssl-key"),
            ("?sslmode=require", "its parameter sslmode is not known"),
        ] {
            let error = options(&format!("{PLAIN}{query}")).unwrap_err();
            assert!(error.contains(named), "{query}: {error}");
            assert!(!error.contains("p%3Fw") && !error.contains("p?w"), "{error}");
        }
        assert_eq!(options("postgres:/x").unwrap_err(), NOT_AN_ADDRESS);
    }
}
