//! Settings of the Kafka clients that override `kafka.tuning`.

use std::collections::BTreeSet;

use app::log::reactions::Group;
use serde::{Deserialize, Serialize};

use super::Error;

/// Compression of record batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// As in the tuning profile.
    Tuning,
    None,
    Lz4,
    Snappy,
}

/// Overrides for the relay's client. 0 means as in the tuning profile.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaProducer {
    pub compression: Compression,
    pub linger_ms: u64,
    pub batch_bytes: u64,
    pub buffer_kb: u64,
}

/// Overrides for the clients of consumer groups. 0 means as in the tuning profile.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConsumer {
    pub fetch_min_bytes: u64,
    pub fetch_wait_ms: u64,
    pub poll_max: usize,
    pub members: Members,
    pub names: GroupNames,
}

impl KafkaProducer {
    pub(super) fn check(&self) -> Result<(), Error> {
        at_most("kafka.producer.linger_ms", self.linger_ms, 10_000, "0 to 10000")?;
        at_most("kafka.producer.batch_bytes", self.batch_bytes, 16_777_216, "0 to 16777216")?;
        at_most("kafka.producer.buffer_kb", self.buffer_kb, 2_097_151, "0 to 2097151")
    }
}

impl KafkaConsumer {
    pub(super) fn check(&self) -> Result<(), Error> {
        at_most("kafka.consumer.fetch_min_bytes", self.fetch_min_bytes, 1_048_576, "0 to 1048576")?;
        at_most("kafka.consumer.fetch_wait_ms", self.fetch_wait_ms, 10_000, "0 to 10000")?;
        at_most("kafka.consumer.poll_max", self.poll_max as u64, 10_000, "0 to 10000")?;
        // Two groups with the same name would take each other's events.
        let names: BTreeSet<&str> =
            Group::CARRIED.iter().map(|group| self.name(*group).unwrap_or(group.name())).collect();
        if names.len() < Group::CARRIED.len() { Err(Error::GroupNames) } else { Ok(()) }
    }

    /// Returns the group's name on the brokers, if it differs from its own name.
    pub fn name(&self, group: Group) -> Option<&str> {
        self.names.0.iter().find(|(known, _)| *known == group).map(|(_, name)| name.as_str())
    }

    /// Returns how many members of a group each process runs.
    pub fn members(&self, group: Group) -> usize {
        self.members.0.iter().find(|(known, _)| *known == group).map_or(1, |(_, members)| *members)
    }
}

fn at_most(key: &'static str, given: u64, max: u64, expected: &'static str) -> Result<(), Error> {
    if given > max { Err(Error::OutOfRange { key, given, expected }) } else { Ok(()) }
}

/// Members of a group per process: `order-processing-group=2`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Members(Vec<(Group, usize)>);

/// Names of groups on the brokers: `order-completion-group=ecommerce-group`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupNames(Vec<(Group, String)>);

/// More have no use, because a partition has one reader.
const MEMBERS_MAX: usize = 64;
const NAME_MAX: usize = 100;

/// Parses `group=value` pairs separated by commas, with each group at most once.
fn by_group<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<(Group, T)>, String> {
    let mut all: Vec<(Group, T)> = vec![];
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, what) = part.split_once('=').ok_or_else(|| format!("{part:?} is not of the form group=value"))?;
        let group = Group::from_name(name.trim())
            .filter(|group| !group.is_trailing())
            .ok_or_else(|| format!("{:?} is not a consumer group; `doorbuster groups list` lists them", name.trim()))?;
        if all.iter().any(|(known, _)| *known == group) {
            return Err(format!("{} is given twice", group.name()));
        }
        all.push((group, read(what.trim())?));
    }
    Ok(all)
}

fn text_of<T: ToString>(all: &[(Group, T)]) -> String {
    let parts = all.iter().map(|(group, what)| format!("{}={}", group.name(), what.to_string()));
    parts.collect::<Vec<_>>().join(",")
}

impl TryFrom<String> for Members {
    type Error = String;

    fn try_from(text: String) -> Result<Members, String> {
        let read = |count: &str| {
            let members = count.parse().ok().filter(|members| (1..=MEMBERS_MAX).contains(members));
            members.ok_or_else(|| format!("{count:?}: the number of members must be from 1 to {MEMBERS_MAX}"))
        };
        by_group(&text, read).map(Members)
    }
}

impl From<Members> for String {
    fn from(members: Members) -> String {
        text_of(&members.0)
    }
}

impl TryFrom<String> for GroupNames {
    type Error = String;

    fn try_from(text: String) -> Result<GroupNames, String> {
        let is_allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
        let read = |name: &str| {
            if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(is_allowed) {
                return Err(format!("{name:?}: a name must have 1 to {NAME_MAX} letters, digits, '.', '_' and '-'"));
            }
            Ok(name.to_owned())
        };
        by_group(&text, read).map(GroupNames)
    }
}

impl From<GroupNames> for String {
    fn from(names: GroupNames) -> String {
        text_of(&names.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_names_survive_their_text() {
        for text in ["", "order-processing-group=2,order-retry-group=1"] {
            assert_eq!(String::from(Members::try_from(text.to_owned()).unwrap()), text);
        }
        for text in ["", "order-completion-group=ecommerce-group"] {
            assert_eq!(String::from(GroupNames::try_from(text.to_owned()).unwrap()), text);
        }
        for wrong in ["nobody=1", "stock-deduction-group", "notice-group=0", "notice-group=1,notice-group=2"] {
            assert!(Members::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert!(GroupNames::try_from("notice-group=a b".to_owned()).is_err());
    }
}
