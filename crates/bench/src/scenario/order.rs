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
    /// One for each turn of the customers, from the first; the last one for all further turns.
    templates: Vec<Template>,
    body: String,
    product: i64,
    asked: u64,
    asked_max: u64,
    completed: i64,
    outcome: Finder<'static>,
}

impl Order {
    /// Orders that a coupon and points pay in full; at each turn every customer has a coupon of another campaign.
    pub(super) fn paid_with_points(customers: Customers, product: i64, campaigns: &[i64], orders: u64) -> Order {
        let points = PRICE - DISCOUNT;
        let body = |campaign| {
            format!(
                r#"{{"items":[{{"productId":{product},"quantity":1}}],"couponId":{campaign},"pointsToUse":{points}}}"#
            )
        };
        let orders = orders.min(customers.count() * campaigns.len() as u64);
        Order::new(customers, product, campaigns.iter().map(body).collect(), orders)
    }

    pub(super) fn on_delivery(customers: Customers, product: i64) -> Order {
        let body = format!(r#"{{"items":[{{"productId":{product},"quantity":1}}],"payment":"ON_DELIVERY"}}"#);
        Order::new(customers, product, vec![body], u64::MAX)
    }

    fn new(customers: Customers, product: i64, bodies: Vec<String>, asked_max: u64) -> Order {
        let templates = bodies.iter().map(|body| Template::post("/api/orders", PREFER, body)).collect();
        let body = bodies.into_iter().next().unwrap_or_default();
        let outcome = Finder::new(br#""outcome":"COMPLETED""#);
        Order { customers, templates, body, product, asked: 0, asked_max, completed: 0, outcome }
    }
}

impl Plan for Order {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let ticket = Ticket(self.asked);
        if self.asked >= self.asked_max {
            return None;
        }
        self.asked += 1;
        let turn = usize::try_from(ticket.0 / self.customers.count()).unwrap_or(usize::MAX);
        self.templates.get(turn).or(self.templates.last())?.write(self.customers.token(ticket.0), request);
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
    fn at_every_turn_the_customers_use_a_coupon_of_another_campaign() {
        let mut plan = Order::paid_with_points(Customers::new(2, &|id| id.to_string()), 7, &[8, 9], 3);
        let mut campaigns = vec![];
        loop {
            let mut request = vec![];
            if plan.next(&mut request).is_none() {
                break;
            }
            let text = String::from_utf8(request).unwrap();
            let (start, end) = (r#"{"items":[{"productId":7,"quantity":1}],"couponId":"#, r#","pointsToUse":9000}"#);
            let rest = text.split_once(start).and_then(|(_, rest)| rest.strip_suffix(end));
            campaigns.push(rest.map(str::to_owned).unwrap_or(text));
        }
        assert_eq!(campaigns, ["8", "8", "9"], "there are three orders");
    }
}
