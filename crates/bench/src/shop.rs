//! The shop as its admin sees it: stocked before a leg, looked at after it.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::connection::Connection;
use crate::plan::Claim;
use crate::request::Template;
use crate::{Error, usage};

/// Stock of every product: more than any leg can sell.
pub const STOCK: i64 = 1_000_000_000;
pub const PRICE: i64 = 10_000;
pub const DISCOUNT: i64 = 1_000;

#[derive(Debug)]
pub struct Shop {
    connection: Connection,
    admin_token: String,
}

impl Shop {
    pub async fn visit(address: SocketAddr, admin_token: String) -> Result<Shop, Error> {
        Ok(Shop { connection: Connection::open(address).await?, admin_token })
    }

    /// A new product; its number.
    pub async fn product(&mut self) -> Result<i64, Error> {
        self.product_of(STOCK).await
    }

    /// The same with so many units of it.
    pub async fn product_of(&mut self, stock: i64) -> Result<i64, Error> {
        let body = json!({"name": "Bench product", "price": PRICE, "stock": stock});
        let made = self.post("/api/admin/products", &body).await?;
        integer(&made, "productId")
    }

    /// A new campaign that is open now; its number.
    pub async fn campaign(&mut self, quantity: i64) -> Result<i64, Error> {
        let body = json!({
            "name": "Bench campaign", "discount": {"type": "FIXED", "value": DISCOUNT}, "totalQuantity": quantity,
            "issueStartsAt": "2020-01-01T00:00:00Z", "issueEndsAt": "2099-01-01T00:00:00Z",
            "validUntil": "2099-12-31T00:00:00Z",
        });
        let made = self.post("/api/admin/coupons", &body).await?;
        integer(&made, "couponId")
    }

    /// Has orders claimed in another mode from now on.
    pub async fn set_mode(&mut self, mode: &str, percent: i64) -> Result<(), Error> {
        const PATH: &str = "/api/admin/modes";
        let body = json!({"mode": mode, "percent": percent, "reason": "bench modes"});
        let answer = self.ask(&Template::put(PATH, &body.to_string())).await?;
        document(PATH, answer).map(|_| ())
    }

    /// Looks whether a claim holds; if not, what is wrong.
    pub async fn check(&mut self, claim: &Claim) -> Result<Option<String>, Error> {
        let found = integer(&self.get(&claim.path).await?, claim.member)?;
        let Claim { path, member, expected } = claim;
        Ok((found != *expected).then(|| format!("{member} of {path} is {found}, but must be {expected}")))
    }

    /// How many violations the server's own audit finds.
    pub async fn audit(&mut self) -> Result<i64, Error> {
        integer(&self.get("/api/admin/audit").await?, "violations")
    }

    /// How often money was captured since the server was started.
    pub async fn captures(&mut self) -> Result<u64, Error> {
        let (_, text) = self.ask(&Template::get("/metrics")).await?;
        Ok(captures(&String::from_utf8_lossy(&text)))
    }

    /// Whether the server was started for a bench.
    pub async fn has_echo(&mut self) -> Result<bool, Error> {
        let (status, _) = self.ask(&Template::post("/bench/echo/2", "", "{}")).await?;
        Ok(status == 200)
    }

    pub(crate) async fn counters(&mut self) -> Result<usage::Counters, Error> {
        let (_, text) = self.ask(&Template::get("/metrics")).await?;
        Ok(usage::Counters::read(&String::from_utf8_lossy(&text)))
    }

    async fn get(&mut self, path: &str) -> Result<Value, Error> {
        let answer = self.ask(&Template::get(path)).await?;
        document(path, answer)
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Error> {
        let answer = self.ask(&Template::post(path, "", &body.to_string())).await?;
        document(path, answer)
    }

    async fn ask(&mut self, template: &Template) -> Result<(u16, Vec<u8>), Error> {
        let mut request = vec![];
        template.write(&self.admin_token, &mut request);
        let answer = self.connection.exchange(&request).await?;
        Ok((answer.status, answer.body.to_vec()))
    }
}

fn captures(exposition: &str) -> u64 {
    let calls = exposition.lines().filter_map(|line| line.strip_prefix("doorbuster_payment_calls_total{"));
    let approved = calls.filter(|call| call.contains(r#"deed="capture""#) && call.contains(r#"answer="approved""#));
    approved.filter_map(|call| call.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

fn document(what: &str, (status, body): (u16, Vec<u8>)) -> Result<Value, Error> {
    let read = serde_json::from_slice(&body).ok().filter(|_| (200..300).contains(&status));
    read.ok_or_else(|| Error::Refused {
        what: what.to_owned(),
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn integer(document: &Value, member: &'static str) -> Result<i64, Error> {
    document[member].as_i64().ok_or(Error::Nothing("a number is missing in an answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_counted_whichever_way_they_were_heard_of() {
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
