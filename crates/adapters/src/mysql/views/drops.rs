//! Drops and their customers.

use app::ports::views::{DropViews, Reading};
use app::state::rows::BuyerKey;
use domain::drops::{Buyer, Drop, Link};
use domain::ids::{DropId, OrderId, ProductId};
use domain::stock::Product;

use super::{MysqlViews, by_id, each, first, page, sql_limit};
use crate::mysql::sql::{is_in, statement};
use crate::selects::{select_buyer, select_drop, select_drop_link, select_product};

impl DropViews for MysqlViews {
    fn drop_by_id(&self, id: DropId) -> Reading<'_, Option<Drop>> {
        self.read(by_id(select_drop!(""), "drop_id", id.0), first)
    }

    fn drops(&self, after: Option<DropId>, limit: usize) -> Reading<'_, Vec<Drop>> {
        let after = after.map(|after| after.0);
        self.list(limit, move |limit| page(select_drop!(""), "drop_id", after, limit))
    }

    fn drops_under_way(&self) -> Reading<'_, Vec<Drop>> {
        self.list(usize::MAX, |_| select_drop!("WHERE turns_at IS NOT NULL ORDER BY drop_id").to_owned())
    }

    fn buyer(&self, key: BuyerKey) -> Reading<'_, Option<Buyer>> {
        let select = select_buyer!("WHERE drop_id = ? AND user_id = ?");
        self.read([statement(select, &[&key.drop.0, &key.user.0])], first)
    }

    fn drop_links(&self, drop: DropId, after: i64, limit: usize) -> Reading<'_, Vec<Link>> {
        let select = select_drop_link!("WHERE drop_id = ? AND number > ? ORDER BY number LIMIT ?");
        self.read([statement(select, &[&drop.0, &after, &sql_limit(limit)])], each)
    }

    fn links_of(&self, order: OrderId) -> Reading<'_, Vec<Link>> {
        let select = select_drop_link!("WHERE order_id = ? ORDER BY drop_id, number");
        self.read([statement(select, &[&order.0])], each)
    }

    fn offered(&self, products: Vec<ProductId>) -> Reading<'_, Vec<Product>> {
        if products.is_empty() {
            return Box::pin(std::future::ready(Ok(vec![])));
        }
        let named = is_in("product_id", products.iter().map(|id| id.0));
        self.list(usize::MAX, move |_| format!("{}{named}", select_product!("WHERE ")))
    }
}
