//! Webhook endpoints, and then their deliveries.

use app::audit::WebhookFact;
use domain::time::Timestamp;
use domain::webhook::{Delivery, Endpoint};

use super::{Source, Stream};
use crate::selects::{select_delivery, select_webhook};

pub(crate) const ENDPOINTS: Source =
    Source { select: select_webhook!("ORDER BY webhook_id"), table: "webhook", key_column: 0 };
pub(crate) const DELIVERIES: Source =
    Source { select: select_delivery!("ORDER BY webhook_id, number"), table: "webhook_delivery", key_column: 0 };

/// The moment before which deliveries may have been deleted.
pub(crate) const SELECT_PRUNED: &str = "SELECT before_at FROM pruned WHERE kind = 'webhook_delivery'";

pub(crate) fn report<E>(
    pruned: Option<i64>,
    mut endpoints: Stream<'_, Endpoint, E>,
    mut deliveries: Stream<'_, Delivery, E>,
    each: &mut dyn FnMut(WebhookFact),
) -> Result<(), E> {
    if let Some(moment) = pruned {
        each(WebhookFact::PrunedBefore(Timestamp::from_micros(moment)));
    }
    while let Some(endpoint) = endpoints.any()? {
        each(WebhookFact::Endpoint(endpoint));
    }
    while let Some(delivery) = deliveries.any()? {
        each(WebhookFact::Delivery(delivery));
    }
    Ok(())
}
