//! Every bound of the model in one place. They are chosen so that no sum of allowed values overflows 64 bits.

use crate::money::Money;

/// The largest whole number that every reader of JSON keeps as it is: no amount and no identity passes it.
pub const NUMBER_MAX: i64 = (1 << 53) - 1;
/// The dearest product: ten billion won.
pub const PRICE_MAX: Money = Money::won(10_000_000_000);
/// The most of one product that a line may ask for, after lines of one product are added up.
pub const QUANTITY_MAX: i64 = 100_000;
/// Distinct lines of one order as it arrives.
pub const LINES_MAX: usize = 100;
/// Units of one product that the shop may ever have received.
pub const STOCK_MAX: i64 = 1_000_000_000_000;
/// Points that one account may hold.
pub const POINTS_MAX: Money = Money::won(1_000_000_000_000_000);
/// Points charged at once.
pub const CHARGE_MAX: Money = Money::won(1_000_000_000_000);
/// Coupons of one campaign.
pub const CAMPAIGN_QUANTITY_MAX: i64 = 1_000_000_000;
/// Coupons of one campaign that one user may hold; the engine loads all of them with each decision.
pub const ISSUE_PER_USER_MAX: i64 = 100;
/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 200;

const _: () = assert!(
    PRICE_MAX.amount() as i128 * QUANTITY_MAX as i128 * (LINES_MAX as i128) < i64::MAX as i128,
    "the total of the largest order fits in 64 bits"
);
const _: () = assert!(STOCK_MAX < NUMBER_MAX && POINTS_MAX.amount() < NUMBER_MAX && CHARGE_MAX.amount() < NUMBER_MAX);
