//! Whose orders, coupon requests and receipts a request may touch: the customer's own or, on admin paths, anybody's.

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use domain::ids::UserId;
use domain::order::{Canceller, Order};

use crate::api::Shop;
use crate::api::response::refusals::order_not_found;
use crate::api::response::refusals::unavailable;
use crate::http::Problem;
use crate::openapi::{Describes, Operation};
use crate::security::auth::{Customer, Principal};

/// The prefix of paths that a middleware opens to admin tokens only.
const ADMIN_PATHS: &str = "/api/admin/";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Own(UserId),
    /// On admin paths.
    Anybodys,
}

impl Whose {
    pub(in crate::api) fn of(principal: Principal, uri: &Uri) -> Whose {
        if uri.path().starts_with(ADMIN_PATHS) { Whose::Anybodys } else { Whose::Own(UserId(principal.user_id)) }
    }

    /// Returns who cancels the order, for its history.
    pub(in crate::api) const fn canceller(self) -> Canceller {
        match self {
            Whose::Own(_) => Canceller::Customer,
            Whose::Anybodys => Canceller::Admin,
        }
    }

    /// Returns the order with this number. An order of another user is answered as not found, also with an admin token: admins
    /// use the admin paths.
    pub(in crate::api) async fn order(self, shop: &Shop, number: &str) -> Result<Order, Problem> {
        let id = shop.submitter.codec.order_id(number).ok_or_else(order_not_found)?;
        let order = shop.submitter.views.order(id).await.map_err(unavailable)?;
        order.filter(|order| self.includes(order.user())).ok_or_else(order_not_found)
    }

    /// Returns whether things of this user are among them.
    pub(in crate::api) fn includes(self, user: UserId) -> bool {
        match self {
            Whose::Own(own) => own == user,
            Whose::Anybodys => true,
        }
    }
}

impl FromRequestParts<Shop> for Whose {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Whose, Problem> {
        let Customer(principal) = Customer::from_request_parts(parts, shop).await?;
        Ok(Whose::of(principal, &parts.uri))
    }
}

impl Describes for Whose {
    fn describe(operation: &mut Operation) {
        Customer::describe(operation);
    }
}
