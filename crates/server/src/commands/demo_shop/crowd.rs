//! The crowd of a sale: every customer requests a coupon once, some impatient ones again, and coupon holders order.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bench::connection::Answer;
use bench::customers::Customers;
use bench::plan::{Plan, Ticket, Verdict};
use bench::request::Template;
use bench::response::integer_after;
use serde::Deserialize;

use super::board::Board;
use super::seed::Guest;

/// Points that a guest who has points spends on the order.
pub(super) const POINTS: i64 = 5_000;
/// One in this many coupon holders requests a second coupon at once.
const IMPATIENT: u64 = 16;

/// The sale's campaign and product, and the number of customers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rush {
    pub(super) campaign: i64,
    pub(super) product: i64,
    pub(super) coupons: u64,
    pub(super) customers: u64,
}

#[derive(Debug)]
pub(super) struct Crowd {
    rush: Rush,
    customers: Customers,
    guests: Vec<Guest>,
    issue: Template,
    order: Template,
    order_with_points: Template,
    board: Rc<RefCell<Board>>,
    begin: Option<Instant>,
    arrived: u64,
    /// Requests that are sent before those of further customers.
    waiting: VecDeque<Ask>,
    /// Sent requests, by ticket.
    asked: Vec<Ask>,
}

#[derive(Clone, Copy, Debug)]
struct Ask {
    customer: u64,
    what: Wish,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Coupon,
    /// A second coupon, which must be refused.
    AnotherCoupon,
    Order,
}

/// The part of an order that the board shows.
#[derive(Deserialize)]
struct Placed<'a> {
    outcome: &'a str,
    reason: Option<&'a str>,
}

impl Crowd {
    pub(super) fn new(rush: Rush, customers: Customers, guests: Vec<Guest>, board: Rc<RefCell<Board>>) -> Crowd {
        let order = |points: &str| {
            let Rush { campaign, product, .. } = rush;
            let body = format!(
                r#"{{"items":[{{"productId":{product},"quantity":1}}],"couponId":{campaign},"payment":"ON_DELIVERY"{points}}}"#
            );
            Template::post("/api/orders", "prefer: wait=20\r\n", &body)
        };
        Crowd {
            rush,
            customers,
            guests,
            issue: Template::post(&format!("/api/coupons/{}/issue", rush.campaign), "", "{}"),
            order: order(""),
            order_with_points: order(&format!(r#","pointsToUse":{POINTS}"#)),
            board,
            begin: None,
            arrived: 0,
            waiting: VecDeque::new(),
            asked: vec![],
        }
    }

    /// Returns how many requests there are if every answer is as expected.
    pub(super) const fn requests(rush: Rush) -> u64 {
        let winners = if rush.coupons < rush.customers { rush.coupons } else { rush.customers };
        rush.customers + winners + winners / IMPATIENT
    }

    /// Returns the guest that this customer is. Guests are spread over the first customers, half of them before the
    /// last coupon and half after it.
    fn guest(&self, customer: u64) -> Option<&Guest> {
        let among = (self.rush.coupons * 2).min(self.rush.customers);
        let distance = (among / self.guests.len().max(1) as u64).max(1);
        let is_one = customer % distance == distance / 2;
        self.guests.get(usize::try_from(customer / distance).ok()?).filter(|_| is_one)
    }

    fn elapsed(&self) -> Duration {
        self.begin.map(|begin| begin.elapsed()).unwrap_or_default()
    }

    fn add_news(&self, customer: u64, what: impl FnOnce() -> String) {
        if let Some(guest) = self.guest(customer) {
            self.board.borrow_mut().add_news(self.elapsed(), format!("{} {}", guest.name, what()));
        }
    }

    fn judge_issue(&mut self, customer: u64, answer: Answer<'_>) -> Verdict {
        let code = code_of(answer.body);
        match (answer.status, code) {
            (201, _) => {
                let number = integer_after(answer.body, b"\"issueNumber\":").unwrap_or(0);
                let is_possible = self.board.borrow_mut().give(number, self.elapsed());
                self.add_news(customer, || format!("has coupon {number} of {}", self.rush.coupons));
                self.waiting.push_back(Ask { customer, what: Wish::Order });
                if number.unsigned_abs().is_multiple_of(IMPATIENT) {
                    self.waiting.push_back(Ask { customer, what: Wish::AnotherCoupon });
                }
                Verdict::success_if(is_possible)
            }
            (410, Some("coupon.sold_out")) => {
                self.board.borrow_mut().refuse("coupon.sold_out");
                self.add_news(customer, || "came too late".to_owned());
                Verdict::Refusal
            }
            _ => Verdict::Surprise,
        }
    }

    fn judge_another(&self, answer: Answer<'_>) -> Verdict {
        let is_refused = answer.status == 409 && code_of(answer.body) == Some("coupon.already_issued");
        if !is_refused {
            return Verdict::Surprise;
        }
        self.board.borrow_mut().refuse("coupon.already_issued");
        Verdict::Refusal
    }

    fn judge_order(&self, customer: u64, answer: Answer<'_>) -> Verdict {
        let placed = serde_json::from_slice::<Placed<'_>>(answer.body).ok().filter(|_| answer.status == 200);
        let Some(Placed { outcome, reason }) = placed else { return Verdict::Surprise };
        let mut board = self.board.borrow_mut();
        *board.orders.entry(outcome.to_owned()).or_default() += 1;
        if let Some(reason) = reason {
            *board.reasons.entry(reason.to_owned()).or_default() += 1;
        }
        drop(board);
        self.add_news(customer, || match reason {
            Some(reason) => format!("ordered: {outcome}, {reason}; the coupon was restored"),
            None => format!("ordered: {outcome}"),
        });
        if outcome == "COMPLETED" { Verdict::Success } else { Verdict::Refusal }
    }
}

impl Plan for Crowd {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        self.begin.get_or_insert_with(Instant::now);
        let ask = match self.waiting.pop_front() {
            Some(ask) => ask,
            None if self.arrived < self.rush.customers => {
                let customer = self.arrived;
                self.arrived += 1;
                Ask { customer, what: Wish::Coupon }
            }
            None => return None,
        };
        let guest = self.guest(ask.customer);
        let template = match ask.what {
            Wish::Coupon | Wish::AnotherCoupon => &self.issue,
            Wish::Order if guest.is_some_and(|guest| guest.has_points) => &self.order_with_points,
            Wish::Order => &self.order,
        };
        let token = guest.map_or_else(|| self.customers.token(ask.customer), |guest| &guest.token);
        template.write(token, request);
        self.asked.push(ask);
        Some(Ticket(self.asked.len() as u64 - 1))
    }

    fn judge(&mut self, ticket: Ticket, answer: Answer<'_>) -> Verdict {
        let asked = usize::try_from(ticket.0).ok().and_then(|number| self.asked.get(number));
        let Some(Ask { customer, what }) = asked.copied() else { return Verdict::Surprise };
        match what {
            Wish::Coupon => self.judge_issue(customer, answer),
            Wish::AnotherCoupon => self.judge_another(answer),
            Wish::Order => self.judge_order(customer, answer),
        }
    }
}

/// Returns the code of a problem document.
fn code_of(body: &[u8]) -> Option<&str> {
    #[derive(Deserialize)]
    struct Refusal<'a> {
        code: &'a str,
    }
    serde_json::from_slice::<Refusal<'_>>(body).ok().map(|refusal| refusal.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(guests: usize) -> (Crowd, Rc<RefCell<Board>>) {
        let board = Rc::new(RefCell::new(Board::of(2)));
        let rush = Rush { campaign: 3, product: 4, coupons: 2, customers: 4 };
        let guest = Guest { name: "Mina", token: "MINA".to_owned(), has_points: true };
        let customers = Customers::new(rush.customers, &|id| id.to_string());
        (Crowd::new(rush, customers, vec![guest; guests], Rc::clone(&board)), board)
    }

    fn ask(crowd: &mut Crowd) -> Option<(Ticket, String)> {
        let mut request = vec![];
        let ticket = crowd.next(&mut request)?;
        Some((ticket, String::from_utf8(request).unwrap()))
    }

    fn answer(crowd: &mut Crowd, ticket: Ticket, status: u16, body: &str) -> Verdict {
        crowd.judge(ticket, Answer { status, body: body.as_bytes() })
    }

    #[test]
    fn coupon_holders_order_before_further_customers_come() {
        let (mut crowd, board) = crowd(0);
        let (ticket, request) = ask(&mut crowd).unwrap();
        assert!(request.starts_with("POST /api/coupons/3/issue"), "{request}");
        assert_eq!(answer(&mut crowd, ticket, 201, r#"{"issueNumber":1}"#), Verdict::Success);
        let (ticket, request) = ask(&mut crowd).unwrap();
        assert!(request.starts_with("POST /api/orders"), "{request}");
        let body = r#"{"outcome":"CANCELLED","reason":"stock.exhausted"}"#;
        assert_eq!(answer(&mut crowd, ticket, 200, body), Verdict::Refusal);
        assert_eq!(board.borrow().orders["CANCELLED"], 1);
        assert_eq!(board.borrow().reasons["stock.exhausted"], 1);
    }

    #[test]
    fn every_customer_comes_once_and_then_the_sale_ends() {
        let (mut crowd, board) = crowd(0);
        for _ in 0..4 {
            let (ticket, _) = ask(&mut crowd).unwrap();
            assert_eq!(answer(&mut crowd, ticket, 410, r#"{"code":"coupon.sold_out"}"#), Verdict::Refusal);
        }
        assert!(ask(&mut crowd).is_none());
        assert_eq!(board.borrow().refusals["coupon.sold_out"], 4);
    }

    #[test]
    fn a_second_coupon_is_an_unexpected_answer() {
        let (mut crowd, _) = crowd(0);
        let (ticket, _) = ask(&mut crowd).unwrap();
        answer(&mut crowd, ticket, 201, r#"{"issueNumber":16}"#);
        let (_order, _) = ask(&mut crowd).unwrap();
        let (again, _) = ask(&mut crowd).unwrap();
        assert_eq!(answer(&mut crowd, again, 409, r#"{"code":"coupon.already_issued"}"#), Verdict::Refusal);
        assert_eq!(answer(&mut crowd, again, 201, r#"{"issueNumber":2}"#), Verdict::Surprise);
    }

    #[test]
    fn guests_come_among_the_others_and_spend_their_points() {
        let (mut crowd, board) = crowd(2);
        let tokens: Vec<bool> = (0..4).map(|_| ask(&mut crowd).unwrap().1.contains("Bearer MINA")).collect();
        assert_eq!(tokens, [false, true, false, true]);
        answer(&mut crowd, Ticket(1), 201, r#"{"issueNumber":1}"#);
        assert!(ask(&mut crowd).unwrap().1.contains("pointsToUse"));
        assert_eq!(board.borrow_mut().take_news()[0].text, "Mina has coupon 1 of 2");
    }
}
