//! The limits of the model. No sum of allowed values overflows 64 bits.

use crate::money::Money;

/// The largest integer that every JSON parser reads exactly (2^53 - 1): the limit of amounts and identities.
pub const NUMBER_MAX: i64 = (1 << 53) - 1;
/// The highest price of a product: ten billion won.
pub const PRICE_MAX: Money = Money::won(10_000_000_000);
/// Units of one product in one order, in all of its lines together.
pub const QUANTITY_MAX: i64 = 100_000;
/// Lines of one order, as they arrive.
pub const LINES_MAX: usize = 100;
/// Units of one product that the shop may ever receive.
pub const STOCK_MAX: i64 = 1_000_000_000_000;
/// Points that one account may hold.
pub const POINTS_MAX: Money = Money::won(1_000_000_000_000_000);
/// Points charged at once.
pub const CHARGE_MAX: Money = Money::won(1_000_000_000_000);
/// Coupons of one campaign.
pub const CAMPAIGN_QUANTITY_MAX: i64 = 1_000_000_000;
/// Coupons of one campaign that one user may hold. The engine loads all of them for each decision.
pub const ISSUE_PER_USER_MAX: i64 = 100;
/// Customers that a waiting room may admit per second.
pub const ADMIT_PER_SECOND_MAX: i64 = 100_000;
/// Seconds that an admitted customer may have.
pub const HOLD_SECONDS_MAX: i64 = 86_400;
/// Seconds by which a hold is extended at once.
pub const HOLD_EXTENSION_SECONDS_MAX: i64 = 86_400;
/// Products of one drop.
pub const DROP_PRODUCTS_MAX: usize = 100;
/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 200;
/// Characters of a product's SKU, of its id in another system, and of the name of an attribute.
pub const IDENTITY_CHARS_MAX: usize = 100;
/// Characters of a product's description.
pub const DESCRIPTION_CHARS_MAX: usize = 5_000;
/// Characters of the address of a product's image.
pub const IMAGE_URL_CHARS_MAX: usize = 2_000;
/// Attributes of a product.
pub const ATTRIBUTES_MAX: usize = 50;
/// Bytes of a product's attributes as JSON.
pub const ATTRIBUTES_BYTES_MAX: usize = 8_192;
/// Characters of a webhook endpoint's address.
pub const WEBHOOK_URL_CHARS_MAX: usize = 2_000;
/// Requests per second that an endpoint may allow itself.
pub const WEBHOOK_RATE_MAX: i64 = 10_000;
/// Terms of an endpoint's subscription that are kept; older ones are dropped.
pub const WEBHOOK_TERMS_MAX: usize = 100;
/// Attempts that a delivery's log keeps; older ones are dropped.
pub const WEBHOOK_ATTEMPTS_KEPT: usize = 50;
/// Bytes of a receiver's response that the log keeps.
pub const WEBHOOK_RESPONSE_BYTES: usize = 1_024;
/// Bytes of a webhook's body: less than 20 kB.
pub const WEBHOOK_BODY_BYTES_MAX: usize = 20_000 - 1;
/// Characters of a device's push token.
pub const PUSH_TOKEN_CHARS_MAX: usize = 4_096;

const _: () = assert!(
    PRICE_MAX.amount() as i128 * QUANTITY_MAX as i128 * (LINES_MAX as i128) < i64::MAX as i128,
    "the total of the largest order fits in 64 bits"
);
const _: () = assert!(Money::MAX.amount() == NUMBER_MAX);
const _: () = assert!(STOCK_MAX < NUMBER_MAX && POINTS_MAX.amount() < NUMBER_MAX && CHARGE_MAX.amount() < NUMBER_MAX);
