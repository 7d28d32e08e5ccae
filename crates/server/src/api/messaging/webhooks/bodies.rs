//! Bodies of the webhook endpoints.

use app::webhooks::catalogue::EventType;
use domain::limits::{WEBHOOK_RATE_MAX, WEBHOOK_URL_CHARS_MAX};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::response::shapes;
use crate::api::response::webhook_examples as examples;
use crate::openapi::words;

/// The most characters of a description.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 500;
const SECRET: &str = "^whsec_[A-Za-z0-9+/]{32,86}={0,2}$";

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "CreateWebhook", example = examples::create())]
pub(crate) struct CreateBody {
    /// Where the shop sends to: `https://`, without user name, password and fragment, and reachable from everywhere.
    #[schemars(length(min = 1, max = WEBHOOK_URL_CHARS_MAX))]
    pub(super) url: String,
    #[serde(default)]
    #[schemars(length(max = DESCRIPTION_CHARS_MAX))]
    pub(super) description: Option<String>,
    /// Default: all.
    #[serde(default)]
    #[schemars(with = "Option<Vec<words::HookTypeWord>>")]
    pub(super) event_types: Option<Vec<String>>,
    /// `whsec_` and the base 64 of 24 to 64 bytes. Default: a random one.
    #[serde(default)]
    #[schemars(regex(pattern = SECRET))]
    pub(super) secret: Option<String>,
    /// Whether webhooks about one thing are sent in order, one after the other. Default: `false`.
    #[serde(default)]
    pub(super) ordered: Option<bool>,
    /// The most requests per second; 0: no limit. Default: no limit.
    #[serde(default)]
    #[schemars(range(min = 0, max = WEBHOOK_RATE_MAX))]
    pub(super) rate_per_second: Option<i64>,
}

/// The changes. An absent field is not changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "ChangeWebhook", example = examples::change())]
pub(crate) struct ChangeBody {
    #[serde(default)]
    #[schemars(length(min = 1, max = WEBHOOK_URL_CHARS_MAX))]
    pub(super) url: Option<String>,
    #[serde(default)]
    #[schemars(length(max = DESCRIPTION_CHARS_MAX))]
    pub(super) description: Option<String>,
    /// An empty list means all.
    #[serde(default)]
    #[schemars(with = "Option<Vec<words::HookTypeWord>>")]
    pub(super) event_types: Option<Vec<String>>,
    #[serde(default)]
    #[schemars(with = "Option<words::WebhookStatusWord>")]
    pub(super) status: Option<WantedStatus>,
    /// The most requests per second; 0: no limit.
    #[serde(default)]
    #[schemars(range(min = 0, max = WEBHOOK_RATE_MAX))]
    pub(super) rate_per_second: Option<i64>,
    /// Recorded in the trail.
    #[serde(default)]
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    pub(super) reason: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum WantedStatus {
    Enabled,
    Disabled,
}

impl WantedStatus {
    pub(super) const fn is_enabled(self) -> bool {
        matches!(self, WantedStatus::Enabled)
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RotateWebhookSecret", example = examples::rotate())]
pub(crate) struct RotateBody {
    /// `whsec_` and the base 64 of 24 to 64 bytes. Default: a random one.
    #[serde(default)]
    #[schemars(regex(pattern = SECRET))]
    pub(super) secret: Option<String>,
}

/// An endpoint of another system.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Webhook", example = examples::webhook())]
pub(crate) struct WebhookBody {
    pub(super) webhook_id: i64,
    pub(super) url: String,
    pub(super) description: String,
    /// An empty list means all.
    #[schemars(with = "Vec<words::HookTypeWord>")]
    pub(super) event_types: Vec<String>,
    #[schemars(with = "words::WebhookStatusWord")]
    pub(super) status: &'static str,
    /// Why it is disabled: by an ADMIN, because the receiver is GONE (410), or because it was FAILING for days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::DisabledReasonWord>")]
    pub(super) disabled_reason: Option<&'static str>,
    pub(super) ordered: bool,
    /// Absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate_per_second: Option<i64>,
    #[schemars(with = "words::Moment")]
    pub(super) created_at: String,
}

/// A new endpoint, with its secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CreatedWebhook", example = examples::created())]
pub(crate) struct CreatedBody {
    #[serde(flatten)]
    pub(super) webhook: WebhookBody,
    pub(super) secret: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookSecret", example = examples::secret())]
pub(crate) struct SecretBody {
    pub(super) secret: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RotatedWebhookSecret", example = examples::rotated())]
pub(crate) struct RotatedBody {
    pub(super) secret: String,
    /// The previous secret signs as well until this moment. The moment of the change, if the previous one cannot be read.
    #[schemars(with = "words::Moment")]
    pub(super) previous_valid_until: String,
}

/// A type of event, with the JSON Schema and an example of its `data`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookEventType", example = examples::event_type())]
pub(crate) struct EventTypeBody {
    #[schemars(with = "words::HookTypeWord")]
    event_type: &'static str,
    description: &'static str,
    #[schemars(with = "serde_json::Map<String, Value>")]
    schema: Value,
    #[schemars(with = "serde_json::Map<String, Value>")]
    example: Value,
}

impl EventTypeBody {
    pub(super) fn of(event_type: EventType) -> EventTypeBody {
        EventTypeBody {
            event_type: event_type.name(),
            description: event_type.description(),
            schema: event_type.schema(),
            example: event_type.example(),
        }
    }
}
