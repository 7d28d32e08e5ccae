//! Certificates of a test, made by the program `openssl`: an authority, and what it issues.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::addresses::note_skip;
use crate::own_process::OwnFolder;
use crate::process;

/// An authority in a folder of its own, which is deleted with it.
pub struct Authority {
    folder: OwnFolder,
}

/// A certificate and its key, as PEM.
#[derive(Clone, Debug)]
pub struct Issued {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The fault of a certificate that is issued for this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    Expired,
    /// It is for `elsewhere.example`.
    WrongName,
}

const SETTINGS: &str = "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\nunique_subject=no\n\
                        [any]\ncommonName=supplied\n[req]\ndistinguished_name=name\n[name]\n[authority]\nbasicConstraints=critical,CA:TRUE\n\
                        keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
const HERE: &str = "DNS:localhost,IP:127.0.0.1";
const NEW_KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

impl Authority {
    /// Makes an authority; `None`, with a recorded skip, where `openssl` is not installed.
    ///
    /// # Panics
    /// The program fails.
    pub fn make(test: &str) -> Option<Authority> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static MADE: AtomicU32 = AtomicU32::new(0);
        if process::installed(&["openssl"]).is_none() {
            note_skip(&format!("{test}: no openssl"));
            return None;
        }
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = OwnFolder::make(&format!("certificates-{}-{number}", std::process::id()));
        let authority = Authority { folder };
        authority.write("settings", SETTINGS);
        authority.write("index.txt", "");
        let own = ["-x509", "-days", "2", "-subj", "/CN=Authority of a test", "-extensions", "authority"];
        authority.request(&own, "ca.key", "ca.pem");
        Some(authority)
    }

    /// Returns its certificate.
    pub fn certificate(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// Issues a certificate for servers and clients.
    ///
    /// # Panics
    /// The program fails.
    pub fn issue(&self, name: &str, fault: Fault) -> Issued {
        let [key, request, certificate, extension] = ["key", "csr", "pem", "ext"].map(|kind| format!("{name}.{kind}"));
        let names = if fault == Fault::WrongName { "DNS:elsewhere.example" } else { HERE };
        self.write(&extension, &format!("subjectAltName={names}\nbasicConstraints=CA:FALSE\n"));
        self.request(&["-subj", &format!("/CN={name}")], &key, &request);
        let mut issue = self.openssl("ca");
        issue.args(["-batch", "-rand_serial", "-cert", "ca.pem", "-keyfile", "ca.key", "-notext"]);
        issue.args(["-in", &request, "-out", &certificate, "-extfile", &extension]);
        match fault {
            Fault::Expired => issue.args(["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"]),
            Fault::None | Fault::WrongName => issue.args(["-days", "2"]),
        };
        process::run(&mut issue).expect("a certificate can be issued");
        Issued { certificate: self.path(&certificate), key: self.path(&key) }
    }

    fn request(&self, arguments: &[&str], key: &str, out: &str) {
        let mut request = self.openssl("req");
        request.args(NEW_KEY).args(arguments).args(["-keyout", key, "-out", out]);
        process::run(&mut request).expect("a key can be made");
    }

    fn openssl(&self, command: &str) -> Command {
        let mut openssl = Command::new("openssl");
        openssl.arg(command).args(["-config", "settings"]).current_dir(&self.folder.0);
        openssl
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the folder can be written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }
}

impl Issued {
    /// Writes key and certificate into one file, as Kafka reads them.
    ///
    /// # Panics
    /// The file cannot be written.
    pub fn joined(&self) -> PathBuf {
        let read = |path: &Path| std::fs::read_to_string(path).expect("it was written");
        let path = self.key.with_extension("joined.pem");
        std::fs::write(&path, read(&self.key) + &read(&self.certificate)).expect("the folder can be written");
        path
    }
}
