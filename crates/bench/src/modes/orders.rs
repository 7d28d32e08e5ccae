//! The orders that every mode is given: with coupon and points, some of four products, and one in ten that cannot be had.

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
/// One order in so many asks for a product of which there is none.
const DOOMED_EVERY: u64 = 10;
/// One in so many has four products, which is more than the adaptive rule takes in parallel.
const LARGE_EVERY: u64 = 4;

/// What became of the orders of a leg.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcomes {
    pub(super) errors: u64,
    pub(super) compensations: u64,
}

#[derive(Debug)]
pub(super) struct Orders {
    customers: Customers,
    usual: Template,
    large: Template,
    doomed: Template,
    asked: u64,
    asked_max: u64,
    completed: Finder<'static>,
    cancelled: Finder<'static>,
    restored: Finder<'static>,
    outcomes: Rc<Cell<Outcomes>>,
}

impl Orders {
    /// Products, a campaign, coupons and points for so many orders.
    pub(super) async fn prepare(stage: &mut Stage, expected: u64) -> Result<(Orders, Rc<Cell<Outcomes>>), Error> {
        let asked_max = expected.min(stage.customers.count());
        let campaign = stage.campaign_for(asked_max).await?;
        let mut products = vec![];
        for _ in 0..4 {
            products.push(stage.shop.product().await?);
        }
        let scarce = stage.shop.product_of(0).await?;
        let points = PRICE - DISCOUNT;
        let template = |items: &[i64]| {
            let items: Vec<String> =
                items.iter().map(|product| format!(r#"{{"productId":{product},"quantity":1}}"#)).collect();
            let items = items.join(",");
            let body = format!(
                r#"{{"items":[{items}],"couponId":{campaign},"pointsToUse":{points},"payment":"ON_DELIVERY"}}"#
            );
            Template::post("/api/orders", PREFER, &body)
        };
        let outcomes = Rc::new(Cell::new(Outcomes::default()));
        let orders = Orders {
            customers: stage.customers.clone(),
            usual: template(&products[..1]),
            large: template(&products),
            doomed: template(&[products[0], scarce]),
            asked: 0,
            asked_max,
            completed: Finder::new(br#""outcome":"COMPLETED""#),
            cancelled: Finder::new(br#""outcome":"CANCELLED""#),
            restored: Finder::new(br#""state":"RESTORED""#),
            outcomes: Rc::clone(&outcomes),
        };
        Ok((orders, outcomes))
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

    fn judge(&mut self, ticket: Ticket, answer: Answer<'_>) -> Verdict {
        let expected = if is_doomed(ticket) { &self.cancelled } else { &self.completed };
        let is_right = answer.status == 200 && expected.find(answer.body).is_some();
        let is_compensated = self.restored.find(answer.body).is_some();
        let Outcomes { errors, compensations } = self.outcomes.get();
        self.outcomes.set(Outcomes {
            errors: errors + u64::from(!is_right),
            compensations: compensations + u64::from(is_compensated),
        });
        Verdict::success_if(is_right)
    }
}
