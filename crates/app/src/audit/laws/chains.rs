//! Law 19: what belongs to a customer hangs together in chains from his row, and his notices count without gap.

use std::collections::BTreeMap;

use domain::ids::UserId;

use crate::audit::report::{Verdict, ensure};
use crate::audit::snapshot::{CustomerFacts, Link};

pub(in crate::audit) fn chains(facts: &CustomerFacts) -> Verdict {
    let user = facts.user;
    let Some(customer) = facts.customer else {
        return Err(format!("user {user}: has orders, coupons, points or notices, but does not exist"));
    };
    let notices: Vec<Link> = facts.notices.iter().map(|notice| notice.link).collect();
    whole(user, "orders", customer.last_order.map(|id| id.0), &facts.orders)?;
    whole(user, "coupons", customer.last_coupon.map(|id| id.0), &facts.coupons)?;
    // Old notices are forgotten, so the chain of those that are left may begin in the middle.
    let count = i64::try_from(notices.len()).unwrap_or(i64::MAX);
    let mut numbers: Vec<i64> = facts.notices.iter().map(|notice| notice.number).collect();
    numbers.sort_unstable();
    ensure(numbers.into_iter().eq(customer.notices - count + 1..=customer.notices), || {
        format!("user {user}: his {} notices are not numbered without gap", customer.notices)
    })?;
    tail(user, "notices", customer.last_notice.map(|id| id.0), &notices)
}

/// Every row is on the chain from the last one to the first.
fn whole(user: UserId, of: &str, last: Option<i64>, links: &[Link]) -> Verdict {
    tail(user, of, last, links)?;
    let first = links.iter().filter(|link| link.previous.is_none()).count();
    ensure(first == usize::from(!links.is_empty()), || format!("user {user}: the chain of his {of} has no beginning"))
}

/// Every row is on the chain from the last one on.
fn tail(user: UserId, of: &str, last: Option<i64>, links: &[Link]) -> Verdict {
    let mut left: BTreeMap<i64, Option<i64>> = links.iter().map(|link| (link.id, link.previous)).collect();
    let mut next = last;
    while let Some(previous) = next.and_then(|id| left.remove(&id)) {
        next = previous;
    }
    let is_last_known = last.is_none_or(|last| links.iter().any(|link| link.id == last) || links.is_empty());
    ensure(left.is_empty() && is_last_known, || format!("user {user}: his {of} are not one chain"))
}
