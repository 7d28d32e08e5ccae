//! The limits of drops: counted where an order is placed, and given back when it is cancelled or its units are returned.

use domain::drops::{Act, Claim, LinkKind, total};
use domain::ids::{DropId, OrderId, ProductId};
use domain::order::{Line, Order, Payment};

use crate::commands::PlaceOrder;
use crate::commands::answer::Refusal;
use crate::commands::catalogue::drops;
use crate::commands::context::{Context, Halt, Handled};
use crate::commands::order::cards;
use crate::commands::order::drop_lines::by_drop;
use crate::state::rows::BuyerKey;

/// Counts the units of a new order in the drops of its products.
pub(crate) fn count(context: &mut Context<'_>, order: OrderId, wanted: &PlaceOrder, lines: &[Line]) -> Handled {
    let user = wanted.user;
    for (drop, units) in by_drop(lines, |line| Some((line.product, line.quantity))) {
        let terms = context.rows.drops.get(drop)?.cloned();
        let terms = terms.ok_or_else(|| without_drop(drop, &units))?;
        let buyer = drops::buyer(context, drop, user)?;
        let codec = &context.settings.codec;
        let shows_ticket = buyer.ticket.is_some_and(|ticket| wanted.tickets.contains(&codec.ticket(drop, ticket)));
        let claim = Claim { lines: &units, shows_ticket, is_prepaid: wanted.payment == Payment::Prepaid };
        let counted = terms.claim(&buyer, &claim, context.now).map_err(Refusal::from)?;
        let act = Act { kind: LinkKind::Claimed, user: Some(user), subject: claim.units(), order: Some(order) };
        drops::write(context, terms, counted, act);
    }
    Ok(())
}

/// Describes the row of a product whose drop does not exist.
fn without_drop(drop: DropId, units: &[(ProductId, i64)]) -> Halt {
    let product = units.first().map_or(ProductId(0), |(product, _)| *product);
    Halt::Damaged(format!("product {product}, drop_id: the drop {drop} does not exist"))
}

/// Gives back all units of a cancelled order.
pub(crate) fn give_back_all(context: &mut Context<'_>, order: &Order) -> Handled {
    give_back_with(context, order, |line| Some((line.product, line.quantity)))
}

/// Gives back the units that an order returned.
pub(crate) fn give_back(context: &mut Context<'_>, order: &Order, returned: &[(ProductId, i64)]) -> Handled {
    give_back_with(context, order, |line| returned.iter().copied().find(|(product, _)| *product == line.product))
}

fn give_back_with(
    context: &mut Context<'_>,
    order: &Order,
    units: impl Fn(&Line) -> Option<(ProductId, i64)>,
) -> Handled {
    for (drop, units) in by_drop(&order.created.lines, units) {
        let key = BuyerKey { drop, user: order.user() };
        let buyer = context.rows.buyers.get(key)?.and_then(|buyer| buyer.without(&units));
        let fewer = buyer.ok_or_else(|| Halt::broken("units that an order gives back are counted"))?;
        let fewer = cards::give_back(context, fewer, order, total(&units))?;
        context.rows.buyers.put(key, fewer);
    }
    Ok(())
}
