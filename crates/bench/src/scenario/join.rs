//! Joins of a waiting room: every customer takes one place.

use std::ops::Range;

use memchr::memmem;

use crate::connection::Answer;
use crate::customers::Customers;
use crate::plan::{Claim, Plan, Ticket, Verdict};
use crate::request::Template;

#[derive(Debug)]
pub(super) struct Join {
    customers: Customers,
    drop: i64,
    template: Template,
    /// The turns of the customers who have not joined yet.
    turns: Range<u64>,
    asked: u64,
}

impl Join {
    pub(super) fn new(customers: Customers, drop: i64) -> Join {
        let template = Template::post(&format!("/api/drops/{drop}/queue"), "", "{}");
        Join { customers, drop, template, turns: 0..u64::MAX, asked: 0 }
    }

    /// Customers with these turns join, once each.
    pub(super) fn only(self, turns: Range<u64>) -> Join {
        Join { turns, ..self }
    }
}

impl Plan for Join {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let ticket = Ticket(self.turns.next()?);
        self.asked += 1;
        self.template.write(self.customers.token(ticket.0), request);
        Some(ticket)
    }

    fn judge(&mut self, _ticket: Ticket, answer: Answer<'_>) -> Verdict {
        Verdict::success_if(answer.status == 202 && memmem::find(answer.body, b"WAITING").is_some())
    }

    /// Everybody has one place, however often they ask.
    fn claims(&self) -> Vec<Claim> {
        let expected = i64::try_from(self.asked.min(self.customers.count())).unwrap_or(i64::MAX);
        vec![Claim { path: format!("/api/drops/{}", self.drop), member: "waiting", expected }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_one_place() {
        let mut plan = Join::new(Customers::new(2, &|id| id.to_string()), 7);
        let mut request = vec![];
        (0..3).for_each(|_| assert!(plan.next(&mut request).is_some()));
        assert!(String::from_utf8(request).unwrap().starts_with("POST /api/drops/7/queue "));
        let mut judge = |status, body: &str| plan.judge(Ticket(0), Answer { status, body: body.as_bytes() });
        assert_eq!(judge(202, r#"{"status":"WAITING"}"#), Verdict::Success);
        assert_eq!(judge(410, r#"{"code":"drop.ended"}"#), Verdict::Surprise);
        assert!(Join::new(Customers::new(2, &|id| id.to_string()), 7).only(1..1).next(&mut vec![]).is_none());
        let expected = Claim { path: "/api/drops/7".to_owned(), member: "waiting", expected: 2 };
        assert_eq!(plan.claims(), [expected]);
    }
}
