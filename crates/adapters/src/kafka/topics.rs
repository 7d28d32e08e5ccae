//! The topics of a broker: listing them, comparing them with the wanted ones, and creating missing ones.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use app::events::topic::{Profile, Spread, Topic, Wanted};
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::error::RDKafkaErrorCode;

use super::client::Quiet;
use super::cluster::Cluster;
use super::plan::{BrokerError, Difference, Plan};
use super::refusal;

pub(super) const PATIENCE: Duration = Duration::from_secs(5);
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// The topics on a broker.
pub struct Topics {
    pub(super) client: AdminClient<Quiet>,
    pub(super) cluster: Cluster,
}

impl Topics {
    pub fn connect(cluster: &Cluster) -> Result<Topics, BrokerError> {
        let client = cluster.admin().create_with_context(Quiet).map_err(refusal::of_call)?;
        Ok(Topics { client, cluster: cluster.clone() })
    }

    /// Returns every topic of the broker with its number of partitions.
    pub fn found(&self) -> Result<BTreeMap<String, i32>, BrokerError> {
        let asked = self.client.inner().fetch_metadata(None, PATIENCE);
        let metadata = asked.map_err(|error| refusal::of(&error, &self.cluster))?;
        let count = |partitions: usize| i32::try_from(partitions).unwrap_or(i32::MAX);
        Ok(metadata.topics().iter().map(|topic| (topic.name().to_owned(), count(topic.partitions().len()))).collect())
    }

    /// Returns the number of partitions of the shop's topics; missing topics are left out.
    pub fn sizes(&self) -> Result<Spread, BrokerError> {
        let found = self.found()?;
        let size = |topic: &Topic| Some((*topic, *found.get(&self.cluster.prefixed(topic.name()))?));
        Ok(Topic::ALL.iter().filter_map(size).collect())
    }

    /// Compares the topics on the broker, and over how many partitions keys are spread, with the wanted ones.
    pub fn plan(&self, wanted: &[Wanted], spread: &Spread) -> Result<Plan, BrokerError> {
        let found = self.found()?;
        let mut plan = Plan::default();
        for wanted in wanted.iter().copied() {
            let pinned = spread.get(&wanted.topic).copied().filter(|_| !wanted.is_of_dead_letters());
            let Some(found) = found.get(&self.cluster.prefixed(wanted.name)).copied() else {
                plan.missing.push(Wanted { partitions: pinned.unwrap_or(0).max(wanted.partitions), ..wanted });
                continue;
            };
            let spread = pinned.unwrap_or(found);
            let difference = Difference { wanted, spread, found };
            if found < spread {
                plan.short.push(difference);
            }
            // Additional partitions of dead letters do no harm.
            if spread == wanted.partitions || wanted.is_of_dead_letters() && found > wanted.partitions {
                plan.as_wanted.push(wanted);
            } else {
                plan.different.push(difference);
            }
        }
        Ok(plan)
    }

    /// Adds partitions to topics up to the given numbers; topics that have as many are left alone. New partitions are
    /// unused until a repartition.
    pub async fn grow(&self, sizes: &[(&str, i32)]) -> Result<(), BrokerError> {
        let found = self.found()?;
        let named = sizes.iter().map(|(name, partitions)| (self.cluster.prefixed(name), *partitions));
        let is_short = |(name, partitions): &(String, i32)| found.get(name).is_some_and(|found| found < partitions);
        let short: Vec<(String, i32)> = named.filter(is_short).collect();
        let more = |(name, partitions): &'_ (String, i32)| (name.clone(), usize::try_from(*partitions).unwrap_or(0));
        let counts: Vec<(String, usize)> = short.iter().map(more).collect();
        let new: Vec<NewPartitions<'_>> = counts.iter().map(|(name, count)| NewPartitions::new(name, *count)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
        for grown in self.client.create_partitions(&new, &options).await.map_err(refusal::of_call)? {
            grown.map_err(|(name, code)| refusal::of_topic("adding partitions to", &name, code))?;
        }
        self.until("added partitions are not visible on the broker", |found| {
            short.iter().all(|(name, partitions)| found.get(name).is_some_and(|found| found >= partitions))
        })
        .await
    }

    /// Creates topics; topics that another process creates at the same time are accepted.
    pub async fn make(&self, missing: &[Wanted]) -> Result<(), BrokerError> {
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
        for made in self.client.create_topics(&new, &options).await.map_err(refusal::of_call)? {
            match made {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => return Err(refusal::of_topic("creating", &name, code)),
            }
        }
        Ok(())
    }

    /// Creates the missing ones among these topics; existing ones are left alone. Returns how many were created.
    pub async fn complete(&self, wanted: &[Wanted]) -> Result<usize, BrokerError> {
        let missing = self.plan(wanted, &Spread::new())?.missing;
        if !missing.is_empty() {
            self.make(&missing).await?;
            self.until("created topics are not visible on the broker", |found| {
                missing.iter().all(|wanted| found.contains_key(&self.cluster.prefixed(wanted.name)))
            })
            .await?;
        }
        Ok(missing.len())
    }

    /// Waits until the broker's metadata satisfies the condition.
    async fn until(&self, otherwise: &str, is_so: impl Fn(&BTreeMap<String, i32>) -> bool) -> Result<(), BrokerError> {
        let started = Instant::now();
        while !is_so(&self.found()?) {
            if started.elapsed() > PATIENCE {
                return Err(BrokerError::Failed(otherwise.to_owned()));
            }
            tokio::time::sleep(CHECK_EVERY).await;
        }
        Ok(())
    }

    /// Deletes the shop's topics with all their records.
    pub async fn delete_all(&self) -> Result<(), BrokerError> {
        let is_ours =
            |wanted: &Wanted, found: &BTreeMap<String, i32>| found.contains_key(&self.cluster.prefixed(wanted.name));
        let found = self.found()?;
        let ours =
            Profile::Local.wanted(self.cluster.dead_letters).into_iter().filter(|wanted| is_ours(wanted, &found));
        let names: Vec<String> = ours.map(|wanted| self.cluster.prefixed(wanted.name)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        for deleted in self.client.delete_topics(&names, &options).await.map_err(refusal::of_call)? {
            deleted.map_err(|(name, code)| refusal::of_topic("deleting", &name, code))?;
        }
        Ok(())
    }
}
