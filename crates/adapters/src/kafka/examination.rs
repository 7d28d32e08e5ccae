//! Reads the state of topics for `doorbuster doctor`.

use app::events::topic::Wanted;
use rdkafka::admin::{AdminOptions, ResourceSpecifier};

use super::plan::{BrokerError, ExaminedTopic};
use super::refusal;
use super::topics::{PATIENCE, Topics};

impl Topics {
    /// Returns the state of each of these topics that exists.
    pub async fn examine(&self, wanted: &[Wanted]) -> Result<Vec<ExaminedTopic>, BrokerError> {
        let names: Vec<String> = wanted.iter().map(|wanted| self.cluster.prefixed(wanted.name)).collect();
        let asked = self.client.inner().fetch_metadata(None, PATIENCE);
        let metadata = asked.map_err(|error| refusal::of(&error, &self.cluster))?;
        let mut examined: Vec<ExaminedTopic> = vec![];
        for topic in metadata.topics().iter().filter(|topic| names.iter().any(|name| name == topic.name())) {
            let partitions = topic.partitions();
            examined.push(ExaminedTopic {
                name: topic.name().to_owned(),
                partitions: partitions.len(),
                replicas: partitions.iter().map(|partition| partition.replicas().len()).min().unwrap_or_default(),
                in_sync: partitions.iter().map(|partition| partition.isr().len()).min().unwrap_or_default(),
                in_sync_min: 1,
            });
        }
        // The client refuses to ask about nothing.
        if examined.is_empty() {
            return Ok(examined);
        }
        let specifiers: Vec<ResourceSpecifier<'_>> =
            examined.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
        let options = AdminOptions::new().request_timeout(Some(PATIENCE));
        let configs = self.client.describe_configs(&specifiers, &options).await.map_err(refusal::of_call)?;
        for (topic, config) in examined.iter_mut().zip(configs) {
            let config = config.map_err(|error| format!("describing the topic {} failed: {error}", topic.name))?;
            let set = config.get("min.insync.replicas").and_then(|entry| entry.value.as_deref()?.parse().ok());
            topic.in_sync_min = set.unwrap_or(1);
        }
        Ok(examined)
    }
}
