//! Law 8: a coupon pays for one order that is not cancelled, and its discount is the campaign's.

use std::collections::BTreeMap;

use domain::coupon::Campaign;
use domain::ids::CampaignId;
use domain::money::Money;
use domain::order::Order;
use domain::order::saga::Step;

use crate::audit::dossier::Dossier;
use crate::audit::report::{Verdict, ensure};

pub(in crate::audit) fn redemption(dossier: &Dossier, campaigns: &BTreeMap<CampaignId, Campaign>) -> Verdict {
    let (name, used) = (&dossier.name, &dossier.facts.coupons);
    let Some(order) = dossier.order() else {
        return ensure(used.is_empty(), || {
            format!("{name}: coupons are used on it, but it does not exist, or cannot be read")
        });
    };
    let expected = usize::from(dossier.holds(order, Step::Coupon));
    ensure(used.len() == expected, || {
        format!("{name}: is {} and uses {} coupons instead of {expected}", order.outcome.name(), used.len())
    })?;
    for coupon in used {
        let is_wanted = order.created.coupon.is_some_and(|wanted| {
            wanted.campaign == coupon.campaign && wanted.coupon.is_none_or(|wanted| wanted == coupon.coupon.id)
        });
        ensure(is_wanted && coupon.user == order.user(), || {
            format!("{name}: uses coupon {}, which is not the requested one", coupon.coupon.code)
        })?;
    }
    let discount = order.created.discount;
    let offered = offered(order, campaigns);
    let Some(offered) = offered else {
        return Err(format!("{name}: the campaign of its coupon does not exist, or cannot be read"));
    };
    ensure(offered == discount, || {
        format!("{name}: its discount is {}, its coupon's is {}", discount.amount(), offered.amount())
    })
}

/// Returns the discount of the order's coupon; `None` when its campaign does not exist.
fn offered(order: &Order, campaigns: &BTreeMap<CampaignId, Campaign>) -> Option<Money> {
    let Some(wanted) = order.created.coupon else { return Some(Money::ZERO) };
    campaigns.get(&wanted.campaign).map(|campaign| campaign.discount.on(order.created.total))
}
