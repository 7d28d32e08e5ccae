//! Topics, and their partitions on the brokers.

use app::events::topic::Topic;
use app::log::groups::Extent;
use app::log::reactions::Group;
use app::state::settings::Executor;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::Shop;
use crate::api::request::pages::PageQuery;
use crate::api::response::examples;
use crate::api::response::refusals::unavailable;
use crate::api::response::render::Page;
use crate::http::Problem;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::openapi::words;

/// The topics of the shop.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Topics", example = examples::topics())]
pub(crate) struct TopicsBody {
    #[schemars(with = "words::CarrierWord")]
    carrier: &'static str,
    data: Vec<TopicBody>,
    /// The `cursor` of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = examples::CURSOR)]
    next_cursor: Option<String>,
}

/// A topic.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TopicState")]
pub(crate) struct TopicBody {
    #[schemars(with = "words::TopicWord")]
    pub(crate) topic: &'static str,
    /// The key of its records. Records with one key are in order.
    pub(crate) keyed_by: &'static str,
    /// What its records are about.
    pub(crate) carries: &'static str,
    /// The consumer groups that read it.
    pub(crate) groups: Vec<&'static str>,
    pub(crate) partitions: Vec<TopicPartitionBody>,
}

/// A partition of a topic on the brokers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TopicPartition")]
pub(crate) struct TopicPartitionBody {
    pub(crate) partition: i32,
    /// The first offset that still exists.
    pub(crate) begin: i64,
    /// The offset after the last record.
    pub(crate) end: i64,
}

impl TopicBody {
    fn new(topic: Topic, readers: &[Group], extents: &[Extent]) -> TopicBody {
        let of_topic = extents.iter().filter(|extent| extent.partition.topic == Some(topic));
        let partition = |extent: &Extent| TopicPartitionBody {
            partition: extent.partition.number,
            begin: extent.begin,
            end: extent.end,
        };
        TopicBody {
            topic: topic.name(),
            keyed_by: topic.keyed_by().name(),
            carries: topic.carries(),
            groups: readers.iter().filter(|group| group.topics().contains(&topic)).map(|group| group.name()).collect(),
            partitions: of_topic.map(partition).collect(),
        }
    }

    /// Returns the number of records that it still has.
    pub(crate) fn records(&self) -> i64 {
        self.partitions.iter().map(|partition| (partition.end - partition.begin).max(0)).sum()
    }
}

/// Returns every topic. Where reactions run inline, no group reads any.
pub(crate) async fn all(shop: &Shop) -> Result<Vec<TopicBody>, Problem> {
    let extents = shop.log.book.topics().await.map_err(unavailable)?;
    let readers = if shop.log.carrier.executor() == Executor::Inline { &[] } else { Group::CARRIED };
    Ok(Topic::ALL.iter().map(|topic| TopicBody::new(*topic, readers, &extents)).collect())
}

/// `GET /api/admin/topics`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<TopicsBody>, Problem> {
    let list = List { name: "admin/topics", owner: None, filter: "" };
    let Page { data, next_cursor } = query.part(&shop, list, all(&shop).await?)?;
    Ok(Json(TopicsBody { carrier: shop.log.carrier.name(), data, next_cursor }))
}
