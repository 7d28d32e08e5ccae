//! A product as it was.

use domain::ids::ProductId;
use domain::stock::{Product, Status};
use domain::time::Timestamp;

use super::Fold;
use crate::events::event::{Event, EventKind, ProductDescribed, ProductRegistered, StockMoved, StockMovement};
use crate::log::relay::movements;
use crate::state::rows::Details;

/// A product that is rebuilt. Its counters are the sums of its movements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductPast {
    id: ProductId,
    product: Option<Product>,
    details: Details,
}

impl ProductPast {
    /// The events that change a product.
    pub const KINDS: [EventKind; 12] = [
        EventKind::ProductRegistered,
        EventKind::PriceChanged,
        EventKind::ProductStatusChanged,
        EventKind::ProductDescribed,
        EventKind::ProductPutIntoDrop,
        EventKind::ProductTakenOutOfDrop,
        EventKind::StockAdjusted,
        EventKind::StockDeductionCompleted,
        EventKind::StockRestored,
        EventKind::OrderCompleted,
        EventKind::OrderReturned,
        EventKind::OrderGoodsArrived,
    ];

    pub fn new(id: ProductId) -> ProductPast {
        ProductPast { id, product: None, details: Details::default() }
    }

    pub const fn state(&self) -> Option<&Product> {
        self.product.as_ref()
    }

    pub const fn details(&self) -> &Details {
        &self.details
    }
}

impl Fold for ProductPast {
    fn take(&mut self, event: &Event, at: Timestamp) {
        if let Event::ProductRegistered(ProductRegistered { product_id, details, .. })
        | Event::ProductDescribed(ProductDescribed { product_id, details }) = event
            && *product_id == self.id
        {
            self.details = details.clone();
        }
        match (event, &mut self.product) {
            (Event::ProductRegistered(new), product) if new.product_id == self.id => {
                *product = Some(Product {
                    id: new.product_id,
                    name: new.name.clone(),
                    price: new.price,
                    status: Status::OnSale,
                    on_hand: 0,
                    reserved: 0,
                    received: 0,
                    sold: 0,
                    written_off: 0,
                    drop: None,
                    created_at: at,
                    updated_at: at,
                });
            }
            (Event::PriceChanged(changed), Some(product)) if changed.product_id == self.id => {
                product.price = changed.price;
                product.updated_at = at;
            }
            (Event::ProductStatusChanged(changed), Some(product)) if changed.product_id == self.id => {
                product.status = changed.status;
                product.updated_at = at;
            }
            (Event::ProductDescribed(changed), Some(product)) if changed.product_id == self.id => {
                product.updated_at = at
            }
            (Event::ProductPutIntoDrop(put), Some(product)) if put.product_id == self.id => {
                product.drop = Some(put.drop_id);
                product.updated_at = at;
            }
            (Event::ProductTakenOutOfDrop(taken), Some(product)) if taken.product_id == self.id => {
                product.drop = None;
                product.updated_at = at;
            }
            _ => {}
        }
        let Some(product) = &mut self.product else { return };
        for moved in movements::of(event, at) {
            if let Event::StockMoved(moved) = &moved
                && moved.product_id == self.id
            {
                count(product, moved);
                product.updated_at = at;
            }
        }
    }
}

/// Sums saturate: a manipulated event must not stop the reader.
const fn count(product: &mut Product, moved: &StockMoved) {
    product.on_hand = product.on_hand.saturating_add(moved.on_hand_change);
    product.reserved = product.reserved.saturating_add(moved.reserved_change);
    product.sold = product.sold.saturating_add(moved.sold_change);
    match moved.movement {
        StockMovement::Received => product.received = product.received.saturating_add(moved.quantity),
        StockMovement::WrittenOff | StockMovement::Lost => {
            product.written_off = product.written_off.saturating_add(moved.quantity);
        }
        StockMovement::Held | StockMovement::Released | StockMovement::Sold | StockMovement::Returned => {}
    }
}
