//! Changes that are made only if their thing is still as the client saw it (`If-Match`).

use domain::coupon::Campaign;
use domain::drops::Drop;
use domain::order::Receiver;
use domain::shipment::Shipment;
use domain::stock::Product;
use domain::warehouse::Storage;
use domain::webhook::Endpoint;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::commands::answer::Refusal;
use crate::commands::context::{Context, Handled};
use crate::commands::{Command, DropCommand, WebhookCommand};
use crate::state::rows::{Details, DetailsKey, Keys, ModesChange, ModesKey, ShipmentKey, StorageKey, half};

/// A digest of the part of a thing that admins change. Counters that a sale moves are not in it: otherwise no price could
/// be changed while the product sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub [u8; 16]);

/// A change, and the states from which it may be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Guarded {
    pub seen: Vec<Tag>,
    pub command: Command,
}

impl Guarded {
    /// Declares the rows that only the comparison reads.
    pub(crate) fn declare(&self, keys: &mut Keys) {
        if let Command::AdjustStock { product, .. } = self.command {
            keys.insert(DetailsKey(product).into());
        }
    }
}

impl Command {
    /// Returns the change itself.
    pub(crate) fn unguarded(&self) -> &Command {
        if let Command::Guarded(guarded) = self { &guarded.command } else { self }
    }
}

impl Tag {
    pub fn of_product(product: &Product, details: &Details) -> Tag {
        Tag::of("product", &(product.id, &product.name, product.price, product.status.name(), details))
    }

    pub fn of_campaign(campaign: &Campaign) -> Tag {
        let window = (campaign.issue_starts_at.micros(), campaign.issue_ends_at.micros());
        Tag::of("campaign", &(campaign.id, campaign.quantity, campaign.paused, window))
    }

    pub fn of_drop(drop: &Drop) -> Tag {
        let rate = drop.queue.as_ref().map(|queue| queue.room.admit_per_second);
        Tag::of("drop", &(drop.id, drop.ends_at.micros(), drop.paused, rate))
    }

    pub fn of_webhook(endpoint: &Endpoint) -> Tag {
        let Endpoint { url, description, event_types, secret, rate_per_second, status, .. } = endpoint;
        Tag::of("webhook", &(endpoint.id, url, description, event_types, secret, rate_per_second, status.name()))
    }

    pub fn of_shipment(shipment: &Shipment) -> Tag {
        let Shipment { order, state, receiver, tracking, .. } = shipment;
        let Receiver { name, phone, postal_code, address } = receiver;
        Tag::of("shipment", &(order, state.name(), (name, phone, postal_code, address), tracking))
    }

    pub fn of_storage(storage: &Storage) -> Tag {
        Tag::of("storage", &(storage.order, storage.state.name()))
    }

    /// `None` is the configured setting before its first change.
    pub fn of_modes(newest: Option<&ModesChange>) -> Tag {
        Tag::of("modes", &newest.map_or(0, |change| change.version))
    }

    fn of(kind: &str, state: &impl Serialize) -> Tag {
        let json = serde_json::to_vec(state).expect("numbers and texts have a JSON form");
        Tag(half(Sha256::new().chain_update(kind).chain_update(json).finalize().into()))
    }
}

/// Refuses the change unless its thing is as it was seen. The change itself refuses what does not exist.
pub(crate) fn check(context: &Context<'_>, guarded: &Guarded) -> Handled {
    match tag(context, &guarded.command)? {
        Some(tag) if !guarded.seen.contains(&tag) => Err(Refusal::Stale.into()),
        Some(_) | None => Ok(()),
    }
}

fn tag(context: &Context<'_>, command: &Command) -> Handled<Option<Tag>> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command is guarded")]
    Ok(match command {
        Command::ChangeProduct { product, .. } | Command::AdjustStock { product, .. } => {
            let details = context.rows.details.get(DetailsKey(*product))?.cloned().unwrap_or_default();
            context.rows.products.get(*product)?.map(|product| Tag::of_product(product, &details))
        }
        Command::ChangeCampaign { campaign, .. } => context.rows.campaigns.get(*campaign)?.map(Tag::of_campaign),
        Command::Drop(DropCommand::Change { drop, .. } | DropCommand::Release { drop, .. }) => {
            context.rows.drops.get(*drop)?.map(Tag::of_drop)
        }
        Command::Webhook(
            WebhookCommand::Change { webhook, .. }
            | WebhookCommand::Remove { webhook }
            | WebhookCommand::Rotate { webhook, .. },
        ) => context.rows.webhooks.get(*webhook)?.map(Tag::of_webhook),
        Command::AdvanceShipment { order, .. } => {
            context.rows.shipments.get(ShipmentKey(*order))?.map(Tag::of_shipment)
        }
        Command::AdvanceStorage { order, .. } => context.rows.storages.get(StorageKey(*order))?.map(Tag::of_storage),
        Command::ChangeModes(_) => Some(Tag::of_modes(context.rows.modes.get(ModesKey)?)),
        _ => None,
    })
}
