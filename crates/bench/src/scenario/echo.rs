//! The echo baseline: requests and responses of the same sizes as the scenario's, without the engine.

use crate::connection::Answer;
use crate::customers::Customers;
use crate::plan::{Plan, Ticket, Verdict};
use crate::request::Template;

#[derive(Debug)]
pub struct Echo {
    customers: Customers,
    template: Template,
    answer_bytes: usize,
    asked: u64,
}

impl Echo {
    /// Requests have these headers and this body; responses have `answer_bytes` bytes.
    pub fn new(customers: Customers, headers: &str, body: &str, answer_bytes: usize) -> Echo {
        // A JSON text has at least two bytes.
        let answer_bytes = answer_bytes.max(2);
        let template = Template::post(&format!("/bench/echo/{answer_bytes}"), headers, body);
        Echo { customers, template, answer_bytes, asked: 0 }
    }
}

impl Plan for Echo {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let ticket = Ticket(self.asked);
        self.asked += 1;
        self.template.write(self.customers.token(ticket.0), request);
        Some(ticket)
    }

    fn judge(&mut self, _ticket: Ticket, answer: Answer<'_>) -> Verdict {
        Verdict::success_if(answer.status == 200 && answer.body.len() == self.answer_bytes)
    }
}
