//! Orders whose requests wait for the outcome, which must be COMPLETED.

use memchr::memmem::Finder;

use crate::connection::Answer;
use crate::customers::Customers;
use crate::plan::{Claim, Plan, Ticket, Verdict};
use crate::request::Template;
use crate::shop::{DISCOUNT, PRICE, STOCK};

/// The request waits up to 20 seconds for the outcome.
const PREFER: &str = "prefer: wait=20\r\n";

#[derive(Debug)]
pub(super) struct Order {
    customers: Customers,
    template: Template,
    body: String,
    product: i64,
    asked: u64,
    asked_max: u64,
    completed: i64,
    outcome: Finder<'static>,
}

impl Order {
    /// Orders that a coupon and points pay in full.
    pub(super) fn paid_with_points(customers: Customers, product: i64, campaign: i64, orders: u64) -> Order {
        let points = PRICE - DISCOUNT;
        let body = format!(
            r#"{{"items":[{{"productId":{product},"quantity":1}}],"couponId":{campaign},"pointsToUse":{points}}}"#
        );
        Order::new(customers, product, body, orders)
    }

    pub(super) fn on_delivery(customers: Customers, product: i64) -> Order {
        let body = format!(r#"{{"items":[{{"productId":{product},"quantity":1}}],"payment":"ON_DELIVERY"}}"#);
        Order::new(customers, product, body, u64::MAX)
    }

    fn new(customers: Customers, product: i64, body: String, asked_max: u64) -> Order {
        let template = Template::post("/api/orders", PREFER, &body);
        let outcome = Finder::new(br#""outcome":"COMPLETED""#);
        Order { customers, template, body, product, asked: 0, asked_max, completed: 0, outcome }
    }
}

impl Plan for Order {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let ticket = Ticket(self.asked);
        if self.asked >= self.asked_max {
            return None;
        }
        self.asked += 1;
        self.template.write(self.customers.token(ticket.0), request);
        Some(ticket)
    }

    fn judge(&mut self, _ticket: Ticket, answer: Answer<'_>) -> Verdict {
        let is_completed = answer.status == 200 && self.outcome.find(answer.body).is_some();
        self.completed += i64::from(is_completed);
        Verdict::success_if(is_completed)
    }

    fn sample(&self) -> (&str, &str) {
        (PREFER, &self.body)
    }

    fn claims(&self) -> Vec<Claim> {
        let expected = STOCK - self.completed;
        vec![Claim { path: format!("/api/products/{}", self.product), member: "available", expected }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_completed_order_is_a_success() {
        let mut plan = Order::on_delivery(Customers::new(1, &|id| id.to_string()), 7);
        let mut judge = |status, body: &str| plan.judge(Ticket(0), Answer { status, body: body.as_bytes() });
        assert_eq!(judge(200, r#"{"outcome":"COMPLETED"}"#), Verdict::Success);
        assert_eq!(judge(200, r#"{"outcome":"CANCELLED"}"#), Verdict::Surprise);
        assert_eq!(judge(202, r#"{"status":"PENDING"}"#), Verdict::Surprise);
        assert_eq!(plan.claims()[0].expected, STOCK - 1);
    }

    #[test]
    fn prepared_orders_come_to_an_end() {
        let mut plan = Order::paid_with_points(Customers::new(5, &|id| id.to_string()), 7, 8, 2);
        let mut request = vec![];
        assert!(plan.next(&mut request).is_some() && plan.next(&mut request).is_some());
        assert_eq!(plan.next(&mut request), None);
        let text = String::from_utf8(request).unwrap();
        assert!(
            text.ends_with(r#"{"items":[{"productId":7,"quantity":1}],"couponId":8,"pointsToUse":9000}"#),
            "{text}"
        );
    }
}
