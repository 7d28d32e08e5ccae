//! Products: register, change, receive, rank (S-06, S-07, S-11).

mod drop_moments;
pub(crate) mod drops;

use std::sync::Arc;

use domain::ids::{OrderId, ProductId};
use domain::money::Money;
use domain::order::Outcome;
use domain::stock::{self, Product, Status};
use domain::time::Timestamp;

use crate::commands::answer::changed::Changed;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Halt, Handled};
use crate::commands::order::request;
use crate::events::event::{
    Event, PriceChanged, ProductDescribed, ProductRegistered, ProductRestocked, ProductSoldOut, ProductStatusChanged,
    Sold, StockAdjusted,
};
use crate::state::rows::{Details, DetailsKey, Identity, Key, Keys, NewDetails, Receipt, Sales, SalesKey};

/// A product to register.
pub(crate) struct NewProduct<'a> {
    pub name: &'a Arc<str>,
    pub price: Money,
    pub stock: i64,
    pub details: Option<&'a NewDetails>,
}

/// Changes of a product. `None` keeps what there is.
pub(crate) struct Change<'a> {
    pub price: Option<Money>,
    pub status: Option<Status>,
    pub details: Option<&'a NewDetails>,
}

/// Declares the values that a product's new details reserve.
pub(crate) fn declare_identities(details: Option<&NewDetails>, keys: &mut Keys) {
    keys.extend(details.into_iter().flat_map(NewDetails::identities).map(Key::from));
}

pub(crate) fn register(context: &mut Context<'_>, new: &NewProduct<'_>) -> Answered {
    let NewProduct { name, price, stock, details } = *new;
    let id = context.ids.product();
    context.rows.products.known_absent(id);
    let register = stock::Command::Register { id, name: name.clone(), price, stock };
    let product = apply(context, id, &register)?.map_err(|_| Halt::broken("a registration is never refused"))?;
    if stock > 0 {
        write_receipt(context, id, stock, &Arc::from("opening stock"));
    }
    let details = details.map(|details| details.applied_to(&Details::default())).unwrap_or_default();
    if !details.is_empty() {
        context.rows.details.known_absent(DetailsKey(id));
        describe(context, id, &Details::default(), &details)?;
    }
    context.publish(Event::ProductRegistered(ProductRegistered {
        product_id: id,
        name: name.clone(),
        price,
        stock,
        details: details.clone(),
    }))?;
    Ok(Answer::changed(Changed::Described(product, details)))
}

pub(crate) fn change(context: &mut Context<'_>, id: ProductId, change: &Change<'_>) -> Answered {
    let mut product = product(context, id)?;
    if let Some(price) = change.price.filter(|price| *price != product.price) {
        product = apply(context, id, &stock::Command::ChangePrice { price })?
            .map_err(|_| Halt::broken("a price is never refused"))?;
        context.publish(Event::PriceChanged(PriceChanged { product_id: id, price }))?;
    }
    if let Some(status) = change.status.filter(|status| *status != product.status) {
        product = apply(context, id, &stock::Command::ChangeStatus { status })?
            .map_err(|_| Halt::broken("a status is never refused"))?;
        context.publish(Event::ProductStatusChanged(ProductStatusChanged { product_id: id, status }))?;
    }
    let before = context.rows.details.get(DetailsKey(id))?.cloned().unwrap_or_default();
    let details = change.details.map_or_else(|| before.clone(), |details| details.applied_to(&before));
    if details != before {
        describe(context, id, &before, &details)?;
        product.updated_at = context.now;
        context.rows.products.put(id, product.clone());
        context.publish(Event::ProductDescribed(ProductDescribed { product_id: id, details: details.clone() }))?;
    }
    Ok(Answer::changed(Changed::Described(product, details)))
}

/// Writes a product's details, and reserves the values that no other product may have.
fn describe(context: &mut Context<'_>, id: ProductId, before: &Details, after: &Details) -> Handled {
    for identity in Identity::ALL {
        let (old, new) = (before.identity(identity), after.identity(identity));
        if old == new {
            continue;
        }
        if let Some(new) = new {
            let key = identity.key(new);
            if context.rows.identities.get(key)?.is_some_and(|owner| *owner != id) {
                return Err(Refusal::IdentityTaken(identity).into());
            }
            context.rows.identities.put(key, id);
        }
        if let Some(old) = old {
            let key = identity.key(old);
            if context.rows.identities.get(key)?.is_some() {
                context.rows.identities.remove(key);
            }
        }
    }
    context.rows.details.put(DetailsKey(id), after.clone());
    Ok(())
}

pub(crate) fn adjust(context: &mut Context<'_>, id: ProductId, delta: i64, reason: &Arc<str>) -> Answered {
    product(context, id)?;
    let command = stock::Command::Adjust { delta };
    let adjusted = apply(context, id, &command)?.map_err(|rejection| match rejection {
        stock::Rejection::Exhausted { available } => Refusal::StockExhausted { available }.into(),
        stock::Rejection::TooMuch | stock::Rejection::NotOnSale => Refusal::StockTooMuch.into(),
        stock::Rejection::Impossible(invariant) => Halt::broken(invariant),
    })?;
    write_receipt(context, id, delta, reason);
    let on_hand = adjusted.on_hand;
    context.publish(Event::StockAdjusted(StockAdjusted { product_id: id, delta, reason: reason.clone(), on_hand }))?;
    Ok(Answer::changed(Changed::Product(adjusted)))
}

/// Adds a completed order to the sales of its day, from which the ranking is read.
pub(crate) fn count_sales(context: &mut Context<'_>, id: OrderId, products: &[Sold], at: Timestamp) -> Handled {
    let order = request::known(context, id)?;
    let bought = order.created.lines.iter().map(|line| (line.product, line.quantity));
    if order.outcome != Outcome::Completed || !bought.eq(products.iter().map(|sold| (sold.id, sold.qty))) {
        return Err(request::forged("the order has not bought that"));
    }
    count(context, products, at, |sales, units| sales.sold = sales.sold.saturating_add(units))
}

/// Subtracts refunded units from the sales of the day on which they were sold.
pub(crate) fn count_returns(context: &mut Context<'_>, id: OrderId, products: &[Sold]) -> Handled {
    let order = request::known(context, id)?;
    let lines = || order.created.lines.iter().enumerate();
    let came_back =
        |sold: &Sold| lines().any(|(place, line)| line.product == sold.id && sold.qty <= order.returned(place));
    if order.outcome != Outcome::Completed || !products.iter().all(|sold| sold.qty > 0 && came_back(sold)) {
        return Err(request::forged("the order has no such refund"));
    }
    let sold_at = order.completed_at.unwrap_or(order.created.at);
    count(context, products, sold_at, |sales, units| sales.returned = sales.returned.saturating_add(units))
}

fn count(context: &mut Context<'_>, products: &[Sold], at: Timestamp, add: impl Fn(&mut Sales, i64)) -> Handled {
    let day = context.settings.calendar.day(at);
    for sold in products {
        let key = SalesKey { day, product: sold.id };
        let mut so_far = context.rows.sales.get(key)?.copied().unwrap_or_default();
        add(&mut so_far, sold.qty);
        context.rows.sales.put(key, so_far);
    }
    Ok(())
}

fn product(context: &Context<'_>, id: ProductId) -> Handled<Product> {
    let product = context.rows.products.get(id)?.cloned();
    product.ok_or(Halt::Refused(Refusal::ProductNotFound { line: None }))
}

/// Decides a product command, and publishes when the last unit goes or the first comes back.
pub(crate) fn apply(
    context: &mut Context<'_>,
    id: ProductId,
    command: &stock::Command,
) -> Handled<Result<Product, stock::Rejection>> {
    let mut product = context.rows.products.get(id)?.cloned();
    let before = product.as_ref().map(|product| (product.available(), product.status));
    let events = match stock::decide(product.as_ref(), command, context.now) {
        Ok(events) => events,
        Err(rejection) => return Ok(Err(rejection)),
    };
    for event in &events {
        stock::evolve(&mut product, event, context.now);
    }
    let product = product.ok_or_else(|| Halt::broken("a changed product exists"))?;
    context.rows.products.put(id, product.clone());
    let Some((had, status)) = before else { return Ok(Ok(product)) };
    match (had, product.available()) {
        (1.., 0) => context.publish(Event::ProductSoldOut(ProductSoldOut { product_id: id }))?,
        (0, available @ 1..) => {
            context.publish(Event::ProductRestocked(ProductRestocked { product_id: id, available }))?;
        }
        _ if status == product.status => return Ok(Ok(product)),
        _ => {}
    }
    drop_moments::note_product(context, &product)?;
    Ok(Ok(product))
}

pub(crate) fn write_receipt(context: &mut Context<'_>, product: ProductId, delta: i64, reason: &Arc<str>) {
    let id = context.ids.receipt();
    context.rows.receipts.push(Receipt { id, product, delta, reason: reason.clone(), at: context.now });
}
