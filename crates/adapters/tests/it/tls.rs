//! TLS to servers with real certificates: good ones are accepted, wrong ones refused in words that say what to do.

use std::path::Path;
use std::time::Duration;

use adapters::kafka::{BrokerError, Cluster, KafkaPublisher, Topics};
use adapters::mysql;
use adapters::redis::{self, Identity, Place};
use app::events::topic::{DeadLetterNames, Profile};
use app::log::relay::Publisher as _;
use mysql_async::prelude::Queryable as _;
use xtask::addresses;
use xtask::brokers::Brokers;
use xtask::certificates::{Authority, Fault, Issued};
use xtask::kafka_node::Secured;
use xtask::mariadb_server::MariadbServer;
use xtask::process;
use xtask::redis_server::{RedisServer, wait_until};

use crate::database::runtime;

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// A database server whose certificate can be replaced.
struct Database {
    server: MariadbServer,
    used: Issued,
}

impl Database {
    fn start(test: &str, authority: &Authority) -> Option<Database> {
        let used = authority.issue("mysql", Fault::None);
        let flags = [("cert", &used.certificate), ("key", &used.key), ("ca", &authority.certificate())]
            .map(|(kind, file)| format!("--ssl-{kind}={}", file.display()));
        Some(Database { server: MariadbServer::start_with(test, &flags)?, used })
    }

    fn execute(&self, sql: &str) {
        runtime().block_on(async {
            let mut connection = mysql_async::Conn::from_url(self.server.address()).await.unwrap();
            connection.query_drop(sql).await.unwrap();
            connection.disconnect().await.unwrap();
        });
    }

    fn use_certificate(&self, other: &Issued) {
        std::fs::copy(&other.certificate, &self.used.certificate).unwrap();
        std::fs::copy(&other.key, &self.used.key).unwrap();
        self.execute("FLUSH SSL");
    }

    /// Connects; returns whether the connection is encrypted.
    fn examine(&self, user: &str, parameters: &str) -> Result<bool, String> {
        let url = format!("mysql://{user}@127.0.0.1:{}/information_schema?{parameters}", self.server.port());
        let examined = runtime().block_on(mysql::examine(&url));
        examined.map(|examined| examined.is_encrypted).map_err(|error| error.to_string())
    }
}

#[track_caller]
fn refused<T>(done: Result<T, String>, words: &[&str]) {
    let error = done.err().expect("it is refused");
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
}

#[test]
fn a_database_is_reached_over_tls_and_only_if_it_is_the_right_one() {
    const TEST: &str = "a_database_is_reached_over_tls_and_only_if_it_is_the_right_one";
    const USER: &str = "doorbuster:doorbuster";
    let Some(authority) = Authority::make(TEST) else { return };
    let Some(database) = Database::start(TEST, &authority) else { return };
    let ca = format!("ssl-ca={}", path(&authority.certificate()));
    assert_eq!(database.examine(USER, ""), Ok(false));
    assert_eq!(database.examine(USER, "ssl-mode=REQUIRED"), Ok(true));
    assert_eq!(database.examine(USER, &ca), Ok(true));
    refused(database.examine(USER, "ssl-mode=VERIFY_IDENTITY"), &["authority", "not trusted", "ssl-ca"]);
    let other = Authority::make(TEST).unwrap();
    let other_ca = format!("ssl-ca={}", path(&other.certificate()));
    refused(database.examine(USER, &other_ca), &["authority", "not trusted"]);
    database.execute("CREATE USER certified@'%' IDENTIFIED BY 'x' REQUIRE X509");
    assert!(database.examine("certified:x", &ca).is_err());
    let client = authority.issue("client", Fault::None);
    let identity = format!("{ca}&ssl-cert={}&ssl-key={}", path(&client.certificate), path(&client.key));
    assert_eq!(database.examine("certified:x", &identity), Ok(true));
    database.use_certificate(&authority.issue("expired", Fault::Expired));
    refused(database.examine(USER, &ca), &["has expired", "renew"]);
    database.use_certificate(&authority.issue("elsewhere", Fault::WrongName));
    refused(database.examine(USER, &ca), &["another name", "elsewhere.example"]);
    assert_eq!(database.examine(USER, &format!("{ca}&ssl-server-name=elsewhere.example")), Ok(true));
}

const OPEN: [&str; 2] = ["--tls-auth-clients", "no"];

/// A Redis with TLS on a port of its own.
struct Cache {
    server: RedisServer,
    port: u16,
}

impl Cache {
    fn start(test: &str, authority: &Authority, fault: Fault, more: &[&str]) -> Option<Cache> {
        let [port] = process::lasting_ports().unwrap();
        let issued = authority.issue(&format!("redis-{port}"), fault);
        let [certificate, key, ca] =
            [&issued.certificate, &issued.key, &authority.certificate()].map(|file| path(file));
        let flags = [
            ["--tls-port", &port.to_string()],
            ["--tls-cert-file", &certificate],
            ["--tls-key-file", &key],
            ["--tls-ca-cert-file", &ca],
        ];
        Some(Cache { server: RedisServer::start(test, &[&flags.concat(), more].concat())?, port })
    }

    fn place(&self, ca: Option<&Authority>) -> Place {
        let ca_file = ca.map(Authority::certificate);
        Place { address: format!("rediss://127.0.0.1:{}/", self.port), ca_file, identity: None }
    }
}

fn version(place: &Place) -> Result<String, String> {
    let examined = runtime().block_on(redis::examine(place)).map_err(|error| error.to_string())?;
    Ok(examined.primaries[0].version.clone())
}

#[test]
fn redis_is_reached_over_tls_and_only_if_it_is_the_right_one() {
    const TEST: &str = "redis_is_reached_over_tls_and_only_if_it_is_the_right_one";
    let Some(authority) = Authority::make(TEST) else { return };
    let Some(cache) = Cache::start(TEST, &authority, Fault::None, &OPEN) else { return };
    let (place, host) = (cache.place(Some(&authority)), format!("127.0.0.1:{}", cache.port));
    assert!(!version(&place).unwrap().is_empty());
    let options = redis::Options { place, timeout: Duration::from_secs(5), shop: "tls".to_owned() };
    let opened = redis::Redis::open(options).unwrap();
    wait_until("the connection works", || opened.works());
    refused(version(&cache.place(None)), &[&host, "not trusted", "redis.ca_file"]);
    let other = Authority::make(TEST).unwrap();
    refused(version(&cache.place(Some(&other))), &[&host, "not trusted"]);
    for (fault, word) in [(Fault::Expired, "has expired"), (Fault::WrongName, "elsewhere.example")] {
        let wrong = Cache::start(TEST, &authority, fault, &OPEN).unwrap();
        refused(version(&wrong.place(Some(&authority))), &["127.0.0.1", word]);
    }
    let strict = Cache::start(TEST, &authority, Fault::None, &["--tls-auth-clients", "yes"]).unwrap();
    assert!(version(&strict.place(Some(&authority))).is_err());
    let Issued { certificate: cert_file, key: key_file } = authority.issue("client", Fault::None);
    let identity = Some(Identity { cert_file, key_file });
    assert!(version(&Place { identity, ..strict.place(Some(&authority)) }).is_ok());
}

#[test]
fn nodes_of_a_cluster_are_reached_over_tls_also_those_that_the_cluster_names() {
    const TEST: &str = "nodes_of_a_cluster_are_reached_over_tls_also_those_that_the_cluster_names";
    let Some(authority) = Authority::make(TEST) else { return };
    let flags = [&OPEN[..], &["--cluster-enabled", "yes", "--tls-cluster", "yes"]].concat();
    let Some(cache) = Cache::start(TEST, &authority, Fault::None, &flags) else { return };
    cache.server.say("CLUSTER ADDSLOTSRANGE 0 16383");
    wait_until("the cluster is whole", || cache.server.say("CLUSTER INFO").contains("cluster_state:ok"));
    let over = |authority: &Authority| {
        let place = cache.place(Some(authority));
        Place { address: place.address.replace("rediss://", "rediss+cluster://"), ..place }
    };
    assert!(!version(&over(&authority)).unwrap().is_empty());
    let options = redis::Options { place: over(&authority), timeout: Duration::from_secs(5), shop: "tls".to_owned() };
    let opened = redis::Redis::open(options).unwrap();
    wait_until("the connection works", || opened.works());
    let other = Authority::make(TEST).unwrap();
    refused(version(&over(&other)), &[&format!("127.0.0.1:{}", cache.port), "not trusted", "redis.ca_file"]);
}

#[test]
fn brokers_are_reached_over_tls_with_a_login() {
    const TEST: &str = "brokers_are_reached_over_tls_with_a_login";
    if !cfg!(feature = "kafka-tls") {
        return addresses::skip_without("kafka-tls", TEST);
    }
    let Some(authority) = Authority::make(TEST) else { return };
    let [port] = process::lasting_ports().unwrap();
    let keystore = authority.issue("kafka", Fault::None).joined();
    let secured = Secured { port, keystore, password: "correct".to_owned() };
    let Some(_brokers) = Brokers::start_secured(TEST, &secured) else { return };
    let cluster = |mechanism: &str, password: &str, authority: &Authority| {
        let properties = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanisms", mechanism),
            ("sasl.username", "ann"),
            ("sasl.password", password),
            ("ssl.ca.location", &path(&authority.certificate())),
        ];
        let properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Cluster { brokers: format!("127.0.0.1:{port}"), properties, prefix: "tls.".to_owned(), ..Cluster::default() }
    };
    let wanted = Profile::Local.wanted(DeadLetterNames::Dot);
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        let cluster = cluster(mechanism, "correct", &authority);
        runtime().block_on(Topics::connect(&cluster).unwrap().complete(&wanted)).unwrap();
        let sizes = runtime().block_on(KafkaPublisher::new(cluster, Some(wanted.clone())).sizes()).unwrap();
        assert!(!sizes.is_empty());
    }
    let host = format!("127.0.0.1:{port}");
    // Only other settings help, so a supervisor need not try again.
    let found = |cluster: &Cluster| match Topics::connect(cluster).unwrap().found() {
        Err(BrokerError::Denied(why)) => Err(why),
        other => Ok(other),
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        refused(found(&cluster(mechanism, "wrong", &authority)), &[&host, "the login was refused"]);
    }
    let other = Authority::make(TEST).unwrap();
    refused(found(&cluster("PLAIN", "correct", &other)), &[&host, "cannot be verified", "ssl.ca.location"]);
    let mut plain = cluster("PLAIN", "correct", &authority);
    plain.properties.insert("security.protocol".to_owned(), "SASL_PLAINTEXT".to_owned());
    assert!(Topics::connect(&plain).unwrap().found().is_err());
}
