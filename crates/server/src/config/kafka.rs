//! Kafka's part of the settings, and which part of the shop a process runs.

use serde::{Deserialize, Serialize};

use super::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicProfile {
    Local,
    Production,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tuning {
    Prompt,
    Throughput,
    Compact,
}

/// Who brings the outbox to Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayBy {
    Builtin,
    Debezium,
    Off,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    pub topics: TopicProfile,
    pub create_topics: bool,
    pub prefix: String,
    pub tuning: Tuning,
    pub relay: RelayBy,
    /// From the environment, as all addresses.
    #[serde(skip)]
    pub(super) brokers: Option<String>,
}

impl Kafka {
    /// Where the brokers are; without them, events do not leave the store.
    pub fn brokers(&self) -> Option<&str> {
        self.brokers.as_deref()
    }

    /// No broker, whatever the environment says.
    pub fn stay_away(&mut self) {
        self.brokers = None;
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let is_allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
        if self.prefix.len() > 100 || !self.prefix.chars().all(is_allowed) {
            return Err(Error::KafkaPrefix);
        }
        Ok(())
    }
}

/// What a process does of the shop's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Roles {
    /// Answers requests.
    pub api: bool,
    /// Takes in events.
    pub worker: bool,
    /// Publishes events.
    pub relay: bool,
}

impl Roles {
    pub const ALL: Roles = Roles { api: true, worker: true, relay: true };
}

impl std::str::FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Roles, String> {
        let mut roles = Roles { api: false, worker: false, relay: false };
        for name in text.split(',') {
            match name.trim() {
                "api" => roles.api = true,
                "worker" => roles.worker = true,
                "relay" => roles.relay = true,
                other => {
                    return Err(format!("{other:?} is no role; there are api, worker and relay, with commas between"));
                }
            }
        }
        Ok(roles)
    }
}

impl TryFrom<String> for Roles {
    type Error = String;

    fn try_from(text: String) -> Result<Roles, String> {
        text.parse()
    }
}

impl From<Roles> for String {
    fn from(roles: Roles) -> String {
        let names = [(roles.api, "api"), (roles.worker, "worker"), (roles.relay, "relay")];
        names.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_survive_their_text() {
        for text in ["api", "worker", "relay", "api,relay", "api,worker,relay"] {
            assert_eq!(String::from(text.parse::<Roles>().unwrap()), text);
        }
        assert_eq!(" relay , api".parse(), Ok(Roles { api: true, worker: false, relay: true }));
        assert!("".parse::<Roles>().is_err());
        assert!("api,boss".parse::<Roles>().unwrap_err().contains("boss"));
    }
}
