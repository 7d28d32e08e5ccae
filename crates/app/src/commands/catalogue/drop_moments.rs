//! The moments of a drop that are events: opened, sold out, closed.

use domain::drops::{Drop, Turn};
use domain::stock::{Product, Status};

use crate::commands::context::{Context, Handled};
use crate::events::event::{DropMoment, Event};

/// Tells the product's drop that its last unit is gone or that there is one again, and if an admin sells it.
pub(crate) fn note_product(context: &mut Context<'_>, product: &Product) -> Handled {
    let Some(id) = product.drop else { return Ok(()) };
    let Some(mut drop) = context.rows.drops.get(id)?.cloned() else { return Ok(()) };
    let turn = drop.note_stock(product.id, product.available() > 0, context.now);
    drop.note_sale(product.id, product.status == Status::OnSale, context.now);
    context.rows.drops.put(id, drop.clone());
    turn.map_or(Ok(()), |turn| announce(context, &drop, turn))
}

/// Publishes a change of a drop.
pub(super) fn announce(context: &mut Context<'_>, drop: &Drop, turn: Turn) -> Handled {
    let moment = DropMoment { drop_id: drop.id, name: drop.name.clone(), at: context.now };
    context.publish(match turn {
        Turn::Opened => Event::DropOpened(moment),
        Turn::SoldOut => Event::DropSoldOut(moment),
        Turn::Closed => Event::DropClosed(moment),
        // The queue moves every second; it is a link of the chain.
        Turn::Admitted { .. } => return Ok(()),
    })
}
