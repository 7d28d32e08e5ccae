//! Products and what sells best.

use app::views::{CatalogueViews, DaySales, Popular, Reading};
use domain::ids::ProductId;
use domain::stock::Product;

use super::{SqliteViews, sql_limit};
use crate::embedded::records::{self, select_product};
use crate::embedded::store::find;

impl CatalogueViews for SqliteViews {
    fn product(&self, id: ProductId) -> Reading<'_, Option<Product>> {
        self.read(move |connection| {
            find(connection, select_product!("WHERE product_id = ?1"), [id.0], records::product)
        })
    }

    fn products(&self, after: Option<ProductId>, limit: usize) -> Reading<'_, Vec<Product>> {
        self.read(move |connection| {
            let sql = select_product!("WHERE product_id > ?1 ORDER BY product_id LIMIT ?2");
            let after = after.map_or(i64::MIN, |after| after.0);
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map((after, sql_limit(limit)), records::product)?.collect()
        })
    }

    fn popular(&self, since: Option<i64>, limit: usize) -> Reading<'_, Vec<Popular>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT product_id, name, sold_since
                 FROM (SELECT product_id, sum(sold) AS sold_since FROM product_sales WHERE day >= ?1 GROUP BY product_id)
                 JOIN product USING (product_id)
                 ORDER BY sold_since DESC, product_id LIMIT ?2",
            )?;
            let rows = statement.query_map((since.unwrap_or(i64::MIN), sql_limit(limit)), |row| {
                Ok(Popular { product: ProductId(row.get(0)?), name: row.get(1)?, sold: row.get(2)? })
            })?;
            rows.collect()
        })
    }

    fn sales(&self, from: i64) -> Reading<'_, Vec<DaySales>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT product_id, CASE WHEN day >= ?1 THEN day END AS told_day, sum(sold)
                 FROM product_sales GROUP BY product_id, told_day",
            )?;
            let rows = statement.query_map([from], |row| {
                Ok(DaySales { product: ProductId(row.get(0)?), day: row.get(1)?, sold: row.get(2)? })
            })?;
            rows.collect()
        })
    }
}
