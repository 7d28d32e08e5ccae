//! Drops: created and changed by an admin, opened and closed by the clock, sold out by the last unit of their products.

use domain::drops::{self, Act, Buyer, Change, ChangeRejection, Drop, JoinRejection, LinkKind, Phase, Terms, Turn};
use domain::ids::{DropId, ProductId, UserId};
use domain::stock::{self, Product};

use super::drop_moments::announce;
use crate::commands::answer::changed::Changed;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Halt, Handled};
use crate::events::event::{DropChanged, DropCreated, Event, ProductPutIntoDrop, ProductTakenOutOfDrop};
use crate::state::rows::{BuyerKey, Key, Keys};

#[derive(Clone, Debug, PartialEq)]
pub enum DropCommand {
    Create(Box<Terms>),
    Change {
        drop: DropId,
        change: Change,
    },
    /// Takes the products of a drop that has ended out of it. The command names them, so that they are loaded at once.
    Release {
        drop: DropId,
        products: Vec<ProductId>,
    },
    /// Announces openings and closings that are due, and moves the queue: by the share of its rate that the engine can take, in
    /// percent.
    Turn {
        drop: DropId,
        share: i64,
    },
    /// Gives a customer a ticket of the waiting room.
    Join {
        drop: DropId,
        user: UserId,
    },
    /// Gives the customer's place up.
    Leave {
        drop: DropId,
        user: UserId,
    },
}

impl DropCommand {
    /// Declares the rows that the command reads.
    pub(crate) fn declare(&self, keys: &mut Keys) {
        match self {
            DropCommand::Create(terms) => keys.extend(terms.products.iter().map(|offer| Key::from(offer.product))),
            DropCommand::Change { drop, .. } | DropCommand::Turn { drop, .. } => {
                keys.insert((*drop).into());
            }
            DropCommand::Release { drop, products } => {
                keys.insert((*drop).into());
                keys.extend(products.iter().map(|product| Key::from(*product)));
            }
            DropCommand::Join { drop, user } | DropCommand::Leave { drop, user } => {
                keys.insert((*drop).into());
                keys.insert(BuyerKey { drop: *drop, user: *user }.into());
            }
        }
    }
}

pub(crate) fn handle(context: &mut Context<'_>, command: &DropCommand) -> Answered {
    match command {
        DropCommand::Create(terms) => create(context, terms),
        DropCommand::Change { drop, change } => self::change(context, *drop, *change),
        DropCommand::Release { drop, .. } => release(context, *drop),
        DropCommand::Turn { drop, share } => turn(context, *drop, *share).map(|()| Answer::Done),
        DropCommand::Join { drop, user } => join(context, *drop, *user),
        DropCommand::Leave { drop, user } => leave(context, *drop, *user),
    }
}

fn create(context: &mut Context<'_>, terms: &Terms) -> Answered {
    let id = context.ids.drop();
    context.rows.drops.known_absent(id);
    let (mut sold_out, mut off_sale) = (vec![], vec![]);
    for (line, offer) in terms.products.iter().enumerate() {
        let found = context.rows.products.get(offer.product)?;
        let product = found.ok_or(Halt::Refused(Refusal::DropProductNotFound { line }))?;
        if is_taken(context, product)? {
            return Err(Refusal::DropProductTaken { line }.into());
        }
        sold_out.extend((product.available() == 0).then_some(offer.product));
        off_sale.extend((product.status != stock::Status::OnSale).then_some(offer.product));
        put_into(context, offer.product, id)?;
    }
    let mut drop = Drop::new(id, terms, sold_out, context.now);
    off_sale.into_iter().for_each(|product| drop.note_sale(product, false, context.now));
    context.rows.drops.put(id, drop.clone());
    context.publish(Event::DropCreated(DropCreated {
        drop_id: id,
        name: drop.name.clone(),
        starts_at: drop.starts_at,
        ends_at: drop.ends_at,
        products: drop.products.clone(),
        per_customer: drop.per_customer,
        per_payment_method: drop.per_payment_method,
        waiting_room: terms.waiting_room,
        seed_commitment: Some(drops::commitment(&terms.secrets.seed)),
    }))?;
    Ok(Answer::changed(Changed::Drop(drop.into())))
}

/// Returns true if the product belongs to a drop that has not ended.
fn is_taken(context: &Context<'_>, product: &Product) -> Handled<bool> {
    let Some(last) = product.drop else { return Ok(false) };
    Ok(context.rows.drops.get(last)?.is_some_and(|drop| context.now < drop.ends_at))
}

fn put_into(context: &mut Context<'_>, id: ProductId, drop: DropId) -> Handled {
    move_product(context, id, &stock::Command::PutIntoDrop { drop })?;
    context.publish(Event::ProductPutIntoDrop(ProductPutIntoDrop { product_id: id, drop_id: drop }))
}

/// Takes the products out of a drop that has ended, except those that another drop has taken over.
fn release(context: &mut Context<'_>, id: DropId) -> Answered {
    let drop = drop(context, id)?;
    if context.now < drop.ends_at {
        return Err(Refusal::DropNotEnded.into());
    }
    for offer in &drop.products {
        if context.rows.products.get(offer.product)?.is_none_or(|product| product.drop != Some(id)) {
            continue;
        }
        move_product(context, offer.product, &stock::Command::TakeOutOfDrop)?;
        let event = ProductTakenOutOfDrop { product_id: offer.product, drop_id: id };
        context.publish(Event::ProductTakenOutOfDrop(event))?;
    }
    Ok(Answer::changed(Changed::Drop(drop.into())))
}

fn move_product(context: &mut Context<'_>, id: ProductId, command: &stock::Command) -> Handled {
    super::apply(context, id, command)?
        .map_err(|_| Halt::broken("a product can be put into a drop and taken out of it"))?;
    Ok(())
}

fn drop(context: &Context<'_>, id: DropId) -> Handled<Drop> {
    context.rows.drops.get(id)?.cloned().ok_or(Halt::Refused(Refusal::DropNotFound))
}

fn change(context: &mut Context<'_>, id: DropId, change: Change) -> Answered {
    let known = drop(context, id)?;
    let changed = known.change(change, context.now).map_err(|rejection| match rejection {
        ChangeRejection::Ended => Refusal::DropEnded,
        ChangeRejection::WindowOutOfOrder => Refusal::DropWindowOutOfOrder,
        ChangeRejection::NoWaitingRoom => Refusal::DropNoWaitingRoom,
    })?;
    if changed != known {
        context.rows.drops.put(id, changed.clone());
        let (paused, ends_at) = (changed.paused, changed.ends_at);
        let admit_per_second = changed.queue.as_ref().map(|queue| queue.room.admit_per_second);
        context.publish(Event::DropChanged(DropChanged { drop_id: id, paused, ends_at, admit_per_second }))?;
    }
    Ok(Answer::changed(Changed::Drop(changed.into())))
}

/// Announces the openings and closings that are due. A turn that was announced before changes nothing.
fn turn(context: &mut Context<'_>, id: DropId, share: i64) -> Handled {
    let before = drop(context, id)?;
    let mut drop = before.clone();
    for turn in drop.turn(share, context.now) {
        if let Turn::Admitted { upto } = turn {
            let act = Act { kind: LinkKind::Admitted, user: None, subject: upto, order: None };
            context.rows.drop_links.push(drop.link(act, context.now));
        }
        announce(context, &drop, turn)?;
    }
    if drop != before {
        context.rows.drops.put(id, drop);
    }
    Ok(())
}

pub(crate) fn buyer(context: &Context<'_>, drop: DropId, user: UserId) -> Handled<Buyer> {
    let known = context.rows.buyers.get(BuyerKey { drop, user })?.cloned();
    Ok(known.unwrap_or(Buyer::new(drop, user)))
}

fn join(context: &mut Context<'_>, id: DropId, user: UserId) -> Answered {
    let (mut drop, buyer) = (drop(context, id)?, buyer(context, id, user)?);
    let joined = drop.join(&buyer, context.now).map_err(|rejection| match rejection {
        JoinRejection::Ended => Refusal::DropEnded,
        JoinRejection::NoWaitingRoom => Refusal::DropNoWaitingRoom,
    })?;
    let ticket = joined.as_ref().unwrap_or(&buyer).ticket.ok_or_else(|| Halt::broken("who joined has a ticket"))?;
    if let Some(joined) = joined {
        let act = Act { kind: LinkKind::Joined, user: Some(user), subject: ticket, order: None };
        write(context, drop, joined, act);
    }
    Ok(Answer::QueueJoined { drop: id, ticket })
}

fn leave(context: &mut Context<'_>, id: DropId, user: UserId) -> Answered {
    let (mut drop, buyer) = (drop(context, id)?, buyer(context, id, user)?);
    let (Some(left), Some(ticket)) = (drop.leave(&buyer), buyer.ticket) else {
        return Err(Refusal::TicketNotFound.into());
    };
    if drop.phase == Phase::Closed {
        // Its chain has ended.
        context.rows.buyers.put(BuyerKey { drop: id, user }, left);
        return Ok(Answer::Done);
    }
    let act = Act { kind: LinkKind::Left, user: Some(user), subject: ticket, order: None };
    write(context, drop, left, act);
    Ok(Answer::Done)
}

/// Writes a customer, and the link of what they did.
pub(crate) fn write(context: &mut Context<'_>, mut drop: Drop, buyer: Buyer, act: Act) {
    context.rows.drop_links.push(drop.link(act, context.now));
    context.rows.buyers.put(BuyerKey { drop: buyer.drop, user: buyer.user }, buyer);
    context.rows.drops.put(drop.id, drop);
}
