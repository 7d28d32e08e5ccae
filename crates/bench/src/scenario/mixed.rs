//! A mix of browsing, orders and coupon requests.

use super::issue::Issue;
use super::order::Order;
use crate::connection::Answer;
use crate::customers::Customers;
use crate::plan::{Claim, Plan, Ticket, Verdict};
use crate::request::Template;

#[derive(Debug)]
pub(super) struct Mixed {
    customers: Customers,
    pages: Vec<Template>,
    orders: Vec<Order>,
    issue: Issue,
    asked: u64,
    /// The tickets of the plans below, by ticket of this plan.
    tickets: Vec<Ticket>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Browse,
    Order,
    Issue,
}

/// Of 20 consecutive requests, 12 browse, 5 order and 3 request a coupon. 7 and 20 have no common divisor, so that each kind is
/// spread evenly.
const fn act(number: u64) -> Act {
    match number * 7 % 20 {
        0..12 => Act::Browse,
        12..17 => Act::Order,
        _ => Act::Issue,
    }
}

impl Mixed {
    pub(super) fn new(customers: Customers, products: &[i64], issue: Issue) -> Mixed {
        let mut pages: Vec<Template> =
            products.iter().map(|product| Template::get(&format!("/api/products/{product}"))).collect();
        pages.extend(["/api/products?limit=10", "/api/products/popular", "/api/coupons?limit=5"].map(Template::get));
        let orders = products.iter().map(|product| Order::on_delivery(customers.clone(), *product)).collect();
        Mixed { customers, pages, orders, issue, asked: 0, tickets: vec![] }
    }

    fn order_of(&mut self, number: u64) -> &mut Order {
        // Shifted by one every 20 requests, so that all products get orders.
        let index = usize::try_from(number + number / 20).unwrap_or(0) % self.orders.len();
        &mut self.orders[index]
    }
}

impl Plan for Mixed {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let number = self.asked;
        let inner = match act(number) {
            Act::Browse => {
                let page = &self.pages[usize::try_from(number).unwrap_or(0) % self.pages.len()];
                page.write(self.customers.token(number), request);
                Ticket(number)
            }
            Act::Order => self.order_of(number).next(request)?,
            Act::Issue => self.issue.next(request)?,
        };
        self.tickets.push(inner);
        self.asked += 1;
        Some(Ticket(number))
    }

    fn judge(&mut self, ticket: Ticket, answer: Answer<'_>) -> Verdict {
        let inner = self.tickets[usize::try_from(ticket.0).unwrap_or(0)];
        match act(ticket.0) {
            Act::Browse => Verdict::success_if(answer.status == 200),
            Act::Order => self.order_of(ticket.0).judge(inner, answer),
            Act::Issue => self.issue.judge(inner, answer),
        }
    }

    fn sample(&self) -> (&str, &str) {
        self.orders[0].sample()
    }

    fn claims(&self) -> Vec<Claim> {
        self.orders.iter().flat_map(Plan::claims).chain(self.issue.claims()).collect()
    }

    fn complaints(&self) -> Vec<String> {
        self.issue.complaints()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_as_promised() {
        let count = |wanted| (0..2_000).filter(|number| act(*number) == wanted).count();
        assert_eq!((count(Act::Browse), count(Act::Order), count(Act::Issue)), (1_200, 500, 300));
    }
}
