//! The limits of drops for each card or account: counted in the commit that books an authorization, before its money is
//! taken, and given back with the customer's units, or when the money cannot be taken.

use domain::drops::{Buyer, Card, CardHash, total};
use domain::order::{Order, Outcome};

use crate::commands::answer::Refusal;
use crate::commands::context::{Context, Halt, Handled};
use crate::commands::order::drop_lines::by_drop;
use crate::state::rows::{BuyerKey, CardKey};

/// An order's units of a drop that limits each card, and the row of its buyer.
pub(crate) struct Share {
    buyer: Buyer,
    limit: i64,
    units: i64,
}

/// Refuses a new order that no card could pay for, before it holds anything. One that points pay in full needs no card.
pub(crate) fn check(context: &Context<'_>, order: &Order) -> Handled {
    if order.created.due.is_zero() {
        return Ok(());
    }
    for Share { buyer, units, .. } in limited(context, order)? {
        buyer.check_card(units).map_err(Refusal::from)?;
    }
    Ok(())
}

/// Counts an order's units for the card that pays. Returns false, and counts nothing, above the limit of a drop.
pub(crate) fn count(context: &mut Context<'_>, order: &Order, shares: Vec<Share>, fingerprint: &str) -> Handled<bool> {
    let mut counted = vec![];
    for Share { buyer, limit, units } in shares {
        let hash = CardHash(context.settings.codec.card(buyer.drop, fingerprint));
        let known = context.rows.cards.get(CardKey { drop: buyer.drop, hash })?.copied();
        let Some(card) = known.unwrap_or(Card::new(buyer.drop, hash)).with(units, limit) else { return Ok(false) };
        counted.push((card, buyer.paying(order.id(), Some(hash))));
    }
    for (card, buyer) in counted {
        context.rows.cards.put(CardKey { drop: card.drop, hash: card.hash }, card);
        context.rows.buyers.put(BuyerKey { drop: buyer.drop, user: buyer.user }, buyer);
    }
    Ok(true)
}

/// Gives back all units of an order whose money could not be taken.
pub(crate) fn release(context: &mut Context<'_>, order: &Order) -> Handled {
    for Share { buyer, units, .. } in limited(context, order)? {
        if buyer.card_of(order.id()).is_some() {
            subtract(context, &buyer, order, units)?;
            let buyer = buyer.paying(order.id(), None);
            context.rows.buyers.put(BuyerKey { drop: buyer.drop, user: buyer.user }, buyer);
        }
    }
    Ok(())
}

/// Gives back units that a customer gave back, and returns the customer.
pub(crate) fn give_back(context: &mut Context<'_>, buyer: Buyer, order: &Order, units: i64) -> Handled<Buyer> {
    subtract(context, &buyer, order, units)?;
    Ok(if order.outcome == Outcome::Cancelled { buyer.paying(order.id(), None) } else { buyer })
}

fn subtract(context: &mut Context<'_>, buyer: &Buyer, order: &Order, units: i64) -> Handled {
    let Some(hash) = buyer.card_of(order.id()) else { return Ok(()) };
    let key = CardKey { drop: buyer.drop, hash };
    let fewer = context.rows.cards.get(key)?.and_then(|card| card.without(units));
    let fewer = fewer.ok_or_else(|| Halt::broken("units that a card gives back are counted"))?;
    context.rows.cards.put(key, fewer);
    Ok(())
}

/// Returns the shares of the drops that limit each card. The customer's own row shows the limit; the drop's is not read.
/// Nothing is read for an order without drops.
pub(crate) fn limited(context: &Context<'_>, order: &Order) -> Handled<Vec<Share>> {
    let mut shares = vec![];
    for (drop, units) in by_drop(&order.created.lines, |line| Some((line.product, line.quantity))) {
        let buyer = context.rows.buyers.get(BuyerKey { drop, user: order.user() })?;
        let buyer = buyer.ok_or_else(|| Halt::broken("the customer of a drop's order is counted"))?;
        if let Some(limit) = buyer.card_limit {
            shares.push(Share { buyer: buyer.clone(), limit, units: total(&units) });
        }
    }
    Ok(shares)
}
