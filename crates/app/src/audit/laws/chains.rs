//! Law 19: the rows of a customer form chains that start at the customer's row, and notices are numbered without gap.

use std::collections::BTreeMap;

use domain::ids::UserId;

use crate::audit::report::{Verdict, ensure};
use crate::audit::snapshot::{CustomerFacts, Link};

pub(in crate::audit) fn chains(facts: &CustomerFacts) -> Verdict {
    let user = facts.user;
    let Some(customer) = facts.customer else {
        return Err(format!(
            "user {user}: has orders, coupons, points or notices, but does not exist, or cannot be read"
        ));
    };
    let notices: Vec<Link> = facts.notices.iter().map(|notice| notice.link).collect();
    whole(user, "orders", customer.last_order.map(|id| id.0), &facts.orders)?;
    whole(user, "coupons", customer.last_coupon.map(|id| id.0), &facts.coupons)?;
    // Old notices are deleted, so the chain of the remaining ones may begin in the middle.
    let count = i64::try_from(notices.len()).unwrap_or(i64::MAX);
    let mut numbers: Vec<i64> = facts.notices.iter().map(|notice| notice.number).collect();
    numbers.sort_unstable();
    let first = customer.notices.saturating_sub(count).saturating_add(1);
    ensure(numbers.into_iter().eq(first..=customer.notices), || {
        format!("user {user}: the numbers of the {} notices have a gap", customer.notices)
    })?;
    tail(user, "notices", customer.last_notice.map(|id| id.0), &notices)
}

/// Checks that every row is on the chain from the last one back to the first.
fn whole(user: UserId, of: &str, last: Option<i64>, links: &[Link]) -> Verdict {
    tail(user, of, last, links)?;
    let first = links.iter().filter(|link| link.previous.is_none()).count();
    ensure(first == usize::from(!links.is_empty()), || format!("user {user}: the chain of {of} has no beginning"))
}

/// Checks that every row is on the chain that starts at the last one; the chain may be cut off.
fn tail(user: UserId, of: &str, last: Option<i64>, links: &[Link]) -> Verdict {
    let mut left: BTreeMap<i64, Option<i64>> = links.iter().map(|link| (link.id, link.previous)).collect();
    let mut next = last;
    while let Some(previous) = next.and_then(|id| left.remove(&id)) {
        next = previous;
    }
    let is_last_known = last.is_none_or(|last| links.iter().any(|link| link.id == last) || links.is_empty());
    ensure(left.is_empty() && is_last_known, || format!("user {user}: the {of} are not one chain"))
}
