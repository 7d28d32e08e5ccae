//! Products and the ranking.

use app::ports::views::{CatalogueViews, DaySales, Popular, Reading};
use domain::ids::ProductId;
use domain::stock::Product;

use super::{MysqlViews, by_id, each, first, page, sql_limit};
use crate::mysql::sql::statement;
use crate::selects::select_product;

impl CatalogueViews for MysqlViews {
    fn product(&self, id: ProductId) -> Reading<'_, Option<Product>> {
        self.read(by_id(select_product!(""), "product_id", id.0), first)
    }

    fn products(&self, after: Option<ProductId>, limit: usize) -> Reading<'_, Vec<Product>> {
        let select = page(select_product!(""), "product_id", after.map(|after| after.0), limit);
        self.read(select, each)
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
