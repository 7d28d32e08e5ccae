//! The store's sums of sales, set by the test.

use std::collections::BTreeMap;
use std::sync::Mutex;

use app::ports::views::{CatalogueViews, DaySales, Popular, Reading, WantedProducts};
use app::state::rows::Details;
use domain::ids::ProductId;
use domain::money::Money;
use domain::stock::{Product, Status};
use domain::time::Timestamp;

#[derive(Default)]
pub(crate) struct Sales(Mutex<BTreeMap<(i64, i64), (i64, i64)>>);

impl Sales {
    pub(crate) fn put(&self, product: i64, day: i64, sold: i64, returned: i64) {
        self.0.lock().unwrap().insert((product, day), (sold, returned));
    }
}

impl CatalogueViews for Sales {
    fn product(&self, id: ProductId) -> Reading<'_, Option<Product>> {
        let product = Product {
            id,
            name: format!("product {}", id.0).into(),
            price: Money::won(1),
            status: Status::ALL[0],
            on_hand: 0,
            reserved: 0,
            received: 0,
            sold: 0,
            written_off: 0,
            drop: None,
            created_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
        };
        Box::pin(async move { Ok(Some(product)) })
    }

    fn products(&self, _after: Option<ProductId>, _limit: usize) -> Reading<'_, Vec<Product>> {
        unreachable!("the ranking reads one product")
    }

    fn described(&self, _id: ProductId) -> Reading<'_, Option<(Product, Details)>> {
        unreachable!("the ranking reads no details")
    }

    fn find_products(
        &self,
        _wanted: WantedProducts,
        _after: Option<ProductId>,
        _limit: usize,
    ) -> Reading<'_, Vec<(Product, Details)>> {
        unreachable!("the ranking reads one product")
    }

    fn popular(&self, _since: Option<i64>, _limit: usize) -> Reading<'_, Vec<Popular>> {
        unreachable!("the ranking reads sums")
    }

    fn sales(&self, from: i64) -> Reading<'_, Vec<DaySales>> {
        let mut sums: BTreeMap<(i64, Option<i64>), (i64, i64)> = BTreeMap::new();
        for ((product, day), (sold, returned)) in self.0.lock().unwrap().iter() {
            let sum = sums.entry((*product, Some(*day).filter(|day| *day >= from))).or_default();
            *sum = (sum.0 + sold, sum.1 + returned);
        }
        let sum = |((product, day), (sold, returned))| DaySales { product: ProductId(product), day, sold, returned };
        let sales = sums.into_iter().map(sum).collect();
        Box::pin(async move { Ok(sales) })
    }
}
