//! Coupon requests: every customer requests one coupon of each campaign, campaign after campaign.

use memchr::memmem;

use super::numbers::Numbers;
use crate::connection::Answer;
use crate::customers::Customers;
use crate::plan::{Claim, Plan, Ticket, Verdict};
use crate::request::Template;
use crate::response::integer_after;

#[derive(Debug)]
pub(super) struct Issue {
    customers: Customers,
    campaigns: Vec<Campaign>,
    /// Coupons of each campaign.
    quantity: u64,
    asked: u64,
    asked_max: u64,
}

#[derive(Debug)]
struct Campaign {
    id: i64,
    template: Template,
    asked: u64,
    numbers: Numbers,
}

impl Issue {
    pub(super) fn new(customers: Customers, campaigns: &[i64], quantity: u64) -> Issue {
        let campaign = |id: &i64| Campaign {
            id: *id,
            template: Template::post(&format!("/api/coupons/{id}/issue"), "", "{}"),
            asked: 0,
            numbers: Numbers::default(),
        };
        let asked_max = customers.count() * campaigns.len() as u64;
        Issue { customers, campaigns: campaigns.iter().map(campaign).collect(), quantity, asked: 0, asked_max }
    }

    /// Limits the number of requests.
    pub(super) fn up_to(mut self, asked_max: u64) -> Issue {
        self.asked_max = self.asked_max.min(asked_max);
        self
    }

    fn campaign_of(&mut self, ticket: Ticket) -> &mut Campaign {
        let lap = usize::try_from(ticket.0 / self.customers.count()).unwrap_or(usize::MAX);
        &mut self.campaigns[lap]
    }
}

impl Plan for Issue {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let ticket = Ticket(self.asked);
        if self.asked >= self.asked_max {
            return None;
        }
        self.asked += 1;
        let customers = self.customers.clone();
        let campaign = self.campaign_of(ticket);
        campaign.asked += 1;
        campaign.template.write(customers.token(ticket.0), request);
        Some(ticket)
    }

    fn judge(&mut self, ticket: Ticket, answer: Answer<'_>) -> Verdict {
        match answer.status {
            201 => {
                let number = integer_after(answer.body, b"\"issueNumber\":");
                let campaign = self.campaign_of(ticket);
                Verdict::success_if(number.is_some_and(|number| campaign.numbers.note(number)))
            }
            410 if memmem::find(answer.body, b"coupon.sold_out").is_some() => Verdict::Refusal,
            _ => Verdict::Surprise,
        }
    }

    fn claims(&self) -> Vec<Claim> {
        let claim = |campaign: &Campaign| Claim {
            path: format!("/api/coupons/{}", campaign.id),
            member: "issued",
            expected: i64::try_from(self.quantity.min(campaign.asked)).unwrap_or(i64::MAX),
        };
        self.campaigns.iter().filter(|campaign| campaign.asked > 0).map(claim).collect()
    }

    fn complaints(&self) -> Vec<String> {
        let is_wrong = |campaign: &&Campaign| !campaign.numbers.are_exactly(self.quantity.min(campaign.asked));
        let complain = |campaign: &Campaign| {
            let expected = self.quantity.min(campaign.asked);
            format!("the issue numbers of campaign {} are not exactly 1 to {expected}", campaign.id)
        };
        self.campaigns.iter().filter(is_wrong).map(complain).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(plan: &mut Issue, ticket: Ticket, status: u16, body: &str) -> Verdict {
        plan.judge(ticket, Answer { status, body: body.as_bytes() })
    }

    fn issued(number: i64) -> String {
        format!(r#"{{"success":true,"issueNumber":{number},"message":"x"}}"#)
    }

    #[test]
    fn every_customer_takes_one_of_each_campaign() {
        let mut plan = Issue::new(Customers::new(2, &|id| id.to_string()), &[7, 8], 10);
        let mut paths = vec![];
        for expected in 0..4 {
            let mut request = vec![];
            assert_eq!(plan.next(&mut request), Some(Ticket(expected)));
            paths.push(String::from_utf8(request).unwrap().split(' ').nth(1).unwrap().to_owned());
        }
        assert_eq!(plan.next(&mut vec![]), None);
        assert_eq!(paths[1], "/api/coupons/7/issue");
        assert_eq!(paths[2], "/api/coupons/8/issue");
        for (ticket, number) in [(0, 2), (1, 1), (2, 1), (3, 2)] {
            assert_eq!(answer(&mut plan, Ticket(ticket), 201, &issued(number)), Verdict::Success);
        }
        assert_eq!(plan.complaints(), Vec::<String>::new());
        let expected = Claim { path: "/api/coupons/8".to_owned(), member: "issued", expected: 2 };
        assert_eq!(plan.claims()[1], expected);
    }

    #[test]
    fn a_number_given_twice_is_a_surprise() {
        let mut plan = Issue::new(Customers::new(3, &|id| id.to_string()), &[7], 2);
        (0..3).for_each(|_| assert!(plan.next(&mut vec![]).is_some()));
        assert_eq!(answer(&mut plan, Ticket(0), 201, &issued(1)), Verdict::Success);
        assert_eq!(answer(&mut plan, Ticket(1), 201, &issued(1)), Verdict::Surprise);
        assert_eq!(answer(&mut plan, Ticket(2), 410, r#"{"code":"coupon.sold_out"}"#), Verdict::Refusal);
        assert_eq!(answer(&mut plan, Ticket(2), 410, r#"{"code":"coupon.expired"}"#), Verdict::Surprise);
        assert_eq!(plan.complaints().len(), 1);
        assert_eq!(plan.claims()[0].expected, 2);
    }
}
