//! Products with the sums of their receipts.

use app::audit::ProductFacts;
use domain::stock::Product;

use super::{Source, Stream, Unreadable, least};
use crate::records::{Cells, FromCells};
use crate::selects::select_product;

pub(crate) const PRODUCTS: Source =
    Source { select: select_product!("ORDER BY product_id"), table: "product", key_column: 0 };

pub(crate) const RECEIPTS: Source = Source {
    select: "SELECT product_id, delta, reason, created_at FROM stock_receipt ORDER BY product_id",
    table: "stock_receipt of product",
    key_column: 0,
};

/// The units of one receipt; negative for a write-off.
pub(crate) struct Receipt(i64);

impl FromCells for Receipt {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Receipt, C::Error> {
        let _product: i64 = cells.take()?;
        let delta = cells.take()?;
        let (_reason, _at) = (cells.text()?, cells.at()?);
        Ok(Receipt(delta))
    }
}

pub(crate) struct Products<'s, E> {
    pub(crate) products: Stream<'s, Product, E>,
    pub(crate) receipts: Stream<'s, Receipt, E>,
}

impl<E> Products<'_, E> {
    pub(crate) fn report(mut self, unreadable: &Unreadable, each: &mut dyn FnMut(ProductFacts)) -> Result<(), E> {
        while let Some(id) = least([self.products.key(), self.receipts.key()]) {
            let (received, written_off) = self.sums(id)?;
            let sums = [received, written_off].map(|units| i64::try_from(units).unwrap_or(i64::MAX));
            if sums.contains(&i64::MAX) {
                let text = format!("stock_receipt of product {id}: its units are too many to be added up");
                unreadable.borrow_mut().push(text);
            }
            let [received, written_off] = sums;
            match self.products.one(id)? {
                Some(product) => each(ProductFacts { product, received, written_off }),
                None => unreadable
                    .borrow_mut()
                    .push(format!("stock_receipt: product {id} does not exist, or cannot be read")),
            }
        }
        Ok(())
    }

    /// Returns the received and the written-off units of a product.
    fn sums(&mut self, product: i64) -> Result<(i128, i128), E> {
        let (mut received, mut written_off) = (0, 0);
        while let Some(Receipt(delta)) = self.receipts.one(product)? {
            received += i128::from(delta.max(0));
            written_off -= i128::from(delta.min(0));
        }
        Ok((received, written_off))
    }
}
