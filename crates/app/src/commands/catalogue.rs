//! Products: registered, changed, received, ranked (S-06, S-07, S-11).

use std::sync::Arc;

use domain::ids::{OrderId, ProductId};
use domain::money::Money;
use domain::order::Outcome;
use domain::stock::{self, Product, Status};
use domain::time::Timestamp;

use crate::commands::answer::changed::Changed;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Halt, Handled, Step, Unit};
use crate::commands::order::request;
use crate::events::event::{
    Event, PriceChanged, ProductRegistered, ProductRestocked, ProductSoldOut, ProductStatusChanged, Sold, StockAdjusted,
};
use crate::state::rows::{Receipt, Sales, SalesKey};

pub(crate) fn register(unit: &mut Unit<'_>, name: &Arc<str>, price: Money, stock: i64) -> Handled {
    let id = unit.ids.product();
    unit.rows.products.known_absent(id);
    let register = stock::Command::Register { id, name: name.clone(), price, stock };
    apply(unit, id, &register)?.map_err(|_| Halt::broken("registering is never refused"))?;
    if stock > 0 {
        write_receipt(unit, id, stock, &Arc::from("opening stock"));
    }
    unit.publish(Event::ProductRegistered(ProductRegistered { product_id: id, name: name.clone(), price, stock }))?;
    Ok(Answer::ProductRegistered { product: id })
}

pub(crate) fn change(unit: &mut Unit<'_>, id: ProductId, price: Option<Money>, status: Option<Status>) -> Handled {
    let mut product = product(unit, id)?;
    if let Some(price) = price.filter(|price| *price != product.price) {
        product = apply(unit, id, &stock::Command::ChangePrice { price })?
            .map_err(|_| Halt::broken("a price is never refused"))?;
        unit.publish(Event::PriceChanged(PriceChanged { product_id: id, price }))?;
    }
    if let Some(status) = status.filter(|status| *status != product.status) {
        product = apply(unit, id, &stock::Command::ChangeStatus { status })?
            .map_err(|_| Halt::broken("a status is never refused"))?;
        unit.publish(Event::ProductStatusChanged(ProductStatusChanged { product_id: id, status }))?;
    }
    Ok(Answer::changed(Changed::Product(product)))
}

pub(crate) fn adjust(unit: &mut Unit<'_>, id: ProductId, delta: i64, reason: &Arc<str>) -> Handled {
    product(unit, id)?;
    let command = stock::Command::Adjust { delta };
    let adjusted = apply(unit, id, &command)?.map_err(|rejection| match rejection {
        stock::Rejection::Exhausted { available } => Refusal::StockExhausted { available }.into(),
        stock::Rejection::TooMuch | stock::Rejection::NotOnSale => Refusal::StockTooMuch.into(),
        stock::Rejection::Impossible(invariant) => Halt::broken(invariant),
    })?;
    write_receipt(unit, id, delta, reason);
    let on_hand = adjusted.on_hand;
    unit.publish(Event::StockAdjusted(StockAdjusted { product_id: id, delta, reason: reason.clone(), on_hand }))?;
    Ok(Answer::changed(Changed::Product(adjusted)))
}

/// Adds a completed order to the sales of its day, from which the ranking is read.
pub(crate) fn count_sales(unit: &mut Unit<'_>, id: OrderId, (products, at): (&[Sold], Timestamp)) -> Step {
    let order = request::known(unit, id)?;
    let bought = order.created.lines.iter().map(|line| (line.product, line.quantity));
    if order.outcome != Outcome::Completed || !bought.eq(products.iter().map(|sold| (sold.id, sold.qty))) {
        return Err(request::forged("the order has not bought that"));
    }
    count(unit, (products, at), |sales, units| sales.sold = sales.sold.saturating_add(units))
}

/// Takes units that were given back off the sales of the day on which they were sold.
pub(crate) fn count_returns(unit: &mut Unit<'_>, id: OrderId, products: &[Sold]) -> Step {
    let order = request::known(unit, id)?;
    let lines = || order.created.lines.iter().enumerate();
    let came_back =
        |sold: &Sold| lines().any(|(place, line)| line.product == sold.id && sold.qty <= order.returned(place));
    if order.outcome != Outcome::Completed || !products.iter().all(|sold| sold.qty > 0 && came_back(sold)) {
        return Err(request::forged("the order has not given that back"));
    }
    let sold_at = order.completed_at.unwrap_or(order.created.at);
    count(unit, (products, sold_at), |sales, units| sales.returned = sales.returned.saturating_add(units))
}

fn count(unit: &mut Unit<'_>, (products, at): (&[Sold], Timestamp), add: impl Fn(&mut Sales, i64)) -> Step {
    let day = unit.settings.calendar.day(at);
    for sold in products {
        let key = SalesKey { day, product: sold.id };
        let mut so_far = unit.rows.sales.get(key)?.copied().unwrap_or_default();
        add(&mut so_far, sold.qty);
        unit.rows.sales.put(key, so_far);
    }
    Ok(())
}

fn product(unit: &Unit<'_>, id: ProductId) -> Step<Product> {
    let product = unit.rows.products.get(id)?.cloned();
    product.ok_or(Halt::Refused(Refusal::ProductNotFound { line: None }))
}

/// Decides a command on a product, and says so when the last unit goes or the first comes back.
pub(crate) fn apply(
    unit: &mut Unit<'_>,
    id: ProductId,
    command: &stock::Command,
) -> Step<Result<Product, stock::Rejection>> {
    let mut product = unit.rows.products.get(id)?.cloned();
    let before = product.as_ref().map(Product::available);
    let events = match stock::decide(product.as_ref(), command, unit.now) {
        Ok(events) => events,
        Err(rejection) => return Ok(Err(rejection)),
    };
    for event in &events {
        stock::evolve(&mut product, event, unit.now);
    }
    let product = product.ok_or_else(|| Halt::broken("a product that was decided upon exists"))?;
    unit.rows.products.put(id, product.clone());
    match (before, product.available()) {
        (Some(1..), 0) => unit.publish(Event::ProductSoldOut(ProductSoldOut { product_id: id }))?,
        (Some(0), available @ 1..) => {
            unit.publish(Event::ProductRestocked(ProductRestocked { product_id: id, available }))?;
        }
        _ => {}
    }
    Ok(Ok(product))
}

pub(crate) fn write_receipt(unit: &mut Unit<'_>, product: ProductId, delta: i64, reason: &Arc<str>) {
    let id = unit.ids.receipt();
    unit.rows.receipts.push(Receipt { id, product, delta, reason: reason.clone(), at: unit.now });
}
