//! Products with the sums of their receipts.

use app::audit::ProductFacts;
use domain::stock::Product;

use super::{Source, Stream, Unreadable, least};
use crate::selects::select_product;

pub(crate) const PRODUCTS: Source =
    Source { select: select_product!("ORDER BY product_id"), table: "product", key_column: 0 };

/// A product, its received units, and its written-off units; each store sums up in its own way.
pub(crate) const fn receipts(select: &'static str) -> Source {
    Source { select, table: "stock_receipt", key_column: 0 }
}

pub(crate) struct Products<'s, E> {
    pub(crate) products: Stream<'s, Product, E>,
    pub(crate) receipts: Stream<'s, (i64, i64, i64), E>,
}

impl<E> Products<'_, E> {
    pub(crate) fn report(mut self, unreadable: &Unreadable, each: &mut dyn FnMut(ProductFacts)) -> Result<(), E> {
        while let Some(id) = least([self.products.key(), self.receipts.key()]) {
            let (_product, received, written_off) = self.receipts.one(id)?.unwrap_or_default();
            match self.products.one(id)? {
                Some(product) => each(ProductFacts { product, received, written_off }),
                None => unreadable.borrow_mut().push(format!("stock_receipt: product {id} does not exist")),
            }
        }
        Ok(())
    }
}
