//! Products and points.

use crate::api::response::render;
use crate::api::users::points::BalanceBody;
use crate::http::Code;
use crate::openapi::{Answer, Link, Operation, Tag};

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Products, "listProducts", "The catalogue")
        .says("Every product, also those that are sold out or no longer on sale.")
        .gives("A page of products.")
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Products, "getProduct", "A product")
        .says("`available` is what a new order could still get: units on hand less those reserved for orders.")
        .gives("The product with what is available now.")
}

pub(in crate::api) fn popular() -> Operation {
    Operation::new(Tag::Products, "listPopularProducts", "What sells best")
        .says("Over today, three days or all time; a day is a UTC day.")
        .gives("Products, best first.")
}

pub(in crate::api) fn register() -> Operation {
    let registered = Answer::json::<render::StockedProductBody>(201, "The product, on sale.")
        .link(Link::new("product", "getProduct", "id", "$response.body#/productId"))
        .link(Link::new("change", "changeProduct", "id", "$response.body#/productId"))
        .link(Link::new("stock", "adjustStock", "id", "$response.body#/productId"));
    Operation::new(Tag::Administration, "registerProduct", "Register a product")
        .says("It is on sale from the answer on, with all of its units available.")
        .answers(registered)
}

pub(in crate::api) fn change() -> Operation {
    Operation::new(Tag::Administration, "changeProduct", "Change a product's price or status")
        .says("What is absent stays as it is. Orders keep the price at which they were placed.")
        .gives("The product as it is now.")
}

pub(in crate::api) fn adjust() -> Operation {
    Operation::new(Tag::Administration, "adjustStock", "Receive or write off stock")
        .says("Reserved units belong to orders and cannot be written off.")
        .answers(Answer::json::<render::StockBody>(200, "The product's stock as it is now."))
        .refuses([Code::StockExhausted])
}

pub(in crate::api) fn charge() -> Operation {
    Operation::new(Tag::Points, "chargePoints", "Charge points")
        .says("One point is one won. An admin may charge for another user; whether customers may charge at all is a setting.")
        .answers(Answer::json::<BalanceBody>(200, "The new balance."))
        .refuses([Code::AuthForbidden, Code::PointsChargeForbidden])
}

pub(in crate::api) fn balance() -> Operation {
    Operation::new(Tag::Points, "getBalance", "Own balance")
        .says("One point is one won.")
        .gives("What the account holds.")
}

pub(in crate::api) fn history() -> Operation {
    Operation::new(Tag::Points, "listPointsEntries", "Own ledger")
        .says("Every charge, deduction and restoration with the balance after it: the entries add up to the balance.")
        .gives("A page of own entries, newest first.")
}
