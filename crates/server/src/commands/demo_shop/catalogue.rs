//! Contents of a demo shop: the same seed gives the same contents on every machine.

use serde::Serialize;

/// Issue period of the campaigns, which lasts longer than any trial.
pub(super) const OPEN_FROM: &str = "2026-01-01T00:00:00Z";
pub(super) const OPEN_UNTIL: &str = "2099-01-01T00:00:00Z";
pub(super) const VALID_UNTIL: &str = "2099-12-31T00:00:00Z";

const PRODUCTS: [(&str, i64); 8] = [
    ("Sneaker Dawn", 129_000),
    ("Sneaker Dusk", 139_000),
    ("Field Jacket", 189_000),
    ("Canvas Tote", 39_000),
    ("Wool Beanie", 29_000),
    ("Enamel Mug", 18_000),
    ("Concert Poster", 25_000),
    ("Vinyl Reissue", 48_000),
];
const CAMPAIGNS: [(&str, Discount); 3] = [
    ("Welcome", Discount::Fixed(5_000)),
    ("Opening week", Discount::Percent { value: 10, max_amount: 15_000 }),
    ("Members", Discount::Percent { value: 15, max_amount: 20_000 }),
];
const CUSTOMERS: [&str; 12] =
    ["Mina", "Jisoo", "Hana", "Yuna", "Sora", "Minho", "Joon", "Taeyang", "Ara", "Bora", "Dohyun", "Eunji"];

/// Products, campaigns and customers of a seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Catalogue {
    pub seed: u64,
    pub products: Vec<Product>,
    pub campaigns: Vec<Campaign>,
    pub customers: Vec<Customer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Product {
    pub name: &'static str,
    pub price: i64,
    pub stock: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    pub name: &'static str,
    pub discount: Discount,
    pub total_quantity: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Discount {
    Fixed(i64),
    Percent { value: i64, max_amount: i64 },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Customer {
    pub name: &'static str,
    pub email: String,
    pub points: i64,
}

impl Catalogue {
    pub fn of(seed: u64) -> Catalogue {
        let mut dice = Dice(seed);
        let products = PRODUCTS.map(|(name, price)| Product {
            name,
            // Within 10 % of the usual price, in whole hundreds.
            price: price / 1_000 * dice.between(900, 1_100) / 100 * 100,
            stock: dice.between(2, 40) * 25,
        });
        let campaigns =
            CAMPAIGNS.map(|(name, discount)| Campaign { name, discount, total_quantity: dice.between(1, 20) * 500 });
        let customers = CUSTOMERS.map(|name| Customer {
            name,
            email: format!("{}@demo.doorbuster.local", name.to_lowercase()),
            points: dice.between(10, 60) * 1_000,
        });
        Catalogue { seed, products: products.into(), campaigns: campaigns.into(), customers: customers.into() }
    }
}

/// Pseudo-random numbers from the seed (SplitMix64).
struct Dice(u64);

impl Dice {
    /// Returns a number from `first` to `last`, both included.
    fn between(&mut self, first: i64, last: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        first + i64::try_from(mixed % (last - first + 1).unsigned_abs()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_the_catalogue() {
        assert_eq!(Catalogue::of(7), Catalogue::of(7));
        assert_ne!(Catalogue::of(7).products, Catalogue::of(8).products);
    }

    #[test]
    fn every_seed_makes_something_that_can_be_sold() {
        for seed in 0..500 {
            let catalogue = Catalogue::of(seed);
            let is_sound = |product: &Product| product.price % 100 == 0 && product.price > 0 && product.stock > 0;
            assert!(catalogue.products.iter().all(is_sound), "{catalogue:?}");
            assert!(catalogue.campaigns.iter().all(|campaign| campaign.total_quantity > 0), "{catalogue:?}");
        }
    }
}
