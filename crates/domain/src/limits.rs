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
/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 200;

const _: () = assert!(
    PRICE_MAX.amount() as i128 * QUANTITY_MAX as i128 * (LINES_MAX as i128) < i64::MAX as i128,
    "the total of the largest order fits in 64 bits"
);
const _: () = assert!(STOCK_MAX < NUMBER_MAX && POINTS_MAX.amount() < NUMBER_MAX && CHARGE_MAX.amount() < NUMBER_MAX);
