//! OpenAPI texts: statistics.

use crate::openapi::{Operation, Tag};

const COURSE: &str = "`totals` are the sums of all time up to `to`, or from the interval of `from` on. `series` has the intervals in which \
                      something happened, at most the latest 1,500. Sums are exact: if they need minutes or hours that are no longer kept, \
                      the answer is 400 and says what to change. Events are counted within a second of their commit.";

pub(in crate::api) fn coupons() -> Operation {
    Operation::new(Tag::Administration, "getCouponStatistics", "Count issued, used, restored and refused coupons")
        .paragraph(COURSE)
        .returns("The sums, and their course.")
}

pub(in crate::api) fn orders() -> Operation {
    Operation::new(Tag::Administration, "getOrderStatistics", "Count orders and their amounts")
        .paragraph(COURSE)
        .returns("The sums, and their course.")
}
