//! Products and the ranking.

use app::ports::views::{CatalogueViews, DaySales, Popular, Reading, WantedProducts};
use app::state::rows::Details;
use domain::ids::ProductId;
use domain::stock::Product;
use rusqlite::{Connection, Result};

use super::{SqliteViews, sql_limit};
use crate::records::like_pattern;
use crate::selects::{select_described, select_product};
use crate::sqlite::best_sellers::BestSellers;
use crate::sqlite::cells::{find, find_all, find_readable};

impl CatalogueViews for SqliteViews {
    fn product(&self, id: ProductId) -> Reading<'_, Option<Product>> {
        self.read(move |connection| find(connection, select_product!("WHERE product_id = ?1"), [id.0]))
    }

    fn products(&self, after: Option<ProductId>, limit: usize) -> Reading<'_, Vec<Product>> {
        self.list(limit, move |connection, limit| {
            let sql = select_product!("WHERE product_id > ?1 ORDER BY product_id LIMIT ?2");
            let after = after.map_or(i64::MIN, |after| after.0);
            find_readable(connection, sql, (after, limit))
        })
    }

    fn described(&self, id: ProductId) -> Reading<'_, Option<(Product, Details)>> {
        self.read(move |connection| find(connection, select_described!("WHERE product_id = ?1"), [id.0]))
    }

    fn find_products(
        &self,
        wanted: WantedProducts,
        after: Option<ProductId>,
        limit: usize,
    ) -> Reading<'_, Vec<(Product, Details)>> {
        self.list(limit, move |connection, limit| {
            let after = after.map_or(i64::MIN, |after| after.0);
            if wanted == WantedProducts::default() {
                let sql = select_described!("WHERE product_id > ?1 ORDER BY product_id LIMIT ?2");
                return find_readable(connection, sql, (after, limit));
            }
            let sql = select_described!(
                "WHERE product_id > ?1 AND (?2 IS NULL OR sku = ?2) AND (?3 IS NULL OR external_id = ?3)
                     AND (?4 IS NULL OR name LIKE ?4 ESCAPE '!' OR sku LIKE ?4 ESCAPE '!')
                     AND (?5 IS NULL OR ?5 =
                          CASE WHEN status = 'ON_SALE' AND on_hand = reserved THEN 'SOLD_OUT' ELSE status END)
                 ORDER BY product_id LIMIT ?6"
            );
            let WantedProducts { text, sku, external_id, status_shown } = &wanted;
            let text = text.as_deref().map(like_pattern);
            find_readable(connection, sql, (after, sku, external_id, text, status_shown, limit))
        })
    }

    fn popular(&self, since: Option<i64>, limit: usize) -> Reading<'_, Vec<Popular>> {
        self.read(move |connection| {
            if let Some(sellers) = &self.best_sellers {
                let kept = sellers.best(since, limit);
                let best = kept.map_or_else(|| sum_up(connection, sellers, since, limit), Ok)?;
                return named(connection, best);
            }
            let sql = "SELECT product_id, name, sold_since
                 FROM (SELECT product_id, sum(sold - returned) AS sold_since FROM product_sales WHERE day >= ?1
                       GROUP BY product_id HAVING sold_since > 0)
                 JOIN product USING (product_id)
                 ORDER BY sold_since DESC, product_id LIMIT ?2";
            find_all(connection, sql, (since.unwrap_or(i64::MIN), sql_limit(limit)))
        })
    }

    fn sales(&self, from: i64) -> Reading<'_, Vec<DaySales>> {
        self.read(move |connection| {
            let sql = "SELECT product_id, CASE WHEN day >= ?1 THEN day END AS told_day, sum(sold), sum(returned)
                 FROM product_sales GROUP BY product_id, told_day";
            find_all(connection, sql, [from])
        })
    }
}

/// Sums up a period once; from then on each commit adds to it.
fn sum_up(
    connection: &Connection,
    sellers: &BestSellers,
    since: Option<i64>,
    limit: usize,
) -> Result<Vec<(ProductId, i64)>> {
    let counting = sellers.count();
    let last = "SELECT number FROM engine_commit WHERE engine = ?1";
    let as_of: Option<i64> = find(connection, last, [sellers.engine])?;
    let sums = "SELECT product_id, sum(sold - returned) FROM product_sales WHERE day >= ?1 GROUP BY product_id";
    let sums: Vec<(i64, i64)> = find_all(connection, sums, [since.unwrap_or(i64::MIN)])?;
    let sold = sums.into_iter().map(|(product, units)| (ProductId(product), units)).collect();
    Ok(counting.keep(since, as_of.unwrap_or(0), sold, limit))
}

fn named(connection: &Connection, best: Vec<(ProductId, i64)>) -> Result<Vec<Popular>> {
    let mut popular = Vec::with_capacity(best.len());
    for (product, sold) in best {
        let name: Option<String> = find(connection, "SELECT name FROM product WHERE product_id = ?1", [product.0])?;
        popular.extend(name.map(|name| Popular { product, name, sold }));
    }
    Ok(popular)
}
