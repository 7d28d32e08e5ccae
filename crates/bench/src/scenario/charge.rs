//! Charges points of customers.

use std::ops::Range;

use crate::connection::Answer;
use crate::customers::Customers;
use crate::plan::{Plan, Ticket, Verdict};
use crate::request::Template;

#[derive(Debug)]
pub(super) struct Charge {
    customers: Customers,
    template: Template,
    turns: Range<u64>,
}

impl Charge {
    pub(super) fn new(customers: Customers, points: i64, turns: Range<u64>) -> Charge {
        let template = Template::post("/api/points/charge", "", &format!(r#"{{"amount":{points}}}"#));
        Charge { customers, template, turns }
    }
}

impl Plan for Charge {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let turn = self.turns.next()?;
        self.template.write(self.customers.token(turn), request);
        Some(Ticket(turn))
    }

    fn judge(&mut self, _ticket: Ticket, answer: Answer<'_>) -> Verdict {
        Verdict::success_if(answer.status == 200)
    }
}
