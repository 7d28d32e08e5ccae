//! Bodies of the endpoints of deliveries.

use std::sync::LazyLock;

use app::events::wire_time;
use domain::webhook::{Attempt, DeliveryKey, State};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};

use crate::api::response::webhook_examples as examples;
use crate::openapi::words;

/// Returns the id of a delivery: its endpoint's and its own number.
pub(in crate::api::messaging) fn id(key: DeliveryKey) -> String {
    format!("{}-{}", key.webhook.0, key.number)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveriesQuery {
    /// Only deliveries with this status.
    #[serde(default)]
    #[schemars(with = "Option<words::DeliveryStatusWord>")]
    pub(super) status: Option<StateName>,
    /// Only deliveries of this type of event.
    #[serde(default)]
    pub(super) event_type: Option<String>,
    /// Only deliveries created at this time or later. In a query, write the `+` of a time-zone offset as `%2B`.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    pub(super) from: Option<String>,
    /// Only deliveries created before this time.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    pub(super) to: Option<String>,
}

/// A state by its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct StateName(pub(super) State);

impl<'de> Deserialize<'de> for StateName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StateName, D::Error> {
        static NAMES: LazyLock<[&'static str; State::ALL.len()]> = LazyLock::new(|| State::ALL.map(State::name));
        let name = String::deserialize(deserializer)?;
        State::from_name(&name).map(StateName).ok_or_else(|| D::Error::unknown_variant("", &*NAMES))
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "TestWebhook", example = examples::test())]
pub(crate) struct TestBody {
    /// The type of the example that is sent. Default: `webhook.test`.
    #[serde(default)]
    #[schemars(with = "Option<words::HookTypeWord>")]
    pub(super) event_type: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RecoverWebhook", example = examples::recover())]
pub(crate) struct RecoverBody {
    /// Dead letters created at this time or later are sent again.
    #[schemars(with = "words::Moment")]
    pub(super) since: String,
    /// Dead letters created before this time. Default: now.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    pub(super) until: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "ReplayWebhook", example = examples::replay())]
pub(crate) struct ReplayBody {
    /// Events that happened at this time or later are sent.
    #[schemars(with = "words::Moment")]
    pub(super) since: String,
    /// Events that happened before this time. Default: now.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    pub(super) until: Option<String>,
    /// Default: all that the endpoint subscribes to.
    #[serde(default)]
    #[schemars(with = "Option<Vec<words::HookTypeWord>>")]
    pub(super) event_types: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ScheduledDelivery", example = examples::scheduled_delivery())]
pub(crate) struct TestedBody {
    pub(super) delivery_id: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ResentDeliveries", example = examples::resent())]
pub(crate) struct ResentBody {
    /// The number of deliveries that are sent again.
    pub(super) resent: i64,
    /// The number of dead letters that cannot be sent again, because their events are in the archive. Absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) archived: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReplayedEvents", example = examples::scheduled())]
pub(crate) struct ScheduledBody {
    /// The number of deliveries that are sent, or sent again.
    pub(super) scheduled: i64,
}

/// One event for one endpoint.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookDelivery", example = examples::delivery())]
pub(crate) struct DeliveryBody {
    pub(super) delivery_id: String,
    /// The `webhook-id` of every attempt.
    pub(super) event_id: String,
    #[schemars(with = "words::HookTypeWord")]
    pub(super) event_type: String,
    #[schemars(with = "words::DeliveryStatusWord")]
    pub(super) status: &'static str,
    pub(super) attempts: i64,
    /// Absent if no attempt is scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    pub(super) next_attempt_at: Option<String>,
    /// Absent if the last attempt had no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_response_status: Option<i64>,
    #[schemars(with = "words::Moment")]
    pub(super) created_at: String,
}

/// A delivery with its body and its attempts.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookDeliveryDetail", example = examples::detail())]
pub(crate) struct DetailBody {
    #[serde(flatten)]
    pub(super) delivery: DeliveryBody,
    /// The body that is sent. Absent if its event is no longer in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) payload: Option<Map<String, Value>>,
    /// The latest attempts that ended, oldest first.
    pub(super) attempt_log: Vec<AttemptBody>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookAttempt")]
pub(crate) struct AttemptBody {
    #[schemars(with = "words::Moment")]
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_status: Option<i64>,
    /// Its first kilobyte.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body: Option<String>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    duration_ms: i64,
}

pub(super) fn attempt(attempt: &Attempt) -> AttemptBody {
    AttemptBody {
        at: wire_time::format(attempt.at),
        response_status: attempt.response_status,
        response_body: attempt.response_body.as_ref().map(ToString::to_string),
        error: attempt.error.as_ref().map(ToString::to_string),
        duration_ms: attempt.duration_ms,
    }
}
