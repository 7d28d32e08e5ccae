//! The admin's client of the shop: it prepares a leg and checks its results.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::Error;
use crate::connection::Connection;
use crate::counters::Counters;
use crate::plan::Claim;
use crate::request::Template;
use crate::viewers::Viewers;

/// Stock of every product, more than any leg can sell.
pub const STOCK: i64 = 1_000_000_000;
pub const PRICE: i64 = 10_000;
pub const DISCOUNT: i64 = 1_000;

/// The terms of a drop with a waiting room.
#[derive(Clone, Copy, Debug)]
pub struct RoomTerms {
    pub stock: i64,
    /// Units that one customer gets.
    pub limit: i64,
    pub admit_per_second: i64,
}

struct Response {
    status: u16,
    body: Vec<u8>,
}

#[derive(Debug)]
pub struct Shop {
    address: SocketAddr,
    admin_token: String,
}

impl Shop {
    pub const fn new(address: SocketAddr, admin_token: String) -> Shop {
        Shop { address, admin_token }
    }

    /// Returns viewers of the dashboard.
    pub(crate) fn viewers(&self, count: u16) -> Viewers<'_> {
        Viewers { address: self.address, token: &self.admin_token, count }
    }

    /// Registers a product; returns its id.
    pub async fn product(&mut self) -> Result<i64, Error> {
        self.product_of(STOCK).await
    }

    /// Registers a product with this stock; returns its id.
    pub async fn product_of(&mut self, stock: i64) -> Result<i64, Error> {
        let body = json!({"name": "Bench product", "price": PRICE, "stock": stock});
        let made = self.post("/api/admin/products", &body).await?;
        integer(&made, "productId")
    }

    /// Creates an open campaign; returns its id.
    pub async fn campaign(&mut self, quantity: i64) -> Result<i64, Error> {
        let body = json!({
            "name": "Bench campaign", "discount": {"type": "FIXED", "value": DISCOUNT}, "totalQuantity": quantity,
            "issueStartsAt": "2020-01-01T00:00:00Z", "issueEndsAt": "2099-01-01T00:00:00Z",
            "validUntil": "2099-12-31T00:00:00Z",
        });
        let made = self.post("/api/admin/coupons", &body).await?;
        integer(&made, "couponId")
    }

    /// Creates a drop with a waiting room, which opens in the distant future; returns its id.
    pub async fn waiting_room(&mut self) -> Result<i64, Error> {
        let product = self.product().await?;
        let body = json!({
            "name": "Bench drop", "startsAt": "2098-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
            "products": [{"productId": product}], "waitingRoom": {"admitPerSecond": 1},
        });
        let made = self.post("/api/admin/drops", &body).await?;
        integer(&made, "dropId")
    }

    /// Creates an open drop with a waiting room that admits nobody yet; returns the numbers of its product and of the drop.
    pub async fn open_room(&mut self, terms: RoomTerms) -> Result<(i64, i64), Error> {
        let product = self.product_of(terms.stock).await?;
        let body = json!({
            "name": "Bench drop", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
            "products": [{"productId": product, "perCustomer": terms.limit}],
            "waitingRoom": {"admitPerSecond": terms.admit_per_second, "holdSeconds": 3_600},
        });
        let made = self.post("/api/admin/drops", &body).await?;
        let drop = integer(&made, "dropId")?;
        self.pause(drop, true).await?;
        Ok((product, drop))
    }

    pub async fn pause(&mut self, drop: i64, paused: bool) -> Result<(), Error> {
        let path = format!("/api/admin/drops/{drop}");
        let answer = self.ask(&Template::patch(&path, &json!({"paused": paused}).to_string())).await?;
        document(&path, answer).map(|_| ())
    }

    /// Returns the number of customers who wait in a drop.
    pub async fn waiting(&mut self, drop: i64) -> Result<i64, Error> {
        integer(&self.get(&format!("/api/drops/{drop}")).await?, "waiting")
    }

    /// Changes the processing mode of new orders.
    pub async fn set_mode(&mut self, mode: &str, percent: i64) -> Result<(), Error> {
        const PATH: &str = "/api/admin/modes";
        let body = json!({"mode": mode, "percent": percent, "reason": "bench modes"});
        let answer = self.ask(&Template::put(PATH, &body.to_string())).await?;
        document(PATH, answer).map(|_| ())
    }

    /// Checks a claim; returns what is wrong if it does not hold.
    pub async fn check(&mut self, claim: &Claim) -> Result<Option<String>, Error> {
        let found = integer(&self.get(&claim.path).await?, claim.member)?;
        let Claim { path, member, expected } = claim;
        Ok((found != *expected).then(|| format!("{member} of {path} is {found}, but must be {expected}")))
    }

    /// Returns the number of violations that the server's audit finds.
    pub async fn audit(&mut self) -> Result<i64, Error> {
        integer(&self.get("/api/admin/audit").await?, "violations")
    }

    /// Returns the number of captured payments since the server's start.
    pub async fn captures(&mut self) -> Result<u64, Error> {
        let text = self.ask(&Template::get("/metrics")).await?.body;
        Ok(captures(&String::from_utf8_lossy(&text)))
    }

    /// Returns whether the server has the echo endpoint of benchmarks.
    pub async fn has_echo(&mut self) -> Result<bool, Error> {
        let status = self.ask(&Template::post("/bench/echo/2", "", "{}")).await?.status;
        Ok(status == 200)
    }

    pub(crate) async fn counters(&mut self) -> Result<Counters, Error> {
        let text = self.ask(&Template::get("/metrics")).await?.body;
        Ok(Counters::read(&String::from_utf8_lossy(&text)))
    }

    async fn get(&mut self, path: &str) -> Result<Value, Error> {
        let answer = self.ask(&Template::get(path)).await?;
        document(path, answer)
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Error> {
        let answer = self.ask(&Template::post(path, "", &body.to_string())).await?;
        document(path, answer)
    }

    async fn ask(&mut self, template: &Template) -> Result<Response, Error> {
        let mut request = vec![];
        template.write(&self.admin_token, &mut request);
        // A leg may be longer than the time after which the server closes an idle connection.
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.exchange(&request).await?;
        Ok(Response { status: answer.status, body: answer.body.to_vec() })
    }
}

fn captures(exposition: &str) -> u64 {
    let calls = exposition.lines().filter_map(|line| line.strip_prefix("doorbuster_payment_calls_total{"));
    let approved = calls.filter(|call| call.contains(r#"deed="capture""#) && call.contains(r#"answer="approved""#));
    approved.filter_map(|call| call.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

fn document(what: &str, Response { status, body }: Response) -> Result<Value, Error> {
    let read = serde_json::from_slice(&body).ok().filter(|_| (200..300).contains(&status));
    read.ok_or_else(|| Error::Refused {
        what: what.to_owned(),
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn integer(document: &Value, member: &'static str) -> Result<i64, Error> {
    document[member].as_i64().ok_or(Error::Nothing("a response lacks an expected number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_counted_from_calls_and_queries() {
        let call = |operation, way, answer, count| {
            format!(
                "doorbuster_payment_calls_total{{deed=\"{operation}\",way=\"{way}\",answer=\"{answer}\"}} {count}\n"
            )
        };
        let lines = [
            call("capture", "do", "approved", 5),
            call("capture", "look_up", "approved", 2),
            call("capture", "do", "unknown", 2),
            call("authorize", "do", "approved", 7),
        ];
        assert_eq!(captures(&lines.concat()), 7);
    }
}
