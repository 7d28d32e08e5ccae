//! OpenAPI texts: webhooks.

use crate::api::messaging::webhooks::CreatedBody;
use crate::api::messaging::webhooks::deliveries::{ResentBody, ScheduledBody, TestedBody};
use crate::http::Code;
use crate::openapi::{Answer, Link, Operation, Tag};

pub(in crate::api) fn create() -> Operation {
    let id = "$response.body#/webhookId";
    let created = Answer::json::<CreatedBody>(201, "The endpoint, with its secret.")
        .link(Link::new("webhook", "getWebhook", "id", id))
        .link(Link::new("change", "changeWebhook", "id", id))
        .link(Link::new("test", "testWebhook", "id", id));
    Operation::new(Tag::Administration, "createWebhook", "Create a webhook endpoint")
        .paragraph("Every later event of the chosen types is sent there as a signed POST, after Standard Webhooks. \
             A failed attempt is repeated; the `webhook-id` stays the same. The secret is shown here and by `getWebhookSecret` only.")
        .answers(created)
}

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Administration, "listWebhooks", "List webhook endpoints")
        .paragraph("Deleted endpoints are not listed.")
        .returns("A page of endpoints.")
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Administration, "getWebhook", "Get a webhook endpoint")
        .paragraph("Without its secret, which `getWebhookSecret` returns.")
        .returns("The endpoint.")
}

pub(in crate::api) fn change() -> Operation {
    Operation::new(Tag::Administration, "changeWebhook", "Change a webhook endpoint")
        .paragraph("An absent field is not changed. A disabled endpoint gets nothing; what was due is sent when it is enabled again, \
             and events of the time between can be replayed.")
        .returns("The changed endpoint.")
}

pub(in crate::api) fn remove() -> Operation {
    Operation::new(Tag::Administration, "deleteWebhook", "Delete a webhook endpoint")
        .paragraph("Nothing is sent to it any more, also not what was due or failed before.")
        .answers(Answer::new(204, "The endpoint is deleted."))
}

pub(in crate::api) fn secret() -> Operation {
    Operation::new(Tag::Administration, "getWebhookSecret", "Get the secret of a webhook endpoint")
        .paragraph("The receiver verifies signatures with it.")
        .returns("The newest secret.")
}

pub(in crate::api) fn rotate() -> Operation {
    Operation::new(Tag::Administration, "rotateWebhookSecret", "Replace the secret of a webhook endpoint")
        .paragraph("Both secrets sign for 24 hours, so that the receiver can be changed meanwhile.")
        .returns("The new secret.")
}

pub(in crate::api) fn test() -> Operation {
    Operation::new(Tag::Administration, "testWebhook", "Send a test to a webhook endpoint")
        .paragraph("Sends an example, whatever the endpoint subscribes to.")
        .answers(Answer::json::<TestedBody>(202, "The delivery is scheduled."))
}

pub(in crate::api) fn list_deliveries() -> Operation {
    Operation::new(Tag::Administration, "listWebhookDeliveries", "List the deliveries of a webhook endpoint")
        .paragraph(
            "PENDING is due, IN_PROGRESS is being sent, COMPLETED was answered with 2xx, FAILED is tried again, and \
             DEAD_LETTER is not tried again by itself.",
        )
        .returns("A page of deliveries, newest first.")
}

pub(in crate::api) fn get_delivery() -> Operation {
    Operation::new(Tag::Administration, "getWebhookDelivery", "Get a delivery with its attempts")
        .paragraph("`attemptLog` has the first kilobyte of each response.")
        .returns("The delivery, its body, and its latest attempts.")
}

pub(in crate::api) fn resend() -> Operation {
    Operation::new(Tag::Administration, "resendWebhookDelivery", "Send a delivery again")
        .paragraph("Under the same `webhook-id`, whatever became of it before.")
        .refuses([Code::HistoryArchived])
        .answers(Answer::json::<TestedBody>(202, "The delivery is scheduled."))
}

pub(in crate::api) fn recover() -> Operation {
    Operation::new(Tag::Administration, "recoverWebhook", "Send dead deliveries again")
        .paragraph(
            "Every dead letter that was created in the span is sent again, under its own `webhook-id`. Those whose event is in the \
             archive are left out and counted; if there are no others, the request is refused.",
        )
        .answers(Answer::json::<ResentBody>(202, "The deliveries are scheduled."))
        .refuses([Code::WebhookDeliveryNotFound, Code::HistoryArchived])
}

pub(in crate::api) fn replay() -> Operation {
    Operation::new(Tag::Administration, "replayWebhook", "Send events of the past")
        .paragraph(
            "Every event of the span that the endpoint subscribes to now is sent, or sent again, under its own id.",
        )
        .answers(Answer::json::<ScheduledBody>(202, "The deliveries are scheduled."))
        .refuses([Code::WebhookDeliveryNotFound])
}

pub(in crate::api) fn event_types() -> Operation {
    Operation::new(Tag::Administration, "listWebhookEventTypes", "List the types of events")
        .paragraph("Each with the JSON Schema and an example of its `data`.")
        .returns("Every type.")
}
