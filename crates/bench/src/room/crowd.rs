//! Customers join, look for their places until they are admitted or everything is sold, and buy what the limit allows.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::{JoinSet, LocalSet};

use super::Setting;
use super::download::download;
use super::figures::CrowdReport;
use super::turns::{Turns, turns};
use crate::Error;
use crate::connection::{Answer, Connection};
use crate::request::Template;
use crate::shop::Shop;

/// A customer looks again after half of the estimate, within these bounds.
const LOOK_MIN: Duration = Duration::from_millis(200);
const LOOK_MAX: Duration = Duration::from_secs(10);
/// Shorter waits say little about an estimate in seconds.
const WAIT_MIN_S: f64 = 5.0;
const COMPLAINTS_MAX: usize = 5;

/// Runs the crowd. Returns its figures and the proof of the drop.
pub async fn crowd(
    setting: &Setting,
    shop: &mut Shop,
    progress: &dyn Fn(&str),
) -> Result<(CrowdReport, String), Error> {
    let Setting { addresses, customers, terms, .. } = setting;
    let (product, drop) = shop.open_room(*terms).await?;
    progress("everybody joins");
    let joins_per_second = setting.everybody_joins(drop).await?;
    progress("the queue moves");
    shop.pause(drop, false).await?;
    let began = Instant::now();
    let crowd = Rc::new(Crowd::new(setting, product, drop));
    LocalSet::new().run_until(all_workers(&crowd, setting)).await?;
    progress("reading the proof");
    let [first, ..] = addresses.as_slice() else { return Err(Error::Nothing("there is no server")) };
    let proof = download(*first, &format!("/api/drops/{drop}/proof")).await?;
    let Turns { links, joined, admitted, out_of_order, before_turn, too_late } = turns(&proof, terms.stock)?;
    let known = crowd.known.borrow();
    let mut errors = known.errors.clone();
    errors.sort_by(f64::total_cmp);
    let error_at = |percent: usize| errors.get((errors.len() * percent / 100).min(errors.len().saturating_sub(1)));
    let report = CrowdReport {
        scenario: "drop",
        processes: addresses.len(),
        customers: customers.count(),
        joined,
        joins_per_second,
        stock: terms.stock,
        limit: terms.limit,
        sold: known.sold,
        most_per_customer: known.most,
        sold_out_after_seconds: known.last_sale.map_or(0.0, |at| (at - began).as_secs_f64()),
        admitted,
        admitted_in_vain: known.in_vain,
        admitted_too_late: too_late,
        told_sold_out: known.told_sold_out,
        out_of_order,
        before_turn,
        estimates: errors.len(),
        estimate_error_p50_percent: error_at(50).copied().unwrap_or(0.0),
        estimate_error_p90_percent: error_at(90).copied().unwrap_or(0.0),
        looks: known.looks,
        links,
        audit_violations: 0,
        failures: known.failures.clone(),
    };
    Ok((report, proof))
}

async fn all_workers(crowd: &Rc<Crowd>, setting: &Setting) -> Result<(), Error> {
    let mut tasks = JoinSet::new();
    for number in 0..setting.connections.max(1) {
        let address = setting.addresses[number % setting.addresses.len()];
        tasks.spawn_local(work(Rc::clone(crowd), address));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|_panicked| Error::Nothing("a connection's task panicked"))??;
    }
    Ok(())
}

async fn work(crowd: Rc<Crowd>, address: SocketAddr) -> Result<(), Error> {
    let mut connection = Connection::open(address).await?;
    let mut request = Vec::with_capacity(1_024);
    loop {
        let next = crowd.due.borrow_mut().pop();
        let Some(Reverse((at, customer))) = next else { return Ok(()) };
        tokio::time::sleep_until(at.into()).await;
        request.clear();
        crowd.look.write(crowd.token(customer), &mut request);
        let ticket = document(connection.exchange(&request).await?);
        let now = Instant::now();
        match crowd.looked(customer, &ticket, now) {
            Next::Look(again) => crowd.due.borrow_mut().push(Reverse((again, customer))),
            Next::Buy(code) => buy(&crowd, customer, &code, &mut connection).await?,
            Next::Nothing => {}
        }
    }
}

/// Buys what the limit allows, and then tries to get one more.
async fn buy(crowd: &Crowd, customer: u64, ticket: &str, connection: &mut Connection) -> Result<(), Error> {
    let mut got = 0;
    for units in [crowd.setting.terms.limit, 1] {
        let headers = format!("prefer: wait=60\r\nqueue-ticket: {ticket}\r\n");
        let items = json!([{"productId": crowd.product, "quantity": units}]);
        let body = json!({"items": items, "payment": "ON_DELIVERY"}).to_string();
        let mut request = vec![];
        Template::post("/api/orders", &headers, &body).write(crowd.token(customer), &mut request);
        let answer = document(connection.exchange(&request).await?);
        let is_limited = answer["code"] == "customer.limit_exceeded";
        match answer["outcome"].as_str() {
            Some("COMPLETED") => got += units,
            Some("CANCELLED") if got == 0 => break,
            None if is_limited && got > 0 => {}
            _ => crowd.complain(&answer),
        }
    }
    let mut known = crowd.known.borrow_mut();
    known.sold += got;
    known.most = known.most.max(got);
    if got == 0 {
        known.in_vain += 1;
    } else {
        known.last_sale = Some(Instant::now());
    }
    Ok(())
}

fn document(answer: Answer<'_>) -> Value {
    let read: Value = serde_json::from_slice(answer.body).unwrap_or_default();
    if read.is_object() { read } else { json!({"status": answer.status}) }
}

/// The next step of a customer.
enum Next {
    Look(Instant),
    /// With this ticket.
    Buy(String),
    Nothing,
}

#[derive(Debug, Default)]
struct Known {
    /// The moment and the seconds of each customer's first estimate.
    told: Vec<Option<(Instant, f64)>>,
    /// Errors of estimates in percent of the wait.
    errors: Vec<f64>,
    looks: u64,
    sold: i64,
    most: i64,
    last_sale: Option<Instant>,
    in_vain: u64,
    told_sold_out: u64,
    failures: Vec<String>,
}

#[derive(Debug)]
struct Crowd {
    setting: Setting,
    product: i64,
    look: Template,
    /// The customers who look next, earliest first.
    due: RefCell<BinaryHeap<Reverse<(Instant, u64)>>>,
    known: RefCell<Known>,
}

impl Crowd {
    fn new(setting: &Setting, product: i64, drop: i64) -> Crowd {
        let (now, count) = (Instant::now(), setting.customers.count());
        let told = (0..count).map(|_| None).collect();
        Crowd {
            setting: setting.clone(),
            product,
            look: Template::get(&format!("/api/drops/{drop}/queue")),
            due: RefCell::new((0..count).map(|customer| Reverse((now, customer))).collect()),
            known: RefCell::new(Known { told, ..Known::default() }),
        }
    }

    fn token(&self, customer: u64) -> &str {
        self.setting.customers.token(customer)
    }

    fn looked(&self, customer: u64, ticket: &Value, now: Instant) -> Next {
        let mut known = self.known.borrow_mut();
        known.looks += 1;
        let place = usize::try_from(customer).unwrap_or_default();
        match ticket["status"].as_str() {
            Some("WAITING") => {
                let wait = ticket["estimatedWaitSeconds"].as_f64();
                if let (Some(told), Some(wait)) = (known.told.get_mut(place), wait) {
                    told.get_or_insert((now, wait));
                }
                let half = Duration::from_secs_f64(wait.unwrap_or(0.0).max(0.0) / 2.0);
                Next::Look(now + half.clamp(LOOK_MIN, LOOK_MAX))
            }
            Some("ADMITTED") => {
                if let Some((at, told)) = known.told.get(place).copied().flatten() {
                    let waited = (now - at).as_secs_f64();
                    known.errors.extend((waited >= WAIT_MIN_S).then(|| (told - waited).abs() / waited * 100.0));
                }
                Next::Buy(ticket["ticket"].as_str().unwrap_or_default().to_owned())
            }
            Some("SOLD_OUT") => {
                known.told_sold_out += 1;
                Next::Nothing
            }
            _ => {
                drop(known);
                self.complain(ticket);
                Next::Nothing
            }
        }
    }

    fn complain(&self, answer: &Value) {
        let failures = &mut self.known.borrow_mut().failures;
        if failures.len() < COMPLAINTS_MAX {
            failures.push(format!("an unexpected answer: {answer}"));
        }
    }
}
