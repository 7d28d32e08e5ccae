//! Drops and their customers.

use app::ports::views::{DropViews, Reading};
use app::state::rows::BuyerKey;
use domain::drops::{Buyer, Drop, Link};
use domain::ids::{DropId, OrderId, ProductId};
use domain::stock::Product;

use super::{SqliteViews, sql_limit};
use crate::left_out::Found;
use crate::selects::{select_drop, select_drop_link, select_product};
use crate::sqlite::cells::{find, find_all, find_readable};
use crate::sqlite::store;

impl DropViews for SqliteViews {
    fn drop_by_id(&self, id: DropId) -> Reading<'_, Option<Drop>> {
        self.read(move |connection| store::drop_row(connection, id))
    }

    fn drops(&self, after: Option<DropId>, limit: usize) -> Reading<'_, Vec<Drop>> {
        self.list(limit, move |connection, limit| {
            let sql = select_drop!("WHERE drop_id > ?1 ORDER BY drop_id LIMIT ?2");
            find_readable(connection, sql, (after.map_or(i64::MIN, |after| after.0), limit))
        })
    }

    fn drops_under_way(&self) -> Reading<'_, Vec<Drop>> {
        self.list(usize::MAX, |connection, _| {
            find_readable(connection, select_drop!("WHERE turns_at IS NOT NULL ORDER BY drop_id"), [])
        })
    }

    fn buyer(&self, key: BuyerKey) -> Reading<'_, Option<Buyer>> {
        self.read(move |connection| store::buyer_row(connection, key))
    }

    fn drop_links(&self, drop: DropId, after: i64, limit: usize) -> Reading<'_, Vec<Link>> {
        self.read(move |connection| {
            let sql = select_drop_link!("WHERE drop_id = ?1 AND number > ?2 ORDER BY number LIMIT ?3");
            find_all(connection, sql, (drop.0, after, sql_limit(limit)))
        })
    }

    fn links_of(&self, order: OrderId) -> Reading<'_, Vec<Link>> {
        self.read(move |connection| {
            find_all(connection, select_drop_link!("WHERE order_id = ?1 ORDER BY drop_id, number"), [order.0])
        })
    }

    fn offered(&self, products: Vec<ProductId>) -> Reading<'_, Vec<Product>> {
        self.read(move |connection| {
            let mut found = Found::default();
            for id in products {
                let product = find(connection, select_product!("WHERE product_id = ?1"), [id.0]);
                product.transpose().into_iter().try_for_each(|product| found.add(product))?;
            }
            self.left_out.note(found.unreadable);
            Ok(found.rows)
        })
    }
}
