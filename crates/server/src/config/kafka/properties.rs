//! Settings of librdkafka under its own names: `[kafka.properties]`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::{Table, Value};

use crate::config::Error;
use crate::config::kafka::property_keys::flatten;
use crate::system::shown_url;

/// The section's header in the reference.
pub(in crate::config) const HEADER: &str = "[kafka.properties]";

const GUARANTEE: &str = "the shop's guarantees depend on its own value";
/// The settings that only the program sets, each with its reason.
const OWN: [(&str, &str); 22] = [
    ("bootstrap.servers", "KAFKA_BROKERS names the brokers"),
    ("metadata.broker.list", "KAFKA_BROKERS names the brokers"),
    ("group.id", "kafka.consumer.names and kafka.prefix name the groups"),
    ("client.id", "it is the program's name"),
    ("acks", GUARANTEE),
    ("request.required.acks", GUARANTEE),
    ("enable.idempotence", GUARANTEE),
    ("enable.auto.commit", GUARANTEE),
    ("enable.auto.offset.store", GUARANTEE),
    ("auto.offset.reset", GUARANTEE),
    ("partitioner", GUARANTEE),
    ("max.in.flight", GUARANTEE),
    ("max.in.flight.requests.per.connection", GUARANTEE),
    ("message.timeout.ms", GUARANTEE),
    ("delivery.timeout.ms", GUARANTEE),
    ("partition.assignment.strategy", GUARANTEE),
    ("allow.auto.create.topics", GUARANTEE),
    ("transactional.id", GUARANTEE),
    ("group.protocol", GUARANTEE),
    ("group.instance.id", GUARANTEE),
    ("enable.partition.eof", GUARANTEE),
    ("enable.ssl.certificate.verification", "a certificate that is not verified protects from no attacker"),
];

/// The settings, by their names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KafkaProperties(BTreeMap<String, String>);

impl KafkaProperties {
    pub fn all(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Returns whether the brokers are spoken to over TLS.
    pub fn use_tls(&self) -> bool {
        self.0.get("security.protocol").is_some_and(|protocol| protocol.to_lowercase().ends_with("ssl"))
    }

    /// Checks the names in a program that was built with or without TLS to brokers. The library checks the rest.
    pub(in crate::config) fn check(&self, has_tls: bool) -> Result<(), Error> {
        if let Some((name, why)) = OWN.into_iter().find(|(name, _)| self.0.contains_key(*name)) {
            return Err(Error::KafkaProperty { name: name.to_owned(), why });
        }
        let asks_scram = |value: &&String| value.to_uppercase().contains("SCRAM");
        let asked = match self.use_tls() {
            true => self.0.get("security.protocol"),
            false => ["sasl.mechanism", "sasl.mechanisms"].iter().find_map(|name| self.0.get(*name).filter(asks_scram)),
        };
        match asked {
            Some(value) if !has_tls => Err(Error::BuiltWithoutKafkaTls { value: value.clone() }),
            _ => Ok(()),
        }
    }

    fn shown(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), shown_value(name, value)))
    }

    /// Returns the lines of the section, without secrets.
    pub(in crate::config) fn to_toml(&self) -> String {
        self.shown().map(|(name, value)| format!("{name} = {}\n", Value::String(value.into_owned()))).collect()
    }
}

fn shown_value<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    if is_secret(name) { "[redacted]".into() } else { shown_url::of(value) }
}

/// Returns true if a setting's value must not be shown.
fn is_secret(name: &str) -> bool {
    // The name may be misspelt.
    if name.starts_with("sasl.") {
        return !["sasl.username", "sasl.mechanism", "sasl.mechanisms"].contains(&name);
    }
    ["password", "secret", "pem", "jaas", "oauthbearer.config"].iter().any(|part| name.contains(part))
}

impl std::fmt::Debug for KafkaProperties {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.shown()).finish()
    }
}

impl Serialize for KafkaProperties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.shown())
    }
}

impl<'de> Deserialize<'de> for KafkaProperties {
    /// `ssl.ca.location = "…"` is three sections to TOML.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KafkaProperties, D::Error> {
        let mut properties = BTreeMap::new();
        flatten("", Table::deserialize(deserializer)?, &mut properties);
        Ok(KafkaProperties(properties))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DEFAULT_TOML};

    fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, Error> {
        let folder = tempfile(file);
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = Config::load(Some(&folder), variables);
        let _ = std::fs::remove_file(folder);
        config
    }

    fn tempfile(text: &str) -> std::path::PathBuf {
        use std::sync::atomic::{AtomicU32, Ordering};
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("doorbuster-properties-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn names_of_the_library_are_passed_on_from_a_file_and_the_environment() {
        let file = "[kafka.properties]\nsecurity.protocol = \"SASL_PLAINTEXT\"\n\"sasl.username\" = \"ann\"\nsocket.timeout.ms = 9000\n";
        let given = [
            ("DOORBUSTER__KAFKA__PROPERTIES__SASL_PASSWORD", "hush"),
            ("DOORBUSTER__KAFKA__PROPERTIES__SASL_USERNAME", "bob"),
        ];
        let config = load(file, &given).unwrap();
        let all: Vec<(&str, &str)> =
            config.kafka.properties.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("sasl.password", "hush"),
            ("sasl.username", "bob"),
            ("security.protocol", "SASL_PLAINTEXT"),
            ("socket.timeout.ms", "9000"),
        ];
        assert_eq!(all, expected);
        for shown in [config.to_toml(), config.to_json().to_string(), format!("{config:?}")] {
            assert!(shown.contains("bob") && !shown.contains("hush"), "{shown}");
        }
        // The printed text is a valid file of settings.
        assert!(load(&config.to_toml(), &[]).is_ok());
        assert!(DEFAULT_TOML.contains(HEADER));
    }

    #[test]
    fn guarantees_cannot_be_set() {
        for name in ["acks", "enable.auto.commit", "bootstrap.servers", "enable.ssl.certificate.verification"] {
            let error = load(&format!("[kafka.properties]\n{name} = \"0\"\n"), &[]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_program_without_tls_says_so() {
        let properties = |name: &str, value: &str| KafkaProperties([(name.to_owned(), value.to_owned())].into());
        for asked in [properties("security.protocol", "sasl_ssl"), properties("sasl.mechanism", "SCRAM-SHA-256")] {
            assert!(asked.check(false).unwrap_err().to_string().contains("kafka-tls"));
            assert!(asked.check(true).is_ok());
        }
        assert!(properties("sasl.mechanism", "PLAIN").check(false).is_ok());
    }
}
