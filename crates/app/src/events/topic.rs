//! The topics, under the sources' names: one table, from which the broker's topics, `doorbuster topics` and the
//! documents are made.

use std::collections::BTreeMap;

/// The number of partitions over which each topic's keys are spread: at most as many as the topic has.
pub type Spread = BTreeMap<Topic, i32>;

/// The key of a topic's records. Records with one key are in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyedBy {
    User,
    Product,
    Campaign,
    Drop,
    Order,
    /// `user:{id}` or the campaign, as the campaign's `queueKey` says.
    Queue,
    /// The aggregate of the event.
    OrderOrCampaign,
}

impl KeyedBy {
    pub const fn name(self) -> &'static str {
        match self {
            KeyedBy::User => "userId",
            KeyedBy::Product => "productId",
            KeyedBy::Campaign => "couponId",
            KeyedBy::Drop => "dropId",
            KeyedBy::Order => "orderId",
            KeyedBy::Queue => "user:{id} or couponId",
            KeyedBy::OrderOrCampaign => "orderId or couponId",
        }
    }
}

struct Size {
    partitions: i32,
    retention_days: i32,
}

macro_rules! topics {
    ($($variant:ident = $name:literal by $key:ident, $partitions:literal partitions for $days:literal days: $carries:literal;)*) => {
        /// A topic of the shop.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Topic {
            $(#[doc = $carries] $variant,)*
        }

        impl Topic {
            pub const ALL: &'static [Topic] = &[$(Topic::$variant,)*];

            pub const fn name(self) -> &'static str {
                match self {
                    $(Topic::$variant => $name,)*
                }
            }

            /// The dead-letter topic of this topic.
            pub const fn dead_letters(self, named: DeadLetterNames) -> &'static str {
                match (self, named) {
                    $(
                        (Topic::$variant, DeadLetterNames::Dot) => concat!($name, ".dlq"),
                        (Topic::$variant, DeadLetterNames::Hyphen) => concat!($name, "-dlq"),
                        (Topic::$variant, DeadLetterNames::Dlt) => concat!($name, ".DLT"),
                    )*
                }
            }

            pub const fn keyed_by(self) -> KeyedBy {
                match self {
                    $(Topic::$variant => KeyedBy::$key,)*
                }
            }

            pub const fn carries(self) -> &'static str {
                match self {
                    $(Topic::$variant => $carries,)*
                }
            }

            /// The size in production.
            const fn size(self) -> Size {
                match self {
                    $(Topic::$variant => Size { partitions: $partitions, retention_days: $days },)*
                }
            }
        }
    };
}

topics! {
    OrderEvents = "order-events" by User, 16 partitions for 7 days: "every event of an order";
    StockEvents = "stock-events" by Product, 12 partitions for 3 days: "requests to claim stock, and every movement of it";
    CouponEvents = "coupon-events" by Campaign, 8 partitions for 30 days: "campaigns, decisions on their coupons, and requests to use them";
    PointEvents = "point-events" by User, 8 partitions for 30 days: "requests for points, and every entry of the ledger";
    PaymentEvents = "payment-events" by Order, 16 partitions for 30 days: "payments requested, authorised, captured, refunded, stuck";
    CompensationEvents = "compensation-events" by Order, 4 partitions for 30 days: "compensations, and requests for their restorations";
    OrderProcessingResults = "order-processing-results" by Order, 16 partitions for 7 days: "reports of the participants";
    CouponRequests = "coupon-requests" by Queue, 8 partitions for 7 days: "requests for coupons that are decided later";
    CouponResults = "coupon-results" by Queue, 8 partitions for 7 days: "the results of those requests";
    OrderCompleted = "order-completed" by User, 16 partitions for 7 days: "completed orders, for rankings and analytics";
    OrderProcessing = "order-processing-topic" by Order, 16 partitions for 7 days: "orders to be paid and shipped in one step";
    OrderRetry = "order-retry-topic" by Order, 16 partitions for 7 days: "failed ones of these orders, to be retried";
    CouponIssued = "coupon-issued" by User, 8 partitions for 30 days: "issued coupons";
    CouponUsed = "coupon-used" by User, 8 partitions for 30 days: "redeemed coupons";
    ProductEvents = "product-events" by Product, 8 partitions for 7 days: "products, prices, sold-out products";
    DropEvents = "drop-events" by Drop, 4 partitions for 30 days: "drops created, changed, opened, sold out, closed";
    ExternalEvents = "external-events" by OrderOrCampaign, 8 partitions for 7 days: "events for systems outside of the shop";
}

/// The naming scheme of dead-letter topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeadLetterNames {
    /// `order-events.dlq`.
    #[default]
    Dot,
    /// `order-events-dlq`, of sources 001 and 004.
    Hyphen,
    /// `order-events.DLT`, of source 000.
    Dlt,
}

/// The sizes of all topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// One broker: 3 partitions, 1 replica.
    Local,
    /// Three brokers or more: 3 replicas, of which 2 must store a record before it counts as written.
    Production,
}

impl Profile {
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Local => "local",
            Profile::Production => "production",
        }
    }

    /// Returns the topics that the broker should have: each one, followed by its dead-letter topic.
    pub fn wanted(self, named: DeadLetterNames) -> Vec<Wanted> {
        const DEAD_LETTERS: Size = Size { partitions: 4, retention_days: 30 };
        let both = |topic: &Topic| {
            let dead_letters = topic.dead_letters(named);
            [self.shaped(topic.name(), *topic, topic.size()), self.shaped(dead_letters, *topic, DEAD_LETTERS)]
        };
        Topic::ALL.iter().flat_map(both).collect()
    }

    const fn shaped(self, name: &'static str, topic: Topic, size: Size) -> Wanted {
        let Size { partitions, retention_days } = size;
        match self {
            Profile::Local => Wanted { name, topic, partitions: 3, replicas: 1, in_sync_min: 1, retention_days },
            Profile::Production => Wanted { name, topic, partitions, replicas: 3, in_sync_min: 2, retention_days },
        }
    }
}

/// A topic with its required sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub name: &'static str,
    /// The topic, or the topic of the dead letters.
    pub topic: Topic,
    pub partitions: i32,
    pub replicas: i32,
    /// Replicas that must store a record before it counts as written.
    pub in_sync_min: i32,
    pub retention_days: i32,
}

impl Wanted {
    /// Returns true for a dead-letter topic.
    pub fn is_of_dead_letters(&self) -> bool {
        self.name != self.topic.name()
    }
}

impl Topic {
    pub fn from_name(name: &str) -> Option<Topic> {
        Topic::ALL.iter().copied().find(|topic| topic.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profiles_are_those_of_the_sources() {
        let found = |profile: Profile, name: &str| {
            let wanted = profile.wanted(DeadLetterNames::Dot).into_iter().find(|wanted| wanted.name == name).unwrap();
            (wanted.partitions, wanted.replicas, wanted.in_sync_min, wanted.retention_days)
        };
        assert_eq!(found(Profile::Production, "order-events"), (16, 3, 2, 7));
        assert_eq!(found(Profile::Production, "coupon-events"), (8, 3, 2, 30));
        assert_eq!(found(Profile::Production, "compensation-events"), (4, 3, 2, 30));
        assert_eq!(found(Profile::Production, "order-events.dlq"), (4, 3, 2, 30));
        assert_eq!(found(Profile::Local, "order-events"), (3, 1, 1, 7));
    }

    #[test]
    fn every_topic_is_named_once() {
        let mut names: Vec<&str> =
            Profile::Local.wanted(DeadLetterNames::Hyphen).into_iter().map(|wanted| wanted.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!((names.len(), count), (2 * Topic::ALL.len(), 2 * Topic::ALL.len()));
        for topic in Topic::ALL {
            assert_eq!(Topic::from_name(topic.name()), Some(*topic));
        }
    }
}
