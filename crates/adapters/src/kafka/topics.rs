//! The topics of a broker: what is there, what should be, and making what is missing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use app::topic::{Profile, Wanted};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::RDKafkaErrorCode;

use super::client::{Cluster, Quiet};

const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The topics as they are on a broker.
pub struct Topics {
    client: AdminClient<Quiet>,
    cluster: Cluster,
}

/// A topic with another number of partitions than it should have. Changing it would send keys to other partitions while
/// their earlier events are still in the old ones (trap T7 of the sources).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    pub wanted: Wanted,
    pub partitions: i32,
}

/// What there is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub missing: Vec<Wanted>,
    pub different: Vec<Difference>,
    pub as_wanted: Vec<Wanted>,
}

impl Topics {
    pub fn connect(cluster: &Cluster) -> Result<Topics, String> {
        let client = cluster.admin().create_with_context(Quiet).map_err(told)?;
        Ok(Topics { client, cluster: cluster.clone() })
    }

    /// Every topic that is there, with its partitions.
    pub fn found(&self) -> Result<BTreeMap<String, i32>, String> {
        let metadata = self.client.inner().fetch_metadata(None, PATIENCE).map_err(told)?;
        let count = |partitions: usize| i32::try_from(partitions).unwrap_or(i32::MAX);
        Ok(metadata.topics().iter().map(|topic| (topic.name().to_owned(), count(topic.partitions().len()))).collect())
    }

    /// Compares what is there with a profile.
    pub fn plan(&self, profile: Profile) -> Result<Plan, String> {
        let found = self.found()?;
        let mut plan = Plan::default();
        for wanted in profile.wanted() {
            match found.get(&self.cluster.prefixed(wanted.name)) {
                None => plan.missing.push(wanted),
                Some(partitions) if *partitions != wanted.partitions => {
                    plan.different.push(Difference { wanted, partitions: *partitions });
                }
                Some(_) => plan.as_wanted.push(wanted),
            }
        }
        Ok(plan)
    }

    /// Makes topics; one that somebody else makes at the same time is as good.
    pub async fn make(&self, missing: &[Wanted]) -> Result<(), String> {
        let settings: Vec<[String; 3]> = missing
            .iter()
            .map(|wanted| {
                let retention = i64::from(wanted.retention_days) * 24 * 3_600 * 1_000;
                [self.cluster.prefixed(wanted.name), retention.to_string(), wanted.in_sync_min.to_string()]
            })
            .collect();
        let new = missing.iter().zip(&settings).map(|(wanted, [name, retention, in_sync])| {
            NewTopic::new(name, wanted.partitions, TopicReplication::Fixed(wanted.replicas))
                .set("retention.ms", retention)
                .set("min.insync.replicas", in_sync)
                .set("unclean.leader.election.enable", "false")
        });
        let new: Vec<NewTopic<'_>> = new.collect();
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
        for made in self.client.create_topics(&new, &options).await.map_err(told)? {
            match made {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, error)) => return Err(format!("the topic {name} could not be made: {error}")),
            }
        }
        Ok(())
    }

    /// Makes whatever of a profile is missing, and leaves everything else as it is.
    pub async fn complete(&self, profile: Profile) -> Result<usize, String> {
        let missing = self.plan(profile)?.missing;
        if !missing.is_empty() {
            self.make(&missing).await?;
            self.see(profile).await?;
        }
        Ok(missing.len())
    }

    /// Waits until every broker that is asked knows the topics.
    async fn see(&self, profile: Profile) -> Result<(), String> {
        let started = Instant::now();
        while !self.plan(profile)?.missing.is_empty() {
            if started.elapsed() > PATIENCE {
                return Err("topics were made and are not there".to_owned());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Forgets the shop's topics and everything in them.
    pub async fn delete_all(&self) -> Result<(), String> {
        let is_ours =
            |wanted: &Wanted, found: &BTreeMap<String, i32>| found.contains_key(&self.cluster.prefixed(wanted.name));
        let found = self.found()?;
        let ours = Profile::Local.wanted().into_iter().filter(|wanted| is_ours(wanted, &found));
        let names: Vec<String> = ours.map(|wanted| self.cluster.prefixed(wanted.name)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        for deleted in self.client.delete_topics(&names, &options).await.map_err(told)? {
            deleted.map_err(|(name, error)| format!("the topic {name} could not be deleted: {error}"))?;
        }
        Ok(())
    }
}

fn told(error: rdkafka::error::KafkaError) -> String {
    error.to_string()
}
