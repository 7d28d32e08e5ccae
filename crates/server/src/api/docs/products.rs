//! OpenAPI texts: products and points.

use crate::api::response::render;
use crate::api::users::points::BalanceBody;
use crate::http::Code;
use crate::openapi::{Answer, Link, Operation, Tag};

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Products, "listProducts", "List products")
        .paragraph("Includes products that are sold out or no longer on sale.")
        .returns("A page of products.")
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Products, "getProduct", "Get a product")
        .paragraph("`available` is the number of units that a new order can still get: units on hand minus units reserved for orders.")
        .returns("The product. `available` is never cached.")
}

pub(in crate::api) fn popular() -> Operation {
    Operation::new(Tag::Products, "listPopularProducts", "List the best-selling products")
        .paragraph(
            "By units sold today, in the last three days or of all time. Days are those of the shop's time zone.",
        )
        .returns("Products, best-selling first.")
}

pub(in crate::api) fn list_stocked() -> Operation {
    Operation::new(Tag::Administration, "listStockedProducts", "List products with their stock")
        .paragraph("Every filter that is given must fit.")
        .returns("A page of products, by number.")
}

pub(in crate::api) fn get_stocked() -> Operation {
    Operation::new(Tag::Administration, "getStockedProduct", "Get a product with its stock")
        .paragraph("With every counter of its stock as it is now.")
        .returns("The product.")
}

pub(in crate::api) fn register() -> Operation {
    let registered = Answer::json::<render::StockedProductBody>(201, "The product, on sale.")
        .link(Link::new("product", "getProduct", "id", "$response.body#/productId"))
        .link(Link::new("change", "changeProduct", "id", "$response.body#/productId"))
        .link(Link::new("stock", "adjustStock", "id", "$response.body#/productId"));
    Operation::new(Tag::Administration, "registerProduct", "Register a product")
        .paragraph("The product is on sale as soon as this call answers, with all of its units available.")
        .answers(registered)
        .refuses([Code::ProductDuplicate])
}

pub(in crate::api) fn change() -> Operation {
    Operation::new(Tag::Administration, "changeProduct", "Change a product")
        .paragraph("An absent field is not changed. Orders keep the price at which they were placed.")
        .returns("The changed product.")
        .refuses([Code::ProductDuplicate])
}

pub(in crate::api) fn adjust() -> Operation {
    Operation::new(Tag::Administration, "adjustStock", "Receive or write off stock")
        .paragraph("Adds `delta` units to the stock. Units reserved for orders cannot be written off.")
        .answers(Answer::json::<render::StockBody>(200, "The product's changed stock."))
        .refuses([Code::StockExhausted])
}

pub(in crate::api) fn charge() -> Operation {
    Operation::new(Tag::Points, "chargePoints", "Charge points")
        .paragraph("One point is worth one of the currency's smallest unit. An admin may charge points for any user; a setting decides whether customers may charge their own.")
        .answers(Answer::json::<BalanceBody>(200, "The new balance."))
        .refuses([Code::AuthForbidden, Code::PointsChargeForbidden])
}

pub(in crate::api) fn balance() -> Operation {
    Operation::new(Tag::Points, "getBalance", "Get your points balance")
        .paragraph("One point is worth one of the currency's smallest unit.")
        .returns("The balance in points.")
}

pub(in crate::api) fn history() -> Operation {
    Operation::new(Tag::Points, "listPointsEntries", "List your points entries")
        .paragraph(
            "Every charge, deduction and restoration with the balance after it. The entries add up to the balance.",
        )
        .returns("A page of your entries, newest first.")
}
