//! Products and the ranking.

use app::ports::views::{CatalogueViews, DaySales, Popular, Reading, WantedProducts};
use app::state::rows::Details;
use domain::ids::ProductId;
use domain::stock::Product;

use super::{MysqlViews, by_id, each, first, page, sql_limit};
use crate::mysql::sql::statement;
use crate::records::like_pattern;
use crate::selects::{select_described, select_product};

impl CatalogueViews for MysqlViews {
    fn product(&self, id: ProductId) -> Reading<'_, Option<Product>> {
        self.read(by_id(select_product!(""), "product_id", id.0), first)
    }

    fn products(&self, after: Option<ProductId>, limit: usize) -> Reading<'_, Vec<Product>> {
        let after = after.map(|after| after.0);
        self.list(limit, move |limit| page(select_product!(""), "product_id", after, limit))
    }

    fn described(&self, id: ProductId) -> Reading<'_, Option<(Product, Details)>> {
        self.read(by_id(select_described!(""), "product_id", id.0), first)
    }

    fn find_products(
        &self,
        wanted: WantedProducts,
        after: Option<ProductId>,
        limit: usize,
    ) -> Reading<'_, Vec<(Product, Details)>> {
        let WantedProducts { text, sku, external_id, status_shown } = wanted;
        let mut rest = statement("WHERE product_id > ?", &[&after.map_or(i64::MIN, |after| after.0)]);
        if let Some(sku) = sku {
            rest += &statement(" AND sku = ?", &[&sku]);
        }
        if let Some(external_id) = external_id {
            rest += &statement(" AND external_id = ?", &[&external_id]);
        }
        if let Some(text) = text.as_deref().map(like_pattern) {
            let like = " AND (LOWER(name) LIKE LOWER(?) ESCAPE '!' OR LOWER(sku) LIKE LOWER(?) ESCAPE '!')";
            rest += &statement(like, &[&text, &text]);
        }
        if let Some(status) = status_shown {
            let shown = " AND CASE WHEN status = 'ON_SALE' AND on_hand = reserved THEN 'SOLD_OUT' ELSE status END = ?";
            rest += &statement(shown, &[&status]);
        }
        rest += " ORDER BY product_id";
        self.list(limit, move |limit| format!("{}{rest} LIMIT {limit}", select_described!("")))
    }

    fn popular(&self, since: Option<i64>, limit: usize) -> Reading<'_, Vec<Popular>> {
        // A sum is a decimal, which the driver would return as text.
        let select = "SELECT product_id, name, sold_since FROM (
                 SELECT product_id, CAST(SUM(sold - returned) AS SIGNED) AS sold_since FROM product_sales WHERE day >= ?
                 GROUP BY product_id HAVING sold_since > 0
             ) AS best JOIN product USING (product_id) ORDER BY sold_since DESC, product_id LIMIT ?";
        let select = statement(select, &[&since.unwrap_or(i64::MIN), &sql_limit(limit)]);
        self.read([select], each)
    }

    fn sales(&self, from: i64) -> Reading<'_, Vec<DaySales>> {
        let select = "SELECT product_id, CASE WHEN day >= ? THEN day END AS told_day, CAST(SUM(sold) AS SIGNED),
             CAST(SUM(returned) AS SIGNED)
             FROM product_sales GROUP BY product_id, told_day";
        let select = statement(select, &[&from]);
        self.read([select], each)
    }
}
