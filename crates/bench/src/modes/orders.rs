//! The orders of the mode comparison: with a coupon and points, some with four products, and one in ten that must fail.
//! They complete by claiming, or are paid as soon as they are claimed.

use std::cell::Cell;
use std::rc::Rc;

use memchr::memmem::Finder;

use crate::Error;
use crate::connection::Answer;
use crate::customers::Customers;
use crate::plan::{Plan, Ticket, Verdict};
use crate::request::Template;
use crate::scenario::Stage;
use crate::shop::{DISCOUNT, PRICE};

const PREFER: &str = "prefer: wait=20\r\n";
const PAYMENT: &str = r#"{"method":"CARD"}"#;
/// Points of a paid order: a part of its price.
const POINTS: i64 = 4_000;
/// Every n-th order has a product without stock.
const DOOMED_EVERY: u64 = 10;
/// Every n-th order has four products, which is more than the adaptive rule runs in parallel.
const LARGE_EVERY: u64 = 4;

/// The step that completes an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Claiming: nothing is due before delivery.
    Claimed,
    /// The payment, through the scripted provider.
    Paid,
}

/// The outcomes of a leg's orders.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcomes {
    pub(super) errors: u64,
    pub(super) compensations: u64,
    /// Number of paid orders.
    pub(super) paid: u64,
}

#[derive(Debug)]
pub(super) struct Orders {
    customers: Customers,
    usual: Template,
    large: Template,
    doomed: Template,
    end: End,
    asked: u64,
    asked_max: u64,
    completed: Finder<'static>,
    cancelled: Finder<'static>,
    restored: Finder<'static>,
    awaiting: Finder<'static>,
    number: Finder<'static>,
    paid: Finder<'static>,
    outcomes: Rc<Cell<Outcomes>>,
}

impl Orders {
    /// Creates the products, campaign, coupons and points for `expected` orders.
    pub(super) async fn prepare(
        stage: &mut Stage,
        expected: u64,
        end: End,
    ) -> Result<(Orders, Rc<Cell<Outcomes>>), Error> {
        let asked_max = expected.min(stage.customers.count());
        let campaign = stage.campaign_for(asked_max).await?;
        let mut products = vec![];
        for _ in 0..4 {
            products.push(stage.shop.product().await?);
        }
        let scarce = stage.shop.product_of(0).await?;
        let (points, payment) = match end {
            End::Claimed => (PRICE - DISCOUNT, "ON_DELIVERY"),
            End::Paid => (POINTS, "PREPAID"),
        };
        let template = |items: &[i64]| {
            let items: Vec<String> =
                items.iter().map(|product| format!(r#"{{"productId":{product},"quantity":1}}"#)).collect();
            let items = items.join(",");
            let body =
                format!(r#"{{"items":[{items}],"couponId":{campaign},"pointsToUse":{points},"payment":"{payment}"}}"#);
            Template::post("/api/orders", PREFER, &body)
        };
        let outcomes = Rc::new(Cell::new(Outcomes::default()));
        let orders = Orders {
            customers: stage.customers.clone(),
            usual: template(&products[..1]),
            large: template(&products),
            doomed: template(&[products[0], scarce]),
            end,
            asked: 0,
            asked_max,
            completed: Finder::new(br#""outcome":"COMPLETED""#),
            cancelled: Finder::new(br#""outcome":"CANCELLED""#),
            restored: Finder::new(br#""state":"RESTORED""#),
            awaiting: Finder::new(br#""outcome":"AWAITING_PAYMENT""#),
            number: Finder::new(br#""orderNumber":""#),
            paid: Finder::new(br#""status":"COMPLETED""#),
            outcomes: Rc::clone(&outcomes),
        };
        Ok((orders, outcomes))
    }
}

impl Orders {
    fn number_in<'a>(&self, body: &'a [u8]) -> Option<&'a str> {
        let rest = &body[self.number.find(body)? + self.number.needle().len()..];
        let end = memchr::memchr(b'"', rest)?;
        std::str::from_utf8(&rest[..end]).ok()
    }
}

const fn is_doomed(ticket: Ticket) -> bool {
    ticket.0.is_multiple_of(DOOMED_EVERY)
}

impl Plan for Orders {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let ticket = Ticket(self.asked);
        if self.asked >= self.asked_max {
            return None;
        }
        self.asked += 1;
        let template = match ticket {
            _ if is_doomed(ticket) => &self.doomed,
            Ticket(number) if number % LARGE_EVERY == 1 => &self.large,
            Ticket(_) => &self.usual,
        };
        template.write(self.customers.token(ticket.0), request);
        Some(ticket)
    }

    /// Pays an order that awaits payment.
    fn follow(&mut self, ticket: Ticket, answer: Answer<'_>, request: &mut Vec<u8>) -> bool {
        if self.end == End::Claimed || answer.status != 200 || self.awaiting.find(answer.body).is_none() {
            return false;
        }
        let Some(number) = self.number_in(answer.body) else { return false };
        let pay = Template::post(&format!("/api/orders/{number}/pay"), PREFER, PAYMENT);
        pay.write(self.customers.token(ticket.0), request);
        true
    }

    fn judge(&mut self, ticket: Ticket, answer: Answer<'_>) -> Verdict {
        let expected = match self.end {
            _ if is_doomed(ticket) => &self.cancelled,
            End::Claimed => &self.completed,
            End::Paid => &self.paid,
        };
        let is_right = answer.status == 200 && expected.find(answer.body).is_some();
        let is_compensated = self.restored.find(answer.body).is_some();
        let is_paid = self.end == End::Paid && is_right && !is_doomed(ticket);
        let Outcomes { errors, compensations, paid } = self.outcomes.get();
        self.outcomes.set(Outcomes {
            errors: errors + u64::from(!is_right),
            compensations: compensations + u64::from(is_compensated),
            paid: paid + u64::from(is_paid),
        });
        Verdict::success_if(is_right)
    }
}
